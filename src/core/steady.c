#include "core/steady.h"

#include "core/process.h"
#include "core/prove.h"

/* The findings of one walk: a scan that borrows the processes of the one that it is for. */
static void begin(struct sic_scan *findings, const struct sic_scan *scan)
{
    sic_scan_init(findings, &scan->allocator);
    findings->processes = scan->processes;
}

static void end(struct sic_scan *findings)
{
    findings->processes = (struct sic_array){0};
    sic_scan_deinit(findings);
}

static bool walk_once(struct sic_vad_walker *walker, struct sic_scan *findings, uint32_t process_index)
{
    struct sic_process *process = sic_scan_process(findings, process_index);
    struct sic_process read;

    if (!sic_process_read(walker->reader, walker->layout, process->eprocess_va, &read)) {
        process->first_view = process->view_count = 0;
        return sic_scan_add_problem(findings, SIC_PROBLEM_PROCESS_UNREADABLE, process_index, process->eprocess_va);
    }
    read.path = process->path;
    read.flags |= process->flags & SIC_PROCESS_HAS_PATH;
    *process = read;
    return sic_vad_walk(walker, findings, process_index);
}

static bool are_equal(const struct sic_array *a, const struct sic_array *b, size_t element_size)
{
    return a->count == b->count &&
           (a->count == 0 || __builtin_memcmp(a->elements, b->elements, a->count * element_size) == 0);
}

/* Private nodes may come and go: they decide nothing. */
static bool agree(const struct sic_scan *a, const struct sic_scan *b)
{
    return are_equal(&a->views, &b->views, sizeof(struct sic_view)) &&
           are_equal(&a->subsections, &b->subsections, sizeof(struct sic_subsection)) &&
           are_equal(&a->problems, &b->problems, sizeof(struct sic_problem));
}

/* The structures that are compared as bytes have no padding. */
_Static_assert(sizeof(struct sic_view) == 40, "padding in struct sic_view");
_Static_assert(sizeof(struct sic_subsection) == 48, "padding in struct sic_subsection");
_Static_assert(sizeof(struct sic_problem) == 16, "padding in struct sic_problem");

static bool keep(struct sic_scan *scan, struct sic_scan *findings, uint32_t process_index, bool is_steady)
{
    struct sic_process *process = sic_scan_process(scan, process_index);

    process->first_view += scan->views.count;
    return sic_scan_merge(scan, findings) &&
           (is_steady || sic_scan_add_problem(scan, SIC_PROBLEM_PROCESS_UNSTABLE, process_index, process->eprocess_va));
}

bool sic_steady_walk(struct sic_vad_walker *walker, struct sic_scan *scan, uint32_t process_index, uint32_t limit)
{
    struct sic_scan last, before;
    bool is_steady = false, walked;

    begin(&last, scan);
    walked = walk_once(walker, &last, process_index);
    for (uint32_t i = 1; i < limit && walked && !is_steady; i++) {
        before = last;
        begin(&last, scan);
        walked = walk_once(walker, &last, process_index);
        is_steady = walked && agree(&last, &before);
        end(&before);
    }
    walked = walked && keep(scan, &last, process_index, is_steady);
    end(&last);
    return walked;
}

bool sic_steady_check_views(struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);

        if (sic_view_is_resolved(scan, view) && !sic_view_fits(scan, view) &&
            !sic_scan_add_problem(scan, SIC_PROBLEM_VIEW_TORN, view->process, view->first_prototype_pte))
            return false;
    }
    return true;
}
