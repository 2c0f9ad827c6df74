#include "reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME_MASK 0x0000fffffffff000ull

static uint64_t load(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, bytes, size); /* the tests run on little-endian machines */
    return value;
}

bool reader_open(struct reader *reader, const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY);
    memset(reader, 0, sizeof *reader);
    if (file < 0 || fstat(file, &status))
        return false;
    reader->size = (size_t)status.st_size;
    reader->bytes = mmap(NULL, reader->size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    return reader->bytes != MAP_FAILED;
}

void reader_close(struct reader *reader)
{
    if (reader->bytes && reader->bytes != MAP_FAILED)
        munmap(reader->bytes, reader->size);
    reader->bytes = NULL;
}

bool reader_layout(struct reader *reader, const char *data_folder, const char *layout)
{
    char path[4096], line[1024], name[64];
    bool inside = false, found = false;
    snprintf(path, sizeof path, "%s/layouts.txt", data_folder);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    reader->field_count = 0;
    while (fgets(line, sizeof line, file)) {
        unsigned offset, first = 0, count = 0;
        if (sscanf(line, "layout %63s", name) == 1) {
            inside = !strcmp(name, layout);
            found = found || inside;
        } else if (inside && sscanf(line, "%63s %x %u:%u", name, &offset, &first, &count) >= 2 && name[0] == '_') {
            size_t i = reader->field_count++;
            memcpy(reader->fields[i].name, name, sizeof name);
            reader->fields[i].offset = offset;
            reader->fields[i].first_bit = first;
            reader->fields[i].bit_count = count;
        }
    }
    fclose(file);
    snprintf(reader->layout, sizeof reader->layout, "%s", layout);
    reader->levels = reader_has(reader, "_MMVAD_SHORT.EndingVpnHigher") ? 5 : 4;
    return found;
}

static int find_field(const struct reader *reader, const char *field)
{
    for (size_t i = 0; i < reader->field_count; i++)
        if (!strcmp(reader->fields[i].name, field))
            return (int)i;
    return -1;
}

bool reader_has(const struct reader *reader, const char *field)
{
    return find_field(reader, field) >= 0;
}

uint32_t reader_offset(const struct reader *reader, const char *field)
{
    int i = find_field(reader, field);
    if (i < 0) {
        fprintf(stderr, "layout %s has no %s\n", reader->layout, field);
        abort();
    }
    return reader->fields[i].offset;
}

uint64_t reader_bits(const struct reader *reader, const char *field, uint64_t unit)
{
    int i = find_field(reader, field);
    if (i < 0)
        abort();
    return unit >> (reader->fields[i].offset * 8 + reader->fields[i].first_bit) &
           ((1ull << reader->fields[i].bit_count) - 1);
}

static const uint8_t *physical(const struct reader *reader, uint64_t address)
{
    return address < reader->size && reader->size - address >= 4096 ? reader->bytes + address : NULL;
}

size_t reader_roots(const struct reader *reader, uint64_t first, uint64_t end, uint64_t *roots, size_t limit)
{
    size_t count = 0;
    for (uint64_t page = first; page < end && physical(reader, page); page += 4096) {
        unsigned selves = 0;
        for (unsigned i = 0x100; i < 0x200; i++) {
            uint64_t entry = load(reader->bytes + page + i * 8, 8);
            selves += (entry & 1) && (entry & FRAME_MASK) == page;
        }
        if (selves == 1 && count < limit)
            roots[count++] = page;
    }
    return count;
}

/* The frame that an invalid entry in transition still names, or UINT64_MAX. */
static uint64_t transition_frame(const struct reader *reader, uint64_t entry)
{
    if ((entry & 0xc00) != 0x800)
        return UINT64_MAX;
    if (reader_has(reader, "_MMPTE_TRANSITION.SwizzleBit") && !(entry & 0x10))
        entry ^= reader->swizzle_mask;
    uint64_t frame = reader_bits(reader, "_MMPTE_TRANSITION.PageFrameNumber", entry);
    if (!reader->swizzle_known && frame >= reader->size / 4096)
        frame &= ~(1ull << (63 - __builtin_clzll(frame)));
    return frame;
}

