/*
 * The tree changes while the driver walks it: nodes are inserted, removed, freed, rotated, and their memory becomes
 * another process's. The changes are made between two reads of the driver, each whole, as the memory manager makes them
 * under its lock. Whatever comes, the scan ends, every view is one that its process had at some time meanwhile, and one
 * that was there all along is found, or its process is reported.
 */
#include "driver_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FACT_LIMIT 4096u
#define NODE_LIMIT 512u
#define NODE_BYTES 0x100u

/* A process that owned a view at some time: kept all through when `missed` is false. */
struct fact {
    uint64_t eprocess_va;
    uint64_t start_vpn;
    uint64_t prototype_pte;
    bool missed;
};

struct node {
    uint64_t va;
    uint64_t parent_va;
    bool is_view;
};

struct machine {
    struct rig rig;
    uint64_t random;
    uint64_t interval;  /* a change each so many copies, by chance */
    uint64_t last_copy; /* no change after this one */
    struct fact facts[FACT_LIMIT];
    size_t fact_count;
    uint64_t freed[64]; /* nodes that are in no tree */
    size_t freed_count;
    unsigned changes[4];
    /* offsets in a node, and the masks of its flags */
    uint32_t left, right, parent, start, end, start_high, end_high, flags, subsection, first, owner, size;
    uint32_t private_mask, deleting_mask;
    uint32_t root;
};

static uint64_t chance(struct machine *machine, uint64_t limit)
{
    machine->random ^= machine->random << 13;
    machine->random ^= machine->random >> 7;
    machine->random ^= machine->random << 17;
    return machine->random % limit;
}

/* --- the machine's memory, through the lab's reader -----------------------------------------------------------------
 */

static uint8_t *byte_at(struct machine *machine, uint64_t va)
{
    const uint8_t *page = reader_page(&machine->rig.ek.image, machine->rig.ek.image.root, va, NULL);

    assert_non_null(page);
    return (uint8_t *)(uintptr_t)page + va % 4096;
}

static uint64_t load(struct machine *machine, uint64_t va, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)*byte_at(machine, va + i) << (8 * i);
    return value;
}

static void store(struct machine *machine, uint64_t va, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        *byte_at(machine, va + i) = (uint8_t)(value >> (8 * i));
}

static uint32_t mask_of(const struct reader *image, const char *name)
{
    for (uint32_t bit = 0; bit < 32; bit++) {
        if (reader_bits(image, name, 1u << bit))
            return 1u << bit;
    }
    return 0;
}

static void find_offsets(struct machine *machine)
{
    const struct reader *image = &machine->rig.ek.image;

    machine->left = reader_offset(image, "_MMVAD_SHORT.Left");
    machine->right = reader_offset(image, "_MMVAD_SHORT.Right");
    machine->parent = reader_offset(image, "_MMVAD_SHORT.Parent");
    machine->start = reader_offset(image, "_MMVAD_SHORT.StartingVpn");
    machine->end = reader_offset(image, "_MMVAD_SHORT.EndingVpn");
    machine->start_high = reader_offset(image, "_MMVAD_SHORT.StartingVpnHigh");
    machine->end_high = reader_offset(image, "_MMVAD_SHORT.EndingVpnHigh");
    machine->flags = reader_offset(image, "_MMVAD_SHORT.u");
    machine->subsection = reader_offset(image, "_MMVAD.Subsection");
    machine->first = reader_offset(image, "_MMVAD.FirstPrototypePte");
    machine->owner = reader_offset(image, "_MMVAD.VadsProcess");
    machine->size = reader_offset(image, "_MMVAD.sizeof");
    machine->root = reader_offset(image, "_EPROCESS.VadRoot");
    machine->private_mask = mask_of(image, "_MMVAD_FLAGS.PrivateMemory");
    machine->deleting_mask =
        reader_has(image, "_MMVAD_FLAGS.DeleteInProgress") ? mask_of(image, "_MMVAD_FLAGS.DeleteInProgress") : 0;
    assert_true(machine->private_mask != 0 && machine->size <= NODE_BYTES);
}

