#include "layout.h"

#include "bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const field_names[LAB_FIELD_COUNT] = {
#define LAB_FIELD_NAME(id, name) name,
    LAB_FIELDS(LAB_FIELD_NAME)
#undef LAB_FIELD_NAME
};

uint32_t lab_offset(const struct lab_layout *layout, enum lab_field_id id)
{
    if (!layout->fields[id].present)
        lab_fail("layout %s has no %s", layout->name, field_names[id]);
    return layout->fields[id].offset;
}

bool lab_has(const struct lab_layout *layout, enum lab_field_id id)
{
    return layout->fields[id].present;
}

uint64_t lab_bits(const struct lab_layout *layout, enum lab_field_id id, uint64_t value)
{
    const struct lab_field *field = &layout->fields[id];
    if (!field->present)
        return 0;
    uint64_t mask = field->bit_count >= 64 ? UINT64_MAX : (1ull << field->bit_count) - 1;
    return (value & mask) << (field->offset % 8 * 8 + field->first_bit);
}

bool lab_has_wide_vpns(const struct lab_layout *layout)
{
    return lab_offset(layout, LAB_VAD_END) - lab_offset(layout, LAB_VAD_START) == 8;
}

bool lab_has_narrow_counts(const struct lab_layout *layout)
{
    return lab_offset(layout, LAB_AREA_MAPPED_VIEWS) - lab_offset(layout, LAB_AREA_SECTION_REFERENCES) == 8;
}

unsigned lab_paging_levels(const struct lab_layout *layout)
{
    return lab_has(layout, LAB_VAD_END_HIGHER) ? 5 : 4;
}

/* 8 TiB up to 9200, 128 TiB after, 64 PiB with five levels. */
unsigned lab_user_bits(const struct lab_layout *layout)
{
    if (lab_has(layout, LAB_TREE_SENTINEL))
        return 43;
    return lab_paging_levels(layout) == 5 ? 56 : 47;
}

struct lab_version lab_version(const struct lab_layout *layout)
{
    static const struct {
        uint32_t end; /* builds below it */
        struct lab_version version;
    } versions[] = {{6000, {5, 2}}, {7600, {6, 0}}, {9200, {6, 1}}, {9600, {6, 2}}, {10000, {6, 3}}};
    for (unsigned i = 0; i < sizeof versions / sizeof *versions; i++)
        if (layout->build < versions[i].end)
            return versions[i].version;
    return (struct lab_version){10, 0};
}

static FILE *open_data(const char *folder, const char *name)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        lab_fail("the path of %s is too long", name);
    FILE *file = fopen(path, "r");
    if (!file)
        lab_fail("cannot open %s: give the folder that holds it with --data", path);
    return file;
}

static void take_field(struct lab_layout *layout, const char *line)
{
    char name[128];
    unsigned offset, first = 0, count = 0;
    if (sscanf(line, "%127s %x %u:%u", name, &offset, &first, &count) < 2)
        return;
    for (int id = 0; id < LAB_FIELD_COUNT; id++)
        if (!strcmp(field_names[id], name))
            layout->fields[id] = (struct lab_field){true, offset, (uint8_t)first, (uint8_t)count};
}

/* Fills the fields and returns the first build and revision of the layout named `name`. */
static bool read_layout(const char *folder, const char *name, struct lab_layout *layout, char *first_build, size_t size)
{
    FILE *file = open_data(folder, "layouts.txt");
    char line[1024], found[64], builds[128];
    bool inside = false, ever = false;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "layout %63s %127s", found, builds) == 2) {
            inside = !strcmp(found, name);
            if (inside) {
                ever = true;
                builds[strcspn(builds, "-")] = 0;
                snprintf(first_build, size, "%s", builds);
            }
        } else if (inside && line[0] == '_') {
            take_field(layout, line);
        }
    }
    fclose(file);
    snprintf(layout->name, sizeof layout->name, "%.39s", name);
    return ever;
}

/* Splits "10.0.19041.329" or "19041.329" or "19041". */
static void split_build(const char *text, uint32_t *build, uint32_t *revision)
{
    unsigned parts[4] = {0};
    int count = sscanf(text, "%u.%u.%u.%u", &parts[0], &parts[1], &parts[2], &parts[3]);
    int first = count >= 3 ? 2 : 0;
    *build = parts[first];
    *revision = count - first >= 2 ? parts[first + 1] : 0;
}

struct kernel_line {
    char guid_age[64], pdb[64], build[64], layout[64];
    uint32_t globals[LAB_GLOBAL_COUNT];
};

static bool parse_kernel(char *line, struct kernel_line *kernel)
{
    char *rest = line, *texts[4] = {kernel->guid_age, kernel->pdb, kernel->build, kernel->layout};
    if (line[0] == '#' || !strncmp(line, "guid_age", 8))
        return false;
    for (int i = 0; i < 4 + LAB_GLOBAL_COUNT; i++) {
        char *word = strsep(&rest, " \n");
        if (!word || !*word)
            return false;
        if (i < 4)
            snprintf(texts[i], 64, "%s", word);
        else
            kernel->globals[i - 4] = *word == '-' ? 0 : (uint32_t)strtoul(word, NULL, 16);
    }
    return true;
}

