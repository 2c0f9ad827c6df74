#include "core/accounts.h"

#include "core/kernel_view.h"
#include "core/list.h"

#define OWNER_KIND_MASK    7ull
#define OWNER_PROCESS      1u
#define OWNER_SESSION      2u
#define OWNER_SYSTEM_CACHE 3u

struct comparison {
    struct sic_scan *scan;
    const struct sic_reader *reader;
    const struct sic_layout *layout;
    struct sic_array *strangers;
    struct sic_index processes;      /* by _EPROCESS address */
    struct sic_index stranger_index; /* by _EPROCESS address */
    uint8_t *is_listed;              /* a bit for each view: its section's list has it */
    bool with_kernel_views;          /* all of them are wanted, not only where counts differ */
    bool any_walked;                 /* some section's list was walked to its end */
    uint64_t budget;                 /* entries that lists may still have beyond their own allowance */
    uint32_t unwalked_views;     /* that the list at hand has of processes whose trees were not walked, or unknown */
    uint32_t listed_cache_views; /* that the list at hand has */
};

/*
 * Entries of a list: some for every view of its section that was found, and a few more. What is beyond, kernel views
 * and what is torn, all lists have together: a list of a live machine can change so that the walk does not come back to
 * its head, and one that never ends must not take from the others what they need.
 */
#define ENTRIES_PER_VIEW 4u
#define ENTRIES_OF_LIST  64u
#define ENTRIES_OF_ALL   0x100000u

/* One entry of a section's list: the node that holds it. Of a view of the kernel's own only the kind is known. */
struct listed_view {
    uint64_t node_va;
    uint64_t owner_va;
    uint64_t start_vpn;
    uint64_t subsection_va;
    unsigned owner_kind;
};

static bool read_listed_view(const struct comparison *comparison, uint64_t links_va, struct listed_view *view)
{
    const struct sic_layout *layout = comparison->layout;
    uint8_t scratch[SIC_VAD_SIZE_LIMIT];
    uint64_t node_va = links_va - sic_layout_offset(layout, SIC_FIELD_MMVAD_VIEW_LINKS), owner;
    const uint8_t *bytes;

    /* The kernel's own views keep their owner there too, but are no nodes. */
    if (!sic_reader_u64(comparison->reader, node_va + sic_layout_offset(layout, SIC_FIELD_MMVAD_VADS_PROCESS), &owner))
        return false;
    *view = (struct listed_view){.node_va = node_va, .owner_kind = owner & OWNER_KIND_MASK};
    if (view->owner_kind == OWNER_SESSION || view->owner_kind == OWNER_SYSTEM_CACHE)
        return true;
    bytes = sic_reader_bytes(comparison->reader, node_va, scratch, sic_layout_offset(layout, SIC_FIELD_MMVAD_SIZE));
    if (!bytes)
        return false;
    *view = (struct listed_view){
        .node_va = node_va,
        .owner_va = owner & ~OWNER_KIND_MASK,
        .owner_kind = owner & OWNER_KIND_MASK,
        .subsection_va = sic_load64(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_SUBSECTION)),
        .start_vpn = sic_load32(bytes + sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN)) |
                     (uint64_t)bytes[sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH)] << 32,
    };
    return true;
}

/* The view of a process that starts at `start_vpn`; its views ascend. SIC_NONE when the tree has none there. */
static uint32_t find_view(const struct sic_scan *scan, uint32_t process_index, uint64_t start_vpn)
{
    const struct sic_process *process = sic_scan_process(scan, process_index);
    uint32_t low = process->first_view, high = process->first_view + process->view_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (sic_scan_view(scan, middle)->start_vpn < start_vpn)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < process->first_view + process->view_count && sic_scan_view(scan, low)->start_vpn == start_vpn)
        return low;
    return SIC_NONE;
}

static bool add_stranger(struct comparison *comparison, uint64_t eprocess_va)
{
    const struct sic_allocator *allocator = &comparison->scan->allocator;
    uint32_t known;
    uint64_t *stranger;

    if (sic_index_find(&comparison->stranger_index, comparison->strangers, sizeof(*stranger), eprocess_va, &known))
        return true;
    stranger = sic_array_append(allocator, comparison->strangers, sizeof(*stranger));
    if (!stranger)
        return false;
    *stranger = eprocess_va;
    return sic_index_add(allocator, &comparison->stranger_index, eprocess_va, comparison->strangers->count - 1);
}

