#include "difference/section_key.h"

#include "difference/folded.h"
#include "difference/object_id.h"
#include "difference/rank.h"
#include "difference/section_content.h"
#include "meaning/file_path.h"
#include "meaning/text.h"
#include "sharing/kernel_view.h"
#include "util/memory.h"

#include <stdlib.h>

/* Drive letters come before ranks of devices. */
#define DEVICE_BASE 256u

static uint8_t sort_of(const struct sic_section *section)
{
    if (section->flags & SIC_SECTION_UNREAD)
        return SIC_SORT_UNREAD;
    if (section->flags & SIC_SECTION_IMAGE)
        return SIC_SORT_IMAGE;
    if (section->flags & SIC_SECTION_FILE)
        return SIC_SORT_FILE;
    return section->flags & SIC_SECTION_PHYSICAL ? SIC_SORT_PHYSICAL : SIC_SORT_PAGING_FILE;
}

/* Ranks of the texts of both sides: names of sections' files, devices, last parts of objects' names. */
struct texts {
    struct sic_folded_text *texts;
    uint32_t *ranks;
    uint32_t sections[2]; /* where a side's begin */
    uint32_t devices[2];
    uint32_t names[2];
    uint32_t count;
};

static void add_text(struct texts *texts, const struct sic_scan *scan, unsigned side, struct sic_string string)
{
    texts->texts[texts->count].side = side;
    texts->texts[texts->count++].string = sic_text_is_known(scan, string) ? string : (struct sic_string){0};
}

static void gather(struct texts *texts, const struct sic_scan *scan, unsigned side)
{
    const struct sic_device *devices = scan->devices.elements;
    const struct sic_name *names = scan->names.elements;

    texts->sections[side] = texts->count;
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);

        add_text(texts, scan, side,
                 section->flags & SIC_SECTION_HAS_NAME ? section->name : (struct sic_string){.offset = SIC_NONE});
    }
    texts->devices[side] = texts->count;
    for (uint32_t i = 0; i < scan->devices.count; i++)
        add_text(texts, scan, side, devices[i].path);
    texts->names[side] = texts->count;
    for (uint32_t i = 0; i < scan->names.count; i++)
        add_text(texts, scan, side, names[i].name);
}

static bool rank_texts(const struct sic_matching *matching, struct texts *texts)
{
    const struct sic_scan *const scans[2] = {matching->sides[0].scan, matching->sides[1].scan};
    uint64_t count = 0;

    for (unsigned side = 0; side < 2; side++)
        count += (uint64_t)scans[side]->sections.count + scans[side]->devices.count + scans[side]->names.count;
    if (count >= UINT32_MAX)
        return false;
    texts->texts = malloc((count + 1) * sizeof(*texts->texts));
    texts->ranks = malloc((count + 1) * sizeof(*texts->ranks));
    if (!texts->texts || !texts->ranks)
        return false;
    gather(texts, scans[SIC_OLD], SIC_OLD);
    gather(texts, scans[SIC_NEW], SIC_NEW);
    return sic_folded_rank(scans, texts->texts, texts->count, texts->ranks);
}

/* Where the section's file lies: a letter or a device; 0: unknown. *is_loose: others' places are told otherwise. */
static uint64_t place_of(const struct sic_matching *matching, const struct texts *texts, unsigned side,
                         const struct sic_section *section, bool *is_loose)
{
    const struct sic_scan *scan = matching->sides[side].scan;
    const struct sic_drives *drives = &matching->sides[side].given->meaning->drives;
    /* Devices have other numbers on another machine, and can have after another boot. */
    bool with_letters = matching->basis == SIC_DIFFERENCE_BY_PATH && drives->count > 0 &&
                        matching->sides[!side].given->meaning->drives.count > 0;
    const struct sic_drive *drive = with_letters ? sic_section_drive(scan, drives, section) : NULL;

    if (drive) {
        *is_loose = false;
        return (uint8_t)drive->letter;
    }
    *is_loose = with_letters || sic_section_device_path(scan, section).offset == SIC_NONE;
    return sic_section_device_path(scan, section).offset == SIC_NONE
               ? 0
               : (uint64_t)DEVICE_BASE + texts->ranks[texts->devices[side] + section->device];
}

/* Of a file: sort, place and name; of another section zeros. */
static void fill_file(const struct sic_matching *matching, const struct texts *texts, struct sic_section_keys *keys,
                      unsigned side, uint32_t index, uint64_t *fields)
{
    const struct sic_scan *scan = matching->sides[side].scan;
    const struct sic_section *section = sic_scan_section(scan, index);
    enum sic_path_state state = sic_section_path_state(scan, &matching->sides[side].given->meaning->drives, section);

    fields[0] = fields[1] = fields[2] = 0;
    if (state == SIC_PATH_NONE || state == SIC_PATH_UNKNOWN)
        return;
    fields[0] = keys->sorts[side][index];
    fields[1] = texts->ranks[texts->sections[side] + index] + 1ull;
    fields[2] = place_of(matching, texts, side, section, &keys->is_loose[side][index]);
}

