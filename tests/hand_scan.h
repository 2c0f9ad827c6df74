/*
 * Scans made by hand, record by record.
 */
#ifndef SIC_TESTS_HAND_SCAN_H
#define SIC_TESTS_HAND_SCAN_H

#include "core/scan.h"
#include "meaning/memory.h"
#include "sharing/region.h"

struct hand_scan {
    struct sic_scan scan;
    struct sic_regions regions;
};

void hand_init(struct hand_scan *hand);
void hand_deinit(struct hand_scan *hand);

/* ASCII, and each byte from 0x80 on as the unit 0xd800 + byte: a half of a surrogate pair. */
struct sic_string hand_string(struct hand_scan *hand, const char *text);
struct sic_string hand_units(struct hand_scan *hand, const uint16_t *units, uint32_t length);
/* Of the numbers behind the authority. */
struct sic_blob hand_sid(struct hand_scan *hand, uint64_t authority, unsigned count, const uint32_t *parts);

/* Each returns the index of its record; what is not given is unknown. */
uint32_t hand_process(struct hand_scan *hand, uint64_t id, uint32_t flags);
/* With one subsection of 100 pages. */
uint32_t hand_section(struct hand_scan *hand, uint32_t flags);
/* Views of one process one after another, by ascending address; pages of the section from `page` on. */
uint32_t hand_view(struct hand_scan *hand, uint32_t process, uint32_t section, uint64_t va, uint32_t page,
                   uint32_t pages, unsigned protection);
uint32_t hand_name(struct hand_scan *hand, uint32_t parent, enum sic_name_kind kind, const char *name,
                   const char *target, uint32_t section);
/* The root, and in it GLOBAL??, Device and NLS, as the first four names. */
#define HAND_ROOT 0u
void hand_directories(struct hand_scan *hand);
void hand_pointer(struct hand_scan *hand, uint32_t process, enum sic_peb_field field, uint64_t value);
void hand_kernel_view(struct hand_scan *hand, uint32_t section, enum sic_kernel_view_kind kind, uint32_t session);
uint32_t hand_device(struct hand_scan *hand, const char *path);

/* Groups the views; `count` regions are expected. */
void hand_regions(struct hand_scan *hand, uint32_t count);

/* `count` processes that all map the section at 0x10000 and up; their PEBs are read. */
void hand_owners(struct hand_scan *hand, uint32_t section, uint32_t count);
/* What the region's memory is; the views are grouped, into one region, where they are not yet. */
struct sic_memory hand_judge(struct hand_scan *hand, uint32_t region);

/* A test whose state is an empty scan. */
#define HAND_TEST(name) cmocka_unit_test_setup_teardown(name, hand_set_up, hand_tear_down)
int hand_set_up(void **state);
int hand_tear_down(void **state);

#endif