static bool compare_process_view(struct comparison *comparison, uint32_t section, const struct listed_view *listed)
{
    struct sic_scan *scan = comparison->scan;
    uint32_t process, view;

    if (!sic_index_find(&comparison->processes, &scan->processes, sizeof(struct sic_process), listed->owner_va,
                        &process)) {
        /* Found, if not in a tree: the stranger is what there is to say, not the count. */
        comparison->unwalked_views++;
        return add_stranger(comparison, listed->owner_va);
    }
    if (sic_scan_process(scan, process)->flags & SIC_PROCESS_NOT_WALKED) {
        comparison->unwalked_views++;
        return true;
    }
    view = find_view(scan, process, listed->start_vpn);
    if (view == SIC_NONE || sic_scan_subsection(scan, sic_scan_view(scan, view)->subsection)->section != section)
        return sic_scan_add_note(scan, SIC_NOTE_VIEW_NOT_IN_TREE, process, section, listed->node_va);
    comparison->is_listed[view / 8] |= (uint8_t)(1u << view % 8);
    return true;
}

/* A process's node must lead to this section: otherwise the list has run into another one's. */
static bool leads_to(const struct comparison *comparison, uint32_t section, const struct listed_view *listed)
{
    uint64_t control_area_va;

    return listed->owner_kind != OWNER_PROCESS ||
           (sic_is_kernel_pointer(listed->subsection_va, 8) &&
            sic_reader_u64(comparison->reader,
                           listed->subsection_va +
                               sic_layout_offset(comparison->layout, SIC_FIELD_SUBSECTION_CONTROL_AREA),
                           &control_area_va) &&
            control_area_va == sic_scan_section(comparison->scan, section)->control_area_va);
}

static bool add_kernel_view(struct comparison *comparison, uint32_t section, uint64_t links_va, unsigned owner_kind)
{
    struct sic_scan *scan = comparison->scan;
    struct sic_kernel_view *view = sic_array_append(&scan->allocator, &scan->kernel_views, sizeof(*view));

    if (!view)
        return false;
    view->section = section;
    sic_kernel_view_read(comparison->reader, comparison->layout, links_va, owner_kind, view);
    if (owner_kind == OWNER_SESSION)
        sic_scan_section(scan, section)->kernel_views++;
    else
        comparison->listed_cache_views++;
    return true;
}

static bool compare_listed_view(struct comparison *comparison, uint32_t section, uint64_t links_va,
                                const struct listed_view *listed)
{
    if (listed->owner_kind == OWNER_PROCESS && sic_is_kernel_pointer(listed->owner_va, 8))
        return compare_process_view(comparison, section, listed);
    if (listed->owner_kind == OWNER_SESSION || listed->owner_kind == OWNER_SYSTEM_CACHE)
        return add_kernel_view(comparison, section, links_va, listed->owner_kind);
    return true;
}

/* Takes one entry from what the list may have. */
static bool take_entry(struct comparison *comparison, uint64_t *own)
{
    uint64_t *budget = *own > 0 ? own : &comparison->budget;

    if (*budget == 0)
        return false;
    --*budget;
    return true;
}

static bool walk_list(struct comparison *comparison, uint32_t section)
{
    uint64_t control_area_va = sic_scan_section(comparison->scan, section)->control_area_va;
    uint64_t head_va = control_area_va + sic_layout_offset(comparison->layout, SIC_FIELD_CONTROL_AREA_LIST_HEAD);
    uint64_t own =
        (uint64_t)ENTRIES_PER_VIEW * sic_scan_section(comparison->scan, section)->view_count + ENTRIES_OF_LIST;
    uint64_t links_va = head_va;
    struct listed_view listed;

    comparison->unwalked_views = comparison->listed_cache_views = 0;
    for (;;) {
        if (sic_reader_is_cancelled(comparison->reader))
            return false;
        if (!sic_list_follow(comparison->reader, links_va, SIC_LINK_FORWARD, &links_va))
            break;
        if (links_va == head_va) {
            sic_scan_section(comparison->scan, section)->flags |= SIC_SECTION_RING_WALKED;
            comparison->any_walked = true;
            return true;
        }
        if (!take_entry(comparison, &own) || !read_listed_view(comparison, links_va, &listed) ||
            !leads_to(comparison, section, &listed))
            break;
        if (!compare_listed_view(comparison, section, links_va, &listed))
            return false;
    }
    return sic_scan_add_note(comparison->scan, SIC_NOTE_LIST_BROKEN, SIC_NONE, section, control_area_va);
}

/* The kernel counts views of the system cache for data sections only; of the others the list has to tell. */
static bool do_counts_differ(const struct comparison *comparison, const struct sic_section *section)
{
    uint32_t cache_views =
        section->cache_views > comparison->listed_cache_views ? section->cache_views : comparison->listed_cache_views;

    return section->mapped_views !=
           (uint64_t)section->view_count + section->kernel_views + cache_views + comparison->unwalked_views;
}