const uint8_t *reader_page(const struct reader *reader, uint64_t root, uint64_t va, uint64_t *pte)
{
    uint64_t table = root & FRAME_MASK, entry = 0;
    for (int shift = reader->levels == 5 ? 48 : 39; shift >= 12; shift -= 9) {
        const uint8_t *page = physical(reader, table);
        if (!page)
            return NULL;
        entry = load(page + (va >> shift & 0x1ff) * 8, 8);
        if (pte)
            *pte = entry;
        if (!(entry & 1)) {
            uint64_t frame = shift == 12 ? transition_frame(reader, entry) : UINT64_MAX;
            return frame == UINT64_MAX ? NULL : physical(reader, frame << 12);
        }
        table = entry & FRAME_MASK;
        if ((shift == 21 || shift == 30) && (entry & 0x80))
            return physical(reader, table + (va & ((1ull << shift) - 1) & ~0xfffull));
    }
    return physical(reader, table);
}

void reader_copy(const struct reader *reader, uint64_t va, void *bytes, size_t size)
{
    uint8_t *to = bytes;
    for (size_t i = 0; i < size; i++) {
        const uint8_t *page = reader_page(reader, reader->root, va + i, NULL);
        if (!page) {
            fprintf(stderr, "address %llx is not mapped\n", (unsigned long long)(va + i));
            abort();
        }
        size_t piece = 4096 - (va + i) % 4096;
        if (piece > size - i)
            piece = size - i;
        memcpy(to + i, page + (va + i) % 4096, piece);
        i += piece - 1;
    }
}

uint64_t reader_u64(const struct reader *reader, uint64_t va)
{
    uint8_t bytes[8];
    reader_copy(reader, va, bytes, 8);
    return load(bytes, 8);
}

uint32_t reader_u32(const struct reader *reader, uint64_t va)
{
    uint8_t bytes[4];
    reader_copy(reader, va, bytes, 4);
    return (uint32_t)load(bytes, 4);
}

uint16_t reader_u16(const struct reader *reader, uint64_t va)
{
    uint8_t bytes[2];
    reader_copy(reader, va, bytes, 2);
    return (uint16_t)load(bytes, 2);
}

void reader_unicode(const struct reader *reader, uint64_t va, char *text, size_t size)
{
    uint16_t length = reader_u16(reader, va) / 2;
    uint64_t buffer = reader_u64(reader, va + 8);
    size_t i = 0;
    for (; i < length && i + 1 < size; i++) {
        uint16_t c = reader_u16(reader, buffer + i * 2);
        text[i] = c < 0x80 ? (char)c : '?';
    }
    text[i] = 0;
}

static bool looks_like_kernel(const struct reader *reader, uint64_t va)
{
    uint64_t pte = 0;
    const uint8_t *page = reader_page(reader, reader->root, va, &pte);
    if (!page || memcmp(page, "MZ", 2) || (pte & 0x800000000000000full) != 0x8000000000000003ull)
        return false;
    for (unsigned i = 2; i < 32; i++)
        if (!reader_page(reader, reader->root, va + i * 4096, &pte) || (pte & 0xf) != 1)
            return false;
    return true;
}

uint64_t reader_find_kernel(const struct reader *reader)
{
    const uint8_t *root = physical(reader, reader->root);
    if (reader->levels == 5)
        root = physical(reader, load(root + 0x1ff * 8, 8) & FRAME_MASK);
    const uint8_t *directory = physical(reader, load(root + 0x1f0 * 8, 8) & FRAME_MASK);
    uint64_t found = 0;
    for (uint64_t i = 0; directory && i < 32; i++) { /* fffff80000000000 to fffff807ffffffff */
        uint64_t entry = load(directory + i * 8, 8);
        for (uint64_t j = 0; (entry & 0x81) == 1 && j < 512; j++) {
            uint64_t va = 0xfffff80000000000ull + (i << 30) + (j << 21);
            if (looks_like_kernel(reader, va)) {
                if (found)
                    return 0;
                found = va;
            }
        }
    }
    return found;
}

uint32_t reader_export(const struct reader *reader, const char *name)
{
    uint64_t base = reader->kernel_base;
    uint64_t optional = base + reader_u32(reader, base + 0x3c) + 0x18,
             table = base + reader_u32(reader, optional + 112);
    uint32_t count = reader_u32(reader, table + 24), functions = reader_u32(reader, table + 28);
    uint32_t names = reader_u32(reader, table + 32), ordinals = reader_u32(reader, table + 36);
    for (uint32_t i = 0; i < count && i < 1000; i++) {
        char text[64];
        reader_copy(reader, base + reader_u32(reader, base + names + i * 4), text, sizeof text);
        if (!strncmp(text, name, sizeof text))
            return reader_u32(reader, base + functions + reader_u16(reader, base + ordinals + i * 2) * 4);
    }
    return 0;
}
