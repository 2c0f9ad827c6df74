/*
 * Holds the images' bytes against the list of what independent readers need: kernel, processes, pools, trees, views,
 * page tables. One world of all features, once for each layout. docs/lab.md has the list.
 */
#include "test_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PREFIX LAB_SCRATCH "/image"
#define LIMIT  4096

static struct node nodes[LIMIT];

static const uint32_t tags[] = {0x53646156 /* VadS */, 0x20646156 /* Vad_ */};

static uint32_t tag_of(const struct seen *seen, uint64_t body)
{
    return reader_u32(&seen->reader, body - 0xc);
}

static bool has_tag(const struct seen *seen, uint64_t body, const char *tag)
{
    uint32_t value = tag_of(seen, body);
    return !memcmp(&value, tag, 4);
}

static void kernel_is_found(const struct seen *seen, const char *truth)
{
    const struct reader *reader = &seen->reader;
    uint64_t base = reader->kernel_base, optional = base + reader_u32(reader, base + 0x3c) + 0x18;
    char text[64], expected[64];
    uint8_t header[4096];
    truth_string(truth, "kernel_base", expected, sizeof expected);
    assert_int_equal(base, strtoull(expected, NULL, 16));
    reader_copy(reader, base, header, sizeof header);
    bool poolcode = false;
    for (unsigned i = 0; i < sizeof header; i += 8)
        poolcode = poolcode || !memcmp(header + i, "POOLCODE", 8);
    assert_true(poolcode);
    uint64_t exports = base + reader_u32(reader, optional + 112);
    reader_copy(reader, base + reader_u32(reader, exports + 12), text, 13);
    assert_string_equal(text, "ntoskrnl.exe");
    for (uint32_t at = 0; at < reader_u32(reader, optional + 56); at += 0x200000) {
        bool any = false;
        for (uint32_t page = 0; page < 0x200000; page += 4096)
            any = any || reader_page(reader, reader->root, base + at + page, NULL);
        assert_true(any);
    }
}

static void kernel_names_its_pdb(const struct seen *seen, const char *truth)
{
    const struct reader *reader = &seen->reader;
    uint64_t base = reader->kernel_base, optional = base + reader_u32(reader, base + 0x3c) + 0x18;
    uint32_t debug = reader_u32(reader, optional + 112 + 48), rva = reader_u32(reader, base + debug + 20);
    uint8_t record[40];
    char text[64], expected[64];
    assert_int_equal(reader_u32(reader, base + debug + 12), 2);
    assert_true(rva < 4u << 20);
    reader_copy(reader, base + rva, record, sizeof record);
    assert_memory_equal(record, "RSDS", 4);
    assert_string_equal((char *)record + 24, reader->levels == 5 ? "ntkrla57.pdb" : "ntkrnlmp.pdb");
    const uint8_t *g = record + 4; /* Data1 and two words little-endian, then eight bytes */
    snprintf(text, sizeof text, "%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%02X%X", g[3], g[2], g[1],
             g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15], g[16]);
    truth_string(truth, "guid_age", expected, sizeof expected);
    assert_string_equal(text, expected);
}

static unsigned truth_build(const char *truth)
{
    const char *at = strstr(truth, "\"build\": ");
    assert_non_null(at);
    return (unsigned)strtoul(at + 9, NULL, 10);
}

/* The RVA in a column of data/kernels.txt, or what the lab makes up where no kernel is known. */
static uint32_t global(const char *truth, unsigned column, uint32_t made_up)
{
    char guid[64], path[4096], line[2048];
    uint32_t rva = made_up;
    truth_string(truth, "guid_age", guid, sizeof guid);
    snprintf(path, sizeof path, "%s/kernels.txt", LAB_DATA_FOLDER);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char *rest = line, *word = NULL;
        if (strncmp(line, guid, strlen(guid)))
            continue;
        for (unsigned i = 0; i <= column; i++)
            word = strsep(&rest, " ");
        rva = (uint32_t)strtoul(word, NULL, 16);
    }
    fclose(file);
    return rva;
}

