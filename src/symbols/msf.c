#include "symbols/msf.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * The header, from Microsoft's own msf.cpp (BIGMSF_HDR): magic[32], block size, free page map, number of blocks,
 * size of the directory, an unused word, then the numbers of the blocks that list the directory's blocks.
 */
enum {
    MAGIC_SIZE = 32,
    HEADER_BLOCK_SIZE = 32,
    HEADER_BLOCK_COUNT = 40,
    HEADER_DIRECTORY_SIZE = 44,
    HEADER_MAP_BLOCKS = 52,
    MAP_BLOCK_LIMIT = 73,
    HEADER_SIZE = HEADER_MAP_BLOCKS + 4 * MAP_BLOCK_LIMIT,
    BLOCK_SIZE_MINIMUM = 512,
    BLOCK_SIZE_MAXIMUM = 65536
};

#define DELETED_STREAM 0xffffffffu

static const char magic[MAGIC_SIZE + 1] = "Microsoft C/C++ MSF 7.00\r\n\x1a"
                                          "DS\0\0\0";

static const struct {
    const char *start;
    const char *name;
} other_formats[] = {
    {"Microsoft C/C++ program database 2.00", "a program database of format 2.00 (before Visual C++ 7)"},
    {"Microsoft MSFZ Container", "a compressed program database (MSFZ)"},
    {"BSJB", "a portable .NET program database"},
    {"MSCF", "a cabinet: expand it first (cabextract, expand.exe)"},
};

static uint32_t blocks_for(uint64_t size, uint32_t block_size)
{
    return (uint32_t)((size + block_size - 1) / block_size);
}

static enum sic_status check_magic(const uint8_t *bytes, size_t size, struct sic_error *error)
{
    for (size_t i = 0; i < sizeof(other_formats) / sizeof(other_formats[0]); i++) {
        size_t length = strlen(other_formats[i].start);

        if (size >= length && memcmp(bytes, other_formats[i].start, length) == 0)
            return sic_error_set(error, SIC_UNSUPPORTED, "this is %s; only MSF 7.00 is read", other_formats[i].name);
    }
    if (size < MAGIC_SIZE || memcmp(bytes, magic, MAGIC_SIZE) != 0)
        return sic_error_set(error, SIC_NOT_MINE, "not a program database: it does not begin with \"%.24s\"", magic);
    if (size < HEADER_SIZE)
        return sic_error_set(error, SIC_BROKEN, "the PDB is cut short: its header has %d bytes, the file %" PRIu64,
                             HEADER_SIZE, (uint64_t)size);
    return SIC_OK;
}

static enum sic_status read_header(struct sic_msf *msf, struct sic_error *error)
{
    uint64_t promised;

    msf->block_size = sic_msf_u32(msf->bytes + HEADER_BLOCK_SIZE);
    msf->block_count = sic_msf_u32(msf->bytes + HEADER_BLOCK_COUNT);
    if (msf->block_size < BLOCK_SIZE_MINIMUM || msf->block_size > BLOCK_SIZE_MAXIMUM ||
        (msf->block_size & (msf->block_size - 1)) != 0)
        return sic_error_set(error, SIC_BROKEN,
                             "the PDB's block size is %" PRIu32 "; a power of two from %d to %d was expected",
                             msf->block_size, BLOCK_SIZE_MINIMUM, BLOCK_SIZE_MAXIMUM);
    msf->block_shift = (uint32_t)__builtin_ctz(msf->block_size);
    promised = (uint64_t)msf->block_count << msf->block_shift;
    if (promised > msf->size)
        return sic_error_set(error, SIC_BROKEN,
                             "the PDB is cut short: its header promises %" PRIu64 " bytes, the file has %" PRIu64,
                             promised, (uint64_t)msf->size);
    return SIC_OK;
}

/* Block `number`, or NULL when the file has none of that number. Block 0 is the header and never part of a stream. */
static const uint8_t *block_at(const struct sic_msf *msf, uint32_t number)
{
    if (number == 0 || number >= msf->block_count)
        return NULL;
    return msf->bytes + ((size_t)number << msf->block_shift);
}

/* The number of the directory's block `index`, which stands in one of the map blocks that the header lists. */
static bool directory_block_number(const struct sic_msf *msf, uint32_t index, uint32_t *number)
{
    uint32_t numbers_per_block = msf->block_size / 4;
    uint32_t map_index = index / numbers_per_block;
    const uint8_t *map;

    if (map_index >= MAP_BLOCK_LIMIT)
        return false;
    map = block_at(msf, sic_msf_u32(msf->bytes + HEADER_MAP_BLOCKS + 4 * map_index));
    if (map == NULL)
        return false;
    *number = sic_msf_u32(map + 4 * (index % numbers_per_block));
    return true;
}

static enum sic_status copy_directory(struct sic_msf *msf, struct sic_error *error)
{
    uint32_t words_per_block = msf->block_size / 4;

    for (uint32_t done = 0, index = 0; done < msf->directory_words; index++) {
        uint32_t number = 0;
        const uint8_t *block = directory_block_number(msf, index, &number) ? block_at(msf, number) : NULL;

        if (block == NULL)
            return sic_error_set(error, SIC_BROKEN,
                                 "block %" PRIu32 " of the PDB's stream directory is number %" PRIu32
                                 ", outside the %" PRIu32 " blocks of the file",
                                 index, number, msf->block_count);
        for (uint32_t i = 0; i < words_per_block && done < msf->directory_words; i++)
            msf->directory[done++] = sic_msf_u32(block + 4 * i);
    }
    return SIC_OK;
}

