#include "changing_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NODE_LIMIT 512u
#define NODE_BYTES 0x100u

struct node {
    uint64_t va;
    uint64_t parent_va;
    bool is_view;
};

static uint64_t chance(struct machine *machine, uint64_t limit)
{
    machine->random ^= machine->random << 13;
    machine->random ^= machine->random >> 7;
    machine->random ^= machine->random << 17;
    return machine->random % limit;
}

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

struct fact *machine_find_fact(struct machine *machine, uint64_t eprocess_va, uint64_t start, uint64_t pte)
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
            fact = machine_find_fact(machine, eprocess_va, start, pte);
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

    if (!node || machine->deleting_mask == 0 || !node->is_view || machine->never_deletes)
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

void machine_init(struct machine *machine)
{
    find_offsets(machine);
    note_facts(machine, true);
}

void machine_start(struct machine *machine)
{
    machine->rig.ek.before_copy = before_copy;
    machine->rig.ek.before_copy_context = machine;
}