static uint64_t vpn(struct machine *machine, uint64_t node, uint32_t low, uint32_t high)
{
    return load(machine, node + low, 4) | load(machine, node + high, 1) << 32;
}

static void set_vpn(struct machine *machine, uint64_t node, uint32_t low, uint32_t high, uint64_t value)
{
    store(machine, node + low, value, 4);
    store(machine, node + high, value >> 32, 1);
}

static uint64_t root_va(struct machine *machine, size_t process)
{
    return machine->rig.ek.processes[process].eprocess_va + machine->root;
}

/* All nodes of a tree, breadth first. */
static size_t list_nodes(struct machine *machine, size_t process, struct node *nodes)
{
    uint64_t root = load(machine, root_va(machine, process), 8);
    size_t count = 0;

    if (root != 0)
        nodes[count++] = (struct node){.va = root};
    for (size_t i = 0; i < count; i++) {
        const uint64_t children[2] = {load(machine, nodes[i].va + machine->left, 8),
                                      load(machine, nodes[i].va + machine->right, 8)};
        uint64_t flags = load(machine, nodes[i].va + machine->flags, 4);

        nodes[i].is_view = !(flags & (machine->private_mask | machine->deleting_mask)) &&
                           load(machine, nodes[i].va + machine->first, 8) != 0;
        for (unsigned c = 0; c < 2; c++) {
            assert_true(count < NODE_LIMIT);
            if (children[c] != 0)
                nodes[count++] = (struct node){.va = children[c], .parent_va = nodes[i].va};
        }
    }
    return count;
}

/* --- what was true --------------------------------------------------------------------------------------------------
 */

static struct fact *find_fact(struct machine *machine, uint64_t eprocess_va, uint64_t start, uint64_t pte)
{
    for (size_t i = 0; i < machine->fact_count; i++) {
        struct fact *fact = &machine->facts[i];

        if (fact->eprocess_va == eprocess_va && fact->start_vpn == start && fact->prototype_pte == pte)
            return fact;
    }
    return NULL;
}

/* Notes what is true now; what was true and is not is marked, and so is what is true only from now on. */
static void note_facts(struct machine *machine, bool is_first)
{
    static struct node nodes[NODE_LIMIT];
    static bool seen[FACT_LIMIT];

    memset(seen, 0, sizeof(seen));
    for (size_t p = 0; p < machine->rig.ek.process_count; p++) {
        size_t count = list_nodes(machine, p, nodes);

        for (size_t i = 0; i < count; i++) {
            uint64_t eprocess_va = machine->rig.ek.processes[p].eprocess_va, start, pte;
            struct fact *fact;

            if (!nodes[i].is_view)
                continue;
            start = vpn(machine, nodes[i].va, machine->start, machine->start_high);
            pte = load(machine, nodes[i].va + machine->first, 8);
            fact = find_fact(machine, eprocess_va, start, pte);
            if (!fact) {
                assert_true(machine->fact_count < FACT_LIMIT);
                fact = &machine->facts[machine->fact_count++];
                *fact = (struct fact){
                    .eprocess_va = eprocess_va, .start_vpn = start, .prototype_pte = pte, .missed = !is_first};
            }
            seen[fact - machine->facts] = true;
        }
    }
    for (size_t i = 0; i < machine->fact_count; i++)
        machine->facts[i].missed = machine->facts[i].missed || !seen[i];
}

/* --- changes --------------------------------------------------------------------------------------------------------
 */

/* The link that leads to a node: in its parent, or the root's. */
static uint64_t link_to(struct machine *machine, size_t process, const struct node *node)
{
    if (node->parent_va == 0)
        return root_va(machine, process);
    return node->parent_va +
           (load(machine, node->parent_va + machine->left, 8) == node->va ? machine->left : machine->right);
}