static void globals_are_there(const struct seen *seen, const char *truth)
{
    const struct reader *reader = &seen->reader;
    uint64_t base = reader->kernel_base, modules = base + reader_export(reader, "PsLoadedModuleList");
    uint64_t block = base + global(truth, 9, 0x3e0b20), protections = base + global(truth, 7, 0x115b0);
    char text[64];
    assert_int_equal(seen->list_head, base + global(truth, 4, 0x3fe1a0));
    assert_int_equal(base + reader_export(reader, "PsInitialSystemProcess"), base + global(truth, 5, 0x4fb420));
    assert_int_equal(modules, base + global(truth, 6, 0x40a2b0));
    assert_int_equal(reader_u32(reader, base + reader_export(reader, "NtBuildNumber")),
                     0xf0000000u | truth_build(truth));
    uint64_t module = reader_u64(reader, modules);
    assert_int_equal(reader_u64(reader, module), modules);
    assert_int_equal(reader_u64(reader, module + 0x30), base);
    reader_unicode(reader, module + 0x58, text, sizeof text);
    assert_string_equal(text, "ntoskrnl.exe");
    assert_int_equal(reader_u32(reader, block + 0x10), 0x4742444b);
    assert_int_equal(reader_u64(reader, block + 0x18), base);
    assert_int_equal(reader_u64(reader, block + 0x48), modules);
    assert_int_equal(reader_u64(reader, block + 0x50), seen->list_head);
    assert_int_equal(reader_u32(reader, protections + 4 * 4), 4);      /* PAGE_READWRITE */
    assert_int_equal(reader_u32(reader, protections + 31 * 4), 0x480); /* write-combined, execute, copy on write */
}

static void roots_are_as_tools_want(const struct seen *seen)
{
    const struct reader *reader = &seen->reader;
    uint64_t roots[4];
    unsigned good = 0, user_empty = 0, kernel_empty = 0;
    assert_true(reader->size >= 16u << 20);
    assert_true(reader->root < 16u << 20);
    assert_int_equal(reader_roots(reader, 0x150000, 0x2a0000, roots, 4), 1);
    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry;
        memcpy(&entry, reader->bytes + reader->root + i * 8, 8);
        assert_false(entry & 0x80);
        user_empty += i < 256 && !entry;
        kernel_empty += i >= 256 && !entry;
        good += i >= 256 && (entry & 0x8000000000000087ull) == 3;
    }
    /* With five levels, the kernel is below one entry. */
    assert_true(good >= (reader->levels == 5 ? 1 : 6));
    assert_true(user_empty >= 0x40 && kernel_empty >= 0x40);
}

static void processes_are_whole(const struct seen *seen)
{
    const struct reader *reader = &seen->reader;
    assert_true(seen->process_count >= 12);
    for (size_t i = 0; i < seen->process_count; i++) {
        uint64_t eprocess = seen->processes[i], exited = seen_field(seen, eprocess, "_EPROCESS.ExitTime");
        uint64_t dtb = seen_field(seen, eprocess, "_KPROCESS.DirectoryTableBase") & ~0xfffull, self;
        char name[16];
        reader_copy(reader, eprocess + reader_offset(reader, "_EPROCESS.ImageFileName"), name, 15);
        assert_int_equal(name[14], 0);
        assert_true(i != 0 || !strcmp(name, "System"));
        assert_true(i != 1 || !strcmp(name, "Registry"));
        assert_true(i != 2 || !strcmp(name, "smss.exe"));
        assert_int_not_equal(seen_field(seen, eprocess, "_EPROCESS.CreateTime"), 0);
        assert_true((seen_field(seen, eprocess, "_EPROCESS.InheritedFromUniqueProcessId") != 0) == (i != 0));
        assert_int_equal(reader_u32(reader, eprocess + reader_offset(reader, "_EPROCESS.ExitStatus")),
                         exited ? 0 : 0x103);
        assert_int_equal(reader_roots(reader, dtb, dtb + 4096, &self, 1), 1);
        assert_true(i == 0 || dtb >= 0x2a0000);
        assert_int_equal(reader_u32(reader, eprocess - 0x30 - 0xc), 0x636f7250); /* Proc */
        for (unsigned j = 256; j < 512; j++) {
            const uint8_t *mine = reader->bytes + dtb + j * 8, *systems = reader->bytes + reader->root + j * 8;
            uint64_t entry;
            memcpy(&entry, mine, 8);
            assert_true((entry & 0x0000fffffffff000ull) == dtb || !memcmp(mine, systems, 8));
        }
        assert_true(!exited || !seen_tree(seen, eprocess));
    }
}

