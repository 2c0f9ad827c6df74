/*
 * What a fallible function of the library returns, and the sentence that goes with a failure.
 *
 * A function that can fail returns `enum sic_status` and takes a `struct sic_error *` that it fills with one
 * sentence: what failed, why, and what to do next. Results come last in the parameter list and stay untouched
 * on failure.
 */
#ifndef SIC_UTIL_STATUS_H
#define SIC_UTIL_STATUS_H

#define SIC_MUST_CHECK __attribute__((warn_unused_result))

enum sic_status {
    SIC_OK = 0,
    SIC_NOT_MINE,    /* a probe's answer: these bytes are of another format */
    SIC_IO,          /* the operating system refused: no such file, no permission, a read error */
    SIC_BROKEN,      /* the bytes are of a known format, but contradict it */
    SIC_UNSUPPORTED, /* a known format or kernel that SiC does not read */
    SIC_NOT_FOUND,   /* what was looked for is not there */
    SIC_NO_MEMORY
};

/* One sentence, without a newline. Owned by the caller; never freed. */
struct sic_error {
    char message[1024];
};

/* Writes the sentence (cut at the buffer's end) and returns `status`, so that a failure is one statement. */
enum sic_status sic_error_set(struct sic_error *error, enum sic_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