/* Ranks of both sides' records, the old ones first, by side. `may_be_none`: records of zeros have SIC_NONE. */
static bool rank_sections(const uint64_t *fields, uint32_t width, const uint32_t counts[2], uint32_t *const ranks[2],
                          bool may_be_none)
{
    uint32_t total = counts[SIC_OLD] + counts[SIC_NEW];
    uint32_t *all = malloc(((size_t)total + 1) * sizeof(*all));
    bool done = all && sic_rank_records(fields, width, total, all, NULL);

    for (uint32_t i = 0; done && i < total; i++) {
        unsigned side = i >= counts[SIC_OLD];

        ranks[side][side ? i - counts[SIC_OLD] : i] = may_be_none && fields[(size_t)i * width] == 0 ? SIC_NONE : all[i];
    }
    free(all);
    return done;
}

static bool rank_files(const struct sic_matching *matching, const struct texts *texts, const uint32_t counts[2],
                       struct sic_section_keys *keys)
{
    size_t total = (size_t)counts[SIC_OLD] + counts[SIC_NEW];
    uint64_t *fields = malloc((total + 1) * 3 * sizeof(*fields));
    bool done = fields != NULL;

    for (unsigned side = 0; done && side < 2; side++) {
        for (uint32_t i = 0; i < counts[side]; i++)
            fill_file(matching, texts, keys, side, i, fields + 3 * ((side ? (size_t)counts[SIC_OLD] : 0) + i));
    }
    done = done && rank_sections(fields, 3, counts, keys->files, true);
    for (size_t i = 0; done && i < total; i++)
        fields[3 * i + 2] = 0;
    done = done && rank_sections(fields, 3, counts, keys->volumes, true);
    free(fields);
    return done;
}

static bool rank_shapes(const struct sic_matching *matching, const uint32_t counts[2], struct sic_section_keys *keys)
{
    size_t total = (size_t)counts[SIC_OLD] + counts[SIC_NEW], item = 0;
    uint64_t *fields = malloc((total + 1) * 3 * sizeof(*fields));
    bool done = fields != NULL;

    for (unsigned side = 0; done && side < 2; side++) {
        for (uint32_t i = 0; i < counts[side]; i++, item++) {
            const struct sic_section *section = sic_scan_section(matching->sides[side].scan, i);

            fields[3 * item] = keys->sorts[side][i];
            fields[3 * item + 1] = sic_section_is_sized(section);
            fields[3 * item + 2] = sic_section_is_sized(section) ? section->size : 0;
        }
    }
    done = done && rank_sections(fields, 3, counts, keys->shapes, false);
    free(fields);
    return done;
}

/* The sections that count, and of which sort they are. */
static bool sort_sections(struct sic_matching *matching, struct sic_section_keys *keys)
{
    for (unsigned side = 0; side < 2; side++) {
        struct sic_matching_side *ours = &matching->sides[side];
        size_t count = ours->scan->sections.count;

        keys->sorts[side] = malloc(count + 1);
        keys->is_loose[side] = calloc(count + 1, sizeof(bool));
        keys->files[side] = malloc((count + 1) * sizeof(uint32_t));
        keys->volumes[side] = malloc((count + 1) * sizeof(uint32_t));
        keys->shapes[side] = malloc((count + 1) * sizeof(uint32_t));
        keys->contents[side] = malloc((count + 1) * sizeof(uint32_t));
        ours->is_owned = malloc((count + 1) * sizeof(bool));
        if (!keys->sorts[side] || !keys->is_loose[side] || !keys->files[side] || !keys->volumes[side] ||
            !keys->shapes[side] || !keys->contents[side] || !ours->is_owned)
            return false;
        for (uint32_t i = 0; i < count; i++) {
            keys->sorts[side][i] = sort_of(sic_scan_section(ours->scan, i));
            ours->is_owned[i] = sic_matching_view_count(ours, i) > 0 || sic_kernel_views_share(ours->scan, i);
        }
    }
    return true;
}

bool sic_section_keys_find(struct sic_matching *matching, struct sic_section_keys *keys)
{
    const uint32_t counts[2] = {matching->sides[0].scan->sections.count, matching->sides[1].scan->sections.count};
    struct texts texts = {0};
    bool done;

    *keys = (struct sic_section_keys){0};
    done = (uint64_t)counts[0] + counts[1] < UINT32_MAX && sort_sections(matching, keys) &&
           rank_texts(matching, &texts) && rank_files(matching, &texts, counts, keys) &&
           rank_shapes(matching, counts, keys);
    if (done) {
        const uint32_t *const names[2] = {texts.ranks + texts.names[0], texts.ranks + texts.names[1]};

        done = sic_object_ids_find(matching, names) && sic_section_contents_rank(matching, keys->contents);
    }
    free(texts.texts);
    free(texts.ranks);
    return done;
}

void sic_section_keys_deinit(struct sic_section_keys *keys)
{
    for (unsigned side = 0; side < 2; side++) {
        free(keys->sorts[side]);
        free(keys->is_loose[side]);
        free(keys->files[side]);
        free(keys->volumes[side]);
        free(keys->shapes[side]);
        free(keys->contents[side]);
    }
    *keys = (struct sic_section_keys){0};
}