static void paths_and_pebs_are_there(const struct seen *seen, const char *truth)
{
    const struct reader *reader = &seen->reader;
    unsigned build = truth_build(truth);
    assert_int_equal(seen_field(seen, seen->system, "_EPROCESS.Peb"), 0);
    for (size_t i = 1; i < seen->process_count; i++) {
        uint64_t eprocess = seen->processes[i], peb = seen_field(seen, eprocess, "_EPROCESS.Peb");
        uint64_t info = seen_field(seen, eprocess, "_EPROCESS.SeAuditProcessCreationInfo.ImageFileName");
        const uint8_t *page;
        char text[512];
        assert_true(has_tag(seen, info, "SeOn"));
        assert_int_equal(reader_u64(reader, info + 8), info + 0x10);
        reader_unicode(reader, info, text, sizeof text);
        assert_true(i == 1 || !strncmp(text, "\\Device\\", 8));
        if (seen_field(seen, eprocess, "_EPROCESS.ExitTime"))
            continue;
        assert_true(has_tag(seen, seen_field(seen, eprocess, "_EPROCESS.ObjectTable"), "Obtb"));
        assert_int_equal(peb % 4096, 0);
        page = reader_page(reader, seen_field(seen, eprocess, "_KPROCESS.DirectoryTableBase"), peb, NULL);
        assert_non_null(page);
        assert_int_equal(page[0x118], build < 6000 ? 5 : build < 10000 ? 6 : 10);
        assert_int_equal(page[0x11c], build < 6000    ? 2
                                      : build < 7600  ? 0
                                      : build < 9200  ? 1
                                      : build < 9600  ? 2
                                      : build < 10000 ? 3
                                                      : 0);
        assert_int_equal(page[0x120] | page[0x121] << 8, build);
    }
}

/* The ring through CONTROL_AREA.ListHead: closed both ways, of as many views as the counts say. */
static void check_ring(const struct seen *seen, uint64_t area)
{
    const struct reader *reader = &seen->reader;
    bool listed = reader_has(reader, "_CONTROL_AREA.ListHead");
    if (!reader_has(reader, "_MMVAD.ViewLinks"))
        return;
    uint64_t head = area + reader_offset(reader, listed ? "_CONTROL_AREA.ListHead" : "_CONTROL_AREA.ViewList");
    uint64_t entry = reader_u64(reader, head), count = 0, previous = head;
    for (; entry != head; entry = reader_u64(reader, entry), count++) {
        assert_int_equal(reader_u64(reader, entry + 8), previous);
        assert_true(count < LIMIT);
        previous = entry;
    }
    assert_int_equal(reader_u64(reader, head + 8), previous);
    assert_int_equal(seen_count(seen, area, "_CONTROL_AREA.NumberOfMappedViews"), count);
}

static void check_area(const struct seen *seen, uint64_t area)
{
    check_ring(seen, area);
    assert_true(seen_count(seen, area, "_CONTROL_AREA.NumberOfMappedViews") > 0);
    assert_int_equal(seen_field(seen, seen_field(seen, area, "_CONTROL_AREA.Segment"), "_SEGMENT.ControlArea"), area);
    assert_true(has_tag(seen, area, "MmCa") || has_tag(seen, area, "MmCi"));
}

