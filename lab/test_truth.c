/*
 * Random worlds: what the image's trees say, read back page by page, is what the truth says; and all four containers
 * hold the same pages.
 */
#include "test_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PREFIX    LAB_SCRATCH "/random"
#define MAX_NODES 8192
#define MAX_VIEWS 8192
#define MAX_PTES  400000

struct view {
    uint64_t eprocess, start, end, first, area;
    unsigned protection;
    uint32_t region;
};

struct pte {
    uint64_t area, va;
    uint32_t view;
};

static struct node nodes[MAX_NODES];
static struct view views[MAX_VIEWS];
static struct pte ptes[MAX_PTES];
static size_t view_count, pte_count;

/* One page after the other, through the chain of subsections, as the structures in the image say. */
static void collect_ptes(const struct seen *seen, const struct node *node, uint32_t view)
{
    const struct reader *reader = &seen->reader;
    uint64_t subsection = seen_subsection(seen, node->va), area = views[view].area;
    uint64_t base = seen_field(seen, subsection, "_SUBSECTION.SubsectionBase");
    uint64_t pages = (node->end - node->start) / 4096 + 1, index = (views[view].first - base) / 8;
    uint32_t count = reader_u32(reader, subsection + reader_offset(reader, "_SUBSECTION.PtesInSubsection"));
    for (uint64_t page = 0; page < pages; page++, index++) {
        while (index >= count) {
            subsection = seen_field(seen, subsection, "_SUBSECTION.NextSubsection");
            if (!subsection)
                return;
            index -= count;
            base = seen_field(seen, subsection, "_SUBSECTION.SubsectionBase");
            count = reader_u32(reader, subsection + reader_offset(reader, "_SUBSECTION.PtesInSubsection"));
        }
        assert_true(pte_count < MAX_PTES);
        if (base)
            ptes[pte_count++] = (struct pte){area, base + index * 8, view};
    }
}

static void collect_views(const struct seen *seen)
{
    view_count = pte_count = 0;
    for (size_t i = 0; i < seen->process_count; i++) {
        size_t count = seen_nodes(seen, seen->processes[i], nodes, MAX_NODES);
        for (size_t j = 0; j < count; j++) {
            const struct node *node = &nodes[j];
            if (SEEN_FLAG(seen, node, "PrivateMemory") || SEEN_FLAG(seen, node, "DeleteInProgress"))
                continue;
            uint64_t first = seen_field(seen, node->va, "_MMVAD.FirstPrototypePte");
            if (!first)
                continue;
            assert_true(view_count < MAX_VIEWS);
            views[view_count] = (struct view){seen->processes[i],        node->start,
                                              node->end + 4095,          first,
                                              seen_area(seen, node->va), (unsigned)SEEN_FLAG(seen, node, "Protection"),
                                              (uint32_t)view_count};
            collect_ptes(seen, node, (uint32_t)view_count++);
        }
    }
}

static int by_pte(const void *left, const void *right)
{
    const struct pte *a = left, *b = right;
    if (a->area != b->area)
        return a->area < b->area ? -1 : 1;
    if (a->va != b->va)
        return a->va < b->va ? -1 : 1;
    return a->view < b->view ? -1 : a->view > b->view;
}

/* Gives joined views the same region, again and again until nothing changes: slow, and hard to get wrong. */
static void join_views(void)
{
    qsort(ptes, pte_count, sizeof *ptes, by_pte);
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 1; i < pte_count; i++) {
            struct view *a = &views[ptes[i - 1].view], *b = &views[ptes[i].view];
            if (ptes[i].va != ptes[i - 1].va || ptes[i].area != ptes[i - 1].area || a->region == b->region)
                continue;
            uint32_t lower = a->region < b->region ? a->region : b->region;
            a->region = b->region = lower;
            changed = true;
        }
    }
}

static void compare_views(const char *truth)
{
    const char *at = strstr(truth, "\"views\": [\n");
    assert_non_null(at);
    at = strchr(at, '\n') + 1;
    for (size_t i = 0; i < view_count; i++, at = strchr(at, '\n') + 1) {
        unsigned long long eprocess, start, end, first;
        unsigned protection;
        const char *fields = strstr(at, "\"eprocess\"");
        assert_non_null(fields);
        assert_int_equal(sscanf(fields,
                                "\"eprocess\": \"%llx\", \"start\": \"%llx\", \"end\": \"%llx\", "
                                "\"first_prototype_pte\": \"%llx\", \"protection\": \"%*3s\", "
                                "\"protection_value\": %u",
                                &eprocess, &start, &end, &first, &protection),
                         5);
        assert_int_equal(eprocess, views[i].eprocess);
        assert_int_equal(start, views[i].start);
        assert_int_equal(end, views[i].end);
        assert_int_equal(first, views[i].first);
        assert_int_equal(protection, views[i].protection);
    }
    assert_true(!strncmp(at - 3, "],", 2) || !strncmp(at - 4, "}],", 3) || !strncmp(at, " \"regions\"", 10));
}

