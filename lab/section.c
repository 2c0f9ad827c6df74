/*
 * Sections: CONTROL_AREA, SUBSECTIONs, SEGMENT, FILE_OBJECT, the arrays of prototype PTEs and the pages behind them.
 */
#include "world.h"

#include "bytes.h"

#include <stdio.h>
#include <string.h>

/* Pages past this index of a section get no contents of their own unless the scenario says so. */
#define CONTENT_PAGES 64u

/* Subsections that still fit into the control area's pool block. */
#define EMBEDDED_SUBSECTIONS 60u

const struct lab_subsection *lab_section_find(const struct lab_section *section, uint64_t page, uint64_t *within)
{
    for (size_t i = 0; i < section->subsection_count; i++) {
        if (page < section->subsections[i].pages) {
            *within = page;
            return &section->subsections[i];
        }
        page -= section->subsections[i].pages;
    }
    return NULL;
}

uint64_t lab_section_pte(const struct lab_section *section, uint64_t page)
{
    uint64_t within;
    const struct lab_subsection *subsection = lab_section_find(section, page, &within);
    return subsection && subsection->prototype ? subsection->prototype + within * 8 : 0;
}

static uint64_t allocate_array(struct lab_world *world, uint64_t named, uint64_t pages)
{
    const uint32_t tag = LAB_TAG('M', 'm', 'S', 't');
    if (pages > UINT32_MAX / 16)
        lab_fail("a subsection of %llu pages is too large", (unsigned long long)pages);
    if (!named)
        return lab_pool_allocate(&world->paged, (uint32_t)pages * 8, tag);
    return named; /* placed already, before anything else could take its page */
}

static void place_arrays(struct lab_world *world, const struct lab_section *section)
{
    uint64_t pages = section->kind == LAB_SECTION_IMAGE ? section->pages : 0;
    for (size_t i = 0; i < section->subsection_count; i++) {
        const struct lab_subsection *subsection = &section->subsections[i];
        if (subsection->prototype && (!i || section->kind != LAB_SECTION_IMAGE))
            lab_pool_place(&world->memory, &world->placements, subsection->prototype,
                           (uint32_t)(pages ? pages : subsection->pages) * 8, LAB_TAG('M', 'm', 'S', 't'), 3);
    }
}

/* An image's subsections share one array; each subsection of a file has its own. */
static void allocate_arrays(struct lab_world *world, struct lab_section *section)
{
    bool image = section->kind == LAB_SECTION_IMAGE;
    if (section->kind == LAB_SECTION_PHYSICAL)
        return;
    uint64_t next = image ? allocate_array(world, section->subsections[0].prototype, section->pages) : 0;
    for (size_t i = 0; i < section->subsection_count; i++) {
        struct lab_subsection *subsection = &section->subsections[i];
        if (image) {
            subsection->prototype = next;
            next += subsection->pages * 8;
        } else if (!subsection->absent) {
            subsection->prototype = allocate_array(world, subsection->prototype, subsection->pages);
        }
    }
}

/*
 * Beyond a _CONTROL_AREA, a _LARGE_CONTROL_AREA: before Vista, images with shared subsections have one for each
 * session, and their subsections follow that.
 */
#define LARGE_TAIL             0x20u
#define GLOBAL_ONLY_PERSESSION 0x10000000u /* _MMSECTION_FLAGS of 3790 */

static bool is_large(const struct lab_world *world, const struct lab_section *section)
{
    bool shared = false;
    for (size_t i = 0; i < section->subsection_count; i++)
        shared = shared || section->subsections[i].shared;
    return shared && section->kind == LAB_SECTION_IMAGE && !lab_has(&world->layout, LAB_VAD_SUBSECTION);
}

static void allocate_objects(struct lab_world *world, struct lab_section *section)
{
    const struct lab_layout *layout = &world->layout;
    uint32_t area_size = lab_offset(layout, LAB_AREA_SIZE), size = lab_offset(layout, LAB_SUBSECTION_SIZE);
    bool image = section->kind == LAB_SECTION_IMAGE;
    if (is_large(world, section))
        area_size += LARGE_TAIL;
    size_t embedded = !image ? 1 : section->subsection_count;
    if (embedded > EMBEDDED_SUBSECTIONS)
        embedded = EMBEDDED_SUBSECTIONS;
    section->control_area = lab_pool_allocate(&world->nonpaged, area_size + (uint32_t)embedded * size,
                                              image ? LAB_TAG('M', 'm', 'C', 'i') : LAB_TAG('M', 'm', 'C', 'a'));
    for (size_t i = 0; i < section->subsection_count; i++)
        section->subsections[i].va = i < embedded
                                         ? section->control_area + area_size + i * size
                                         : lab_pool_allocate(&world->nonpaged, size, LAB_TAG('M', 'm', 'S', 'b'));
    section->segment =
        lab_pool_allocate(&world->paged, lab_offset(layout, LAB_SEGMENT_SIZE), LAB_TAG('M', 'm', 'S', 'e'));
}

