#include "generate.h"

#include "bytes.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>

struct generator {
    struct lab_scenario *scenario;
    uint64_t state;
    uint64_t *cursors; /* per process: low addresses given out so far */
    uint8_t *edges;    /* per process: a bit for each boundary in use */
    unsigned user_bits;
};

static uint64_t below(struct generator *generator, uint64_t limit)
{
    return lab_random_below(&generator->state, limit);
}

static bool chance(struct generator *generator, unsigned percent)
{
    return below(generator, 100) < percent;
}

static void random_machine(struct generator *generator)
{
    static const uint64_t masks[] = {0x0000200000000000ull, 0x0000200000000000ull, 0x0000100000000000ull, 0};
    struct lab_scenario *scenario = generator->scenario;
    scenario->kernel_base = 0xfffff80000000000ull + below(generator, 0x3f00) * 0x200000;
    scenario->nonpaged_pool = 0xffff880000000000ull + (below(generator, 0x3800) << 30) + (4ull << 30);
    scenario->paged_pool = 0xffffb80000000000ull + (below(generator, 0x3800) << 30);
    if (generator->user_bits == 43) { /* the kernel has 8 TiB too: handle entries of 9200 keep 44 bits of an address */
        scenario->nonpaged_pool = 0xfffff88100000000ull + (scenario->nonpaged_pool & 0xfc0000000ull);
        scenario->paged_pool = 0xfffffa8000000000ull + (scenario->paged_pool & 0x3ffc0000000ull);
    }
    if (generator->user_bits == 56) { /* where no machine with four levels has anything */
        scenario->nonpaged_pool -= 0x00a0000000000000ull;
        scenario->paged_pool -= 0x0070000000000000ull;
    }
    scenario->self_reference = 0x1d0 + (uint32_t)below(generator, 0x18);
    scenario->swizzle = chance(generator, 70);
    scenario->invalid_pte_mask = masks[below(generator, 4)];
    scenario->nonpaged_transition_percent = chance(generator, 50) ? 5 : 0;
    scenario->low_stub = chance(generator, 70);
    scenario->kdbg = chance(generator, 80);
    scenario->large_pages = chance(generator, 70);
    if (chance(generator, 25)) {
        scenario->memory = 2ull << 30;
        scenario->giant_page = chance(generator, 70);
    }
    for (uint64_t i = below(generator, 4), frame = 0x2800; i > 0; i--) {
        uint64_t count = 1 + below(generator, 0x100);
        lab_add_hole(scenario, frame, count);
        frame += count + 1 + below(generator, 0x800);
    }
}

static void random_processes(struct generator *generator, uint32_t count)
{
    static const char *const names[] = {"svchost.exe", "explorer.exe", "chrome.exe", "a.process.with.a.long.name.exe",
                                        "fourteen_c.exe"};
    uint64_t pid = 400;
    for (uint32_t i = 0; i < count; i++) {
        pid += 4 * (1 + below(generator, 30));
        struct lab_process *process = lab_add_process(generator->scenario, names[below(generator, 5)], pid);
        process->parent = i ? generator->scenario->processes[below(generator, i)].pid : 4;
        if (chance(generator, 25))
            process->eprocess =
                generator->scenario->nonpaged_pool + (1ull << 32) + i * 0x2000ull + 0x40 + below(generator, 20) * 0x10;
        if (chance(generator, 20))
            process->vad_count = (int64_t)below(generator, 60);
        if (i > 2 && chance(generator, 10))
            process->exited = generator->scenario->system_time - 10000000;
    }
}

static void random_image(struct generator *generator, struct lab_section *section)
{
    static const uint8_t protections[] = {3, 1, 5, 4, 1};
    lab_add_subsection(section, 1, 1);
    for (uint64_t i = 1 + below(generator, 5); i > 0; i--) {
        struct lab_subsection *subsection =
            lab_add_subsection(section, 1 + below(generator, 20), protections[below(generator, 5)]);
        subsection->shared = subsection->protection == 4;
    }
}

static void random_file(struct generator *generator, struct lab_section *section)
{
    uint64_t count = chance(generator, 40) ? 2 + below(generator, 4) : 1;
    for (uint64_t i = 0; i < count; i++) {
        struct lab_subsection *subsection = lab_add_subsection(section, 1 + below(generator, 40), 4);
        subsection->absent = i > 0 && chance(generator, 20);
    }
    section->size = section->pages * LAB_PAGE - below(generator, LAB_PAGE);
}

static void random_section(struct generator *generator, uint32_t number)
{
    char id[32], name[64];
    unsigned kind = (unsigned)below(generator, 100);
    snprintf(id, sizeof id, "s%u", number);
    snprintf(name, sizeof name, "\\Data\\%s-%u.dat", kind < 3 ? "f\xc3\xbcr J\xc3\xb3zef" : "file", number);
    if (kind < 35) {
        random_file(generator, lab_add_section(generator->scenario, id, LAB_SECTION_FILE, name));
    } else if (kind < 60) {
        random_image(generator, lab_add_section(generator->scenario, id, LAB_SECTION_IMAGE, name));
    } else if (kind < 95) {
        struct lab_section *section = lab_add_section(generator->scenario, id, LAB_SECTION_PAGING_FILE, NULL);
        lab_add_subsection(section, 1 + below(generator, chance(generator, 5) ? 2000 : 60), 4);
        section->reserve = chance(generator, 20);
    } else {
        struct lab_section *section = lab_add_section(generator->scenario, id, LAB_SECTION_PHYSICAL, NULL);
        lab_add_subsection(section, 1 + below(generator, 8), 4);
        section->frame = 0xa0;
    }
}

