/*
 * Who may open named objects: security descriptors as the object manager keeps them, one block for all objects that
 * have the same. They are built last, in a stretch of the paged pool of their own.
 */
#include "world.h"

#include "bytes.h"
#include "sddl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_DISTANCE (1ull << 35) /* from the paged pool's start */
#define ABSENT        (1ull << 36) /* where the paged pool has no page */

/*
 * A block of the cache: links@0, references u32@10, hash u32@14, spare@18, descriptor@20. That is how published sources
 * of this cache have it, of which the spare word keeps the descriptor at a multiple of 16: the references that
 * OBJECT_HEADER.SecurityDescriptor counts in its low four bits need that. Its tag is ObSc.
 */
#define BLOCK_REFERENCES 0x10u
#define BLOCK_HASH       0x14u
#define BLOCK_DESCRIPTOR 0x20u
#define BLOCK_TAG        LAB_TAG('O', 'b', 'S', 'c')

void lab_secure(struct lab_world *world, uint64_t object, enum lab_type type, const char *path)
{
    world->secured = lab_grow(world->secured, world->secured_count, &world->secured_capacity, sizeof *world->secured);
    world->secured[world->secured_count++] =
        (struct lab_secured){.object = object, .type = type, .path = lab_copy_text(path)};
}

static const struct lab_security *find_statement(const struct lab_scenario *scenario, const char *path)
{
    for (size_t i = scenario->security_count; i > 0; i--)
        if (!strcasecmp(scenario->securities[i - 1].path, path))
            return &scenario->securities[i - 1];
    return NULL;
}

static void refuse_unknown(const struct lab_world *world)
{
    for (size_t i = 0; i < world->scenario->security_count; i++) {
        const char *path = world->scenario->securities[i].path;
        bool is_there = false;
        for (size_t j = 0; j < world->secured_count && !is_there; j++)
            is_there = (world->secured[j].type == LAB_TYPE_DIRECTORY || world->secured[j].type == LAB_TYPE_SECTION) &&
                       !strcasecmp(world->secured[j].path, path);
        if (!is_there)
            lab_fail("security %s: no directory and no section has this path", path);
    }
}

/* A few ways in which a descriptor cannot be one. `bytes` has an owner and a DACL with at least one ACE. */
static void damage(uint8_t *bytes, uint64_t choice)
{
    uint8_t *dacl = bytes + lab_load_u32(bytes + 16), *owner = bytes + lab_load_u32(bytes + 4);
    switch (choice % 7) {
    case 0: /* no such revision */
        bytes[0] = 2;
        break;
    case 1: /* not self-relative: offsets would be pointers */
        lab_store_u16(bytes + 2, lab_load_u16(bytes + 2) & 0x7fff);
        break;
    case 2: /* an ACL shorter than its header */
        lab_store_u16(dacl + 2, 4);
        break;
    case 3: /* more sub-authorities than a SID has */
        owner[1] = 16;
        break;
    case 4: /* more ACEs than fit */
        lab_store_u16(dacl + 4, 0xffff);
        break;
    case 5: /* a DACL far away */
        lab_store_u32(bytes + 16, 0x20000);
        break;
    default: /* an ACE without a size */
        lab_store_u16(dacl + 10, 0);
        break;
    }
}

static uint64_t hash_text(const char *text)
{
    uint64_t hash = 0;
    for (; *text; text++)
        hash = lab_mix(hash + (uint8_t)*text);
    return hash;
}

