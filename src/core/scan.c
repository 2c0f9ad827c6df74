#include "core/scan.h"

void sic_scan_init(struct sic_scan *scan, const struct sic_allocator *allocator)
{
    *scan = (struct sic_scan){.allocator = *allocator};
}

void sic_scan_deinit(struct sic_scan *scan)
{
    sic_array_free(&scan->allocator, &scan->processes, sizeof(struct sic_process));
    sic_array_free(&scan->allocator, &scan->views, sizeof(struct sic_view));
    sic_array_free(&scan->allocator, &scan->subsections, sizeof(struct sic_subsection));
    sic_array_free(&scan->allocator, &scan->sections, sizeof(struct sic_section));
    sic_array_free(&scan->allocator, &scan->strings, sizeof(uint16_t));
    sic_array_free(&scan->allocator, &scan->problems, sizeof(struct sic_problem));
    sic_array_free(&scan->allocator, &scan->notes, sizeof(struct sic_note));
    sic_array_free(&scan->allocator, &scan->bytes, sizeof(uint8_t));
    sic_array_free(&scan->allocator, &scan->tokens, sizeof(struct sic_token));
    sic_array_free(&scan->allocator, &scan->sids, sizeof(struct sic_sid));
    sic_array_free(&scan->allocator, &scan->names, sizeof(struct sic_name));
    sic_array_free(&scan->allocator, &scan->handles, sizeof(struct sic_handle));
    sic_array_free(&scan->allocator, &scan->devices, sizeof(struct sic_device));
    sic_array_free(&scan->allocator, &scan->kernel_views, sizeof(struct sic_kernel_view));
    sic_array_free(&scan->allocator, &scan->peb_pointers, sizeof(struct sic_peb_pointer));
    sic_array_free(&scan->allocator, &scan->pages, sizeof(struct sic_page));
    sic_index_free(&scan->allocator, &scan->subsection_index);
    sic_index_free(&scan->allocator, &scan->control_area_index);
}

bool sic_scan_add_problem(struct sic_scan *scan, enum sic_problem_kind kind, uint32_t process, uint64_t va)
{
    struct sic_problem *problem = sic_array_append(&scan->allocator, &scan->problems, sizeof(*problem));

    if (!problem)
        return false;
    *problem = (struct sic_problem){.kind = kind, .process = process, .va = va};
    return true;
}

bool sic_scan_add_note(struct sic_scan *scan, enum sic_note_kind kind, uint32_t process, uint32_t section, uint64_t va)
{
    struct sic_note *note = sic_array_append(&scan->allocator, &scan->notes, sizeof(*note));

    if (!note)
        return false;
    *note = (struct sic_note){.va = va, .kind = kind, .process = process, .section = section};
    return true;
}

static bool comes_before(const struct sic_problem *a, const struct sic_problem *b)
{
    if (a->process != b->process)
        return a->process < b->process;
    if (a->kind != b->kind)
        return a->kind < b->kind;
    return a->va < b->va;
}

/* Restores the heap below `top` among the first `count` problems: no problem comes after the one above it. */
static void sink(struct sic_problem *problems, uint32_t top, uint32_t count)
{
    while (top < count / 2) {
        uint32_t child = 2 * top + 1;
        struct sic_problem swap;

        if (child + 1 < count && comes_before(&problems[child], &problems[child + 1]))
            child++;
        if (!comes_before(&problems[top], &problems[child]))
            return;
        swap = problems[top];
        problems[top] = problems[child];
        problems[child] = swap;
        top = child;
    }
}

/* A heap sort: neither memory nor a deep stack, whatever the order they come in. */
void sic_scan_sort_problems(struct sic_scan *scan)
{
    struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = scan->problems.count / 2; i > 0; i--)
        sink(problems, i - 1, scan->problems.count);
    for (uint32_t end = scan->problems.count; end > 1; end--) {
        struct sic_problem swap = problems[0];

        problems[0] = problems[end - 1];
        problems[end - 1] = swap;
        sink(problems, 0, end - 1);
    }
}

uint32_t sic_scan_intern_subsection(struct sic_scan *scan, uint64_t va)
{
    struct sic_subsection *subsection;
    uint32_t index;

    if (sic_index_find(&scan->subsection_index, &scan->subsections, sizeof(*subsection), va, &index))
        return index;
    subsection = sic_array_append(&scan->allocator, &scan->subsections, sizeof(*subsection));
    if (!subsection)
        return SIC_NONE;
    subsection->va = va;
    subsection->section = SIC_NONE;
    subsection->next = SIC_NONE;
    subsection->head = SIC_NONE;
    subsection->flags = SIC_SUBSECTION_UNREAD;
    index = scan->subsections.count - 1;
    return sic_index_add(&scan->allocator, &scan->subsection_index, va, index) ? index : SIC_NONE;
}

/* Subsections of `source`, by their new index in `target`. Freed by the caller. */
static bool merge_subsections(struct sic_scan *target, const struct sic_scan *source, struct sic_array *map)
{
    if (!sic_array_reserve(&target->allocator, map, sizeof(uint32_t), source->subsections.count))
        return false;
    for (uint32_t i = 0; i < source->subsections.count; i++) {
        uint32_t index = sic_scan_intern_subsection(target, sic_scan_subsection(source, i)->va);

        if (index == SIC_NONE)
            return false;
        ((uint32_t *)map->elements)[map->count++] = index;
    }
    return true;
}

static bool merge_views(struct sic_scan *target, struct sic_scan *source, const uint32_t *map)
{
    if (!sic_array_reserve(&target->allocator, &target->views, sizeof(struct sic_view), source->views.count))
        return false;
    for (uint32_t i = 0; i < source->views.count; i++) {
        struct sic_view *view = sic_scan_view(target, target->views.count++);

        *view = *sic_scan_view(source, i);
        view->subsection = map[view->subsection];
    }
    sic_array_free(&source->allocator, &source->views, sizeof(struct sic_view));
    return true;
}

bool sic_scan_add_problems(struct sic_scan *target, const struct sic_scan *source)
{
    const struct sic_problem *problems = source->problems.elements;

    for (uint32_t i = 0; i < source->problems.count; i++) {
        if (!sic_scan_add_problem(target, problems[i].kind, problems[i].process, problems[i].va))
            return false;
    }
    return true;
}

/* Into an empty scan nothing needs to be copied. */
static void take_over(struct sic_scan *target, struct sic_scan *source)
{
    target->views = source->views;
    target->subsections = source->subsections;
    target->subsection_index = source->subsection_index;
    source->views = (struct sic_array){0};
    source->subsections = (struct sic_array){0};
    source->subsection_index = (struct sic_index){0};
}

bool sic_scan_merge(struct sic_scan *target, struct sic_scan *source)
{
    struct sic_array map = {0};
    bool merged;

    /* Its map of addresses is of no more use, and room is scarcest now. */
    if (target->views.count > 0 || target->subsections.count > 0)
        sic_index_free(&source->allocator, &source->subsection_index);
    if (target->views.count == 0 && target->subsections.count == 0) {
        take_over(target, source);
        return sic_scan_add_problems(target, source);
    }
    merged = merge_subsections(target, source, &map) && merge_views(target, source, map.elements) &&
             sic_scan_add_problems(target, source);
    sic_array_free(&target->allocator, &map, sizeof(uint32_t));
    return merged;
}
