/*
 * VMware's files: a .vmem with the RAM's pages one run behind the other and a .vmss that says where the runs belong;
 * and a .vmsn that holds the memory itself.
 */
#include "containers.h"

#include "bytes.h"

#include <stdlib.h>
#include <string.h>

#define HEADER      12u
#define GROUP       80u
#define GROUPS      3u
#define FIRST_TAG   (HEADER + GROUPS * GROUP)
#define BLOCK       63u /* the size that says: a block */
#define ROOM        65536u
#define MEMORY_AREA 0x10000u /* of a .vmsn: where its memory begins */

struct state {
    uint8_t bytes[ROOM];
    uint32_t size;
};

static void put(struct state *state, const void *bytes, size_t size)
{
    if (state->size + size > ROOM)
        lab_fail("too many runs for a VMware state file");
    memcpy(state->bytes + state->size, bytes, size);
    state->size += (uint32_t)size;
}

/* First word of a tag, its name, its indexes. */
static void put_tag(struct state *state, const char *name, uint32_t value_size, uint32_t index_count, uint32_t index)
{
    uint8_t word[4] = {(uint8_t)(value_size | index_count << 6), (uint8_t)strlen(name)};
    put(state, word, 2);
    put(state, name, strlen(name));
    lab_store_u32(word, index);
    for (uint32_t i = 0; i < index_count; i++)
        put(state, word, 4);
}

static void put_u32(struct state *state, const char *name, uint32_t index_count, uint32_t index, uint64_t value)
{
    uint8_t word[4];
    put_tag(state, name, 4, index_count, index);
    lab_store_u32(word, (uint32_t)value);
    put(state, word, 4);
}

static void put_block_head(struct state *state, const char *name, uint64_t size, uint16_t padding)
{
    uint8_t head[18];
    put_tag(state, name, BLOCK, 0, 0);
    lab_store_u64(head, size);
    lab_store_u64(head + 8, size);
    lab_store_u16(head + 16, padding);
    put(state, head, sizeof head);
}

static void put_group(struct state *state, uint32_t index, const char *name)
{
    uint8_t *group = state->bytes + HEADER + index * GROUP;
    memcpy(group, name, strlen(name));
    lab_store_u64(group + 64, state->size);
}

/* All but the end of the group "memory". The other groups have tags of each kind, which a reader must step over. */
static void begin_state(struct state *state, const struct lab_runs *runs)
{
    uint64_t page = 0;
    uint8_t content[100];
    memset(state, 0, sizeof *state);
    memset(content, 0xff, sizeof content);
    lab_store_u32(state->bytes, 0xbed2bed2);
    lab_store_u32(state->bytes + 4, 8);
    lab_store_u32(state->bytes + 8, GROUPS);
    state->size = FIRST_TAG;
    put_group(state, 0, "Checkpoint");
    put_u32(state, "regionsCount", 0, 0, 77); /* of another group: not the memory's */
    put(state, "\0\0", 2);
    put_group(state, 1, "cpu");
    put_block_head(state, "gpregs", sizeof content, 0);
    put(state, content, sizeof content);
    put(state, "\0\0", 2);
    put_group(state, 2, "memory");
    put_u32(state, "align_mask", 0, 0, 0xffff);
    put_block_head(state, "hotSet", sizeof content, 3);
    put(state, "pad", 3);
    put(state, content, sizeof content);
    put_u32(state, "regionsCount", 0, 0, runs->count);
    for (uint32_t i = 0; i < runs->count; i++) {
        put_u32(state, "regionPageNum", 1, i, page);
        put_u32(state, "regionPPN", 1, i, runs->items[i].first);
        put_u32(state, "regionSize", 1, i, runs->items[i].count);
        page += runs->items[i].count;
    }
}

void lab_write_vmem(const struct lab_world *world, const char *prefix)
{
    struct lab_runs runs;
    struct state *state = lab_allocate(1, sizeof *state);
    uint64_t offset = 0;
    lab_image_find_runs(&world->memory, &runs);
    FILE *memory = lab_image_create(prefix, ".vmem");
    lab_put_runs(memory, &world->memory, &runs, &offset);
    lab_image_finish(memory, offset);
    begin_state(state, &runs);
    put(state, "\0\0", 2);
    FILE *file = lab_image_create(prefix, ".vmss");
    lab_put(file, state->bytes, state->size);
    lab_image_finish(file, state->size);
    free(state);
}

void lab_write_vmsn(const struct lab_world *world, const char *prefix)
{
    struct lab_runs runs;
    struct state *state = lab_allocate(1, sizeof *state);
    uint64_t offset = MEMORY_AREA;
    lab_image_find_runs(&world->memory, &runs);
    begin_state(state, &runs);
    uint64_t head = state->size + 2 + strlen("Memory") + 18;
    if (head > MEMORY_AREA)
        lab_fail("too many runs for a VMware state file");
    put_block_head(state, "Memory", runs.pages * LAB_PAGE, (uint16_t)(MEMORY_AREA - head));
    FILE *file = lab_image_create(prefix, ".embedded.vmsn");
    lab_put(file, state->bytes, MEMORY_AREA); /* the padding is zeros */
    lab_put_runs(file, &world->memory, &runs, &offset);
    lab_put(file, "\0\0", 2);
    lab_image_finish(file, offset + 2);
    free(state);
}