/* Writes a new block and returns the descriptor's address. */
static uint64_t write_block(struct lab_world *world, struct lab_pool *pool, const char *sddl, bool is_damaged)
{
    struct lab_memory *memory = &world->memory;
    uint64_t chance = lab_mix(hash_text(sddl) ^ world->scenario->seed);
    uint16_t slack = chance % 4 ? 0 : (uint16_t)(4 * (chance / 4 % 16));
    uint8_t *bytes = lab_allocate(1, LAB_SECURITY_LIMIT);
    size_t size;
    const char *fault = lab_sddl_build(sddl, slack, bytes, &size);
    if (fault)
        lab_fail("%s: %s", sddl, fault);
    if (is_damaged)
        damage(bytes, chance / 64);
    uint64_t block = lab_pool_allocate(pool, (uint32_t)(BLOCK_DESCRIPTOR + size), BLOCK_TAG);
    lab_va_store_u64(memory, block, block);
    lab_va_store_u64(memory, block + 8, block);
    lab_va_store_u32(memory, block + BLOCK_HASH, (uint32_t)chance);
    lab_va_write(memory, block + BLOCK_DESCRIPTOR, bytes, size);
    free(bytes);
    return block + BLOCK_DESCRIPTOR;
}

/* One block for all of one text, as the object manager's cache has it. */
struct block {
    const char *sddl;
    bool is_damaged;
    uint64_t descriptor;
};

struct cache {
    struct lab_pool pool;
    struct block *blocks;
    size_t count, capacity;
};

static uint64_t find_block(struct lab_world *world, struct cache *cache, const char *sddl, bool is_damaged)
{
    for (size_t i = 0; i < cache->count; i++)
        if (!strcmp(cache->blocks[i].sddl, sddl) && cache->blocks[i].is_damaged == is_damaged)
            return cache->blocks[i].descriptor;
    cache->blocks = lab_grow(cache->blocks, cache->count, &cache->capacity, sizeof *cache->blocks);
    cache->blocks[cache->count++] =
        (struct block){sddl, is_damaged, write_block(world, &cache->pool, sddl, is_damaged)};
    return cache->blocks[cache->count - 1].descriptor;
}

/* Each reference that is used up costs one of the low bits, each that is handed out one of the block's. */
static void point_to(struct lab_world *world, uint64_t object, uint64_t descriptor, bool is_there)
{
    struct lab_memory *memory = &world->memory;
    uint64_t header = object - lab_offset(&world->layout, LAB_HEADER_BODY);
    uint64_t left = lab_mix(object ^ world->scenario->seed) % 16;
    lab_va_store_u64(memory, header + lab_offset(&world->layout, LAB_HEADER_SECURITY),
                     descriptor ? descriptor | left : 0);
    if (!descriptor || !is_there)
        return;
    uint64_t references = descriptor - BLOCK_DESCRIPTOR + BLOCK_REFERENCES;
    lab_va_store_u32(memory, references, lab_va_load_u32(memory, references) + 16);
}

static void secure_one(struct lab_world *world, struct cache *cache, struct lab_secured *secured)
{
    const struct lab_security *statement = find_statement(world->scenario, secured->path);
    secured->state = statement ? statement->state : LAB_SECURITY_THERE;
    secured->sddl = statement && statement->sddl ? lab_copy_text(statement->sddl)
                                                 : lab_security_usual(world, secured->type, secured->path);
    switch (secured->state) {
    case LAB_SECURITY_NONE:
        point_to(world, secured->object, 0, false);
        break;
    case LAB_SECURITY_UNREADABLE:
        point_to(world, secured->object, world->scenario->paged_pool + ABSENT + (hash_text(secured->sddl) & 0xffff0),
                 false);
        break;
    default:
        point_to(world, secured->object,
                 find_block(world, cache, secured->sddl, secured->state == LAB_SECURITY_DAMAGED), true);
        break;
    }
}

void lab_securities_build(struct lab_world *world)
{
    struct cache cache = {.count = 0};
    lab_pool_init(&cache.pool, &world->memory, world->scenario->paged_pool + POOL_DISTANCE, 0, 3);
    refuse_unknown(world);
    for (size_t i = 0; i < world->secured_count; i++)
        secure_one(world, &cache, &world->secured[i]);
    lab_pool_finish(&cache.pool);
    free(cache.blocks);
}

void lab_securities_free(struct lab_world *world)
{
    for (size_t i = 0; i < world->secured_count; i++) {
        free(world->secured[i].path);
        free(world->secured[i].sddl);
    }
    free(world->secured);
}
