/*
 * The listing per process: whose it is, and with whom it shares what.
 */
#include "cli/by_process.h"
#include "cli/parallel.h"
#include "cli/summary.h"
#include "cli/text.h"
#include "cli/text_meaning.h"
#include "meaning/file_path.h"
#include "meaning/identity.h"
#include "meaning/parent.h"
#include "meaning/sid.h"
#include "meaning/time.h"

#include <stdlib.h>

/* Others that are named on a line. */
#define OTHERS_LIMIT 8u

struct printing {
    const struct sic_listing *listing;
    struct sic_by_process by_process;
    struct sic_parents parents;
    struct sic_summary *summaries;
    bool with_color;
};

static void put_process_name(const struct sic_listing *listing, uint32_t process, struct sic_output *output)
{
    sic_output_text(output, listing->names[process]);
    sic_output_text(output, " (PID: ");
    sic_output_decimal(output, sic_scan_process(&listing->scan, process)->id);
}

static void put_head(const struct printing *printing, uint32_t process, struct sic_output *output)
{
    sic_output_text(output, printing->with_color ? "\033[1;36mProcess: " : "Process: ");
    put_process_name(printing->listing, process, output);
    sic_output_text(output, ", EPROCESS: ");
    sic_output_address(output, sic_scan_process(&printing->listing->scan, process)->eprocess_va);
    sic_output_text(output, printing->with_color ? ")\033[0m\n" : ")\n");
}

static void put_path(const struct sic_listing *listing, const struct sic_process *process, struct sic_output *output)
{
    char *path = sic_process_path(&listing->scan, &listing->meaning.drives, process);

    sic_output_text(output, "  Path: ");
    sic_output_text(output, path ? path : sic_listing_missing(listing));
    sic_output_text(output, "\n");
    free(path);
}

static void put_origin(const struct printing *printing, uint32_t index, struct sic_output *output)
{
    const struct sic_listing *listing = printing->listing;
    const struct sic_process *process = sic_scan_process(&listing->scan, index);
    const struct sic_token *token = sic_process_token(&listing->scan, process);
    uint32_t parent = sic_parents_find(&printing->parents, index);
    char time[SIC_TIME_TEXT_SIZE];

    sic_output_text(output, "  Parent: ");
    if (parent != SIC_NONE) {
        put_process_name(listing, parent, output);
        sic_output_text(output, ")");
    } else if (process->parent_id != 0) {
        sic_output_text(output, "PID ");
        sic_output_decimal(output, process->parent_id);
        sic_output_text(output, sic_parents_state(&printing->parents, index) == SIC_PARENT_GONE
                                    ? ", which is gone"
                                    : ", unknown whether it is gone");
    } else {
        sic_output_text(output, "none");
    }
    sic_output_text(output, "; started ");
    sic_output_text(output, sic_time_format(process->create_time, time) ? time : "unknown");
    sic_output_text(output, "; session ");
    if (token && token->session_id != SIC_NONE)
        sic_output_decimal(output, token->session_id);
    else
        sic_output_text(output, "unknown");
    sic_output_text(output, "\n");
}

static void put_sid(const struct sic_scan *scan, struct sic_blob sid, struct sic_output *output)
{
    char text[SIC_SID_TEXT_SIZE], name[SIC_SID_NAME_SIZE];

    if (!sic_sid_format(scan, sid, text)) {
        sic_output_text(output, "unknown");
        return;
    }
    if (!sic_sid_name(text, name)) {
        sic_output_text(output, text);
        return;
    }
    sic_output_text(output, name);
    sic_output_text(output, " (");
    sic_output_text(output, text);
    sic_output_text(output, ")");
}

static void put_app_container(const struct sic_scan *scan, const struct sic_token *token, struct sic_output *output)
{
    if (sic_token_is_app_container(token) == SIC_ANSWER_UNKNOWN)
        sic_output_text(output, "  AppContainer: unknown\n");
    if (sic_token_is_app_container(token) != SIC_ANSWER_YES)
        return;
    sic_output_text(output, "  AppContainer: ");
    put_sid(scan, token->package, output);
    if (sic_token_is_low_privilege(token) == SIC_ANSWER_YES)
        sic_output_text(output, ", a low-privilege one");
    else if (sic_token_is_low_privilege(token) == SIC_ANSWER_UNKNOWN)
        sic_output_text(output, ", low-privilege or not: unknown");
    sic_output_text(output, "\n");
}

static void put_identity(const struct sic_listing *listing, const struct sic_process *process,
                         struct sic_output *output)
{
    const struct sic_token *token = sic_process_token(&listing->scan, process);
    const struct sic_sid *user = sic_token_user(&listing->scan, token);
    static const char *const wow64[] = {"; WoW64 unknown", "", "; WoW64"};
    static const char *const exiting[] = {"; exiting unknown", "", "; exiting"};
    char integrity[SIC_INTEGRITY_TEXT_SIZE], protection[SIC_PROTECTED_TEXT_SIZE];

