#include "pdb/pdb_builder.h"

#include "symbols/codeview.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const uint8_t pdb_guid[16] = {0x78, 0x56, 0x34, 0x12, 0xbc, 0x9a, 0xf0, 0xde, 1, 2, 3, 4, 5, 6, 7, 8};

uint32_t pdb_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void append(struct pdb_bytes *bytes, const void *data, size_t size)
{
    if (bytes->size + size > bytes->capacity) {
        bytes->capacity = (bytes->size + size) * 2;
        bytes->data = realloc(bytes->data, bytes->capacity);
        if (bytes->data == NULL)
            abort();
    }
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static void append_number(struct pdb_bytes *bytes, uint64_t value, unsigned size)
{
    uint8_t raw[8];

    for (unsigned i = 0; i < size; i++)
        raw[i] = (uint8_t)(value >> (8 * i));
    append(bytes, raw, size);
}

static void put_list(struct pdb_bytes *bytes, const char *format, va_list values)
{
    for (; *format != '\0'; format++) {
        const char *text;

        switch (*format) {
        case 'b':
            append_number(bytes, va_arg(values, unsigned), 1);
            break;
        case 'h':
            append_number(bytes, va_arg(values, unsigned), 2);
            break;
        case 'w':
            append_number(bytes, va_arg(values, unsigned), 4);
            break;
        case 'q':
            append_number(bytes, va_arg(values, uint64_t), 8);
            break;
        case 'z':
            text = va_arg(values, const char *);
            append(bytes, text, strlen(text) + 1);
            break;
        default:
            abort();
        }
    }
}

void pdb_put(struct pdb_bytes *bytes, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    put_list(bytes, format, values);
    va_end(values);
}

void pdb_builder_init(struct pdb_builder *builder)
{
    *builder = (struct pdb_builder){.dbi_age = 1, .info_age = 3};
}

void pdb_builder_deinit(struct pdb_builder *builder)
{
    for (unsigned i = 0; i < PDB_STREAM_LIMIT; i++)
        free(builder->streams[i].data);
    free(builder->list.data);
}

static void pad(struct pdb_bytes *bytes)
{
    while (bytes->size % 4 != 0)
        append_number(bytes, CV_LF_PAD0 + 4 - bytes->size % 4, 1);
}

static uint32_t add_record(struct pdb_builder *builder, uint16_t kind, struct pdb_bytes *body)
{
    struct pdb_bytes *types = &builder->streams[PDB_TYPES];

    pad(body);
    pdb_put(types, "hh", (unsigned)body->size + 2, kind);
    if (body->size > 0)
        append(types, body->data, body->size);
    free(body->data);
    *body = (struct pdb_bytes){0};
    return CV_FIRST_RECORD_TYPE + builder->type_count++;
}

uint32_t pdb_record(struct pdb_builder *builder, uint16_t kind, const char *format, ...)
{
    struct pdb_bytes body = {0};
    va_list values;

    va_start(values, format);
    put_list(&body, format, values);
    va_end(values);
    return add_record(builder, kind, &body);
}

void pdb_member(struct pdb_builder *builder, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    put_list(&builder->list, format, values);
    va_end(values);
    pad(&builder->list);
}

uint32_t pdb_end_list(struct pdb_builder *builder)
{
    return add_record(builder, CV_LF_FIELDLIST, &builder->list);
}

uint32_t pdb_structure(struct pdb_builder *builder, const char *name, uint32_t list, uint16_t size)
{
    return pdb_record(builder, CV_LF_STRUCTURE, "hhwwwhz", 0, 0, list, 0, 0, size, name);
}

uint32_t pdb_forward(struct pdb_builder *builder, const char *name)
{
    return pdb_record(builder, CV_LF_STRUCTURE, "hhwwwhz", 0, CV_PROPERTY_FORWARD, 0, 0, 0, 0, name);
}

void pdb_section(struct pdb_builder *builder, uint32_t rva, uint32_t size)
{
    pdb_put(&builder->streams[PDB_SECTIONS], "qwwwwwwhhw", (uint64_t)0, size, rva, size, 0, 0, 0, 0, 0, 0);
}

void pdb_public(struct pdb_builder *builder, const char *name, uint16_t segment, uint32_t offset)
{
    struct pdb_bytes body = {0};
    struct pdb_bytes *symbols = &builder->streams[PDB_SYMBOLS];

    pdb_put(&body, "wwhz", 0, offset, segment, name);
    while (body.size % 4 != 0)
        append_number(&body, 0, 1);
    pdb_put(symbols, "hh", (unsigned)body.size + 2, CV_S_PUB32);
    append(symbols, body.data, body.size);
    free(body.data);
}

static void make_info(struct pdb_builder *builder)
{
    struct pdb_bytes *info = &builder->streams[PDB_INFO];

    if (info->size > 0)
        return;
    pdb_put(info, "www", 20000404, 0x5eed, builder->info_age);
    append(info, pdb_guid, sizeof(pdb_guid));
}

/* Six debug streams, of which OMAP and the section headers matter. */
static void make_dbi(struct pdb_builder *builder)
{
    struct pdb_bytes *dbi = &builder->streams[PDB_DBI];
    unsigned to_source = builder->has_omap_to_source ? PDB_OMAP : 0xffff;
    unsigned from_source = builder->has_omap_from_source ? PDB_OMAP : 0xffff;

    if (dbi->size > 0)
        return;
    pdb_put(dbi, "wwwhhhhhh", 0xffffffff, 19990903, builder->dbi_age, 0xffff, 0, 0xffff, 0, PDB_SYMBOLS, 0);
    pdb_put(dbi, "wwwwwwww", 8, 0, 4, 0, 0, 0, 12, 4);
    pdb_put(dbi, "hhw", 0, 0x8664, 0);
    pdb_put(dbi, "qww", (uint64_t)0, 0, 0);
    pdb_put(dbi, "hhhhhh", 0xffff, 0xffff, 0xffff, to_source, from_source, PDB_SECTIONS);
    if (builder->has_omap_to_source || builder->has_omap_from_source)
        pdb_put(&builder->streams[PDB_OMAP], "ww", 0x1000, 0x1000);
}

static void make_types(struct pdb_builder *builder)
{
    struct pdb_bytes *types = &builder->streams[PDB_TYPES];
    struct pdb_bytes whole = {0};

    pdb_put(&whole, "wwwww", 20040203, 56, CV_FIRST_RECORD_TYPE, CV_FIRST_RECORD_TYPE + builder->type_count,
            (unsigned)types->size);
    pdb_put(&whole, "hhwwwwwwwwq", 0xffff, 0xffff, 4, 0x3ffff, 0, 0, 0, 0, 0, 0, (uint64_t)0);
    whole.size = 56;
    if (types->size > 0)
        append(&whole, types->data, types->size);
    free(types->data);
    *types = whole;
}

/* The file while its blocks are laid out: `order` gives the place of each block in turn. */
struct layout {
    uint8_t *file;
    uint32_t block_size;
    uint32_t *order;
    uint32_t next;
};

static void shuffle_blocks(uint32_t *order, uint32_t count, uint32_t seed)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i + 1;
    for (uint32_t i = count; seed != 0 && i > 1; i--) {
        uint32_t other = pdb_random(&seed) % i;
        uint32_t swapped = order[i - 1];

        order[i - 1] = order[other];
        order[other] = swapped;
    }
}

