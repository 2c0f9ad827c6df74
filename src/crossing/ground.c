#include "crossing/ground.h"

#include "meaning/rights.h"
#include "sharing/kernel_view.h"
#include "sharing/span.h"

#include <stdlib.h>
#include <string.h>

/* Images have a shared and writable part or two; of forged ones no more are looked at. */
#define PARTS_LIMIT 1024u

static bool is_alive(const struct sic_scan *scan, uint32_t process)
{
    return !(sic_scan_process(scan, process)->flags & SIC_PROCESS_EXITED);
}

/* Sorts the processes that live by class, keeping their order. */
static bool sort_members(struct sic_ground *ground)
{
    const struct sic_scan *scan = ground->request->scan;
    uint32_t next[SIC_TRUST_CLASS_LIMIT];

    ground->members = calloc((size_t)scan->processes.count + 1, sizeof(*ground->members));
    if (!ground->members)
        return false;
    for (uint32_t i = 0; i < scan->processes.count; i++)
        ground->class_starts[ground->trusts.classes[i] + 1] += is_alive(scan, i);
    for (unsigned i = 0; i < SIC_TRUST_CLASS_LIMIT; i++)
        ground->class_starts[i + 1] += ground->class_starts[i];
    memcpy(next, ground->class_starts, sizeof(next));
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        if (is_alive(scan, i))
            ground->members[next[ground->trusts.classes[i]]++] = i;
    }
    return true;
}

bool sic_ground_init(const struct sic_crossing_request *request, struct sic_ground *ground)
{
    *ground = (struct sic_ground){.request = request};
    ground->best = calloc((size_t)request->scan->processes.count + 1, sizeof(*ground->best));
    return ground->best && sic_trusts_init(request->scan, &ground->trusts) &&
           sic_openings_init(request->scan, &ground->openings) && sort_members(ground);
}

void sic_ground_deinit(struct sic_ground *ground)
{
    const struct sic_allocator *allocator = &ground->request->scan->allocator;

    sic_trusts_deinit(&ground->trusts);
    sic_openings_deinit(&ground->openings);
    sic_array_free(allocator, &ground->reaches, sizeof(struct sic_ground_reach));
    sic_array_free(allocator, &ground->holders, sizeof(struct sic_ground_holder));
    free(ground->members);
    free(ground->best);
}

/* --- views ------------------------------------------------------------------------------------------------------ */

static bool add_reach(struct sic_ground *ground, uint32_t index, uint64_t first, uint64_t end, bool writes, bool shows)
{
    const struct sic_scan *scan = ground->request->scan;
    uint32_t process = sic_scan_view(scan, index)->process;
    struct sic_ground_reach *reach;

    if (first >= end || !(writes || shows))
        return true;
    reach = sic_array_append(&scan->allocator, &ground->reaches, sizeof(*reach));
    if (!reach)
        return false;
    *reach = (struct sic_ground_reach){.reach = {.first = first, .end = end, .view = index},
                                       .process = process,
                                       .class_index = ground->trusts.classes[process],
                                       .writes = writes,
                                       .shows = shows};
    ground->writes[reach->class_index] |= writes;
    ground->shows[reach->class_index] |= shows;
    return true;
}

