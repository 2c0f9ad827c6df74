#include "cli/text.h"

#include "cli/parallel.h"
#include "cli/text_meaning.h"
#include "meaning/rights.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLOR_REGION "\033[1;36m"
#define COLOR_NAME   "\033[1m"
#define COLOR_END    "\033[0m"

/* "  Name: explorer.exe (PID: 3836, EPROCESS: ffffc50b824f6080) at ", made once for each process. */
struct label {
    char *text;
    size_t size;
};

static bool make_label(const struct sic_listing *listing, uint32_t index, bool lower_case, bool with_color,
                       struct label *label)
{
    const struct sic_process *process = sic_scan_process(&listing->scan, index);
    size_t room = strlen(listing->names[index]) + 128;
    int length;

    label->text = malloc(room);
    if (!label->text)
        return false;
    length = snprintf(label->text, room, "  Name: %s%s%s (PID: %" PRIu64 ", EPROCESS: %016" PRIx64 ") at ",
                      with_color ? COLOR_NAME : "", listing->names[index], with_color ? COLOR_END : "", process->id,
                      process->eprocess_va);
    label->size = (size_t)length;
    if (lower_case) {
        char *name = label->text + strlen("  Name: ");

        /* As the kernel's upcase table would do for ASCII; other letters are left as they are. */
        for (size_t i = 0; i < strlen(listing->names[index]); i++) {
            if (name[i] >= 'A' && name[i] <= 'Z')
                name[i] = (char)(name[i] - 'A' + 'a');
        }
    }
    return true;
}

static void free_labels(struct label *labels, uint32_t count)
{
    for (uint32_t i = 0; labels && i < count; i++)
        free(labels[i].text);
    free(labels);
}

static struct label *make_labels(const struct sic_listing *listing, bool lower_case, bool with_color)
{
    uint32_t count = listing->scan.processes.count;
    struct label *labels = calloc((size_t)count + 1, sizeof(*labels));

    for (uint32_t i = 0; labels && i < count; i++) {
        if (!make_label(listing, i, lower_case, with_color, &labels[i])) {
            free_labels(labels, count);
            return NULL;
        }
    }
    return labels;
}

static void print_range(struct sic_output *output, const struct label *label, uint64_t start, uint64_t end)
{
    sic_output_bytes(output, label->text, label->size);
    sic_output_address(output, start);
    sic_output_bytes(output, "-", 1);
    sic_output_address(output, end);
}

/* What the printing threads share. */
struct printing {
    const struct sic_listing *listing;
    const struct label *labels;
    bool with_color;
    bool with_details;
    bool with_evidence;
};

/* Views of a region that are asked for before it is printed, and how far ahead the others are. */
#define PREFETCH_DISTANCE 16u

/* What is needed of a view; two lines of the cache may hold it. */
static void prefetch_view(const struct sic_listing *listing, uint32_t position)
{
    const struct sic_view *view = sic_scan_view(&listing->scan, listing->regions.views[position]);

    __builtin_prefetch(&view->end_vpn);
    __builtin_prefetch(&view->process);
}

/* Regions stand by their addresses, their sections and views all over the scan: they are asked for some regions ahead,
 * each step when the one that it needs has come. */
static void prefetch_region(const struct sic_listing *listing, uint32_t index)
{
    const struct sic_regions *regions = &listing->regions;

    if (index + 12 < regions->count) {
        const struct sic_region *region = &regions->regions[index + 12];

        __builtin_prefetch(&regions->views[region->first]);
        __builtin_prefetch(&sic_scan_section(&listing->scan, region->section)->flags);
        __builtin_prefetch(&sic_scan_section(&listing->scan, region->section)->name);
    }
    if (index + 6 < regions->count) {
        const struct sic_region *region = &regions->regions[index + 6];
        const struct sic_section *section = sic_scan_section(&listing->scan, region->section);
        uint32_t count = region->count < PREFETCH_DISTANCE ? region->count : PREFETCH_DISTANCE;

        for (uint32_t i = 0; i < count; i++)
            prefetch_view(listing, region->first + i);
        if (section->flags & SIC_SECTION_HAS_NAME)
            __builtin_prefetch((const uint16_t *)listing->scan.strings.elements + section->name.offset);
    }
}

