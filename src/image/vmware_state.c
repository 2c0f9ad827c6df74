#include "image/vmware_state.h"

#include <string.h>

#define HEADER_SIZE 12u /* signature, version, number of groups */
#define GROUP_SIZE  80u /* name of 64 bytes, file offset, size */
#define MOST_GROUPS 4096u
#define MOST_TAGS   (1u << 20)

/* A tag's first word: bits 0-5 the value's size, 6-7 the number of indexes of 4 bytes, 8-15 the name's length. */
#define SIZE_OF_COMPRESSED 62u
#define SIZE_OF_BLOCK      63u

struct tag {
    const uint8_t *name;
    uint32_t name_size;
    uint32_t index_count;
    uint32_t index; /* the first one */
    bool is_block;
    bool is_compressed;
    uint64_t value; /* of a plain tag, at most 8 bytes of it */
    uint64_t offset;
    uint64_t size; /* a block's content: its place and size in the file */
};

bool vmware_state_is_one(const struct image_bytes *file)
{
    static const uint8_t signatures[][4] = {
        {0xd0, 0xbe, 0xd0, 0xbe}, {0xd0, 0xbe, 0xd2, 0xbe}, {0xd2, 0xbe, 0xd2, 0xbe},
        {0xd3, 0xbe, 0xd3, 0xbe}, {0xd1, 0xba, 0xd1, 0xba}, {0xd2, 0xba, 0xd2, 0xba},
    };

    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        if (image_bytes_hold(file, 0, HEADER_SIZE) && memcmp(file->at, signatures[i], 4) == 0) {
            return true;
        }
    }
    return false;
}

/* File offset of the tags of the group "memory", 0 when there is none. */
static uint64_t find_memory_group(const struct image_bytes *file)
{
    uint32_t count = image_u32(file, 8);

    for (uint64_t i = 0; i < count && i < MOST_GROUPS; i++) {
        uint64_t group = HEADER_SIZE + i * GROUP_SIZE;
        if (!image_bytes_hold(file, group, GROUP_SIZE)) {
            return 0;
        }
        if (memcmp(file->at + group, "memory", 7) == 0) {
            return image_u64(file, group + 64);
        }
    }
    return 0;
}

/* A number of up to 8 bytes; of a longer value, its first 8. */
static uint64_t load_number(const uint8_t *at, uint32_t size)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < size && i < 8; i++) {
        value |= (uint64_t)at[i] << (8 * i);
    }
    return value;
}

/*
 * A block: its size in the file, its size in memory (each of 8 bytes, of 4 in the oldest files), the number of bytes
 * of padding, the padding, the content. Moves *offset past it.
 */
static bool read_block(const struct image_bytes *file, struct tag *tag, uint64_t *offset)
{
    uint32_t width = (file->at[0] & 15) == 0 ? 4 : 8;
    uint64_t head = 2 * (uint64_t)width + 2;

    if (!image_bytes_hold(file, *offset, head)) {
        return false;
    }
    tag->size = load_number(file->at + *offset, width);
    tag->offset = *offset + head + load_number(file->at + *offset + 2 * width, 2);
    return !__builtin_add_overflow(tag->offset, tag->size, offset);
}

/* The tag at *offset, which it moves past it. False where the file ends in it. */
static bool read_tag(const struct image_bytes *file, uint64_t *offset, struct tag *tag)
{
    if (!image_bytes_hold(file, *offset, 2)) {
        return false;
    }
    uint32_t size = file->at[*offset] & 0x3f;
    *tag = (struct tag){.index_count = file->at[*offset] >> 6, .name_size = file->at[*offset + 1]};
    uint64_t head = 2 + (uint64_t)tag->name_size + 4 * (uint64_t)tag->index_count;
    if (!image_bytes_hold(file, *offset, head)) {
        return false;
    }
    tag->name = file->at + *offset + 2;
    tag->index = tag->index_count > 0 ? image_load_u32(tag->name + tag->name_size) : 0;
    tag->is_compressed = size == SIZE_OF_COMPRESSED;
    tag->is_block = tag->is_compressed || size == SIZE_OF_BLOCK;
    *offset += head;
    if (tag->is_block) {
        return read_block(file, tag, offset);
    }
    if (!image_bytes_hold(file, *offset, size)) {
        return false;
    }
    tag->value = load_number(file->at + *offset, size);
    *offset += size;
    return true;
}

static bool is_named(const struct tag *tag, const char *name)
{
    return tag->name_size == strlen(name) && memcmp(tag->name, name, tag->name_size) == 0;
}

/* Keeps what a tag of the group says; a region beyond the last one that fits is seen by their number. */
static void take_tag(struct vmware_state *state, const struct tag *tag)
{
    if (tag->is_block) {
        if (is_named(tag, "Memory") && !state->has_memory) {
            state->has_memory = true;
            state->is_compressed = tag->is_compressed;
            state->memory_offset = tag->offset;
            state->memory_size = tag->size;
        }
        return;
    }
    if (is_named(tag, "regionsCount")) {
        state->has_count = true;
        state->region_count = tag->value > UINT32_MAX ? UINT32_MAX : (uint32_t)tag->value;
    }
    if (tag->index_count != 1 || tag->index >= VMWARE_REGIONS_MAXIMUM) {
        return;
    }
    struct vmware_region *region = &state->region[tag->index];
    if (is_named(tag, "regionPPN")) {
        region->first_pfn = tag->value;
        region->told |= 1;
    } else if (is_named(tag, "regionPageNum")) {
        region->first_page = tag->value;
        region->told |= 2;
    } else if (is_named(tag, "regionSize")) {
        region->page_count = tag->value;
        region->told |= 4;
    }
}

bool vmware_state_read(const struct image_bytes *file, struct vmware_state *state, const char **fault, uint64_t *at)
{
    uint64_t offset = find_memory_group(file);

    *state = (struct vmware_state){0};
    *at = 8;
    *fault = "it has no group named \"memory\"";
    if (offset == 0) {
        return false;
    }
    for (uint32_t i = 0; i < MOST_TAGS; i++) {
        struct tag tag;
        *at = offset;
        if (!read_tag(file, &offset, &tag)) {
            *fault = "its group \"memory\" is cut short or damaged";
            return state->has_memory && state->has_count; /* cut in the memory, which is read as far as it goes */
        }
        if (tag.name_size == 0 && tag.index_count == 0 && !tag.is_block && offset == *at + 2) {
            break;
        }
        take_tag(state, &tag);
    }
    *fault = "it names more memory regions than SiC believes";
    return state->region_count <= VMWARE_REGIONS_MAXIMUM;
}
