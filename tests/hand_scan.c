#include "hand_scan.h"

#include "meaning/meaning.h"
#include "util/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGES 100u

static void *append(struct hand_scan *hand, struct sic_array *array, size_t size)
{
    void *record = sic_array_append(&hand->scan.allocator, array, size);

    assert_non_null(record);
    return record;
}

void hand_init(struct hand_scan *hand)
{
    memset(hand, 0, sizeof(*hand));
    sic_scan_init(&hand->scan, sic_heap_allocator());
}

void hand_deinit(struct hand_scan *hand)
{
    sic_regions_deinit(&hand->regions);
    sic_scan_deinit(&hand->scan);
}

struct sic_string hand_units(struct hand_scan *hand, const uint16_t *units, uint32_t length)
{
    struct sic_string string = {.offset = hand->scan.strings.count, .length = length};

    for (uint32_t i = 0; i < length; i++)
        *(uint16_t *)append(hand, &hand->scan.strings, sizeof(uint16_t)) = units[i];
    return string;
}

struct sic_string hand_string(struct hand_scan *hand, const char *text)
{
    uint16_t units[512];
    uint32_t length = 0;

    if (!text)
        return (struct sic_string){.offset = SIC_NONE};
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        units[length++] = (uint16_t)(*c < 0x80 ? *c : 0xd800 + *c);
    return hand_units(hand, units, length);
}

struct sic_blob hand_sid(struct hand_scan *hand, uint64_t authority, unsigned count, const uint32_t *parts)
{
    struct sic_blob blob = {.offset = hand->scan.bytes.count, .length = 8 + 4 * count};
    uint8_t bytes[68] = {1, (uint8_t)count};

    for (unsigned i = 0; i < 6; i++)
        bytes[2 + i] = (uint8_t)(authority >> (40 - 8 * i));
    memcpy(bytes + 8, parts, 4 * count);
    for (unsigned i = 0; i < blob.length; i++)
        *(uint8_t *)append(hand, &hand->scan.bytes, 1) = bytes[i];
    return blob;
}

uint32_t hand_process(struct hand_scan *hand, uint64_t id, uint32_t flags)
{
    struct sic_process *process = append(hand, &hand->scan.processes, sizeof(*process));

    process->id = id;
    process->eprocess_va = 0xffffa00000000000ull + id * 0x1000;
    process->flags = flags;
    process->token = SIC_NONE;
    process->first_view = hand->scan.views.count;
    return hand->scan.processes.count - 1;
}

uint32_t hand_section(struct hand_scan *hand, uint32_t flags)
{
    struct sic_section *section = append(hand, &hand->scan.sections, sizeof(*section));
    uint32_t index = hand->scan.sections.count - 1;
    struct sic_subsection *subsection = append(hand, &hand->scan.subsections, sizeof(*subsection));

    section->control_area_va = 0xffffb00000000000ull + index * 0x1000ull;
    section->flags = flags;
    section->size = PAGES << 12;
    section->device = SIC_NONE;
    if (flags & (SIC_SECTION_FILE | SIC_SECTION_IMAGE))
        section->file_object_va = 0xffffc00000000000ull;
    subsection->va = section->control_area_va + 0x80;
    subsection->base = 0xffffd00000000000ull + index * 0x10000ull;
    subsection->pages = PAGES;
    subsection->pte_count = PAGES;
    subsection->flags = SIC_SUBSECTION_FIRST;
    subsection->section = index;
    subsection->next = SIC_NONE;
    subsection->head = index;
    return index;
}

uint32_t hand_view(struct hand_scan *hand, uint32_t process, uint32_t section, uint64_t va, uint32_t page,
                   uint32_t pages, unsigned protection)
{
    struct sic_view *view = append(hand, &hand->scan.views, sizeof(*view));

    view->start_vpn = va >> 12 & ((1ull << 52) - 1);
    view->end_vpn = (va >> 12) + pages - 1;
    view->first_prototype_pte = sic_scan_subsection(&hand->scan, section)->base + page * 8ull;
    view->last_contiguous_pte = view->first_prototype_pte + (pages - 1) * 8ull;
    view->protection = protection & 31;
    view->subsection = section;
    view->process = process;
    sic_scan_process(&hand->scan, process)->view_count++;
    sic_scan_section(&hand->scan, section)->view_count++;
    return hand->scan.views.count - 1;
}