/* Whether the section's list is to be walked: it may have what the trees lack, or views of the kernel's own. */
static bool is_list_wanted(struct comparison *comparison, const struct sic_section *section)
{
    comparison->unwalked_views = comparison->listed_cache_views = 0;
    if (section->view_count == 0 || section->flags & SIC_SECTION_UNREAD)
        return false;
    return do_counts_differ(comparison, section) ||
           (comparison->with_kernel_views && section->mapped_views != section->view_count);
}

static bool compare_sections(struct comparison *comparison)
{
    struct sic_scan *scan = comparison->scan;

    for (uint32_t i = 0; i < scan->sections.count; i++) {
        if (!is_list_wanted(comparison, sic_scan_section(scan, i)))
            continue;
        if (!walk_list(comparison, i))
            return false;
        if (do_counts_differ(comparison, sic_scan_section(scan, i)) &&
            !sic_scan_add_note(scan, SIC_NOTE_COUNT_DIFFERS, SIC_NONE, i, sic_scan_section(scan, i)->control_area_va))
            return false;
    }
    return true;
}

/* Views in trees that the list of their section, walked whole, does not have. */
static bool note_unlisted_views(struct comparison *comparison)
{
    struct sic_scan *scan = comparison->scan;

    for (uint32_t p = 0; p < scan->processes.count && comparison->any_walked; p++) {
        const struct sic_process *process = sic_scan_process(scan, p);

        for (uint32_t i = process->first_view; i < process->first_view + process->view_count; i++) {
            const struct sic_view *view = sic_scan_view(scan, i);
            uint32_t section = sic_scan_subsection(scan, view->subsection)->section;

            if (!(sic_scan_section(scan, section)->flags & SIC_SECTION_RING_WALKED) ||
                comparison->is_listed[i / 8] & 1u << i % 8)
                continue;
            if (!sic_scan_add_note(scan, SIC_NOTE_VIEW_NOT_LISTED, p, section, view->start_vpn << 12))
                return false;
        }
    }
    return true;
}

static bool index_strangers(const struct sic_allocator *allocator, const struct sic_array *strangers,
                            struct sic_index *index)
{
    for (uint32_t i = 0; i < strangers->count; i++) {
        if (!sic_index_add(allocator, index, ((const uint64_t *)strangers->elements)[i], i))
            return false;
    }
    return true;
}

bool sic_accounts_note_strangers(struct sic_scan *scan, const struct sic_array *strangers,
                                 const struct sic_array *noted)
{
    struct sic_index index = {0};
    bool done = index_strangers(&scan->allocator, noted, &index);

    for (uint32_t i = 0; done && i < strangers->count; i++) {
        uint64_t eprocess_va = ((const uint64_t *)strangers->elements)[i];
        uint32_t known;

        if (!sic_index_find(&index, noted, sizeof(eprocess_va), eprocess_va, &known))
            done = sic_scan_add_note(scan, SIC_NOTE_PROCESS_NOT_LISTED, SIC_NONE, SIC_NONE, eprocess_va);
    }
    sic_index_free(&scan->allocator, &index);
    return done;
}

static bool index_processes(struct comparison *comparison)
{
    struct sic_scan *scan = comparison->scan;

    for (uint32_t i = 0; i < scan->processes.count; i++) {
        uint64_t va = sic_scan_process(scan, i)->eprocess_va;
        uint32_t known;

        if (!sic_index_find(&comparison->processes, &scan->processes, sizeof(struct sic_process), va, &known) &&
            !sic_index_add(&scan->allocator, &comparison->processes, va, i))
            return false;
    }
    return true;
}

bool sic_accounts_compare(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                          bool with_kernel_views, struct sic_array *strangers)
{
    struct comparison comparison = {.scan = scan,
                                    .reader = reader,
                                    .layout = layout,
                                    .with_kernel_views = with_kernel_views,
                                    .strangers = strangers,
                                    .budget = ENTRIES_OF_ALL};
    const struct sic_allocator *allocator = &scan->allocator;
    size_t size = scan->views.count / 8 + 1;
    bool compared = false;

    if (!sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_LIST_HEAD) ||
        !sic_layout_has(layout, SIC_FIELD_MMVAD_VIEW_LINKS) ||
        !sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS))
        return true;
    comparison.is_listed = allocator->resize(allocator->context, NULL, 0, size);
    if (comparison.is_listed) {
        __builtin_memset(comparison.is_listed, 0, size);
        compared = index_processes(&comparison) && compare_sections(&comparison) && note_unlisted_views(&comparison);
        allocator->resize(allocator->context, comparison.is_listed, size, 0);
    }
    sic_index_free(allocator, &comparison.processes);
    sic_index_free(allocator, &comparison.stranger_index);
    return compared;
}
