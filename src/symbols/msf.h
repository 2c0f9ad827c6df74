/*
 * The container of a PDB: a multi-stream file (MSF 7.00). The file is cut into blocks of one size; a stream is a list
 * of blocks in any order; the directory lists the streams. docs/formats/pdb.md describes it.
 */
#ifndef SIC_SYMBOLS_MSF_H
#define SIC_SYMBOLS_MSF_H

#include "util/status.h"

#include <stddef.h>
#include <stdint.h>

/* An open container. It borrows the file's bytes and owns a copy of the directory, never larger than the file. */
struct sic_msf {
    const uint8_t *bytes;
    size_t size;
    uint32_t block_size;
    uint32_t block_shift;
    uint32_t block_count;
    uint32_t stream_count;
    uint32_t *directory; /* stream count, size of each stream, then the block numbers of one stream after another */
    uint32_t directory_words;
};

/* One stream, whose block numbers were found to lie in the file. Borrows from its container. */
struct sic_msf_stream {
    const struct sic_msf *msf;
    const uint32_t *blocks;
    uint32_t number;
    uint32_t size; /* bytes, never more than the file's */
};

/*
 * Checks the header and copies the directory. `bytes` are kept alive by the caller. SIC_NOT_MINE: not a program
 * database at all; SIC_UNSUPPORTED: one of another format, which the message names.
 */
SIC_MUST_CHECK enum sic_status sic_msf_open(const void *bytes, size_t size, struct sic_error *error,
                                            struct sic_msf *msf);

/* Takes a zeroed container too. */
void sic_msf_close(struct sic_msf *msf);

/* A stream that the directory marks as deleted has no bytes. SIC_NOT_FOUND: there is no stream of that number. */
SIC_MUST_CHECK enum sic_status sic_msf_open_stream(const struct sic_msf *msf, uint32_t number, struct sic_error *error,
                                                   struct sic_msf_stream *stream);

/*
 * `size` bytes at `offset`: borrowed from the file where its blocks follow one another, else copied to `buffer`, which
 * has room for them. NULL when the stream does not hold them all.
 */
const uint8_t *sic_msf_view(const struct sic_msf_stream *stream, uint32_t offset, uint32_t size, uint8_t *buffer);

static inline uint16_t sic_msf_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t sic_msf_u32(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

#endif