static size_t size_of_region(uint32_t region)
{
    size_t size = 0;
    for (size_t i = 0; i < view_count; i++)
        size += views[i].region == region;
    return size;
}

/* Each region of the truth is one of ours, with all its views; and there are equally many. */
static void compare_regions(const char *truth)
{
    size_t ours = 0, theirs = 0;
    const char *at = strstr(truth, "\"regions\": [");
    assert_non_null(at);
    for (uint32_t i = 0; i < view_count; i++)
        ours += views[i].region == i && size_of_region(i) >= 2;
    while ((at = strstr(at, "\"prototype_pte\": \""))) {
        unsigned long long lowest = strtoull(at + 18, NULL, 16), found = UINT64_MAX;
        size_t count = 0, region = SIZE_MAX;
        at = strstr(at, "\"views\": [") + 9;
        do {
            unsigned long view = strtoul(at + 1, (char **)&at, 10);
            assert_true(view < view_count);
            assert_true(region == SIZE_MAX || region == views[view].region);
            region = views[view].region;
            found = views[view].first < found ? views[view].first : found;
            count++;
        } while (*at == ',');
        assert_int_equal(lowest, found);
        assert_int_equal(count, size_of_region((uint32_t)region));
        theirs++;
    }
    assert_int_equal(ours, theirs);
    assert_true(ours > 0);
}

static void one_world(unsigned seed, const char *layout)
{
    struct seen seen;
    lab_run("random --seed %u --output %s --format raw --layout %s", seed, PREFIX, layout);
    seen_open(&seen, PREFIX);
    char *truth = truth_text(PREFIX);
    collect_views(&seen);
    join_views();
    compare_views(truth);
    compare_regions(truth);
    free(truth);
    seen_close(&seen);
    remove(PREFIX ".raw"); /* a file written over is flushed to the disk when it is closed */
}

static void random_worlds(void **state)
{
    char path[4096], line[1024], layout[64];
    unsigned seed = 100;
    (void)state;
    snprintf(path, sizeof path, "%s/layouts.txt", LAB_DATA_FOLDER);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "layout %63s", layout) == 1)
            for (unsigned i = 0; i < 4; i++)
                one_world(seed++, layout);
    fclose(file);
}

/* The text that a scenario prints builds the same image as the scenario itself. */
static void text_is_complete(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed < 6; seed++) {
        lab_run("random --seed %u --output %s-a --format bitmap", seed, PREFIX);
        lab_run("random --seed %u > %s.scenario", seed, PREFIX);
        lab_run("build %s.scenario --output %s-b --format bitmap", PREFIX, PREFIX);
        assert_int_equal(system("cmp " PREFIX "-a.bitmap.dmp " PREFIX "-b.bitmap.dmp"), 0);
        assert_int_equal(system("cmp " PREFIX "-a.truth.json " PREFIX "-b.truth.json"), 0);
    }
}

struct dump {
    struct reader file;
    uint64_t bits, pages, first;
};

static uint64_t file_u64(const struct reader *file, uint64_t offset)
{
    uint64_t value;
    assert_true(offset + 8 <= file->size);
    memcpy(&value, file->bytes + offset, 8);
    return value;
}

static uint32_t file_u32(const struct reader *file, uint64_t offset)
{
    return (uint32_t)file_u64(file, offset);
}

static void open_dump(struct reader *file, const char *suffix, uint32_t type, const struct seen *seen,
                      const char *truth)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", PREFIX, suffix);
    assert_true(reader_open(file, path));
    assert_memory_equal(file->bytes, "PAGEDU64", 8);
    assert_int_equal(file_u32(file, 0xc), strtoul(strstr(truth, "\"build\": ") + 9, NULL, 10));
    assert_int_equal(file_u64(file, 0x10), seen->reader.root);
    assert_int_equal(file_u64(file, 0x20),
                     seen->reader.kernel_base + reader_export(&seen->reader, "PsLoadedModuleList"));
    assert_int_equal(file_u64(file, 0x28), seen->list_head);
    assert_int_equal(file_u32(file, 0x30), 0x8664);
    assert_int_equal(file_u32(file, 0xf98), type);
    uint32_t runs = file_u32(file, 0x88);
    assert_true(runs > 2 && runs <= 42);
}