/* SECTION_OBJECT_POINTERS: DataSectionObject, SharedCacheMap, ImageSectionObject. */
static void link_file(struct lab_world *world, struct lab_section *section)
{
    uint64_t pointers = lab_pool_allocate(&world->nonpaged, 0x18, LAB_TAG('M', 'm', 'S', 'c'));
    section->file_object = lab_file_create(world, section);
    lab_va_store_u64(&world->memory, section->file_object + lab_offset(&world->layout, LAB_FILE_SECTIONS), pointers);
    lab_va_store_u64(&world->memory, pointers + (section->kind == LAB_SECTION_IMAGE ? 0x10 : 0), section->control_area);
}

static uint32_t area_flags(const struct lab_world *world, const struct lab_section *section)
{
    const struct lab_layout *layout = &world->layout;
    enum lab_section_kind kind = section->kind;
    bool file = kind == LAB_SECTION_FILE || kind == LAB_SECTION_IMAGE;
    return (uint32_t)(lab_bits(layout, LAB_AREA_FLAG_IMAGE, kind == LAB_SECTION_IMAGE) |
                      lab_bits(layout, LAB_AREA_FLAG_FILE, file) |
                      lab_bits(layout, LAB_AREA_FLAG_PHYSICAL, kind == LAB_SECTION_PHYSICAL) |
                      lab_bits(layout, LAB_AREA_FLAG_RESERVE, section->reserve) |
                      lab_bits(layout, LAB_AREA_FLAG_COMMIT, kind == LAB_SECTION_PAGING_FILE && !section->reserve) |
                      lab_bits(layout, LAB_AREA_FLAG_USER, 1));
}

static void store_count(struct lab_world *world, uint64_t area, enum lab_field_id field, uint64_t value)
{
    uint64_t va = area + lab_offset(&world->layout, field);
    if (lab_has_narrow_counts(&world->layout))
        lab_va_store_u32(&world->memory, va, (uint32_t)value);
    else
        lab_va_store_u64(&world->memory, va, value);
}

static void write_control_area(struct lab_world *world, const struct lab_section *section)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t area = section->control_area;
    lab_va_store_u64(memory, area + lab_offset(layout, LAB_AREA_SEGMENT), section->segment);
    lab_va_store_u32(memory, area + lab_offset(layout, LAB_AREA_FLAGS),
                     area_flags(world, section) | (is_large(world, section) ? GLOBAL_ONLY_PERSESSION : 0));
    if (is_large(world, section)) { /* UserGlobalList, empty */
        uint64_t list = area + lab_offset(layout, LAB_AREA_SIZE) + 8;
        lab_va_store_u64(memory, list, list);
        lab_va_store_u64(memory, list + 8, list);
    }
    if (section->file_object) /* EX_FAST_REF: the low bits count references */
        lab_va_store_u64(memory, area + lab_offset(layout, LAB_AREA_FILE), section->file_object | 0xc);
}

static void write_segment(struct lab_world *world, const struct lab_section *section)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint64_t segment = section->segment;
    lab_va_store_u64(memory, segment + lab_offset(layout, LAB_SEGMENT_CONTROL_AREA), section->control_area);
    lab_va_store_u32(memory, segment + lab_offset(layout, LAB_SEGMENT_PTES), (uint32_t)section->pages);
    lab_va_store_u32(memory, segment + lab_offset(layout, LAB_SEGMENT_FLAGS),
                     (uint32_t)lab_bits(layout, LAB_SEGMENT_LARGE, section->large_pages));
    lab_va_store_u64(memory, segment + lab_offset(layout, LAB_SEGMENT_BYTES), section->size);
    lab_va_store_u64(memory, segment + lab_offset(layout, LAB_SEGMENT_PTE), section->subsections[0].prototype);
}