static void set_parent(struct machine *machine, uint64_t node, uint64_t parent)
{
    if (node != 0)
        store(machine, node + machine->parent, parent | (load(machine, node + machine->parent, 8) & 7), 8);
}

static bool is_leaf(struct machine *machine, uint64_t node)
{
    return load(machine, node + machine->left, 8) == 0 && load(machine, node + machine->right, 8) == 0;
}

/* A leaf that is a whole _MMVAD leaves its tree. Its memory is overwritten later, or never: as with real pool. */
static void remove_leaf(struct machine *machine)
{
    static struct node nodes[NODE_LIMIT];
    size_t process = 1 + chance(machine, machine->rig.ek.process_count - 1);
    size_t count = list_nodes(machine, process, nodes), offset = count ? chance(machine, count) : 0;

    if (machine->freed_count == sizeof(machine->freed) / sizeof(machine->freed[0]))
        return;
    for (size_t i = 0; i < count; i++) {
        const struct node *node = &nodes[(i + offset) % count];

        if (!node->is_view || !is_leaf(machine, node->va) || node->parent_va == 0)
            continue;
        store(machine, link_to(machine, process, node), 0, 8);
        if (chance(machine, 2)) {
            for (uint32_t b = 0; b < machine->size; b++)
                store(machine, node->va + b, chance(machine, 256), 1);
        }
        machine->freed[machine->freed_count++] = node->va;
        machine->changes[0]++;
        return;
    }
}

/* A freed node becomes a view of any process, of a section that some view of the machine has. */
static void recycle(struct machine *machine)
{
    static struct node nodes[NODE_LIMIT];
    size_t process = 1 + chance(machine, machine->rig.ek.process_count - 1);
    size_t count = list_nodes(machine, process, nodes);
    const struct node *model = NULL, *last = NULL;
    uint64_t va, end, pages;

    if (machine->freed_count == 0 || count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].is_view && (!model || chance(machine, 3) == 0))
            model = &nodes[i];
        if (!last || vpn(machine, nodes[i].va, machine->start, machine->start_high) >
                         vpn(machine, last->va, machine->start, machine->start_high))
            last = &nodes[i];
    }
    end = vpn(machine, last->va, machine->end, machine->end_high);
    if (!model || end > 0x7fffff000ull)
        return;
    va = machine->freed[--machine->freed_count];
    pages = vpn(machine, model->va, machine->end, machine->end_high) -
            vpn(machine, model->va, machine->start, machine->start_high);
    for (uint32_t b = 0; b < machine->size; b++)
        store(machine, va + b, load(machine, model->va + b, 1), 1);
    store(machine, va + machine->left, 0, 8);
    store(machine, va + machine->right, 0, 8);
    store(machine, va + machine->parent, last->va, 8);
    set_vpn(machine, va, machine->start, machine->start_high, end + 16);
    set_vpn(machine, va, machine->end, machine->end_high, end + 16 + pages);
    store(machine, va + machine->owner, machine->rig.ek.processes[process].eprocess_va | 1, 8);
    store(machine, last->va + machine->right, va, 8);
    machine->changes[1]++;
}

/* The child takes its parent's place, as when a tree is balanced. */
static void rotate(struct machine *machine)
{
    static struct node nodes[NODE_LIMIT];
    size_t process = chance(machine, machine->rig.ek.process_count);
    size_t count = list_nodes(machine, process, nodes);
    const struct node *down = count ? &nodes[chance(machine, count)] : NULL;
    bool is_left = chance(machine, 2);
    uint32_t near = is_left ? machine->left : machine->right, far = is_left ? machine->right : machine->left;
    uint64_t up, between, link;

    if (!down)
        return;
    up = load(machine, down->va + near, 8);
    if (up == 0)
        return;
    link = link_to(machine, process, down);
    between = load(machine, up + far, 8);
    store(machine, down->va + near, between, 8);
    set_parent(machine, between, down->va);
    store(machine, up + far, down->va, 8);
    set_parent(machine, down->va, up);
    set_parent(machine, up, down->parent_va);
    store(machine, link, up, 8);
    machine->changes[2]++;
}

