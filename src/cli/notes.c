#include "cli/notes.h"

#include "cli/origin.h"
#include "meaning/unread.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Beyond so many lines of a kind a reader is better served by --json. */
#define LINE_LIMIT 20u

static const struct {
    const char *token;
    const char *text;
} problems[SIC_PROBLEM_KIND_COUNT] = {
    [SIC_PROBLEM_PROCESS_LIST] = {"process-list", "the process list breaks off at this process; others may be missing"},
    [SIC_PROBLEM_PROCESS_UNREADABLE] = {"process-unreadable", "a process that cannot be read; it is left out"},
    [SIC_PROBLEM_TREE_MISSING] = {"tree-missing", "a live process whose VAD root is empty; its views are missing"},
    [SIC_PROBLEM_TREE_SHARED] = {"tree-shared", "a process whose VAD root is another process's; it is not walked"},
    [SIC_PROBLEM_NODE_UNREADABLE] = {"node-unreadable", "a VAD node that is not in the image; its subtree is missing"},
    [SIC_PROBLEM_NODE_ORDER] = {"node-order", "a VAD node out of order (torn, or a cycle); its subtree is left out"},
    [SIC_PROBLEM_NODE_POINTER] = {"node-pointer", "a wild pointer to a VAD node; its subtree is missing"},
    [SIC_PROBLEM_NODE_OWNER] = {"node-owner", "a VAD node of another process; its subtree is left out"},
    [SIC_PROBLEM_NODE_PARENT] = {"node-parent", "a VAD node whose parent link is torn; nodes may be missing"},
    [SIC_PROBLEM_VIEW_TORN] = {"view-torn", "a VAD node whose range or prototype PTE fields may be torn"},
    [SIC_PROBLEM_SUBSECTION] = {"subsection", "a subsection that cannot be read; sharing may be missed"},
    [SIC_PROBLEM_CONTROL_AREA] = {"control-area", "a control area that cannot be read, or whose links do not close"},
    [SIC_PROBLEM_PROCESS_ENDING] = {"process-ending", "a process that is ending; its views are left out"},
    [SIC_PROBLEM_PROCESS_UNSTABLE] = {"process-unstable", "a process that changed its memory during every walk; views "
                                                          "may be missing"},
    [SIC_PROBLEM_ARRAY_CLAIMED_TWICE] = {"array-claimed-twice",
                                         "a subsection whose prototype PTEs another one claims too"},
};

const char *sic_problem_text(unsigned kind)
{
    return problems[kind].text;
}

const char *sic_problem_token(unsigned kind)
{
    return problems[kind].token;
}

static const struct {
    const char *token;
    const char *text;
} notes[SIC_NOTE_KIND_COUNT] = {
    [SIC_NOTE_VIEW_NOT_IN_TREE] = {"view-not-in-tree", "a section lists a view that is not in its process's VAD tree"},
    [SIC_NOTE_VIEW_NOT_LISTED] = {"view-not-listed", "a view in a VAD tree that its section does not list"},
    [SIC_NOTE_COUNT_DIFFERS] = {"count-differs", "a section counts other views than were found"},
    [SIC_NOTE_LIST_BROKEN] = {"list-broken", "a section's list of views breaks off"},
    [SIC_NOTE_PROCESS_NOT_LISTED] = {"process-not-listed", "a process that is not in the process list maps sections"},
};

const char *sic_note_text(unsigned kind)
{
    return notes[kind].text;
}

const char *sic_note_token(unsigned kind)
{
    return notes[kind].token;
}

void sic_layout_confidence(const struct sic_kernel *kernel, char *buffer, size_t size)
{
    static const char *const sources[] = {
        [SIC_LAYOUT_EXACT] = "exact by PDB GUID",
        [SIC_LAYOUT_NEAREST] = "nearest by build",
        [SIC_LAYOUT_PDB] = "from this kernel's PDB",
        [SIC_LAYOUT_FILE] = "from --profile",
    };
    const char *partial = kernel->profile.is_partial ? ", partial: some of its fields were carried over" : "";

    if (!kernel->image)
        snprintf(buffer, size, "%s, proved by the driver%s", sources[kernel->layout_source], partial);
    else if (kernel->layout_source == SIC_LAYOUT_EXACT)
        snprintf(buffer, size, "%s, proved%s", sources[SIC_LAYOUT_EXACT], partial);
    else
        snprintf(buffer, size, "%s, proved on %u structures with %u contradictions%s", sources[kernel->layout_source],
                 kernel->proof.agreements, kernel->proof.contradictions, partial);
}

