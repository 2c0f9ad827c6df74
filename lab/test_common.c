#include "test_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void lab_run(const char *format, ...)
{
    char command[8192];
    va_list arguments;
    int size = snprintf(command, sizeof command, "%s ", LAB_PROGRAM);
    va_start(arguments, format);
    vsnprintf(command + size, sizeof command - (size_t)size, format, arguments);
    va_end(arguments);
    if (system(command))
        fail_msg("%s failed", command);
}

char *truth_text(const char *prefix)
{
    char path[4096];
    snprintf(path, sizeof path, "%s.truth.json", prefix);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(1, size + 1);
    assert_int_equal(fread(text, 1, size, file), size);
    fclose(file);
    return text;
}

void truth_string(const char *truth, const char *name, char *value, size_t size)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\": \"", name);
    const char *at = strstr(truth, key);
    assert_non_null(at);
    at += strlen(key);
    snprintf(value, size, "%.*s", (int)strcspn(at, "\""), at);
}

uint64_t seen_field(const struct seen *seen, uint64_t object, const char *field)
{
    return reader_u64(&seen->reader, object + reader_offset(&seen->reader, field));
}

uint64_t seen_block(const struct seen *seen, uint64_t object)
{
    static const unsigned sizes[] = {32, 32, 16, 32, 16, 16, 16};
    uint64_t header = object - reader_offset(&seen->reader, "_OBJECT_HEADER.Body");
    uint64_t block = header;
    if (reader_has(&seen->reader, "_OBJECT_HEADER.NameInfoOffset")) {
        /* Distances of name, handles and quota, and in the flags whether there is a creator's part. */
        uint64_t parts = reader_u64(&seen->reader, header + 0x18);
        uint64_t farthest = parts >> 26 & 1 ? 0x20 : 0;
        for (unsigned i = 0; i < 3; i++)
            farthest = (parts >> 8 * i & 0xff) > farthest ? parts >> 8 * i & 0xff : farthest;
        return header - farthest;
    }
    uint32_t mask = reader_u32(&seen->reader, header + reader_offset(&seen->reader, "_OBJECT_HEADER.InfoMask")) & 0xff;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
        block -= mask & 1u << i ? sizes[i] : 0;
    return block;
}

/* MiState's RVA in data/kernels.txt, or the one that the lab makes up. */
static unsigned state_rva(const char *truth)
{
    char guid[64], path[4096], line[2048];
    unsigned state, found = 0x42c6c0;
    truth_string(truth, "guid_age", guid, sizeof guid);
    snprintf(path, sizeof path, "%s/kernels.txt", LAB_DATA_FOLDER);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, guid, strlen(guid)) &&
            sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %x", &state) == 1)
            found = state;
    fclose(file);
    return found;
}

static void find_mask(struct seen *seen, const char *truth)
{
    static const char field[] = "_MI_SYSTEM_INFORMATION.Hardware.InvalidPteMask";
    struct reader *reader = &seen->reader;
    reader->swizzle_known = reader_has(reader, field);
    if (reader->swizzle_known)
        reader->swizzle_mask =
            reader_u64(reader, reader->kernel_base + state_rva(truth) + reader_offset(reader, field));
}

static void walk_processes(struct seen *seen)
{
    struct reader *reader = &seen->reader;
    uint32_t links = reader_offset(reader, "_EPROCESS.ActiveProcessLinks");
    uint64_t entry = seen->system + links, previous = seen->list_head = reader_u64(reader, entry + 8);
    for (seen->process_count = 0; entry != seen->list_head; entry = reader_u64(reader, entry)) {
        assert_true(seen->process_count < MAX_PROCESSES);
        assert_int_equal(reader_u64(reader, entry + 8), previous);
        seen->processes[seen->process_count++] = entry - links;
        previous = entry;
    }
    assert_int_equal(reader_u64(reader, seen->list_head), seen->system + links);
    assert_int_equal(reader_u64(reader, seen->list_head + 8), previous);
}

void seen_open(struct seen *seen, const char *prefix)
{
    char path[4096], layout[64];
    char *truth = truth_text(prefix);
    memset(seen, 0, sizeof *seen);
    snprintf(path, sizeof path, "%s.raw", prefix);
    assert_true(reader_open(&seen->reader, path));
    truth_string(truth, "layout", layout, sizeof layout);
    assert_true(reader_layout(&seen->reader, LAB_DATA_FOLDER, layout));
    assert_int_equal(reader_roots(&seen->reader, 0x150000, 0x2a0000, &seen->reader.root, 1), 1);
    seen->reader.kernel_base = reader_find_kernel(&seen->reader);
    assert_int_not_equal(seen->reader.kernel_base, 0);
    find_mask(seen, truth);
    uint32_t pointer = reader_export(&seen->reader, "PsInitialSystemProcess");
    assert_int_not_equal(pointer, 0);
    seen->system = reader_u64(&seen->reader, seen->reader.kernel_base + pointer);
    walk_processes(seen);
    free(truth);
}

void seen_close(struct seen *seen)
{
    reader_close(&seen->reader);
}