/* How well a kernel fits the choice: 0 is perfect, UINT64_MAX not at all. */
static uint64_t kernel_distance(const struct kernel_line *kernel, const struct lab_layout_choice *choice)
{
    uint32_t build, revision, wanted, wanted_revision;
    if (choice->guid_age)
        return strcasecmp(kernel->guid_age, choice->guid_age) ? UINT64_MAX : 0;
    split_build(kernel->build, &build, &revision);
    if (!choice->kernel)
        return strcmp(kernel->layout, choice->layout) ? UINT64_MAX : revision;
    split_build(choice->kernel, &wanted, &wanted_revision);
    if (build != wanted)
        return UINT64_MAX;
    return revision > wanted_revision ? revision - wanted_revision : wanted_revision - revision;
}

static bool find_kernel(const char *folder, const struct lab_layout_choice *choice, struct kernel_line *best)
{
    FILE *file = open_data(folder, "kernels.txt");
    char line[2048];
    uint64_t nearest = UINT64_MAX;
    while (fgets(line, sizeof line, file)) {
        struct kernel_line kernel;
        if (!parse_kernel(line, &kernel))
            continue;
        uint64_t distance = kernel_distance(&kernel, choice);
        if (distance < nearest) {
            nearest = distance;
            *best = kernel;
        }
    }
    fclose(file);
    return nearest != UINT64_MAX;
}

/* A GUID that nobody's kernel has (its first bytes spell "51C1AB"), and globals laid out as recent kernels lay them. */
static void make_up_kernel(struct lab_layout *layout, const char *first_build)
{
    static const uint32_t globals[LAB_GLOBAL_COUNT] = {
        0x3fe1a0, 0x4fb420, 0x40a2b0, 0x115b0,  0x1c1e38, 0x3e0b20, 0x42c6c0, 0x405108, 0x4fbe10, 0x4fb71c,
        0x405e20, 0x4fb510, 0x4fb5c0, 0x4fb508, 0x501840, 0x3ef2a8, 0x42c140, 0x42c040, 0x4fb4b0, 0x405928};
    split_build(first_build, &layout->build, &layout->revision);
    memcpy(layout->globals, globals, sizeof globals);
    snprintf(layout->guid_age, sizeof layout->guid_age, "51C1ABE0%08X4000A000%08X1", layout->build, layout->revision);
    snprintf(layout->pdb, sizeof layout->pdb, lab_paging_levels(layout) == 5 ? "ntkrla57.pdb" : "ntkrnlmp.pdb");
}

static void use_kernel(struct lab_layout *layout, const struct kernel_line *kernel)
{
    split_build(kernel->build, &layout->build, &layout->revision);
    layout->real_kernel = true;
    memcpy(layout->globals, kernel->globals, sizeof layout->globals);
    snprintf(layout->guid_age, sizeof layout->guid_age, "%.47s", kernel->guid_age);
    snprintf(layout->pdb, sizeof layout->pdb, "%.31s", kernel->pdb);
}

/* The layout whose range of builds begins with `build`, for builds that no known kernel has. */
static bool layout_of_build(const char *folder, const char *kernel, char *name, size_t size)
{
    FILE *file = open_data(folder, "layouts.txt");
    char line[1024], found[64], builds[128];
    uint32_t wanted, revision, first, first_revision;
    bool ever = false;
    split_build(kernel, &wanted, &revision);
    while (!ever && fgets(line, sizeof line, file)) {
        if (sscanf(line, "layout %63s %127s", found, builds) != 2)
            continue;
        split_build(found, &first, &first_revision);
        ever = first == wanted;
    }
    fclose(file);
    if (ever)
        snprintf(name, size, "%s", found);
    return ever;
}

void lab_layout_load(const char *folder, const struct lab_layout_choice *choice, struct lab_layout *layout)
{
    struct lab_layout_choice use = *choice;
    struct kernel_line kernel;
    char name[64] = "", first_build[128] = "";
    memset(layout, 0, sizeof *layout);
    if (!use.guid_age && !use.kernel && !use.layout)
        use.kernel = "19041.329";
    bool known = find_kernel(folder, &use, &kernel);
    if (use.guid_age && !known)
        lab_fail("no kernel %s in kernels.txt", use.guid_age);
    if (known && (use.guid_age || use.kernel))
        snprintf(name, sizeof name, "%s", kernel.layout);
    else if (use.layout)
        snprintf(name, sizeof name, "%s", use.layout);
    else if (!layout_of_build(folder, use.kernel, name, sizeof name))
        lab_fail("no kernel and no layout for build %s", use.kernel);
    if (!read_layout(folder, name, layout, first_build, sizeof first_build))
        lab_fail("no layout %s in layouts.txt", name);
    if (known)
        use_kernel(layout, &kernel);
    else
        make_up_kernel(layout, strchr(name, '.') ? first_build : name);
}

void lab_layout_list(const char *folder, FILE *out)
{
    FILE *file = open_data(folder, "layouts.txt");
    char line[1024], name[64];
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "layout %63s", name) == 1)
            fprintf(out, "%s\n", name);
    fclose(file);
}