const char *sic_layout_source_token(const struct sic_kernel *kernel)
{
    static const char *const tokens[] = {
        [SIC_LAYOUT_EXACT] = "exact",
        [SIC_LAYOUT_NEAREST] = "nearest",
        [SIC_LAYOUT_PDB] = "pdb",
        [SIC_LAYOUT_FILE] = "file",
    };

    return tokens[kernel->layout_source];
}

/* Begins a line. */
static void __attribute__((format(printf, 2, 3))) say(const struct sic_listing *listing, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "sic: ");
    if (listing->called)
        fprintf(stderr, "%s: ", listing->called);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

static void print_kernel(const struct sic_listing *listing)
{
    const struct sic_wire_origin *origin = &listing->origin;
    char pdb[SIC_PDB_REFERENCE_TEXT_SIZE];

    sic_origin_pdb(origin, pdb);
    say(listing, "%s%s; Windows build %u, %s; layout %s, %s\n",
        listing->image || listing->is_live ? "" : "saved scan of a ", origin->container, origin->build, pdb,
        origin->layout_name, origin->layout_confidence);
}

static const char *shown_name(const struct sic_listing *listing, uint32_t process)
{
    return listing->names[process][0] ? listing->names[process] : "a process without a name";
}

static void print_problem(const struct sic_listing *listing, const struct sic_problem *problem)
{
    say(listing, "incomplete: ");
    if (problem->process != SIC_NONE)
        fprintf(stderr, "%s (PID: %" PRIu64 "): ", shown_name(listing, problem->process),
                sic_scan_process(&listing->scan, problem->process)->id);
    fprintf(stderr, "%s: %016" PRIx64 "\n", sic_problem_text(problem->kind), problem->va);
}

static void print_note(const struct sic_listing *listing, const struct sic_note *note)
{
    say(listing, "note: ");
    if (note->process != SIC_NONE)
        fprintf(stderr, "%s (PID: %" PRIu64 "): ", shown_name(listing, note->process),
                sic_scan_process(&listing->scan, note->process)->id);
    fprintf(stderr, "%s: %016" PRIx64 "", sic_note_text(note->kind), note->va);
    if (note->section != SIC_NONE)
        fprintf(stderr, " (control area %016" PRIx64 ")",
                sic_scan_section(&listing->scan, note->section)->control_area_va);
    fputc('\n', stderr);
}

/* Processes that nobody lists first: they say the most, and the lines are limited. */
static void print_notes(const struct sic_listing *listing)
{
    const struct sic_note *list = listing->scan.notes.elements;
    uint32_t count = listing->scan.notes.count, printed = 0;

    for (unsigned turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < count && printed < LINE_LIMIT; i++) {
            if ((list[i].kind == SIC_NOTE_PROCESS_NOT_LISTED) != (turn == 0))
                continue;
            print_note(listing, &list[i]);
            printed++;
        }
    }
    if (count > LINE_LIMIT)
        say(listing, "note: and %u more; --json lists all\n", count - LINE_LIMIT);
}

static void print_missing_pages(const struct sic_listing *listing)
{
    uint64_t missing = listing->origin.missing_pages;

    if (missing > 0)
        say(listing, "the file is cut short: %" PRIu64 " pages or blocks that its header promises are not in it\n",
            missing);
}

/* What was read, and the decoration that was not. */
static void print_sum(const struct sic_listing *listing)
{
    const struct sic_scan *scan = &listing->scan;
    uint64_t nodes = 0;
    uint32_t unnamed = 0, shared = 0;

    for (uint32_t i = 0; i < scan->processes.count; i++)
        nodes += sic_scan_process(scan, i)->node_count;
    for (uint32_t i = 0; i < listing->regions.count; i++) {
        const struct sic_region *region = &listing->regions.regions[i];
        const struct sic_section *section = sic_scan_section(scan, region->section);

        if (listing->form != SIC_FORM_PLAIN && !sic_region_is_shared(scan, region))
            continue;
        shared++;
        unnamed += section->file_object_va != 0 && !(section->flags & SIC_SECTION_HAS_NAME);
    }
    say(listing, "%u processes, %" PRIu64 " VAD nodes, %u views, %u region%s", scan->processes.count, nodes,
        scan->views.count, shared, shared == 1 ? "" : "s");
    if (listing->form != SIC_FORM_PLAIN)
        fprintf(stderr, ", %u without a name", unnamed);
    fputc('\n', stderr);
    if (scan->skipped_processes > 0)
        say(listing, "left out, as they ended before their turn came: %u of the listed processes\n",
            scan->skipped_processes);
}

