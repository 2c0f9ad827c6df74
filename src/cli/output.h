/*
 * Buffered output to a stream: fast for millions of lines, and no error is lost.
 */
#ifndef SIC_CLI_OUTPUT_H
#define SIC_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct sic_output {
    FILE *stream; /* NULL: everything stays in the buffer, which grows */
    char *buffer;
    size_t used;
    size_t size;
    bool failed; /* a write failed, or memory ran out; what follows is dropped */
};

/* False when memory ran out. The stream is the caller's. */
bool sic_output_init(struct sic_output *output, FILE *stream);
/* Writes what is left, flushes the stream and releases the buffer. False when any write failed. */
bool sic_output_finish(struct sic_output *output);
/* Releases the buffer and drops what is in it. */
void sic_output_discard(struct sic_output *output);

void sic_output_bytes(struct sic_output *output, const char *bytes, size_t size);
void sic_output_text(struct sic_output *output, const char *text);
/* As printf does; what is longer than 511 bytes is cut. */
void sic_output_format(struct sic_output *output, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 16 hexadecimal digits, lower case. */
void sic_output_address(struct sic_output *output, uint64_t value);
/* As many hexadecimal digits as needed. */
void sic_output_hex(struct sic_output *output, uint64_t value);
void sic_output_decimal(struct sic_output *output, uint64_t value);

#endif
