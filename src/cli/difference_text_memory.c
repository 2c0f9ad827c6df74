#include "cli/difference_text.h"

#include "cli/difference_followers.h"
#include "cli/difference_words.h"
#include "cli/text.h"
#include "meaning/memory.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct sic_section *section_at(const struct sic_difference_text *text, unsigned side, uint32_t index)
{
    return sic_scan_section(&text->listings[side]->scan, index);
}

static void put_size(const struct sic_difference_text *text, unsigned side, uint32_t index)
{
    const struct sic_section *section = section_at(text, side, index);

    if (section->flags & (SIC_SECTION_UNREAD | SIC_SECTION_SIZE_UNKNOWN))
        sic_output_text(text->output, "size unknown");
    else
        sic_text_put_size(text->output, section->size);
}

/* "paging file \BaseNamedObjects\x (64 KiB -> 128 KiB)" */
static void put_section(const struct sic_difference_text *text, const struct sic_section_change *change)
{
    unsigned side = change->new_index != SIC_NONE;
    uint32_t index = side ? change->new_index : change->old_index;
    char *title = sic_section_title(text->listings[side], index);

    sic_output_text(text->output, sic_section_kind(section_at(text, side, index)));
    if (title) {
        sic_output_text(text->output, " ");
        sic_output_text(text->output, title);
    }
    free(title);
    sic_output_text(text->output, " (");
    if (change->what & SIC_SECTION_CHANGE_SIZE) {
        put_size(text, 0, change->old_index);
        sic_output_text(text->output, " -> ");
    }
    put_size(text, side, index);
    sic_output_text(text->output, ")");
}

static uint32_t processes_of(const struct sic_difference_text *text, unsigned side, uint32_t region)
{
    const struct sic_listing *listing = text->listings[side];

    return region == SIC_NONE
               ? 0
               : sic_region_processes(&listing->scan, &listing->regions, &listing->regions.regions[region]);
}

static void put_region(const struct sic_difference_text *text, const struct sic_region_change *change)
{
    uint32_t olds = processes_of(text, 0, change->old_index), news = processes_of(text, 1, change->new_index);
    uint32_t count = change->change == SIC_WENT ? olds : news;

    sic_difference_text_begin(text, 1, change->change);
    sic_output_text(text->output, "Region: ");
    if (change->is_placed)
        sic_output_format(text->output, "section offset 0x%" PRIx64 "-0x%" PRIx64, change->first_page << 12,
                          ((change->first_page + change->page_count) << 12) - 1);
    else
        sic_output_format(text->output, "%" PRIu64 " pages", change->page_count);
    if (change->change == SIC_CHANGED && olds != news)
        sic_output_format(text->output, ", %u -> %u processes", olds, news);
    else
        sic_output_format(text->output, ", %u process%s", count, count == 1 ? "" : "es");
    sic_difference_text_end(text, change->change, change->is_certain);
}

static const struct sic_view *view_at(const struct sic_difference_text *text, unsigned side, uint32_t index)
{
    return sic_scan_view(&text->listings[side]->scan, index);
}

static void put_range(const struct sic_difference_text *text, const struct sic_view *view)
{
    sic_output_address(text->output, sic_view_start_va(view));
    sic_output_text(text->output, "-");
    sic_output_address(text->output, sic_view_last_va(view));
    sic_output_text(text->output, " ");
}

static void put_rights(const struct sic_difference_text *text, unsigned side, const struct sic_view *view)
{
    const char *modifier = sic_protection_modifier(view->protection);
    uint64_t offset;

    sic_output_format(text->output, "%s%s%s", sic_protection_text(view->protection), modifier ? " " : "",
                      modifier ? modifier : "");
    if (sic_view_section_offset(&text->listings[side]->scan, view, &offset) && offset != 0)
        sic_output_format(text->output, " (section offset 0x%" PRIx64 ")", offset);
}

static void put_owner(const struct sic_difference_text *text, unsigned side, uint32_t index)
{
    const struct sic_view *view = view_at(text, side, index);

    sic_difference_text_put_process(text, side, view->process);
    sic_output_text(text->output, " at ");
    put_range(text, view);
    put_rights(text, side, view);
}

/* What a view of the same process is now: its range only where that is another. */
static void put_new_state(const struct sic_difference_text *text, const struct sic_view_change *change)
{
    const struct sic_view *left = view_at(text, 0, change->old_index), *right = view_at(text, 1, change->new_index);

    if (sic_view_start_va(left) != sic_view_start_va(right) || sic_view_last_va(left) != sic_view_last_va(right))
        put_range(text, right);
    put_rights(text, 1, right);
    if (left->vad_type != right->vad_type)
        sic_output_format(text->output, ", VAD type %u -> %u", left->vad_type, right->vad_type);
}

/* By path a view may be another process's of the same path now. */
static void put_view(const struct sic_difference_text *text, const struct sic_view_change *change)
{
    sic_difference_text_begin(text, 1, change->change);
    if (change->change == SIC_CAME)
        put_owner(text, 1, change->new_index);
    else
        put_owner(text, 0, change->old_index);
    if (change->change == SIC_CHANGED) {
        sic_output_text(text->output, " -> ");
        if (text->comparison->difference.basis == SIC_DIFFERENCE_BY_PATH)
            put_owner(text, 1, change->new_index);
        else
            put_new_state(text, change);
    }
    sic_difference_text_end(text, change->change, change->is_certain);
}