static const struct sic_view *owner_at(const struct sic_listing *listing, const struct sic_region *region,
                                       uint32_t position)
{
    if (position + PREFETCH_DISTANCE < region->first + region->count)
        prefetch_view(listing, position + PREFETCH_DISTANCE);
    return sic_scan_view(&listing->scan, listing->regions.views[position]);
}

static void print_plain_region(const struct printing *printing, const struct sic_region *region,
                               struct sic_output *output)
{
    sic_output_text(output, "ProtoPTE: ");
    sic_output_address(output, region->prototype_pte);
    sic_output_bytes(output, "\n", 1);
    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        const struct sic_view *view = owner_at(printing->listing, region, i);

        print_range(output, &printing->labels[view->process], sic_view_start_va(view), view->end_vpn << 12);
        sic_output_bytes(output, "\n", 1);
    }
}

static void print_plain_regions(const void *context, uint32_t first, uint32_t end, struct sic_output *output)
{
    const struct printing *printing = context;

    for (uint32_t i = first; i < end; i++) {
        prefetch_region(printing->listing, i);
        if (printing->listing->selected[i])
            print_plain_region(printing, &printing->listing->regions.regions[i], output);
    }
}

static uint32_t count_lines(const void *context, uint32_t region)
{
    const struct printing *printing = context;

    return printing->listing->selected[region] ? printing->listing->regions.regions[region].count + 2 : 0;
}

/* Prints with the labels that the form wants. */
static bool print_in_form(struct printing *printing, bool lower_case, struct sic_parallel_job *job,
                          struct sic_output *output)
{
    const struct sic_listing *listing = printing->listing;
    struct label *labels = make_labels(listing, lower_case, printing->with_color);
    bool printed;

    if (!labels)
        return false;
    printing->labels = labels;
    job->count = listing->regions.count;
    job->weigh = count_lines;
    job->context = printing;
    printed = sic_parallel_print(job, output);
    free_labels(labels, listing->scan.processes.count);
    return printed;
}

bool sic_plain_print(const struct sic_listing *listing, unsigned threads, struct sic_output *output)
{
    struct sic_parallel_job job = {.threads = threads, .print = print_plain_regions};
    struct printing printing = {.listing = listing};

    return print_in_form(&printing, true, &job, output);
}

void sic_text_put_size(struct sic_output *output, uint64_t size)
{
    static const struct {
        unsigned shift;
        const char *unit;
    } units[] = {{40, " TiB"}, {30, " GiB"}, {20, " MiB"}, {10, " KiB"}, {0, " bytes"}};
    unsigned i = 0;

    /* The largest unit that says the size exactly. */
    while (size == 0 ? units[i].shift != 0 : size & ((1ull << units[i].shift) - 1))
        i++;
    sic_output_decimal(output, size >> units[i].shift);
    sic_output_text(output, units[i].unit);
}

static void print_shared_writable(const struct sic_listing *listing, const struct sic_region *region,
                                  struct sic_output *output)
{
    const struct sic_scan *scan = &listing->scan;
    uint32_t first, end;

    sic_shared_writable_find(scan, &listing->shared_writable, &listing->regions, region, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        uint32_t part = (uint32_t)listing->shared_writable.keys[i].value;
        const struct sic_subsection *subsection = sic_scan_subsection(scan, part);
        uint64_t first_page = sic_scan_first_page(scan, part);

        sic_output_text(output, "  Shared and writable: image offset 0x");
        sic_output_hex(output, first_page << 12);
        sic_output_text(output, "-0x");
        sic_output_hex(output, ((first_page + subsection->pte_count) << 12) - 1);
        sic_output_text(output, " ");
        sic_output_text(output, sic_protection_text(subsection->protection));
        sic_output_text(output, "\n");
    }
}

static void print_section_name(const struct sic_listing *listing, const struct sic_section *section,
                               struct sic_output *output)
{
    char *name = sic_section_name(&listing->scan, section);

    if (name) {
        sic_output_text(output, " ");
        sic_output_text(output, name);
    } else if (section->file_object_va != 0) {
        sic_output_text(output, ", its name not in this image");
    }
    free(name);
}