static void write_subsection(struct lab_world *world, const struct lab_section *section, size_t index, uint32_t sector)
{
    const struct lab_layout *layout = &world->layout;
    const struct lab_subsection *subsection = &section->subsections[index];
    struct lab_memory *memory = &world->memory;
    uint64_t va = subsection->va, next = index + 1 < section->subsection_count ? section->subsections[index + 1].va : 0;
    uint64_t flags = lab_bits(layout, LAB_SUBSECTION_PROTECTION, subsection->protection) |
                     lab_bits(layout, LAB_SUBSECTION_GLOBAL, subsection->shared);
    lab_va_store_u64(memory, va + lab_offset(layout, LAB_SUBSECTION_CONTROL_AREA), section->control_area);
    lab_va_store_u64(memory, va + lab_offset(layout, LAB_SUBSECTION_BASE),
                     subsection->absent ? 0 : subsection->prototype);
    lab_va_store_u64(memory, va + lab_offset(layout, LAB_SUBSECTION_NEXT), next);
    lab_va_store_u32(memory, va + lab_offset(layout, LAB_SUBSECTION_PTES), (uint32_t)subsection->pages);
    lab_va_store_u32(memory, va + lab_offset(layout, LAB_SUBSECTION_FLAGS), (uint32_t)flags);
    if (section->kind != LAB_SECTION_FILE && section->kind != LAB_SECTION_IMAGE)
        return;
    lab_va_store_u32(memory, va + lab_offset(layout, LAB_SUBSECTION_SECTOR), sector);
    lab_va_store_u32(memory, va + lab_offset(layout, LAB_SUBSECTION_SECTORS), (uint32_t)subsection->pages);
}

static enum lab_page_state mixed_state(const struct lab_section *section, uint64_t page, uint64_t chance)
{
    bool file = section->kind != LAB_SECTION_PAGING_FILE;
    if (page >= CONTENT_PAGES)
        return file ? LAB_PAGE_SUBSECTION : LAB_PAGE_ZERO;
    if (chance < 45)
        return LAB_PAGE_VALID;
    if (chance < 60)
        return LAB_PAGE_TRANSITION;
    if (file)
        return LAB_PAGE_SUBSECTION;
    return chance < 80 ? LAB_PAGE_PAGE_FILE : LAB_PAGE_ZERO;
}

/* The page's contents: what the scenario says, then text that names section and page in each 512 bytes. */
static uint64_t write_content(struct lab_world *world, const struct lab_section *section, uint64_t page,
                              const struct lab_page_content *content)
{
    struct lab_memory *memory = &world->memory;
    bool named = content && content->frame != LAB_NO_FRAME;
    uint64_t frame = named ? content->frame : lab_frame_allocate(memory, LAB_FRAME_USER);
    uint8_t *bytes = lab_frame_bytes(memory, frame);
    if (named)
        lab_frame_take(memory, frame, LAB_FRAME_USER);
    for (unsigned i = 0; i < 8; i++)
        snprintf((char *)bytes + i * 512, 128, "lab section %.40s page %llu", section->id, (unsigned long long)page);
    if (content)
        memcpy(bytes, content->bytes, content->size);
    return frame;
}

static uint64_t prototype_pte(struct lab_world *world, const struct lab_section *section,
                              const struct lab_subsection *subsection, uint64_t page,
                              const struct lab_page_content *content, enum lab_page_state state)
{
    uint8_t protection = subsection->protection;
    switch (state) {
    case LAB_PAGE_VALID: /* as measured on a real machine: not writable, global, no-execute */
        return write_content(world, section, page, content) << 12 | 0x8a00000000000921ull;
    case LAB_PAGE_TRANSITION:
        return lab_pte_transition(world, write_content(world, section, page, content), protection);
    case LAB_PAGE_PAGE_FILE:
        return lab_pte_page_file(world, 0x1000 + (uint32_t)page * 3, protection);
    case LAB_PAGE_SUBSECTION:
        return lab_pte_subsection(world, subsection->va, protection);
    default:
        return lab_pte_zero(world, protection);
    }
}

static const struct lab_page_content *find_content(const struct lab_section *section, uint64_t page)
{
    for (size_t i = 0; i < section->content_count; i++)
        if (section->contents[i].page == page)
            return &section->contents[i];
    return NULL;
}