/* Type 1: every page of every run is the raw image's, and the runs leave holes. */
static void check_full(const struct seen *seen, const char *truth)
{
    struct reader file;
    open_dump(&file, ".full.dmp", 1, seen, truth);
    uint64_t offset = 0x2000, pages = 0, end = 0;
    for (uint32_t i = 0; i < file_u32(&file, 0x88); i++) {
        uint64_t first = file_u64(&file, 0x98 + i * 16), count = file_u64(&file, 0xa0 + i * 16);
        assert_true(first > end && count > 0);
        assert_memory_equal(file.bytes + offset, seen->reader.bytes + first * 4096, count * 4096);
        offset += count * 4096;
        pages += count;
        end = first + count;
    }
    assert_int_equal(pages, file_u64(&file, 0x90));
    assert_int_equal(offset, file.size);
    reader_close(&file);
}

/* The page of a bitmap dump, or NULL. Slow: counts bits. */
static const uint8_t *bitmap_page(const struct reader *file, uint64_t frame)
{
    uint64_t before = 0;
    if (frame >= file_u64(file, 0x2030) || !(file->bytes[0x2038 + frame / 8] & 1u << frame % 8))
        return NULL;
    for (uint64_t i = 0; i < frame / 8; i++)
        before += (uint64_t)__builtin_popcount(file->bytes[0x2038 + i]);
    before += (uint64_t)__builtin_popcount(file->bytes[0x2038 + frame / 8] & ((1u << frame % 8) - 1));
    uint64_t offset = file_u64(file, 0x2020) + before * 4096;
    assert_true(offset + 4096 <= file->size);
    return file->bytes + offset;
}

static void check_bitmap(const struct seen *seen, const char *truth, bool kernel)
{
    struct reader file;
    uint64_t present = 0, missing = 0;
    open_dump(&file, kernel ? ".kernel.dmp" : ".bitmap.dmp", kernel ? 6 : 5, seen, truth);
    assert_memory_equal(file.bytes + 0x2000, kernel ? "SDMPDUMP" : "FDMPDUMP", 8);
    assert_int_equal(file_u64(&file, 0x2030) % 64, 0);
    for (uint64_t frame = 0; frame < seen->reader.size / 4096; frame++) {
        const uint8_t *page = bitmap_page(&file, frame), *raw = seen->reader.bytes + frame * 4096;
        bool zero = !raw[0] && !memcmp(raw, raw + 1, 4095);
        if (page)
            assert_memory_equal(page, raw, 4096);
        present += page != NULL;
        missing += !page && !zero;
        if (kernel && page)
            assert_null(memmem(page, 4096, "lab section", 11));
    }
    assert_int_equal(present, file_u64(&file, 0x2028));
    assert_int_equal(file.size, file_u64(&file, 0x2020) + present * 4096);
    assert_true(kernel ? missing > 20 : missing == 0);
    reader_close(&file);
}

/* A kernel dump lacks every page table below a user half's PML4 entry, and has the PML4s. */
static void check_user_tables(const struct seen *seen)
{
    struct reader file;
    assert_true(reader_open(&file, PREFIX ".kernel.dmp"));
    unsigned tables = 0;
    for (size_t i = 0; i < seen->process_count; i++) {
        uint64_t dtb = seen_field(seen, seen->processes[i], "_KPROCESS.DirectoryTableBase") >> 12;
        const uint8_t *root = bitmap_page(&file, dtb);
        assert_non_null(root);
        for (unsigned j = 0; j < 256; j++) {
            uint64_t entry;
            memcpy(&entry, root + j * 8, 8);
            assert_true(!(entry & 1) || !bitmap_page(&file, entry >> 12 & 0xfffffffff));
            tables += entry & 1;
        }
    }
    assert_true(tables > 10);
    reader_close(&file);
}

static void containers_agree(void **state)
{
    struct seen seen;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        lab_run("build %s/two-processes.scenario --output %s %s", LAB_SCENARIOS, PREFIX, i ? "--layout 26100" : "");
        seen_open(&seen, PREFIX);
        char *truth = truth_text(PREFIX);
        check_full(&seen, truth);
        check_bitmap(&seen, truth, false);
        check_bitmap(&seen, truth, true);
        check_user_tables(&seen);
        free(truth);
        seen_close(&seen);
    }
}

static const char *const feature_scenarios[] = {
#include "test_scenarios.h"
};

/* Each committed scenario builds, and its image agrees with its truth. */
static void scenarios_build(void **state)
{
    struct seen seen;
    (void)state;
    for (size_t i = 0; i < sizeof feature_scenarios / sizeof *feature_scenarios; i++) {
        lab_run("build %s/%s --output %s --format raw", LAB_SCENARIOS, feature_scenarios[i], PREFIX);
        seen_open(&seen, PREFIX);
        char *truth = truth_text(PREFIX);
        collect_views(&seen);
        join_views();
        compare_views(truth);
        compare_regions(truth);
        free(truth);
        seen_close(&seen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_worlds), cmocka_unit_test(text_is_complete),
                                       cmocka_unit_test(containers_agree), cmocka_unit_test(scenarios_build)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