/* A page number: 32 bits and what further parts the layout has, or 64. */
static uint64_t read_vpn(const struct reader *reader, const uint8_t *bytes, const char *which)
{
    char name[64];
    uint64_t vpn = 0;
    bool wide =
        reader_offset(reader, "_MMVAD_SHORT.EndingVpn") - reader_offset(reader, "_MMVAD_SHORT.StartingVpn") == 8;
    snprintf(name, sizeof name, "_MMVAD_SHORT.%s", which);
    memcpy(&vpn, bytes + reader_offset(reader, name), wide ? 8 : 4);
    snprintf(name, sizeof name, "_MMVAD_SHORT.%sHigh", which);
    if (reader_has(reader, name))
        vpn |= (uint64_t)bytes[reader_offset(reader, name)] << 32;
    snprintf(name, sizeof name, "_MMVAD_SHORT.%sHigher", which);
    if (reader->levels == 5)
        vpn |= (uint64_t)(bytes[reader_offset(reader, name)] & 0xf) << 40;
    return vpn;
}

static struct node read_node(const struct seen *seen, uint64_t va)
{
    const struct reader *reader = &seen->reader;
    uint8_t bytes[0x48];
    reader_copy(reader, va, bytes, reader_offset(reader, "_MMVAD_SHORT.sizeof"));
    struct node node = {.va = va};
    node.start = read_vpn(reader, bytes, "StartingVpn") << 12;
    node.end = read_vpn(reader, bytes, "EndingVpn") << 12;
    memcpy(&node.flags, bytes + reader_offset(reader, "_MMVAD_SHORT.u"), 8);
    node.parent = seen_field(seen, va, "_MMVAD_SHORT.Parent");
    return node;
}

/* Visits the subtree in order; returns its height. The depth is bounded by the assertion. */
static int visit(const struct seen *seen, uint64_t va, uint64_t parent, int depth, struct node *nodes, size_t limit,
                 size_t *count)
{
    if (!va)
        return 0;
    assert_true(depth < 40);
    struct node node = read_node(seen, va);
    assert_int_equal(node.parent & ~7ull, parent);
    int left = visit(seen, seen_field(seen, va, "_MMVAD_SHORT.Left"), va, depth + 1, nodes, limit, count);
    assert_true(*count < limit);
    assert_true(node.start <= node.end);
    if (*count)
        assert_true(nodes[*count - 1].end < node.start);
    nodes[(*count)++] = node;
    int right = visit(seen, seen_field(seen, va, "_MMVAD_SHORT.Right"), va, depth + 1, nodes, limit, count);
    assert_int_equal(node.parent & 3, left == right ? 0 : left > right ? 3 : 1);
    assert_true(left - right <= 1 && right - left <= 1);
    return 1 + (left > right ? left : right);
}

uint64_t seen_tree(const struct seen *seen, uint64_t eprocess)
{
    uint64_t table = eprocess + reader_offset(&seen->reader, "_EPROCESS.VadRoot");
    if (!reader_has(&seen->reader, "_MM_AVL_TABLE.BalancedRoot"))
        return reader_u64(&seen->reader, table);
    assert_int_equal(reader_u64(&seen->reader, table), table);
    assert_int_equal(reader_u64(&seen->reader, table + 8), 0);
    return reader_u64(&seen->reader, table + 0x10);
}

uint64_t seen_area(const struct seen *seen, uint64_t node)
{
    if (reader_has(&seen->reader, "_MMVAD.ControlArea"))
        return seen_field(seen, node, "_MMVAD.ControlArea");
    return seen_field(seen, seen_field(seen, node, "_MMVAD.Subsection"), "_SUBSECTION.ControlArea");
}

uint64_t seen_subsection(const struct seen *seen, uint64_t node)
{
    if (reader_has(&seen->reader, "_MMVAD.Subsection"))
        return seen_field(seen, node, "_MMVAD.Subsection");
    uint64_t area = seen_area(seen, node), first = seen_field(seen, node, "_MMVAD.FirstPrototypePte");
    /* Bit 28 of the flags: the control area is a large one. */
    uint32_t flags = reader_u32(&seen->reader, area + reader_offset(&seen->reader, "_CONTROL_AREA.u"));
    uint64_t subsection = area + reader_offset(&seen->reader, "_CONTROL_AREA.sizeof") + (flags >> 28 & 1) * 0x20;
    for (unsigned i = 0; i < 100 && first; i++) {
        uint64_t base = seen_field(seen, subsection, "_SUBSECTION.SubsectionBase");
        uint32_t count = (uint32_t)seen_field(seen, subsection, "_SUBSECTION.PtesInSubsection");
        assert_int_equal(seen_field(seen, subsection, "_SUBSECTION.ControlArea"), area);
        if (base && first - base < count * 8ull)
            break;
        subsection = seen_field(seen, subsection, "_SUBSECTION.NextSubsection");
    }
    return subsection;
}

uint64_t seen_count(const struct seen *seen, uint64_t area, const char *field)
{
    bool narrow = reader_offset(&seen->reader, "_CONTROL_AREA.NumberOfMappedViews") == 0x20;
    uint64_t va = area + reader_offset(&seen->reader, field);
    return narrow ? reader_u32(&seen->reader, va) : reader_u64(&seen->reader, va);
}

size_t seen_nodes(const struct seen *seen, uint64_t eprocess, struct node *nodes, size_t limit)
{
    size_t count = 0;
    uint64_t table = eprocess + reader_offset(&seen->reader, "_EPROCESS.VadRoot");
    bool old = reader_has(&seen->reader, "_MM_AVL_TABLE.BalancedRoot");
    visit(seen, seen_tree(seen, eprocess), old ? table : 0, 0, nodes, limit, &count);
    return count;
}
