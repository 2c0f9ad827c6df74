#include "cli/notes.h"

#include <inttypes.h>
#include <stdio.h>

/* Beyond so many lines a reader is better served by --json. */
#define PROBLEM_LINE_LIMIT 20u

static const struct {
    const char *token;
    const char *text;
} problems[SIC_PROBLEM_KIND_COUNT] = {
    [SIC_PROBLEM_PROCESS_LIST] = {"process-list", "the process list breaks off; processes may be missing"},
    [SIC_PROBLEM_PROCESS_UNREADABLE] = {"process-unreadable", "a process that cannot be read; it is left out"},
    [SIC_PROBLEM_NODE_UNREADABLE] = {"node-unreadable", "a VAD node that is not in the image; its subtree is missing"},
    [SIC_PROBLEM_NODE_ORDER] = {"node-order", "a VAD node out of order (torn, or a cycle); its subtree is left out"},
    [SIC_PROBLEM_NODE_POINTER] = {"node-pointer", "a wild pointer to a VAD node; its subtree is missing"},
    [SIC_PROBLEM_NODE_OWNER] = {"node-owner", "a VAD node of another process; its subtree is left out"},
    [SIC_PROBLEM_NODE_PARENT] = {"node-parent", "a VAD node whose parent link is torn; nodes may be missing"},
    [SIC_PROBLEM_VIEW_TORN] = {"view-torn", "a VAD node whose prototype PTE fields are torn"},
    [SIC_PROBLEM_SUBSECTION] = {"subsection", "a subsection that cannot be read; sharing may be missed"},
    [SIC_PROBLEM_CONTROL_AREA] = {"control-area", "a control area that cannot be read, or whose links do not close"},
    [SIC_PROBLEM_PROCESS_ENDING] = {"process-ending", "a process that is ending; its views are left out"},
    [SIC_PROBLEM_PROCESS_UNSTABLE] = {"process-unstable", "a process that changed its memory during every walk; views "
                                                          "may be missing"},
    [SIC_PROBLEM_ARRAY_CLAIMED_TWICE] = {"array-claimed-twice",
                                         "a subsection whose prototype PTEs another control area claims too"},
};

const char *sic_problem_text(unsigned kind)
{
    return problems[kind].text;
}

const char *sic_problem_token(unsigned kind)
{
    return problems[kind].token;
}

void sic_layout_confidence(const struct sic_kernel *kernel, char *buffer, size_t size)
{
    const char *partial = kernel->profile.is_partial ? ", partial: some of its fields were carried over" : "";

    if (!kernel->image)
        snprintf(buffer, size, "%s, proved by the driver%s",
                 kernel->layout_source == SIC_LAYOUT_EXACT ? "exact by PDB GUID" : "nearest by build", partial);
    else if (kernel->layout_source == SIC_LAYOUT_EXACT)
        snprintf(buffer, size, "exact by PDB GUID, proved%s", partial);
    else
        snprintf(buffer, size, "nearest by build, proved on %u structures with %u contradictions%s",
                 kernel->proof.agreements, kernel->proof.contradictions, partial);
}

static void print_kernel(const struct sic_listing *listing)
{
    const struct sic_wire_origin *origin = &listing->origin;

    fprintf(stderr, "sic: %s%s; Windows build %u, %s %s; layout %s, %s\n",
            listing->image || listing->is_live ? "" : "saved scan of a ", origin->container, origin->build,
            origin->pdb_name[0] ? origin->pdb_name : "PDB unknown", origin->guid_age, origin->layout_name,
            origin->layout_confidence);
}

static void print_problem(const struct sic_listing *listing, const struct sic_problem *problem)
{
    fprintf(stderr, "sic: incomplete: ");
    if (problem->process != SIC_NONE)
        fprintf(stderr, "%s (PID: %" PRIu64 "): ", listing->names[problem->process],
                sic_scan_process(&listing->scan, problem->process)->id);
    fprintf(stderr, "%s: %016" PRIx64 "\n", sic_problem_text(problem->kind), problem->va);
}

static void print_missing_pages(const struct sic_listing *listing)
{
    uint64_t missing = listing->origin.missing_pages;

    if (missing > 0)
        fprintf(stderr,
                "sic: the file is cut short: %" PRIu64 " pages or blocks that its header promises are not in it\n",
                missing);
}

void sic_notes_print(const struct sic_listing *listing, const struct sic_options *options)
{
    const struct sic_problem *list = listing->scan.problems.elements;
    uint32_t count = listing->scan.problems.count;

    if (!options->quiet) {
        print_kernel(listing);
        print_missing_pages(listing);
        for (uint32_t i = 0; i < count && i < PROBLEM_LINE_LIMIT; i++)
            print_problem(listing, &list[i]);
        if (count > PROBLEM_LINE_LIMIT)
            fprintf(stderr, "sic: incomplete: and %u more; --json lists all\n", count - PROBLEM_LINE_LIMIT);
    }
    /* Said even when asked to be quiet: an answer is never silently short. */
    if (count > 0)
        fprintf(stderr, "sic: the answer is incomplete: %u problem%s; what is shown stands (exit status 3)\n", count,
                count == 1 ? "" : "s");
}