/* A private node that nobody asks for comes and goes at the end of a tree: only its parent's link tells. */
static void mark_deleting(struct machine *machine)
{
    static struct node nodes[NODE_LIMIT];
    size_t process = 1 + chance(machine, machine->rig.ek.process_count - 1);
    size_t count = list_nodes(machine, process, nodes);
    const struct node *node = count ? &nodes[chance(machine, count)] : NULL;

    if (!node || machine->deleting_mask == 0 || !node->is_view)
        return;
    store(machine, node->va + machine->flags, load(machine, node->va + machine->flags, 4) | machine->deleting_mask, 4);
    machine->changes[3]++;
}

static void change(struct machine *machine)
{
    switch (chance(machine, 10)) {
    case 0:
    case 1:
    case 2:
        remove_leaf(machine);
        break;
    case 3:
    case 4:
    case 5:
        recycle(machine);
        break;
    case 6:
        mark_deleting(machine);
        break;
    default:
        rotate(machine);
    }
    note_facts(machine, false);
}

static void before_copy(struct ek *ek, uint64_t va)
{
    struct machine *machine = ek->before_copy_context;

    (void)va;
    if (ek->copies <= machine->last_copy && chance(machine, machine->interval) == 0)
        change(machine);
}

/* --- the answer -----------------------------------------------------------------------------------------------------
 */

static bool is_reported(const struct sic_scan *scan, uint32_t process)
{
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->problems.count; i++) {
        if (problems[i].process == process)
            return true;
    }
    return false;
}

static bool has_view(const struct sic_scan *scan, const struct sic_process *process, const struct fact *fact)
{
    for (uint32_t i = process->first_view; i < process->first_view + process->view_count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);

        if (view->start_vpn == fact->start_vpn && view->first_prototype_pte == fact->prototype_pte)
            return true;
    }
    return false;
}

static void check_views(struct machine *machine, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        uint64_t eprocess_va = sic_scan_process(scan, view->process)->eprocess_va;

        if (!find_fact(machine, eprocess_va, view->start_vpn, view->first_prototype_pte))
            fail_msg("process %llx never had a view at page %llx", (unsigned long long)eprocess_va,
                     (unsigned long long)view->start_vpn);
    }
}

/* Returns how many processes are reported. */
static unsigned check_facts(struct machine *machine, const struct sic_scan *scan)
{
    unsigned reported = 0;

    for (uint32_t p = 0; p < scan->processes.count; p++) {
        const struct sic_process *process = sic_scan_process(scan, p);

        if (is_reported(scan, p)) {
            reported++;
            continue;
        }
        for (size_t i = 0; i < machine->fact_count; i++) {
            const struct fact *fact = &machine->facts[i];

            if (fact->eprocess_va == process->eprocess_va && !fact->missed && !has_view(scan, process, fact))
                fail_msg("process %llu: its view at page %llx was there all along", (unsigned long long)process->id,
                         (unsigned long long)fact->start_vpn);
        }
    }
    return reported;
}

struct totals {
    unsigned rounds, answered, reported, changes[4];
    uint64_t most_copies;
};