static void check_file(const struct seen *seen, uint64_t area)
{
    uint64_t file = seen_field(seen, area, "_CONTROL_AREA.FilePointer") & ~0xfull;
    uint32_t flags = reader_u32(&seen->reader, area + reader_offset(&seen->reader, "_CONTROL_AREA.u"));
    char text[256];
    assert_true(reader_bits(&seen->reader, "_MMSECTION_FLAGS.File", flags) == (file != 0));
    if (!file)
        return;
    assert_true(has_tag(seen, seen_block(seen, file), "File"));
    reader_unicode(&seen->reader, file + reader_offset(&seen->reader, "_FILE_OBJECT.FileName"), text, sizeof text);
    assert_int_equal(text[0], '\\');
    assert_int_not_equal(seen_field(seen, file, "_FILE_OBJECT.DeviceObject"), 0);
}

struct tally {
    unsigned views, images, physical, cut, table_valid, prototype_only, transition, content, plain_short, long_private;
};

static bool is_lab_page(const struct seen *seen, uint64_t frame)
{
    return frame << 12 < seen->reader.size && memmem(seen->reader.bytes + (frame << 12), 4096, "lab section", 11);
}

/* Counts how the view's pages can be reached, and that valid ones carry the lab's text. */
static void check_pages(const struct seen *seen, uint64_t eprocess, const struct node *node, struct tally *tally)
{
    uint64_t dtb = seen_field(seen, eprocess, "_KPROCESS.DirectoryTableBase");
    uint64_t first = seen_field(seen, node->va, "_MMVAD.FirstPrototypePte");
    uint64_t prototype = reader_u64(&seen->reader, first), pte = 0;
    const uint8_t *page = reader_page(&seen->reader, dtb, node->start, &pte);
    if (prototype & 1) {
        assert_true(is_lab_page(seen, prototype >> 12 & 0xfffffffffull));
        tally->content++;
        if (page)
            assert_ptr_equal(page, seen->reader.bytes + (prototype & 0x0000fffffffff000ull));
    }
    tally->table_valid += page != NULL;
    tally->prototype_only += !page && (prototype & 1);
    tally->transition += !(prototype & 1) && (prototype & 0xc00) == 0x800;
}

static void check_view(const struct seen *seen, uint64_t eprocess, const struct node *node, struct tally *tally)
{
    const struct reader *reader = &seen->reader;
    uint64_t first = seen_field(seen, node->va, "_MMVAD.FirstPrototypePte");
    uint64_t last = seen_field(seen, node->va, "_MMVAD.LastContiguousPte");
    uint64_t subsection = seen_subsection(seen, node->va), area = seen_area(seen, node->va);
    uint64_t pages = (node->end - node->start) / 4096 + 1;
    assert_int_equal(seen_field(seen, subsection, "_SUBSECTION.ControlArea"), area);
    if (reader_has(reader, "_MMVAD.VadsProcess"))
        assert_int_equal(seen_field(seen, node->va, "_MMVAD.VadsProcess"), eprocess | 1);
    assert_true(has_tag(seen, node->va, "Vad "));
    check_area(seen, area);
    check_file(seen, area);
    tally->views++;
    if (SEEN_FLAG(seen, node, "VadType") == 1) {
        assert_int_equal(first, 0);
        tally->physical++;
        return;
    }
    assert_int_equal(first % 8, 0);
    uint64_t base = seen_field(seen, subsection, "_SUBSECTION.SubsectionBase");
    uint32_t ptes = reader_u32(reader, subsection + reader_offset(reader, "_SUBSECTION.PtesInSubsection"));
    assert_true(base % 4096 == 0 || has_tag(seen, base, "MmSt") || SEEN_FLAG(seen, node, "VadType") == 2);
    assert_true(first >= base && first < base + ptes * 8ull);
    if (SEEN_FLAG(seen, node, "VadType") == 2) {
        assert_int_equal(last, 0xfffffffffffffffcull);
        assert_int_equal(SEEN_FLAG(seen, node, "Protection"), 7);
        tally->images++;
    } else {
        uint64_t of_view = first + (pages - 1) * 8, of_subsection = base + (ptes - 1) * 8ull;
        assert_int_equal(last, of_view < of_subsection ? of_view : of_subsection);
        tally->cut += of_view > of_subsection;
    }
    check_pages(seen, eprocess, node, tally);
}

