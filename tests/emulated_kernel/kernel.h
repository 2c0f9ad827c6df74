/*
 * An emulated Windows kernel, as far as a driver that reads processes sees one. Its memory is a lab image, read by the
 * lab's own reader, which shares no code with SiC.
 *
 * It keeps account of all that it hands out, fails the Nth call on demand, and notes every breach of the rules: a wrong
 * IRQL, a wrong tag, a reference given back twice. Ports (port.h) connect a driver to it: its sources built natively,
 * or the shipped file under Unicorn.
 */
#ifndef SIC_TESTS_EMULATED_KERNEL_H
#define SIC_TESTS_EMULATED_KERNEL_H

#include "../../lab/reader.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EK_PASSIVE_LEVEL  0u
#define EK_APC_LEVEL      1u
#define EK_DISPATCH_LEVEL 2u

#define EK_SUCCESS                0x00000000u
#define EK_ACCESS_VIOLATION       0xc0000005u
#define EK_INFO_LENGTH_MISMATCH   0xc0000004u
#define EK_INVALID_CID            0xc000000bu
#define EK_INVALID_PARAMETER      0xc000000du
#define EK_INSUFFICIENT_RESOURCES 0xc000009au
#define EK_PROCESS_IS_TERMINATING 0xc000010au

struct ek_process {
    uint64_t eprocess_va;
    uint64_t pid;
    int64_t create_time;
    bool is_ending; /* its ExitTime is set: it cannot be held against exit */
    bool is_gone;   /* in the snapshot, but no longer there */
    int references;
    int holds;
};

struct ek_block {
    uint64_t address;
    uint64_t size;
    uint32_t tag;
    bool is_paged;
};

struct ek;

/* How a port makes memory that its driver can reach. */
struct ek_memory {
    uint64_t (*allocate)(struct ek *ek, uint64_t size);
    void (*release)(struct ek *ek, uint64_t address, uint64_t size);
    /* The host's view of `size` bytes of the driver's memory; NULL when they are not its own. */
    void *(*host)(struct ek *ek, uint64_t address, uint64_t size);
};

struct ek {
    struct reader image;
    const struct ek_memory *memory;
    void *port;
    struct ek_process *processes; /* in the list's order */
    size_t process_count;

    /* which kernel it is */
    bool lacks_mm_copy;
    bool lacks_pool2;
    bool lacks_exit_synchronization;

    /* faults */
    uint64_t calls;   /* that may fail, so far */
    uint64_t fail_at; /* the one that does; 0: none */
    uint64_t copies;  /* calls of MmCopyMemory so far */
    uint64_t list_queries;
    void (*before_copy)(struct ek *ek, uint64_t va); /* changes the memory while it is read; may be NULL */
    void *before_copy_context;
    uint64_t cancel_at_copy; /* 0: never */
    uint64_t terminate_at_copy;
    bool is_thread_terminating;
    bool is_cancelled;

    /* accounts */
    unsigned irql;
    struct ek_block *blocks;
    size_t block_count, block_capacity;
    uint64_t pool_used, pool_peak;
    unsigned handles, devices, links, mappings, completions;
    uint64_t device_address;
    bool has_rights;     /* the device's DACL is what it must be */
    char violation[256]; /* the first; empty: none */
};

/* Opens the raw image of a lab world. Fails the running test when it cannot. */
void ek_open(struct ek *ek, const char *raw_path, const char *data_folder, const char *layout);
void ek_close(struct ek *ek);
/* Forgets the counts and faults of earlier requests; what is held stays on the account. */
void ek_reset(struct ek *ek);

void ek_violate(struct ek *ek, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Counts a call that may fail; true when this one does. */
bool ek_fails(struct ek *ek);
void ek_require_irql(struct ek *ek, unsigned highest, const char *routine);
/* Nothing but the device and its link is left on the account. */
bool ek_is_clean(const struct ek *ek);

/* Names that MmGetSystemRoutineAddress finds in this kernel. */
bool ek_exports(const struct ek *ek, const char *name);
/* The address of a variable that the machine's kernel exports, and the driver may ask for; 0: none. */
uint64_t ek_variable(const struct ek *ek, const char *name);

uint64_t ek_allocate_pool(struct ek *ek, bool is_paged, uint64_t size, uint32_t tag, const char *routine);
void ek_free_pool(struct ek *ek, uint64_t address, uint32_t tag);
uint32_t ek_copy_memory(struct ek *ek, uint64_t target, uint64_t source, uint64_t size, uint32_t flags,
                        uint64_t *transferred);
uint32_t ek_query_system_information(struct ek *ek, uint32_t class, uint8_t *buffer, uint32_t size, uint32_t *needed);
uint32_t ek_lookup_process(struct ek *ek, uint64_t pid, uint64_t *process);
int64_t ek_process_create_time(struct ek *ek, uint64_t process);
void ek_dereference(struct ek *ek, uint64_t object);
uint32_t ek_acquire_exit(struct ek *ek, uint64_t process);
void ek_release_exit(struct ek *ek, uint64_t process);
bool ek_thread_terminates(struct ek *ek);
/* Holds a self-relative security descriptor against what the device must have. */
void ek_judge_rights(struct ek *ek, uint32_t information, const uint8_t *descriptor, size_t size);

#endif