static uint32_t stream_size(const struct sic_msf *msf, uint32_t number)
{
    uint32_t size = msf->directory[1 + number];

    return size == DELETED_STREAM ? 0 : size;
}

/* The streams' block lists must fit in the directory. Streams larger than the file could only repeat blocks. */
static enum sic_status check_directory(struct sic_msf *msf, struct sic_error *error)
{
    uint64_t words;

    msf->stream_count = msf->directory[0];
    words = 1 + (uint64_t)msf->stream_count;
    for (uint32_t i = 0; i < msf->stream_count && words <= msf->directory_words; i++) {
        if (stream_size(msf, i) > msf->size)
            return sic_error_set(error, SIC_BROKEN,
                                 "stream %" PRIu32 " of the PDB claims %" PRIu32 " bytes, the whole file has %" PRIu64,
                                 i, stream_size(msf, i), (uint64_t)msf->size);
        words += blocks_for(stream_size(msf, i), msf->block_size);
    }
    if (words > msf->directory_words)
        return sic_error_set(error, SIC_BROKEN,
                             "the PDB's directory of %" PRIu32 " streams needs at least %" PRIu64
                             " words and has %" PRIu32,
                             msf->stream_count, words, msf->directory_words);
    return SIC_OK;
}

static enum sic_status read_directory(struct sic_msf *msf, struct sic_error *error)
{
    uint32_t size = sic_msf_u32(msf->bytes + HEADER_DIRECTORY_SIZE);
    enum sic_status status;

    if (size < 4 || size % 4 != 0 || size > msf->size)
        return sic_error_set(error, SIC_BROKEN,
                             "the PDB's stream directory has %" PRIu32
                             " bytes; a multiple of 4 below the file's %" PRIu64 " was expected",
                             size, (uint64_t)msf->size);
    msf->directory_words = size / 4;
    msf->directory = malloc(size);
    if (msf->directory == NULL)
        return sic_error_set(error, SIC_NO_MEMORY, "no memory for %" PRIu32 " bytes of the PDB's directory", size);
    status = copy_directory(msf, error);
    if (status == SIC_OK)
        status = check_directory(msf, error);
    return status;
}

enum sic_status sic_msf_open(const void *bytes, size_t size, struct sic_error *error, struct sic_msf *msf)
{
    struct sic_msf opened = {.bytes = bytes, .size = size};
    enum sic_status status = check_magic(bytes, size, error);

    if (status == SIC_OK)
        status = read_header(&opened, error);
    if (status == SIC_OK)
        status = read_directory(&opened, error);
    if (status != SIC_OK) {
        sic_msf_close(&opened);
        return status;
    }
    *msf = opened;
    return SIC_OK;
}

void sic_msf_close(struct sic_msf *msf)
{
    free(msf->directory);
    *msf = (struct sic_msf){0};
}

enum sic_status sic_msf_open_stream(const struct sic_msf *msf, uint32_t number, struct sic_error *error,
                                    struct sic_msf_stream *stream)
{
    uint32_t first = 1 + msf->stream_count;
    uint32_t count;

    if (number >= msf->stream_count)
        return sic_error_set(error, SIC_NOT_FOUND, "the PDB has no stream %" PRIu32 ", only %" PRIu32, number,
                             msf->stream_count);
    for (uint32_t i = 0; i < number; i++)
        first += blocks_for(stream_size(msf, i), msf->block_size);
    count = blocks_for(stream_size(msf, number), msf->block_size);
    for (uint32_t i = 0; i < count; i++) {
        if (block_at(msf, msf->directory[first + i]) == NULL)
            return sic_error_set(error, SIC_BROKEN,
                                 "stream %" PRIu32 " of the PDB, offset 0x%" PRIx64 ": block %" PRIu32
                                 " lies outside the %" PRIu32 " blocks of the file",
                                 number, (uint64_t)i << msf->block_shift, msf->directory[first + i], msf->block_count);
    }
    *stream = (struct sic_msf_stream){
        .msf = msf, .blocks = msf->directory + first, .number = number, .size = stream_size(msf, number)};
    return SIC_OK;
}

static const uint8_t *copy_blocks(const struct sic_msf_stream *stream, uint32_t offset, uint32_t size, uint8_t *buffer)
{
    const struct sic_msf *msf = stream->msf;
    uint32_t done = 0;

    while (done < size) {
        uint32_t within = (offset + done) & (msf->block_size - 1);
        uint32_t piece = msf->block_size - within;

        if (piece > size - done)
            piece = size - done;
        memcpy(buffer + done, block_at(msf, stream->blocks[(offset + done) >> msf->block_shift]) + within, piece);
        done += piece;
    }
    return buffer;
}

const uint8_t *sic_msf_view(const struct sic_msf_stream *stream, uint32_t offset, uint32_t size, uint8_t *buffer)
{
    const struct sic_msf *msf = stream->msf;
    uint32_t first, last;

    if (size == 0 || offset > stream->size || size > stream->size - offset)
        return NULL;
    first = offset >> msf->block_shift;
    last = (offset + size - 1) >> msf->block_shift;
    for (uint32_t i = first; i < last; i++) {
        if (stream->blocks[i + 1] != stream->blocks[i] + 1)
            return copy_blocks(stream, offset, size, buffer);
    }
    return block_at(msf, stream->blocks[first]) + (offset & (msf->block_size - 1));
}