/* What the process says of its tree. */
static void check_counts(const struct seen *seen, uint64_t eprocess, size_t count, bool is_true)
{
    const struct reader *reader = &seen->reader;
    if (reader_has(reader, "_MM_AVL_TABLE.BalancedRoot")) {
        uint64_t table = eprocess + reader_offset(reader, "_EPROCESS.VadRoot");
        uint64_t word = reader_u64(reader, table + reader_offset(reader, "_MM_AVL_TABLE.NumberGenericTableElements"));
        assert_true(!is_true || word >> 8 == count);
        return;
    }
    assert_true((seen_field(seen, eprocess, "_EPROCESS.VadHint") != 0) == (count != 0));
    if (is_true)
        assert_int_equal(seen_field(seen, eprocess, "_EPROCESS.VadCount"), count);
}

static void trees_are_whole(const struct seen *seen)
{
    struct tally tally = {0};
    for (size_t i = 0; i < seen->process_count; i++) {
        uint64_t eprocess = seen->processes[i];
        size_t count = seen_nodes(seen, eprocess, nodes, LIMIT);
        assert_true(i != 0 || count > 0);
        check_counts(seen, eprocess, count, i < 3);
        for (size_t j = 0; j < count; j++) {
            bool known = false;
            for (unsigned k = 0; k < 2; k++)
                known = known || tag_of(seen, nodes[j].va) == tags[k];
            assert_true(known);
            if (!SEEN_FLAG(seen, &nodes[j], "PrivateMemory") && !SEEN_FLAG(seen, &nodes[j], "DeleteInProgress"))
                check_view(seen, eprocess, &nodes[j], &tally);
            else if (tag_of(seen, nodes[j].va) == tags[0])
                tally.plain_short++;
            else
                tally.long_private++;
        }
    }
    /* The scenario has all of these; a builder that forgot one would pass the checks above by having nothing to check.
     */
    assert_true(tally.views > 10 && tally.images > 2 && tally.physical > 0 && tally.cut > 0);
    assert_true(tally.table_valid > 0 && tally.prototype_only > 0 && tally.content > 0);
    assert_true(tally.plain_short > 5 && tally.long_private > 0);
}

static void one_layout(const char *layout)
{
    struct seen seen;
    lab_run("build %s/all-features.scenario --output %s --format raw --layout %s", LAB_SCENARIOS, PREFIX, layout);
    seen_open(&seen, PREFIX);
    char *truth = truth_text(PREFIX);
    kernel_is_found(&seen, truth);
    kernel_names_its_pdb(&seen, truth);
    globals_are_there(&seen, truth);
    roots_are_as_tools_want(&seen);
    processes_are_whole(&seen);
    paths_and_pebs_are_there(&seen, truth);
    trees_are_whole(&seen);
    free(truth);
    seen_close(&seen);
    remove(PREFIX ".raw"); /* a file written over is flushed to the disk when it is closed */
}

static void every_layout(void **state)
{
    char path[4096], line[1024], layout[64];
    unsigned count = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/layouts.txt", LAB_DATA_FOLDER);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "layout %63s", layout) == 1) {
            one_layout(layout);
            count++;
        }
    }
    fclose(file);
    assert_true(count >= 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_layout)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