static void print_unread_of(const struct sic_listing *listing, const char *what, const char *plural, uint32_t count)
{
    if (count == 1)
        say(listing, "note: the %s of 1 process was not, or not wholly, read\n", what);
    else if (count > 1)
        say(listing, "note: the %s of %u processes were not, or not wholly, read\n", plural, count);
}

/* What is shown beside the regions, as far as it was asked for. */
static void print_unread(const struct sic_listing *listing, const struct sic_options *options)
{
    struct sic_unread unread;

    if (listing->form == SIC_FORM_PLAIN)
        return;
    sic_unread_count(&listing->meaning, &unread);
    if (unread.object_directories)
        say(listing, "note: the object directories were not, or not wholly, read: names may be missing\n");
    print_unread_of(listing, "handle table", "handle tables", unread.handle_tables);
    if (sic_options_show_tokens(options))
        print_unread_of(listing, "token", "tokens", unread.tokens);
}

/* The text says it where it lists. */
static void print_cut_lists(const struct sic_listing *listing)
{
    uint32_t cut = 0, names, handles;

    if (listing->form != SIC_FORM_JSON && listing->form != SIC_FORM_CSV)
        return;
    for (uint32_t i = 0; i < listing->regions.count; i++) {
        const struct sic_region *region = &listing->regions.regions[i];

        sic_object_names_find(&listing->meaning.names, region->section, &names);
        sic_handles_find(&listing->meaning.handles, region->section, &handles);
        cut += listing->selected[i] &&
               (region->kernel_count > SIC_LISTED_LIMIT || names > SIC_LISTED_LIMIT || handles > SIC_LISTED_LIMIT);
    }
    if (cut > 0)
        say(listing,
            "note: of %u region%s only the first %u names, handles or views of the kernel are listed; the "
            "counts are whole\n",
            cut, cut == 1 ? "" : "s", SIC_LISTED_LIMIT);
}

static void print_all(const struct sic_listing *listing, const struct sic_options *options)
{
    const struct sic_problem *problem_list = listing->scan.problems.elements;
    uint32_t problem_count = listing->scan.problems.count;

    print_kernel(listing);
    print_missing_pages(listing);
    print_sum(listing);
    print_unread(listing, options);
    print_cut_lists(listing);
    print_notes(listing);
    for (uint32_t i = 0; i < problem_count && i < LINE_LIMIT; i++)
        print_problem(listing, &problem_list[i]);
    if (problem_count > LINE_LIMIT)
        say(listing, "incomplete: and %u more; --json lists all\n", problem_count - LINE_LIMIT);
}

/* Which facts crossings lack. */
static void print_short_facts(const struct sic_listing *listing, const char *consequence)
{
    struct sic_unread unread;

    sic_unread_count(&listing->meaning, &unread);
    say(listing,
        "the answer is incomplete: crossings need what was not, or not wholly, read (tokens: %u, handle tables: %u, "
        "object directories: %s); %s\n",
        unread.tokens, unread.handle_tables, unread.object_directories ? "some" : "none", consequence);
}

static void print_short_crossings(const struct sic_listing *listing, const char *consequence)
{
    const struct sic_crossings *crossings = &listing->crossings;

    if (listing->is_crossing_short)
        print_short_facts(listing, consequence);
    if (crossings->names_unjudged > 0)
        say(listing, "the answer is incomplete: %u of the sections' names %s not judged: there are too many; %s\n",
            crossings->names_unjudged, crossings->names_unjudged == 1 ? "was" : "were", consequence);
    if (crossings->left_out > 0)
        say(listing,
            "the answer is incomplete: of the crossings only %u are kept, %u more are not; choose fewer regions; %s\n",
            SIC_CROSSING_LIMIT, crossings->left_out, consequence);
}

void sic_notes_print(const struct sic_listing *listing, const struct sic_options *options)
{
    uint32_t count = listing->scan.problems.count;
    const char *consequence =
        options->compare ? "what is missing there may be unread and not gone" : "what is shown stands (exit status 3)";

    if (!options->quiet)
        print_all(listing, options);
    /* Said even when asked to be quiet: an answer is never silently short. */
    if (count > 0)
        say(listing, "the answer is incomplete: %u problem%s; %s\n", count, count == 1 ? "" : "s", consequence);
    if (listing->is_selection_short)
        say(listing,
            "the answer is incomplete: %s needs the object directories, and not all could be read; "
            "%s\n",
            options->selection.named ? "--named" : "--name", consequence);
    print_short_crossings(listing, consequence);
}