static uint64_t later(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

static uint64_t earlier(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

/* Of an image only the parts that all share and can write: other pages are copied before they change. */
static bool add_image_view(struct sic_ground *ground, uint32_t index, uint32_t first_part, uint32_t end_part)
{
    const struct sic_scan *scan = ground->request->scan;
    struct sic_span span = sic_view_span(scan, sic_scan_view(scan, index));

    for (uint32_t i = first_part; i < end_part && i - first_part < PARTS_LIMIT; i++) {
        const struct sic_subsection *part = sic_scan_subsection(scan, (uint32_t)ground->request->parts->keys[i].value);
        uint64_t first = part->base / 8;

        if (!add_reach(ground, index, later(span.first, first), earlier(span.end, first + part->pte_count), true, true))
            return false;
    }
    return true;
}

static bool add_view(struct sic_ground *ground, uint32_t index)
{
    const struct sic_scan *scan = ground->request->scan;
    const struct sic_view *view = sic_scan_view(scan, index);
    struct sic_span span = sic_view_span(scan, view);

    return add_reach(ground, index, span.first, span.end, sic_view_writes(scan, view, false) == SIC_WRITES_SHARED,
                     (view->protection & 7) != 0);
}

static int compare_reaches(const void *left, const void *right)
{
    const struct sic_ground_reach *a = left, *b = right;

    if (a->class_index != b->class_index)
        return a->class_index < b->class_index ? -1 : 1;
    if (a->reach.view != b->reach.view)
        return a->reach.view < b->reach.view ? -1 : 1;
    return a->reach.first < b->reach.first ? -1 : a->reach.first > b->reach.first;
}

static bool gather_views(struct sic_ground *ground)
{
    const struct sic_crossing_request *request = ground->request;
    const struct sic_region *region = ground->region;
    bool is_image = sic_scan_section(request->scan, region->section)->flags & SIC_SECTION_IMAGE, added = true;
    struct sic_ground_reach *reaches;
    uint32_t first = 0, end = 0, at = 0;

    ground->reaches.count = 0;
    if (is_image)
        sic_shared_writable_find(request->scan, request->parts, request->regions, region, &first, &end);
    for (uint32_t i = region->first; i < region->first + region->count && added; i++)
        added = is_image ? add_image_view(ground, request->regions->views[i], first, end)
                         : add_view(ground, request->regions->views[i]);
    reaches = ground->reaches.elements;
    if (ground->reaches.count > 0)
        qsort(reaches, ground->reaches.count, sizeof(*reaches), compare_reaches);
    for (unsigned i = 0; i <= SIC_TRUST_CLASS_LIMIT; i++) {
        while (at < ground->reaches.count && reaches[at].class_index < i)
            at++;
        ground->reach_starts[i] = at;
    }
    return added;
}

/* --- handles and names ------------------------------------------------------------------------------------------ */

static int compare_holders(const void *left, const void *right)
{
    const struct sic_ground_holder *a = left, *b = right;

    if (a->class_index != b->class_index)
        return a->class_index < b->class_index ? -1 : 1;
    return a->handle < b->handle ? -1 : a->handle > b->handle;
}

static void sort_holders(struct sic_ground *ground)
{
    struct sic_ground_holder *holders = ground->holders.elements;
    uint32_t at = 0;

    if (ground->holders.count > 0)
        qsort(holders, ground->holders.count, sizeof(*holders), compare_holders);
    for (unsigned i = 0; i <= SIC_TRUST_CLASS_LIMIT; i++) {
        while (at < ground->holders.count && holders[at].class_index < i)
            at++;
        ground->holder_starts[i] = at;
    }
}

static bool gather_handles(struct sic_ground *ground)
{
    const struct sic_scan *scan = ground->request->scan;
    const struct sic_handle *handles = scan->handles.elements;
    uint32_t count;
    const struct sic_key *keys = sic_handles_find(&ground->request->meaning->handles, ground->region->section, &count);

    ground->holders.count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct sic_handle *handle = &handles[keys[i].value];
        struct sic_ground_holder *holder;

        if (!sic_access_has_map_write(handle->access) || !is_alive(scan, handle->process))
            continue;
        holder = sic_array_append(&scan->allocator, &ground->holders, sizeof(*holder));
        if (!holder)
            return false;
        *holder = (struct sic_ground_holder){.process = handle->process,
                                             .handle = (uint32_t)keys[i].value,
                                             .class_index = ground->trusts.classes[handle->process]};
        ground->holds[holder->class_index] = true;
    }
    sort_holders(ground);
    return true;
}

/* Better is what grants more; of equal ones the first counts. */
static unsigned rank(enum sic_answer answer)
{
    return answer == SIC_ANSWER_YES ? 2 : answer == SIC_ANSWER_UNKNOWN ? 1 : 0;
}

static void count_answer(struct sic_ground_answer *all, struct sic_access access)
{
    if (all->processes == 0 || rank(access.answer) > rank(all->access.answer))
        *all = (struct sic_ground_answer){.access = access};
    all->processes += access.answer == all->access.answer;
}

/* How many classes show pages: those who could open it are looked at once for each. */
static unsigned count_readers(const struct sic_ground *ground)
{
    unsigned count = ground->has_kernel_views;

    for (unsigned i = 0; i < SIC_TRUST_CLASS_LIMIT; i++)
        count += ground->shows[i];
    return count;
}

static void judge_name(struct sic_ground *ground, uint32_t index)
{
    struct sic_ground_name *name = &ground->names[ground->name_count];
    bool is_first = ground->name_count == 0;

    if (!sic_openings_judge(&ground->openings, index)) {
        ground->names_unjudged++;
        return;
    }
    ground->name_count++;
    ground->openings.work += (1ull + count_readers(ground)) * ground->class_starts[SIC_TRUST_CLASS_LIMIT];
    *name = (struct sic_ground_name){.name = index};
    for (uint32_t i = 0; i < ground->class_starts[SIC_TRUST_CLASS_LIMIT]; i++) {
        uint32_t process = ground->members[i];
        struct sic_access access = sic_openings_answer(&ground->openings, process);
        uint8_t class_index = ground->trusts.classes[process];

        count_answer(&name->answers[class_index], access);
        if (is_first || rank(access.answer) > rank(ground->best[process].answer))
            ground->best[process] = access;
        ground->opens[class_index] |= access.answer != SIC_ANSWER_NO;
        ground->has_opening |= access.answer != SIC_ANSWER_NO;
    }
}

static void gather_names(struct sic_ground *ground)
{
    uint32_t count;
    const struct sic_key *keys =
        sic_object_names_find(&ground->request->meaning->names, ground->region->section, &count);

    ground->name_count = 0;
    ground->names_unjudged += count > SIC_CROSSING_NAMES ? count - SIC_CROSSING_NAMES : 0;
    for (uint32_t i = 0; i < count && i < SIC_CROSSING_NAMES; i++)
        judge_name(ground, (uint32_t)keys[i].value);
}

/* --- the region ------------------------------------------------------------------------------------------------- */

static bool has_session_view(const struct sic_scan *scan, const struct sic_region *region)
{
    for (uint32_t i = region->first_kernel; i < region->first_kernel + region->kernel_count; i++) {
        if (sic_scan_kernel_view(scan, i)->kind == SIC_KERNEL_VIEW_SESSION)
            return true;
    }
    return false;
}

bool sic_ground_enter(struct sic_ground *ground, const struct sic_region *region)
{
    const struct sic_scan *scan = ground->request->scan;
    uint32_t flags = sic_scan_section(scan, region->section)->flags;

    ground->region = region;
    memset(ground->writes, 0, sizeof(ground->writes));
    memset(ground->shows, 0, sizeof(ground->shows));
    memset(ground->holds, 0, sizeof(ground->holds));
    memset(ground->opens, 0, sizeof(ground->opens));
    ground->has_opening = false;
    ground->holders.count = ground->name_count = 0;
    memset(ground->holder_starts, 0, sizeof(ground->holder_starts));
    ground->has_file_in_doubt = flags & SIC_SECTION_FILE && !(flags & (SIC_SECTION_IMAGE | SIC_SECTION_UNREAD));
    if (!gather_views(ground))
        return false;
    /* An image without shared and writable parts: whoever maps it anew gets copies. */
    ground->has_kernel_views =
        has_session_view(scan, region) && (ground->reaches.count > 0 || !(flags & SIC_SECTION_IMAGE));
    if (ground->reaches.count == 0 && !ground->has_kernel_views)
        return true;
    gather_names(ground);
    return gather_handles(ground);
}

bool sic_ground_can_write(const struct sic_ground *ground, unsigned class_index)
{
    if (class_index == SIC_TRUST_KERNEL)
        return false;
    return ground->writes[class_index] || ground->holds[class_index] || ground->opens[class_index] ||
           (ground->has_file_in_doubt && ground->shows[class_index]);
}

bool sic_ground_can_read(const struct sic_ground *ground, unsigned class_index)
{
    return class_index == SIC_TRUST_KERNEL ? ground->has_kernel_views : ground->shows[class_index];
}

const struct sic_ground_reach *sic_ground_reaches(const struct sic_ground *ground, unsigned class_index,
                                                  uint32_t *count)
{
    *count = 0;
    if (class_index == SIC_TRUST_KERNEL || ground->reaches.count == 0)
        return NULL;
    *count = ground->reach_starts[class_index + 1] - ground->reach_starts[class_index];
    return (const struct sic_ground_reach *)ground->reaches.elements + ground->reach_starts[class_index];
}

const struct sic_ground_holder *sic_ground_holders(const struct sic_ground *ground, unsigned class_index,
                                                   uint32_t *count)
{
    *count = 0;
    if (ground->holders.count == 0)
        return NULL;
    *count = ground->holder_starts[class_index + 1] - ground->holder_starts[class_index];
    return (const struct sic_ground_holder *)ground->holders.elements + ground->holder_starts[class_index];
}