static void run_round(const char *layout, uint64_t seed, struct totals *totals)
{
    static const uint64_t intervals[] = {1, 2, 5, 20, 100, 1000};
    static struct machine machine;
    struct sic_scan scan;
    uint32_t status;

    memset(&machine, 0, sizeof(machine));
    machine.random = seed * 0x9e3779b97f4a7c15ull;
    machine.interval = intervals[seed % 6];
    machine.last_copy = seed % 3 == 0 ? 200 : UINT64_MAX;
    rig_open(&machine.rig,
             seed % 2 ? "random --seed 61 --processes 14 --views 160 --privates 60"
                      : "build " SCENARIOS "/three-processes.scenario",
             layout);
    find_offsets(&machine);
    rig_start(&machine.rig);
    note_facts(&machine, true);
    ek_reset(&machine.rig.ek);
    machine.rig.ek.before_copy = before_copy;
    machine.rig.ek.before_copy_context = &machine;
    status = rig_ask(&machine.rig, 1 << 20);
    /* System itself may change too much to prove anything on it. */
    assert_true(status == RIG_SUCCESS || status == RIG_DATA_ERROR);
    totals->rounds++;
    if (status == RIG_SUCCESS) {
        rig_unpack(&machine.rig, &scan);
        check_views(&machine, &scan);
        totals->reported += check_facts(&machine, &scan);
        totals->answered++;
        sic_scan_deinit(&scan);
    }
    for (unsigned i = 0; i < 4; i++)
        totals->changes[i] += machine.changes[i];
    if (machine.rig.ek.copies > totals->most_copies)
        totals->most_copies = machine.rig.ek.copies;
    rig_stop(&machine.rig);
    rig_close(&machine.rig);
}

static void test_trees_that_change(void **state)
{
    static const char *const layouts[] = {"9600.16384", "14393.0", "19041.264", "26100"};
    unsigned rounds = ek_port.is_native ? 240 : 24;
    struct totals totals = {0};

    (void)state;
    for (unsigned i = 1; i <= rounds; i++)
        run_round(layouts[i % 4], i, &totals);
    print_message("%s: %u scans, %u answered; %u removals, %u nodes recycled, %u rotations, %u deletions; %u processes "
                  "reported; at most %llu copies\n",
                  ek_port.name, totals.rounds, totals.answered, totals.changes[0], totals.changes[1], totals.changes[2],
                  totals.changes[3], totals.reported, (unsigned long long)totals.most_copies);
    assert_true(totals.answered * 2 > totals.rounds && totals.reported > 0);
    assert_true(totals.changes[0] > rounds && totals.changes[1] > rounds && totals.changes[2] > rounds);
    /* Some eight walks of a few hundred nodes; an endless loop would go past any bound. */
    assert_true(totals.most_copies < 50000);
}

/* A tree that never holds still is reported as such; when it does, the answer is that of a machine at rest. */
static void test_unstable_process(void **state)
{
    static struct machine machine;
    const struct sic_problem *problems;
    unsigned unstable = 0;
    struct sic_scan scan;

    (void)state;
    memset(&machine, 0, sizeof(machine));
    machine.random = 5;
    machine.interval = 1;
    machine.last_copy = UINT64_MAX;
    rig_open(&machine.rig, "build " SCENARIOS "/three-processes.scenario", "19041.264");
    find_offsets(&machine);
    rig_start(&machine.rig);
    note_facts(&machine, true);
    machine.rig.ek.before_copy = before_copy;
    machine.rig.ek.before_copy_context = &machine;
    assert_int_equal(rig_ask(&machine.rig, 1 << 20), RIG_SUCCESS);
    rig_unpack(&machine.rig, &scan);
    problems = scan.problems.elements;
    for (uint32_t i = 0; i < scan.problems.count; i++)
        unstable += problems[i].kind == SIC_PROBLEM_PROCESS_UNSTABLE;
    assert_true(unstable > 0);
    sic_scan_deinit(&scan);
    ek_reset(&machine.rig.ek);
    assert_int_equal(rig_ask(&machine.rig, 1 << 20), RIG_SUCCESS);
    rig_unpack(&machine.rig, &scan);
    assert_int_equal(scan.problems.count, 0);
    sic_scan_deinit(&scan);
    rig_stop(&machine.rig);
    rig_close(&machine.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees_that_change),
        cmocka_unit_test(test_unstable_process),
    };

    return cmocka_run_group_tests_name("driver changes", tests, NULL, NULL);
}
