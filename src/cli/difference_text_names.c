#include "cli/difference_text.h"

#include "cli/name_list.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Those of a section that have a path, by it; the first ones, as everywhere. */
struct names {
    struct name {
        char *path;
        bool is_outside;
    } * names;
    uint32_t count;
    uint32_t untold; /* that have no room */
};

static int compare_names(const void *left, const void *right)
{
    const struct name *a = left, *b = right;

    return a->is_outside != b->is_outside ? (a->is_outside ? 1 : -1) : strcasecmp(a->path, b->path);
}

static bool gather(const struct sic_difference_text *text, unsigned side, uint32_t section, struct names *names)
{
    struct sic_name_list list;
    char *path;

    sic_name_list_begin(&list, &text->listings[side]->meaning.names, section, SIC_NAMES_SIZE_LIMIT);
    *names = (struct names){.names = malloc(SIC_LISTED_LIMIT * sizeof(*names->names))};
    if (!names->names)
        return false;
    while (names->count < SIC_LISTED_LIMIT && sic_name_list_next(&list, &path)) {
        if (path)
            names->names[names->count++] = (struct name){.path = path, .is_outside = list.is_outside};
    }
    names->untold = list.count - list.next;
    qsort(names->names, names->count, sizeof(*names->names), compare_names);
    return true;
}

static void release(struct names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        free(names->names[i].path);
    free(names->names);
}

/* Those that the other side lacks, or does not tell; where nothing is known of names nothing is lacking. */
static void put_missing(const struct sic_difference_text *text, const struct names *ours, const struct names *theirs,
                        enum sic_change change)
{
    const struct sic_object_names *other = &text->listings[change == SIC_WENT]->meaning.names;
    bool is_certain = other->complete && theirs->untold == 0;

    for (uint32_t i = 0; other->known && i < ours->count; i++) {
        const struct name *name = &ours->names[i];

        if (bsearch(name, theirs->names, theirs->count, sizeof(*name), compare_names))
            continue;
        sic_difference_text_begin(text, 1, change);
        sic_output_text(text->output, name->is_outside ? "Object: " SIC_OUTSIDE_LABEL : "Object: ");
        sic_output_text(text->output, name->path);
        sic_difference_text_end(text, change, is_certain);
    }
}

void sic_difference_text_put_names(struct sic_difference_text *text, uint32_t old_section, uint32_t new_section)
{
    struct names olds = {0}, news = {0};
    bool done = gather(text, 0, old_section, &olds) && gather(text, 1, new_section, &news);

    if (done) {
        put_missing(text, &olds, &news, SIC_WENT);
        put_missing(text, &news, &olds, SIC_CAME);
        if (olds.untold > 0 || news.untold > 0) {
            sic_difference_text_begin(text, 1, SIC_CHANGED);
            sic_output_format(text->output, "Object: and %u more names, which are not compared here, before %u\n",
                              news.untold, olds.untold);
        }
    }
    text->failed = text->failed || !done;
    release(&olds);
    release(&news);
}
