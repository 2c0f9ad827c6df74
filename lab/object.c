#include "world.h"

#include "bytes.h"

#include <string.h>

/* From 10240 on the header's TypeIndex is xored with the second byte of its own address and a cookie. */
static uint8_t encode_type(const struct lab_world *world, uint64_t header, uint8_t index)
{
    if (world->layout.build < 10240)
        return index;
    return index ^ (uint8_t)(header >> 8) ^ (lab_global(world, LAB_GLOBAL_ObHeaderCookie) ? 0x5c : 0);
}

void lab_object_header(struct lab_world *world, uint64_t body, uint8_t type_index)
{
    uint64_t header = body - lab_offset(&world->layout, LAB_HEADER_BODY);
    lab_va_store_u64(&world->memory, header, 0x7fff);
    lab_va_store_u64(&world->memory, header + 8, 1);
    if (lab_has(&world->layout, LAB_HEADER_TYPE))
        lab_va_store_u8(&world->memory, header + lab_offset(&world->layout, LAB_HEADER_TYPE),
                        encode_type(world, header, type_index));
}

uint64_t lab_object_allocate(struct lab_world *world, struct lab_pool *pool, uint32_t size, uint32_t tag,
                             uint8_t type_index)
{
    uint32_t header = lab_offset(&world->layout, LAB_HEADER_BODY);
    uint64_t body = lab_pool_allocate(pool, size + header, tag) + header;
    lab_object_header(world, body, type_index);
    return body;
}

/* The next code point of UTF-8 text; malformed bytes stand for themselves. */
static uint32_t next_code_point(const char **text)
{
    const uint8_t *bytes = (const uint8_t *)*text;
    unsigned more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : bytes[0] >= 0xc0 ? 1 : 0;
    uint32_t value = more ? bytes[0] & (0x3fu >> more) : bytes[0];
    unsigned i = 1;
    for (; i <= more && (bytes[i] & 0xc0) == 0x80; i++)
        value = value << 6 | (bytes[i] & 0x3f);
    *text += i;
    return value;
}

uint64_t lab_utf16(const char *text, uint8_t *bytes, size_t size)
{
    size_t used = 0;
    while (*text) {
        uint32_t value = next_code_point(&text);
        if (used + 4 > size)
            lab_fail("a name is too long");
        if (value > 0xffff) {
            lab_store_u16(bytes + used, (uint16_t)(0xd800 + ((value - 0x10000) >> 10)));
            used += 2;
            value = 0xdc00 + ((value - 0x10000) & 0x3ff);
        }
        lab_store_u16(bytes + used, (uint16_t)value);
        used += 2;
    }
    return used;
}

uint64_t lab_unicode_write(struct lab_world *world, uint64_t unicode_string, const char *text, uint32_t tag)
{
    uint8_t bytes[2048];
    uint64_t size = lab_utf16(text, bytes, sizeof bytes);
    uint64_t buffer = lab_pool_allocate(&world->paged, (uint32_t)size + 2, tag);
    lab_va_write(&world->memory, buffer, bytes, size);
    lab_va_store_u16(&world->memory, unicode_string, (uint16_t)size);
    lab_va_store_u16(&world->memory, unicode_string + 2, (uint16_t)(size + 2));
    lab_va_store_u64(&world->memory, unicode_string + 8, buffer);
    return buffer;
}

uint64_t lab_file_create(struct lab_world *world, const char *name)
{
    struct lab_memory *memory = &world->memory;
    const struct lab_layout *layout = &world->layout;
    uint32_t size = lab_offset(layout, LAB_FILE_SIZE);
    if (!world->device)
        world->device =
            lab_object_allocate(world, &world->nonpaged, 0x150, LAB_TAG('D', 'e', 'v', 'i'), LAB_TYPE_DEVICE);
    uint64_t file = lab_object_allocate(world, &world->nonpaged, size, LAB_TAG('F', 'i', 'l', 'e'), LAB_TYPE_FILE);
    lab_va_store_u16(memory, file, 5); /* IO_TYPE_FILE */
    lab_va_store_u16(memory, file + 2, (uint16_t)size);
    lab_va_store_u64(memory, file + lab_offset(layout, LAB_FILE_DEVICE), world->device);
    lab_unicode_write(world, file + lab_offset(layout, LAB_FILE_NAME), name, LAB_TAG('I', 'o', 'N', 'm'));
    return file;
}