static void put_kernel_view(const struct sic_difference_text *text, const struct sic_kernel_view_change *change)
{
    sic_difference_text_begin(text, 1, change->change);
    sic_output_text(text->output, "Kernel views ");
    if (change->session_id == SIC_NONE)
        sic_output_text(text->output, "in system space");
    else
        sic_output_format(text->output, "in session %u", change->session_id);
    sic_output_format(text->output, ": %u -> %u", change->old_count, change->new_count);
    sic_difference_text_end(text, change->change, change->is_certain);
}

static void put_owner_counts(const struct sic_difference_text *text, const struct sic_section_change *change)
{
    const char *ending = change->new_processes == 1 ? "" : "es";

    if (change->old_processes == change->new_processes)
        sic_output_format(text->output, ", owners changed: %u process%s, not the same as before", change->new_processes,
                          ending);
    else
        sic_output_format(text->output, ", owners changed: %u -> %u process%s", change->old_processes,
                          change->new_processes, ending);
}

static void put_change(struct sic_difference_text *text, const struct sic_section_change *change)
{
    const struct sic_difference *difference = &text->comparison->difference;

    sic_difference_text_begin(text, 0, change->change);
    put_section(text, change);
    if (change->change == SIC_CHANGED && change->what & SIC_SECTION_CHANGE_OWNERS)
        put_owner_counts(text, change);
    sic_difference_text_end(text, change->change, change->is_certain);
    if (change->what & SIC_SECTION_CHANGE_NAME) {
        sic_difference_text_put_names(text, change->old_index, change->new_index);
    }
    for (uint32_t i = 0; i < change->region_count; i++)
        put_region(text, (const struct sic_region_change *)difference->regions.elements + change->first_region + i);
    for (uint32_t i = 0; i < change->view_count; i++)
        put_view(text, (const struct sic_view_change *)difference->views.elements + change->first_view + i);
    for (uint32_t i = 0; i < change->kernel_view_count; i++)
        put_kernel_view(text, (const struct sic_kernel_view_change *)difference->kernel_views.elements +
                                  change->first_kernel_view + i);
}

enum shown { SHOWN, NOT_SHARED, FOLLOWS, SHOWN_COUNT };

/* What nobody shares, and what follows from the processes' own lines, is for those who want all. */
static enum shown find_shown(const struct sic_difference_text *text, const struct sic_followers *followers,
                             const struct sic_section_change *change)
{
    if (text->with_details)
        return SHOWN;
    if (!change->old_shared && !change->new_shared)
        return NOT_SHARED;
    return sic_followers_have(followers, change) ? FOLLOWS : SHOWN;
}

static void put_sum(const struct sic_difference_text *text, const uint32_t counts[SHOWN_COUNT])
{
    const struct sic_difference *difference = &text->comparison->difference;
    const struct {
        const char *title;
        const struct sic_difference_counts *counts;
    } sums[] = {{"\nSections: ", &difference->section_counts},
                {"; regions: ", &difference->region_counts},
                {"; views: ", &difference->view_counts}};

    for (unsigned i = 0; i < 3; i++)
        sic_output_format(text->output, "%s%u came, %u went, %u changed", sums[i].title,
                          sums[i].counts->by_change[SIC_CAME], sums[i].counts->by_change[SIC_WENT],
                          sums[i].counts->by_change[SIC_CHANGED]);
    if (counts[FOLLOWS] > 0)
        sic_output_format(
            text->output,
            "; %u image%s or file%s that no view writes differ%s only by views of processes that came, went "
            "or exited: see --details",
            counts[FOLLOWS], counts[FOLLOWS] == 1 ? "" : "s", counts[FOLLOWS] == 1 ? "" : "s",
            counts[FOLLOWS] == 1 ? "s" : "");
    if (counts[NOT_SHARED] > 0)
        sic_output_format(text->output, "; %u section%s that no two owners share: see --details", counts[NOT_SHARED],
                          counts[NOT_SHARED] == 1 ? "" : "s");
    sic_output_text(text->output, "\n");
}

void sic_difference_text_put_memory(struct sic_difference_text *text)
{
    const struct sic_difference *difference = &text->comparison->difference;
    const struct sic_section_change *changes = difference->sections.elements;
    struct sic_followers followers;
    uint32_t counts[SHOWN_COUNT] = {0};

    if (!sic_followers_init(text, &followers)) {
        text->failed = true;
        return;
    }
    for (uint32_t i = 0; i < difference->sections.count; i++)
        counts[find_shown(text, &followers, &changes[i])]++;
    put_sum(text, counts);
    for (uint32_t i = 0; i < difference->sections.count; i++) {
        if (find_shown(text, &followers, &changes[i]) == SHOWN)
            put_change(text, &changes[i]);
    }
    sic_followers_deinit(&followers);
}
