#include "world.h"

#include "bytes.h"

#include <string.h>

/* The optional parts in front of an OBJECT_HEADER, by the bits of InfoMask: the lowest bit's stands nearest. */
enum { INFO_CREATOR = 1, INFO_NAME = 2, INFO_HANDLE = 4, INFO_QUOTA = 8, INFO_EXTENDED = 0x40 };

static const uint8_t info_sizes[8] = {0x20, 0x20, 0x10, 0x20, 0x10, 0x10, 0x10, 0x04};

static uint32_t info_size(uint8_t mask)
{
    uint32_t size = 0;
    for (unsigned i = 0; i < 8; i++)
        size += mask >> i & 1 ? info_sizes[i] : 0;
    return size;
}

/* Where the part of `bit` begins: behind it lie those of the lower bits, then the header. */
static uint64_t info_address(uint64_t header, uint8_t mask, uint8_t bit)
{
    return header - info_size(mask & (uint8_t)(bit * 2 - 1));
}

/* From 10240 on the header's TypeIndex is xored with the second byte of its own address and a cookie. */
static uint8_t encode_type(const struct lab_world *world, uint64_t header, enum lab_type type)
{
    uint8_t index = world->type_indexes[type];
    if (world->layout.build < 10240)
        return index;
    return index ^ (uint8_t)(header >> 8) ^ world->cookie;
}

void lab_object_header(struct lab_world *world, uint64_t body, enum lab_type type)
{
    uint64_t header = body - lab_offset(&world->layout, LAB_HEADER_BODY);
    lab_va_store_u64(&world->memory, header, 0x7fff);
    lab_va_store_u64(&world->memory, header + 8, 1);
    if (lab_has(&world->layout, LAB_HEADER_TYPE)) {
        lab_va_store_u8(&world->memory, header + lab_offset(&world->layout, LAB_HEADER_TYPE),
                        encode_type(world, header, type));
        return;
    }
    world->typed = lab_grow(world->typed, world->typed_count, &world->typed_capacity, sizeof *world->typed);
    world->typed[world->typed_count++] = (struct lab_typed){header, type};
}

void lab_objects_finish(struct lab_world *world)
{
    for (size_t i = 0; i < world->typed_count; i++)
        lab_va_store_u64(&world->memory, world->typed[i].header + lab_offset(&world->layout, LAB_HEADER_TYPE_POINTER),
                         world->type_objects[world->typed[i].type]);
}

/*
 * Before 7600 each part has a byte that says how far in front of the header it begins, 0 for none; the creator's part
 * stands nearest, and a bit of the flags tells of it. The bytes follow each other: name, handles, quota, flags.
 */
#define CREATOR_FLAG 4u
static void write_part_offsets(struct lab_world *world, uint64_t header, uint8_t mask)
{
    uint64_t at = header + lab_offset(&world->layout, LAB_HEADER_NAME_OFFSET);
    const uint8_t parts[] = {INFO_NAME, INFO_HANDLE, INFO_QUOTA};
    for (unsigned i = 0; i < 3; i++)
        lab_va_store_u8(&world->memory, at + i,
                        mask & parts[i] ? (uint8_t)(header - info_address(header, mask, parts[i])) : 0);
    lab_va_store_u8(&world->memory, at + 3, mask & INFO_CREATOR ? CREATOR_FLAG : 0);
}

uint64_t lab_object_allocate(struct lab_world *world, struct lab_pool *pool, uint32_t size, enum lab_type type)
{
    uint32_t header = lab_offset(&world->layout, LAB_HEADER_BODY);
    uint64_t body = lab_pool_allocate(pool, size + header, lab_type_tag(type)) + header;
    lab_object_header(world, body, type);
    return body;
}

/* Types have a creator's part, for the list of all objects of their type; of others some have, by chance. */
static uint8_t choose_mask(struct lab_world *world, enum lab_type type, bool named)
{
    uint64_t chance = lab_mix(world->scenario->seed ^ world->objects++ * 0x10001);
    uint8_t mask = named ? INFO_NAME : 0;
    if (type == LAB_TYPE_TYPE)
        return mask | INFO_CREATOR;
    mask |= chance % 100 < 25 ? INFO_CREATOR : 0;
    mask |= chance / 100 % 100 < 20 ? INFO_HANDLE : 0;
    mask |= chance / 10000 % 100 < 50 ? INFO_QUOTA : 0;
    if (world->layout.build >= 10240)
        mask |= chance / 1000000 % 100 < 10 ? INFO_EXTENDED : 0;
    return mask;
}