uint32_t hand_name(struct hand_scan *hand, uint32_t parent, enum sic_name_kind kind, const char *name,
                   const char *target, uint32_t section)
{
    struct sic_string text = hand_string(hand, name), leads_to = hand_string(hand, target);
    struct sic_name *record = append(hand, &hand->scan.names, sizeof(*record));

    record->name = text;
    record->target = leads_to;
    record->parent = parent;
    record->section = section;
    record->kind = kind;
    return hand->scan.names.count - 1;
}

void hand_pointer(struct hand_scan *hand, uint32_t process, enum sic_peb_field field, uint64_t value)
{
    struct sic_peb_pointer *pointer = append(hand, &hand->scan.peb_pointers, sizeof(*pointer));

    *pointer = (struct sic_peb_pointer){.value = value, .process = process, .field = field};
}

void hand_kernel_view(struct hand_scan *hand, uint32_t section, enum sic_kernel_view_kind kind, uint32_t session)
{
    struct sic_kernel_view *view = append(hand, &hand->scan.kernel_views, sizeof(*view));

    *view =
        (struct sic_kernel_view){.va = 0xffffe00000000000ull, .section = section, .kind = kind, .session_id = session};
    if (kind == SIC_KERNEL_VIEW_SESSION)
        sic_scan_section(&hand->scan, section)->kernel_views++;
}

uint32_t hand_device(struct hand_scan *hand, const char *path)
{
    struct sic_string text = hand_string(hand, path);
    struct sic_device *device = append(hand, &hand->scan.devices, sizeof(*device));

    device->path = text;
    return hand->scan.devices.count - 1;
}

void hand_directories(struct hand_scan *hand)
{
    hand_name(hand, SIC_NONE, SIC_NAME_DIRECTORY, "", NULL, SIC_NONE);
    assert_int_equal(hand_name(hand, HAND_ROOT, SIC_NAME_DIRECTORY, "GLOBAL??", NULL, SIC_NONE), 1);
    assert_int_equal(hand_name(hand, HAND_ROOT, SIC_NAME_DIRECTORY, "Device", NULL, SIC_NONE), 2);
    assert_int_equal(hand_name(hand, HAND_ROOT, SIC_NAME_DIRECTORY, "NLS", NULL, SIC_NONE), 3);
}

void hand_regions(struct hand_scan *hand, uint32_t count)
{
    struct sic_error error;

    assert_int_equal(sic_regions_build(&hand->scan, SIC_REGION_JOINED, 1, &error, &hand->regions), SIC_OK);
    assert_int_equal(hand->regions.count, count);
}

void hand_owners(struct hand_scan *hand, uint32_t section, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hand_view(hand, hand_process(hand, 4 * (i + 1), SIC_PROCESS_PEB_READ), section, 0x10000, 0, 10, 1);
}

struct sic_memory hand_judge(struct hand_scan *hand, uint32_t region)
{
    struct sic_meaning meaning;
    struct sic_memory memory;

    if (hand->regions.count == 0)
        hand_regions(hand, 1);
    assert_true(sic_meaning_init(&hand->scan, &meaning));
    sic_memory_judge(&meaning, &hand->regions, &hand->regions.regions[region], &memory);
    /* Keys of the meaning, which is gone. */
    memory.names = NULL;
    sic_meaning_deinit(&meaning);
    return memory;
}

int hand_set_up(void **state)
{
    struct hand_scan *hand = malloc(sizeof(*hand));

    hand_init(hand);
    *state = hand;
    return 0;
}

int hand_tear_down(void **state)
{
    hand_deinit(*state);
    free(*state);
    return 0;
}