/*
 * Some nodes stand at the edges of an eighth of the user's half: ending on one, or reaching over it. With 48 bits that
 * is 16 TiB, where a VPN needs its high byte; with 57, where it needs its highest part.
 */
static void random_start(struct generator *generator, struct lab_node *node)
{
    uint32_t process = node->process;
    uint64_t pages = lab_node_pages(node), edge = 1 + below(generator, 7);
    if (chance(generator, 60))
        return;
    if (chance(generator, 20) && !(generator->edges[process] & 1u << edge)) {
        generator->edges[process] |= (uint8_t)(1u << edge);
        uint64_t over = chance(generator, 50) ? below(generator, pages) : 0;
        node->start = edge * (1ull << (generator->user_bits - 3)) - (pages - over) * LAB_PAGE;
        return;
    }
    node->start = generator->cursors[process];
    generator->cursors[process] += (pages + below(generator, 64)) * LAB_PAGE;
}

/* Any process that runs; the list always has one. */
static uint32_t live_process(struct generator *generator)
{
    for (;;) {
        uint32_t process = (uint32_t)below(generator, generator->scenario->process_count);
        if (!generator->scenario->processes[process].exited)
            return process;
    }
}

/* An offset whose page has a prototype PTE, or is the section's first. */
static uint64_t random_offset(struct generator *generator, const struct lab_section *section)
{
    uint64_t start = 0;
    const struct lab_subsection *subsection = &section->subsections[0];
    if (section->kind == LAB_SECTION_IMAGE || chance(generator, 40))
        return 0;
    for (uint64_t i = below(generator, section->subsection_count); i > 0 && !subsection[1].absent; i--)
        start += subsection++->pages;
    return start + below(generator, subsection->pages);
}

static void random_view(struct generator *generator)
{
    struct lab_scenario *scenario = generator->scenario;
    uint32_t index = (uint32_t)below(generator, scenario->section_count);
    const struct lab_section *section = &scenario->sections[index];
    uint64_t offset = random_offset(generator, section), pages = section->pages - offset;
    if (section->kind != LAB_SECTION_IMAGE && chance(generator, 50))
        pages = 1 + below(generator, pages);
    if (section->reserve && chance(generator, 50))
        pages += below(generator, 100);
    uint8_t protection = section->kind == LAB_SECTION_IMAGE ? 7 : (uint8_t)below(generator, 8);
    if (chance(generator, 5))
        protection = (uint8_t)below(generator, 32);
    for (unsigned copies = chance(generator, 10) ? 2 : 1, process = live_process(generator); copies > 0; copies--) {
        struct lab_node *node = lab_add_view(scenario, process, index, offset, pages, protection);
        node->deleting = chance(generator, 3);
        node->unlisted = chance(generator, 2);
        node->unlinked = !node->unlisted && chance(generator, 2);
        random_start(generator, node);
    }
}

static void random_private(struct generator *generator)
{
    enum lab_node_kind kind = chance(generator, 25) ? LAB_NODE_PRIVATE_LONG : LAB_NODE_PRIVATE;
    struct lab_node *node = lab_add_node(generator->scenario, live_process(generator), kind, 1 + below(generator, 200),
                                         (uint8_t)below(generator, 32));
    node->garbage = kind == LAB_NODE_PRIVATE && chance(generator, 40);
    node->deleting = chance(generator, 2);
    random_start(generator, node);
}

/* A and B overlap, B and C overlap, A and C do not; and D lies apart. */
static void add_chain(struct generator *generator)
{
    static const struct {
        uint64_t offset, pages;
    } views[] = {{0, 10}, {8, 12}, {18, 10}, {30, 10}};
    struct lab_section *section = lab_add_section(generator->scenario, "chain", LAB_SECTION_PAGING_FILE, NULL);
    uint32_t index = (uint32_t)generator->scenario->section_count - 1;
    lab_add_subsection(section, 40, 4);
    for (unsigned i = 0; i < 4; i++)
        lab_add_view(generator->scenario, live_process(generator), index, views[i].offset, views[i].pages, 4);
}

void lab_generate_random(const struct lab_random_options *options, struct lab_scenario *scenario)
{
    struct generator generator = {
        .scenario = scenario, .state = lab_mix(options->seed), .user_bits = options->user_bits};
    lab_scenario_init(scenario);
    scenario->seed = options->seed;
    random_machine(&generator);
    random_processes(&generator, options->processes ? options->processes : 1);
    generator.cursors = lab_allocate(scenario->process_count, sizeof *generator.cursors);
    generator.edges = lab_allocate(scenario->process_count, 1);
    for (size_t i = 0; i < scenario->process_count; i++)
        generator.cursors[i] = 0x10000 * (1 + below(&generator, 0x1000));
    for (uint32_t i = 0; i < options->sections; i++)
        random_section(&generator, i);
    for (uint32_t i = 0; i < options->views && scenario->section_count; i++)
        random_view(&generator);
    for (uint32_t i = 0; i < options->privates; i++)
        random_private(&generator);
    add_chain(&generator);
    lab_random_facts(scenario, options->seed);
    lab_random_security(scenario, options->seed);
    free(generator.cursors);
    free(generator.edges);
}