static void write_infos(struct lab_world *world, uint64_t header, uint8_t mask, uint64_t directory, const char *name)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t creator = info_address(header, mask, INFO_CREATOR), named = info_address(header, mask, INFO_NAME);
    if (lab_has(layout, LAB_HEADER_MASK))
        lab_va_store_u8(memory, header + lab_offset(layout, LAB_HEADER_MASK), mask);
    else
        write_part_offsets(world, header, mask);
    if (mask & INFO_CREATOR) { /* TypeList, CreatorUniqueProcess */
        lab_va_store_u64(memory, creator, creator);
        lab_va_store_u64(memory, creator + 8, creator);
        lab_va_store_u64(memory, creator + 0x10, 4);
    }
    if (mask & INFO_NAME) {
        lab_va_store_u64(memory, named + lab_offset(layout, LAB_NAME_INFO_DIRECTORY), directory);
        lab_unicode_write(world, named + lab_offset(layout, LAB_NAME_INFO_NAME), name, LAB_TAG('O', 'b', 'N', 'm'));
        lab_va_store_u32(memory, named + 0x18, 1);
    }
    if (mask & INFO_QUOTA) /* PagedPoolCharge */
        lab_va_store_u32(memory, info_address(header, mask, INFO_QUOTA), 0x100);
}

uint64_t lab_object_create(struct lab_world *world, enum lab_type type, uint32_t size, const char *path)
{
    struct lab_pool *pool = lab_type_is_paged(type) ? &world->paged : &world->nonpaged;
    uint8_t mask = choose_mask(world, type, path != NULL);
    uint32_t before = info_size(mask) + lab_offset(&world->layout, LAB_HEADER_BODY);
    uint64_t directory = 0;
    const char *name = path;
    if (path && path[1]) { /* "\" itself has no directory */
        char folder[1024];
        name = strrchr(path, '\\') + 1;
        int length = name - path > 1 ? (int)(name - path - 1) : 0;
        snprintf(folder, sizeof folder, "%.*s", length ? length : 1, path);
        directory = lab_directory_find(world, folder);
    }
    uint64_t body = lab_pool_allocate(pool, size + before, lab_type_tag(type)) + before;
    lab_object_header(world, body, type);
    write_infos(world, body - lab_offset(&world->layout, LAB_HEADER_BODY), mask, directory, name);
    if (directory)
        lab_directory_insert(world, directory, name, body);
    if (path)
        lab_secure(world, body, type, path);
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

/* A name that was paged out with its pool: an address of the paged pool that nothing maps. */
static void page_name_out(struct lab_world *world, uint64_t unicode_string)
{
    lab_va_store_u64(&world->memory, unicode_string + 8, world->scenario->paged_pool + (1ull << 36));
}

uint64_t lab_file_create(struct lab_world *world, const struct lab_section *section)
{
    struct lab_memory *memory = &world->memory;
    const struct lab_layout *layout = &world->layout;
    uint32_t size = lab_offset(layout, LAB_FILE_SIZE);
    uint64_t device = lab_device_find(world, section->device ? section->device : LAB_VOLUME);
    uint64_t file = lab_object_create(world, LAB_TYPE_FILE, size, NULL);
    uint64_t name = file + lab_offset(layout, LAB_FILE_NAME);
    lab_va_store_u16(memory, file, 5); /* IO_TYPE_FILE */
    lab_va_store_u16(memory, file + 2, (uint16_t)size);
    lab_va_store_u64(memory, file + lab_offset(layout, LAB_FILE_DEVICE), device);
    lab_unicode_write(world, name, section->name, LAB_TAG('I', 'o', 'N', 'm'));
    if (section->name_absent)
        page_name_out(world, name);
    return file;
}