/* Lays out bytes in the next blocks and appends their numbers to `numbers`. */
static void place(struct layout *layout, const struct pdb_bytes *bytes, struct pdb_bytes *numbers)
{
    for (size_t done = 0; done < bytes->size; done += layout->block_size) {
        uint32_t number = layout->order[layout->next++];
        size_t piece = bytes->size - done < layout->block_size ? bytes->size - done : layout->block_size;

        memcpy(layout->file + (size_t)number * layout->block_size, bytes->data + done, piece);
        append_number(numbers, number, 4);
    }
}

static uint32_t block_count(size_t size, uint32_t block_size)
{
    return (uint32_t)((size + block_size - 1) / block_size);
}

static void make_directory_head(struct pdb_builder *builder, struct pdb_bytes *directory)
{
    append_number(directory, PDB_STREAMS + builder->extra_streams, 4);
    for (unsigned i = 0; i < PDB_STREAMS; i++)
        append_number(directory, builder->streams[i].size, 4);
    for (unsigned i = 0; i < builder->extra_streams; i++)
        append_number(directory, 0xffffffff, 4);
}

static void write_header(struct layout *layout, uint32_t blocks, size_t directory_size, const struct pdb_bytes *map)
{
    struct pdb_bytes header = {0};

    append(&header,
           "Microsoft C/C++ MSF 7.00\r\n\x1a"
           "DS\0\0\0",
           32);
    pdb_put(&header, "wwwww", layout->block_size, 1, blocks, (unsigned)directory_size, 0);
    append(&header, map->data, map->size);
    memcpy(layout->file, header.data, header.size);
    free(header.data);
}