static void write_prototypes(struct lab_world *world, const struct lab_section *section, size_t number)
{
    uint64_t page = 0;
    for (size_t i = 0; i < section->subsection_count; i++) {
        const struct lab_subsection *subsection = &section->subsections[i];
        for (uint64_t j = 0; j < subsection->pages; j++, page++) {
            const struct lab_page_content *content = find_content(section, page);
            uint64_t chance = lab_mix(world->scenario->seed ^ lab_mix(number) ^ page) % 100;
            enum lab_page_state state = content ? content->state : section->states;
            if (state == LAB_PAGE_MIX)
                state = mixed_state(section, page, chance);
            if (!subsection->absent)
                lab_va_store_u64(&world->memory, subsection->prototype + j * 8,
                                 prototype_pte(world, section, subsection, page, content, state));
        }
    }
}

static void build_section(struct lab_world *world, struct lab_section *section, size_t number)
{
    uint32_t sector = 0;
    if (!section->size)
        section->size = section->pages * LAB_PAGE;
    allocate_arrays(world, section);
    allocate_objects(world, section);
    if (section->name)
        link_file(world, section);
    write_control_area(world, section);
    write_segment(world, section);
    for (size_t i = 0; i < section->subsection_count; i++) {
        write_subsection(world, section, i, sector);
        sector += (uint32_t)section->subsections[i].pages;
    }
    if (section->kind != LAB_SECTION_PHYSICAL)
        write_prototypes(world, section, number);
}

void lab_sections_place(struct lab_world *world)
{
    for (size_t i = 0; i < world->scenario->section_count; i++) {
        const struct lab_section *section = &world->scenario->sections[i];
        place_arrays(world, section);
        for (size_t j = 0; j < section->content_count; j++)
            if (section->contents[j].frame != LAB_NO_FRAME)
                lab_frame_reserve(&world->memory, section->contents[j].frame, 1);
    }
}

void lab_sections_build(struct lab_world *world)
{
    for (size_t i = 0; i < world->scenario->section_count; i++)
        build_section(world, &world->scenario->sections[i], i);
}

uint64_t lab_section_ring(const struct lab_world *world, const struct lab_section *section)
{
    bool listed = lab_has(&world->layout, LAB_AREA_LIST);
    return section->control_area + lab_offset(&world->layout, listed ? LAB_AREA_LIST : LAB_AREA_VIEW_LIST);
}

void lab_section_link(struct lab_world *world, struct lab_section *section, uint64_t link)
{
    struct lab_memory *memory = &world->memory;
    section->view_count++;
    if (!link)
        return;
    uint64_t head = lab_section_ring(world, section);
    lab_va_store_u64(memory, link + 8, section->last_link ? section->last_link : head);
    if (section->last_link)
        lab_va_store_u64(memory, section->last_link, link);
    else
        section->first_link = link;
    section->last_link = link;
}

static void close_ring(struct lab_world *world, const struct lab_section *section)
{
    struct lab_memory *memory = &world->memory;
    if (!lab_has(&world->layout, LAB_VAD_VIEW_LINKS))
        return;
    uint64_t head = lab_section_ring(world, section);
    lab_va_store_u64(memory, head, section->first_link ? section->first_link : head);
    lab_va_store_u64(memory, head + 8, section->last_link ? section->last_link : head);
    if (section->last_link)
        lab_va_store_u64(memory, section->last_link, head);
}

void lab_sections_finish(struct lab_world *world)
{
    const struct lab_layout *layout = &world->layout;
    for (size_t i = 0; i < world->scenario->section_count; i++) {
        const struct lab_section *section = &world->scenario->sections[i];
        uint64_t area = section->control_area;
        uint32_t cached = section->cache_views + section->ring_cache_views;
        close_ring(world, section);
        store_count(world, area, LAB_AREA_SECTION_REFERENCES, section->object_count);
        store_count(world, area, LAB_AREA_MAPPED_VIEWS, section->view_count + (uint64_t)section->cache_views);
        /* NumberOfSystemCacheViews of data sections. */
        if (lab_has(layout, LAB_AREA_U2))
            lab_va_store_u32(&world->memory, area + lab_offset(layout, LAB_AREA_U2), cached);
        store_count(world, area, LAB_AREA_USER_REFERENCES,
                    section->view_count - section->ring_cache_views + (uint64_t)section->object_count);
    }
}
