#include "kernel/process_list.h"

#include "core/list.h"
#include "core/process.h"

struct list_walk {
    struct sic_scan *scan;
    const struct sic_reader *reader;
    const struct sic_layout *layout;
    const struct sic_process_list *list;
    uint64_t head_va; /* as known so far */
    uint32_t limit;
};

static bool is_head(const struct list_walk *walk, uint64_t links_va)
{
    /* A header may name a wrong head; no process lies within the kernel's image. */
    return (walk->head_va != 0 && links_va == walk->head_va) ||
           links_va - walk->list->kernel_va < walk->list->kernel_size;
}

static bool append_process(const struct list_walk *walk, uint64_t links_va)
{
    uint64_t eprocess_va = links_va - sic_layout_offset(walk->layout, SIC_FIELD_EPROCESS_ACTIVE_PROCESS_LINKS);
    struct sic_process *process, read;

    if (!sic_process_read(walk->reader, walk->layout, eprocess_va, &read))
        return sic_scan_add_problem(walk->scan, SIC_PROBLEM_PROCESS_UNREADABLE, SIC_NONE, eprocess_va);
    process = sic_array_append(&walk->scan->allocator, &walk->scan->processes, sizeof(*process));
    if (!process)
        return false;
    *process = read;
    return true;
}

enum end { END_CLOSED, END_BROKEN, END_LIMIT, END_NO_MEMORY };

/*
 * Appends the processes from `start_va` (an entry, inclusive) on until the head. *last_va is the last entry that was
 * reached; where the list is broken, the link that leads on from it.
 */
static enum end append_run(struct list_walk *walk, uint64_t start_va, enum sic_link link, uint64_t *last_va)
{
    uint64_t links_va = start_va;

    while (!is_head(walk, links_va)) {
        if (walk->scan->processes.count >= walk->limit)
            return END_LIMIT;
        if (!append_process(walk, links_va))
            return END_NO_MEMORY;
        *last_va = links_va;
        if (!sic_list_follow(walk->reader, links_va, link, &links_va))
            return END_BROKEN;
        /* Back where it began: a ring without a head, or whose head is unknown. */
        if (links_va == start_va)
            return END_CLOSED;
    }
    walk->head_va = links_va;
    return END_CLOSED;
}

static void reverse_processes(struct sic_scan *scan, uint32_t first)
{
    for (uint32_t low = first, high = scan->processes.count; low + 1 < high; low++) {
        struct sic_process swap = *sic_scan_process(scan, low);

        high--;
        *sic_scan_process(scan, low) = *sic_scan_process(scan, high);
        *sic_scan_process(scan, high) = swap;
    }
}

/* The entry that follows the head, or the System process's own, which is the first. */
static bool find_start(struct list_walk *walk, uint64_t *start_va)
{
    if (walk->list->system_va != 0) {
        *start_va = walk->list->system_va + sic_layout_offset(walk->layout, SIC_FIELD_EPROCESS_ACTIVE_PROCESS_LINKS);
        return true;
    }
    return sic_reader_u64(walk->reader, walk->head_va + SIC_LINK_FORWARD, start_va) &&
           sic_is_kernel_pointer(walk->reader, *start_va, 8);
}

/* Names the process that the list leads to and does not come back from; where even that is wild, the last one before.
 */
static bool report_break(const struct list_walk *walk, uint64_t last_va, enum sic_link link)
{
    uint32_t offset = sic_layout_offset(walk->layout, SIC_FIELD_EPROCESS_ACTIVE_PROCESS_LINKS);
    uint64_t next_va;

    if (sic_reader_u64(walk->reader, last_va + link, &next_va) && sic_is_kernel_pointer(walk->reader, next_va, 8))
        return sic_scan_add_problem(walk->scan, SIC_PROBLEM_PROCESS_LIST, SIC_NONE, next_va - offset);
    return sic_scan_add_problem(walk->scan, SIC_PROBLEM_PROCESS_LIST, SIC_NONE, last_va - offset);
}

/* The list is broken after `last_va`: what lies between the break and the end is reached from the end. */
static bool append_from_end(struct list_walk *walk, uint64_t start_va, uint64_t last_va)
{
    uint32_t first = walk->scan->processes.count;
    uint64_t end_va, reached_va = 0;
    enum end end;

    if (!report_break(walk, last_va, SIC_LINK_FORWARD))
        return false;
    if (walk->head_va != 0) {
        if (!sic_list_follow(walk->reader, walk->head_va, SIC_LINK_BACKWARD, &end_va))
            return true;
    } else {
        /* The head stands before the first process. */
        uint64_t head_va;

        if (!sic_list_follow(walk->reader, start_va, SIC_LINK_BACKWARD, &head_va) || !is_head(walk, head_va) ||
            !sic_list_follow(walk->reader, head_va, SIC_LINK_BACKWARD, &end_va))
            return true;
        walk->head_va = head_va;
    }
    if (is_head(walk, end_va) || end_va == last_va)
        return true;
    end = append_run(walk, end_va, SIC_LINK_BACKWARD, &reached_va);
    reverse_processes(walk->scan, first);
    if (end == END_BROKEN && !report_break(walk, reached_va, SIC_LINK_BACKWARD))
        return false;
    return end != END_NO_MEMORY;
}

bool sic_process_list_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                           const struct sic_process_list *list, uint32_t limit)
{
    struct list_walk walk = {
        .scan = scan, .reader = reader, .layout = layout, .list = list, .head_va = list->head_va, .limit = limit};
    uint64_t start_va, last_va = 0;

    if (!find_start(&walk, &start_va))
        return sic_scan_add_problem(scan, SIC_PROBLEM_PROCESS_LIST, SIC_NONE, list->head_va);
    switch (append_run(&walk, start_va, SIC_LINK_FORWARD, &last_va)) {
    case END_NO_MEMORY:
        return false;
    case END_BROKEN:
        return append_from_end(&walk, start_va, last_va);
    default:
        return true;
    }
}