uint8_t *pdb_finish(struct pdb_builder *builder, uint32_t block_size, uint32_t shuffle, size_t *size)
{
    struct pdb_bytes directory = {0}, directory_blocks = {0}, map = {0};
    struct layout layout = {.block_size = block_size};
    uint32_t blocks = 1, data_blocks = 0;

    make_info(builder);
    make_dbi(builder);
    make_types(builder);
    make_directory_head(builder, &directory);
    for (unsigned i = 0; i < PDB_STREAMS; i++)
        data_blocks += block_count(builder->streams[i].size, block_size);
    blocks += data_blocks + block_count(directory.size + 4 * data_blocks, block_size);
    blocks += block_count(4 * block_count(directory.size + 4 * data_blocks, block_size), block_size);
    layout.file = calloc(blocks, block_size);
    layout.order = calloc(blocks, sizeof(*layout.order));
    if (layout.file == NULL || layout.order == NULL)
        abort();
    shuffle_blocks(layout.order, blocks - 1, shuffle);
    for (unsigned i = 0; i < PDB_STREAMS; i++)
        place(&layout, &builder->streams[i], &directory);
    place(&layout, &directory, &directory_blocks);
    place(&layout, &directory_blocks, &map);
    write_header(&layout, blocks, directory.size, &map);
    free(directory.data);
    free(directory_blocks.data);
    free(map.data);
    free(layout.order);
    *size = (size_t)blocks * block_size;
    return layout.file;
}

/* A list in two records, every kind of member, nested, anonymous and forward types, wide numbers, symbols. */
uint8_t *pdb_sample(uint32_t block_size, size_t *size)
{
    struct pdb_builder builder;
    uint32_t tail, list, forward, bits, pointer, array, inner, constant;
    uint8_t *file;

    pdb_builder_init(&builder);
    forward = pdb_forward(&builder, "_INNER");
    bits = pdb_record(&builder, CV_LF_BITFIELD, "wbb", 0x75, 5, 3);
    pointer = pdb_record(&builder, CV_LF_POINTER, "ww", forward, 0x1000c);
    array = pdb_record(&builder, CV_LF_ARRAY, "wwhwz", 0x20, 0x23, CV_LF_ULONG, 0x12345, "");
    constant = pdb_record(&builder, CV_LF_MODIFIER, "wh", forward, 1);
    pdb_member(&builder, "hhwhz", CV_LF_MEMBER, 3, 0x75, 0, "a");
    pdb_member(&builder, "hhwhz", CV_LF_MEMBER, 3, bits, 4, "bits");
    inner = pdb_structure(&builder, "_INNER", pdb_end_list(&builder), 8);
    pdb_member(&builder, "hhwhz", CV_LF_MEMBER, 3, pointer, 0x100, "pointer");
    pdb_member(&builder, "hhwhwz", CV_LF_MEMBER, 3, 0x13, CV_LF_ULONG, 0x12345678, "far");
    tail = pdb_end_list(&builder);
    pdb_member(&builder, "hhwhz", CV_LF_MEMBER, 3, forward, 0, "inner");
    pdb_member(&builder, "hhwhz", CV_LF_MEMBER, 3, constant, 8, "constant");
    pdb_member(&builder, "hhwhz", CV_LF_MEMBER, 3, inner, 16, "");
    pdb_member(&builder, "hhwh", CV_LF_BCLASS, 3, inner, 24);
    pdb_member(&builder, "hhwz", CV_LF_STMEMBER, 3, 0x75, "shared");
    pdb_member(&builder, "hhwhz", CV_LF_MEMBER, 3, array, 32, "array");
    pdb_member(&builder, "hhw", CV_LF_INDEX, 0, tail);
    list = pdb_end_list(&builder);
    pdb_structure(&builder, "_OUTER", list, 0x200);
    pdb_section(&builder, 0x1000, 0x5000);
    pdb_section(&builder, 0x8000, 0x100);
    pdb_public(&builder, "PsActiveProcessHead", 2, 0x40);
    pdb_public(&builder, "NtBuildNumber", 1, 0x10);
    file = pdb_finish(&builder, block_size, 7, size);
    pdb_builder_deinit(&builder);
    return file;
}