    sic_output_text(output, "  User: ");
    if (user)
        put_sid(&listing->scan, user->sid, output);
    else
        sic_output_text(output, "unknown");
    sic_output_text(output, "; integrity ");
    sic_output_text(output, sic_integrity_text(token, integrity));
    sic_output_text(output, "; protection ");
    sic_output_text(output, sic_protected_text(process, protection));
    sic_output_text(output, wow64[sic_process_is_wow64(process)]);
    sic_output_text(output, exiting[sic_process_is_exiting(process)]);
    if (process->flags & SIC_PROCESS_EXITED)
        sic_output_text(output, "; exited");
    sic_output_text(output, "\n");
    put_app_container(&listing->scan, token, output);
}

static void put_others(const struct printing *printing, const struct sic_owner *owner, struct sic_output *output)
{
    const struct sic_by_process *by_process = &printing->by_process;
    const struct sic_region *region = &printing->listing->regions.regions[owner->region];
    uint32_t first = by_process->region_starts[owner->region], end = by_process->region_starts[owner->region + 1];
    uint32_t others = end - first - 1, shown = 0;

    sic_output_text(output, "    with ");
    for (uint32_t i = first; i < end && shown < OTHERS_LIMIT; i++) {
        if (by_process->owners[i].process == owner->process)
            continue;
        if (shown++ > 0)
            sic_output_text(output, ", ");
        put_process_name(printing->listing, by_process->owners[i].process, output);
        sic_output_text(output, ")");
    }
    if (others > shown) {
        sic_output_text(output, " and ");
        sic_output_decimal(output, others - shown);
        sic_output_text(output, " more");
    }
    if (others == 0)
        sic_output_text(output, region->kernel_count > 0 ? "the kernel" : "itself");
    else if (region->kernel_count > 0)
        sic_output_text(output, " and the kernel");
    sic_output_text(output, "\n");
}

static void put_shared(const struct printing *printing, const struct sic_owner *owner, struct sic_output *output)
{
    const struct sic_listing *listing = printing->listing;
    const struct sic_region *region = &listing->regions.regions[owner->region];

    sic_output_text(output, "  ProtoPTE: ");
    sic_output_address(output, region->prototype_pte);
    sic_output_text(output, " ");
    sic_text_put_summary(listing, region, printing->summaries[owner->region].known, output);
    sic_output_text(output, "\n");
    for (uint32_t i = owner->first; i < owner->first + owner->count; i++) {
        const struct sic_view *view = sic_scan_view(&listing->scan, listing->regions.views[i]);

        sic_output_text(output, "    at ");
        sic_output_address(output, sic_view_start_va(view));
        sic_output_text(output, "-");
        sic_output_address(output, sic_view_last_va(view));
        sic_output_text(output, " ");
        sic_output_text(output, sic_protection_text(view->protection));
        sic_output_text(output, "\n");
    }
    put_others(printing, owner, output);
}

static void print_process(const struct printing *printing, uint32_t index, struct sic_output *output)
{
    const struct sic_by_process *by_process = &printing->by_process;
    uint32_t first = by_process->process_starts[index], end = by_process->process_starts[index + 1];

    if (first == end)
        return;
    put_head(printing, index, output);
    put_path(printing->listing, sic_scan_process(&printing->listing->scan, index), output);
    put_origin(printing, index, output);
    put_identity(printing->listing, sic_scan_process(&printing->listing->scan, index), output);
    sic_output_text(output, "  Shares: ");
    sic_output_decimal(output, end - first);
    sic_output_text(output, end - first == 1 ? " region\n" : " regions\n");
    for (uint32_t i = first; i < end; i++)
        put_shared(printing, &by_process->owners[by_process->order[i]], output);
}

static void print_processes(const void *context, uint32_t first, uint32_t end, struct sic_output *output)
{
    for (uint32_t i = first; i < end; i++)
        print_process(context, i, output);
}

static uint32_t count_lines(const void *context, uint32_t process)
{
    const struct printing *printing = context;

    return printing->by_process.process_starts[process + 1] - printing->by_process.process_starts[process];
}

bool sic_text_print_processes(const struct sic_listing *listing, bool with_color, unsigned threads,
                              struct sic_output *output)
{
    struct printing printing = {
        .listing = listing,
        .with_color = with_color,
        .summaries = sic_summaries_make(listing),
    };
    struct sic_parallel_job job = {
        .threads = threads,
        .count = listing->scan.processes.count,
        .weigh = count_lines,
        .print = print_processes,
        .context = &printing,
    };
    bool is_ready = sic_by_process_init(listing, &printing.by_process);
    bool printed;

    is_ready = sic_parents_init(&listing->scan, &printing.parents) && is_ready;
    printed = is_ready && printing.summaries && sic_parallel_print(&job, output);
    sic_parents_deinit(&printing.parents);
    sic_by_process_deinit(&printing.by_process);
    free(printing.summaries);
    return printed;
}
