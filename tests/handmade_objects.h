/*
 * Objects, directories and handle tables made by hand, with the layout of a known kernel: what the lab builds whole is
 * built here one piece at a time, and wrong on purpose.
 */
#ifndef SIC_TESTS_HANDMADE_OBJECTS_H
#define SIC_TESTS_HANDMADE_OBJECTS_H

#include "core/directory.h"
#include "core/handle_table.h"
#include "symbols/profile.h"

/* In the uppermost 8 TiB: handle tables of Windows 8 reach no further. */
#define HANDMADE_BASE 0xfffffa8000000000ull
#define HANDMADE_SIZE 0x200000u

/* Indexes of the types. */
enum {
    HANDMADE_TYPE = 2,
    HANDMADE_DIRECTORY,
    HANDMADE_LINK,
    HANDMADE_PROCESS = 7,
    HANDMADE_DEVICE = 32,
    HANDMADE_SECTION = 43,
    HANDMADE_EVENT = 16
};

struct handmade {
    uint8_t *bytes;
    uint64_t next_va;
    uint64_t unreadable_va; /* the page that holds it cannot be read; 0: all can */
    bool has_cookie;
    struct sic_profile profile;
    struct sic_scan scan;
    struct sic_reader reader;
    struct sic_objects objects;
    uint64_t root_va, type_root_va, process_type_va;
};

/* A root, \ObjectTypes with the types, two processes in the scan. Nothing is read yet. */
void handmade_open(struct handmade *world, const char *layout, bool has_cookie);
void handmade_close(struct handmade *world);
/* Finds root and types from the Process type; they must be found. */
void handmade_find(struct handmade *world);

void handmade_store(struct handmade *world, uint64_t va, uint64_t value, unsigned size);
void handmade_store_field(struct handmade *world, uint64_t va, enum sic_field field, uint64_t value, unsigned size);
uint64_t handmade_allocate(struct handmade *world, uint64_t size, uint64_t alignment);
void handmade_store_string(struct handmade *world, uint64_t va, const char *text);

/* An object of `size` bytes in a directory (0: in none; it then has no name), in the bucket that is given. */
uint64_t handmade_object(struct handmade *world, unsigned type, uint64_t size, uint64_t directory_va, unsigned bucket,
                         const char *name);
/* One more entry of the directory for an object; returns the entry. */
uint64_t handmade_enter(struct handmade *world, uint64_t directory_va, unsigned bucket, uint64_t object_va);
uint64_t handmade_name_info(struct handmade *world, uint64_t object_va);

#endif