static void print_section(const struct sic_listing *listing, const struct sic_region *region, struct sic_output *output)
{
    const struct sic_section *section = sic_scan_section(&listing->scan, region->section);

    sic_output_text(output, "  Section: ");
    sic_output_text(output, sic_section_kind(section));
    if (section->flags & SIC_SECTION_UNREAD) {
        sic_output_text(output, " (its control area is not readable)\n");
        return;
    }
    if (section->flags & SIC_SECTION_LARGE_PAGES)
        sic_output_text(output, ", large pages");
    print_section_name(listing, section, output);
    if (section->flags & SIC_SECTION_SIZE_UNKNOWN) {
        sic_output_text(output, " (size not in this image)\n");
    } else {
        sic_output_text(output, " (");
        sic_text_put_size(output, section->size);
        sic_output_text(output, ")\n");
    }
    print_shared_writable(listing, region, output);
}

/* Where owners do not start at the same prototype PTE, each one's own start is shown. */
static void print_start(const struct sic_listing *listing, const struct sic_view *view, struct sic_output *output)
{
    uint64_t offset;

    sic_output_text(output, " from ");
    sic_output_address(output, view->first_prototype_pte);
    if (sic_view_section_offset(&listing->scan, view, &offset)) {
        sic_output_text(output, " (section offset 0x");
        sic_output_hex(output, offset);
        sic_output_text(output, ")");
    }
}

static void print_owner(const struct sic_listing *listing, const struct sic_region *region, const struct sic_view *view,
                        const struct label *label, struct sic_output *output)
{
    const char *modifier = sic_protection_modifier(view->protection);

    print_range(output, label, sic_view_start_va(view), sic_view_last_va(view));
    sic_output_bytes(output, " ", 1);
    sic_output_bytes(output, sic_protection_text(view->protection), 3);
    if (modifier) {
        sic_output_text(output, " ");
        sic_output_text(output, modifier);
    }
    if (region->is_shifted)
        print_start(listing, view, output);
    sic_output_bytes(output, "\n", 1);
}

void sic_text_put_region_head(const struct sic_listing *listing, const struct sic_region *region, bool with_details,
                              bool with_color, struct sic_output *output)
{
    sic_output_text(output, with_color ? COLOR_REGION "ProtoPTE: " : "ProtoPTE: ");
    sic_output_address(output, region->prototype_pte);
    sic_output_text(output, with_color ? COLOR_END "\n" : "\n");
    print_section(listing, region, output);
    sic_text_put_meaning(listing, region, with_details, output);
}

static void print_region(const struct printing *printing, const struct sic_region *region, struct sic_output *output)
{
    const struct sic_listing *listing = printing->listing;
    bool is_writable = printing->with_evidence &&
                       sic_region_is_writable(&listing->scan, &listing->regions, region, &listing->shared_writable);

    sic_text_put_region_head(listing, region, printing->with_details, printing->with_color, output);
    for (uint32_t i = region->first; i < region->first + region->count; i++) {
        const struct sic_view *view = owner_at(listing, region, i);

        print_owner(listing, region, view, &printing->labels[view->process], output);
        if (printing->with_evidence)
            sic_text_put_evidence(listing, region, listing->regions.views[i], is_writable, output);
    }
    sic_text_put_kernel_owners(listing, region, printing->with_details, output);
}

static void print_regions(const void *context, uint32_t first, uint32_t end, struct sic_output *output)
{
    const struct printing *printing = context;

    for (uint32_t i = first; i < end; i++) {
        prefetch_region(printing->listing, i);
        if (printing->listing->selected[i])
            print_region(printing, &printing->listing->regions.regions[i], output);
    }
}

bool sic_text_print(const struct sic_listing *listing, const struct sic_options *options, bool with_color,
                    unsigned threads, struct sic_output *output)
{
    struct sic_parallel_job job = {.threads = threads, .print = print_regions};
    struct printing printing = {
        .listing = listing,
        .with_color = with_color,
        .with_details = options->details || options->explain,
        .with_evidence = options->explain,
    };

    return print_in_form(&printing, false, &job, output);
}
