/*
 * What remains of the truth in a damaged world, as JSON. A view remains when the damaged memory still leads to its
 * node, link by link from its process's record, through nodes that nothing has touched. No range of addresses is
 * compared and no field judged: what is harmed is known from the statements, and what is missing from the page tables.
 */
#include "damage.h"

#include "bytes.h"

#include <stdlib.h>

typedef unsigned long long ull;

struct remains {
    const struct lab_damage_state *state;
    const struct lab_world *world;
    uint8_t *reached;   /* for each node */
    uint8_t *processes; /* for each process, whether the list still leads to it */
    uint32_t *views;    /* nodes of the views that remain, in the truth's order */
    uint32_t *joined;   /* for each of them, another one of its region */
    size_t view_count;
};

struct page {
    uint64_t key; /* of the prototype PTE */
    uint32_t view;
};

static bool is_view(const struct lab_scenario *scenario, const struct lab_node *node)
{
    return node->kind == LAB_NODE_VIEW && !node->deleting &&
           scenario->sections[node->section].kind != LAB_SECTION_PHYSICAL;
}

static bool is_sound(const struct remains *remains, uint32_t node)
{
    const struct lab_layout *layout = &remains->world->layout;
    const struct lab_node *record = &remains->world->scenario->nodes[node];
    uint32_t size = lab_offset(layout, record->kind == LAB_NODE_VIEW ? LAB_VAD_SIZE : LAB_VAD_SHORT_SIZE);
    return !remains->state->harmed[node] && lab_damage_is_readable(remains->world, record->va, size);
}

/* The process's node at `va`, or UINT32_MAX. */
static uint32_t node_at(const struct remains *remains, size_t process, uint64_t va)
{
    const struct lab_world *world = remains->world;
    for (size_t i = world->first_node[process]; i < world->first_node[process + 1]; i++)
        if (world->scenario->nodes[world->order[i]].va == va)
            return world->order[i];
    return UINT32_MAX;
}

/* Follows one link from a node, or from the process's record (`parent` 0). A node counts where its parent is. */
static void reach(struct remains *remains, size_t process, uint64_t link, uint64_t parent, uint32_t *stack,
                  size_t *depth)
{
    const struct lab_world *world = remains->world;
    uint32_t node = node_at(remains, process, lab_damage_load(world, link));
    if (node == UINT32_MAX || remains->reached[node] || !is_sound(remains, node))
        return;
    uint64_t back = world->scenario->nodes[node].va + lab_offset(&world->layout, LAB_VAD_PARENT);
    if (parent && (lab_damage_load(world, back) & ~7ull) != parent)
        return;
    remains->reached[node] = 1;
    stack[(*depth)++] = node;
}

static void reach_tree(struct remains *remains, size_t process)
{
    const struct lab_world *world = remains->world;
    size_t count = world->first_node[process + 1] - world->first_node[process], depth = 0;
    uint32_t *stack = lab_allocate(count + 1, sizeof *stack);
    reach(remains, process, lab_damage_root(world, (uint32_t)process), 0, stack, &depth);
    while (depth) {
        uint64_t va = world->scenario->nodes[stack[--depth]].va;
        reach(remains, process, va + lab_offset(&world->layout, LAB_VAD_LEFT), va, stack, &depth);
        reach(remains, process, va + lab_offset(&world->layout, LAB_VAD_RIGHT), va, stack, &depth);
    }
    free(stack);
}

static size_t process_of_entry(const struct lab_world *world, uint64_t entry)
{
    size_t i = 0;
    while (i < world->scenario->process_count &&
           world->scenario->processes[i].eprocess + lab_offset(&world->layout, LAB_EPROCESS_LINKS) != entry)
        i++;
    return i;
}

static bool is_record_readable(const struct lab_world *world, size_t process)
{
    return lab_damage_is_readable(world, world->scenario->processes[process].eprocess,
                                  lab_offset(&world->layout, LAB_EPROCESS_SIZE));
}

/* From the list's head on, by the links at `forward` in each entry, as long as the ones at `back` agree. */
static void reach_list(struct remains *remains, unsigned forward, unsigned back)
{
    const struct lab_world *world = remains->world;
    uint64_t head = lab_global(world, LAB_GLOBAL_PsActiveProcessHead), at = head;
    for (size_t steps = 0; steps <= world->scenario->process_count; steps++) {
        uint64_t next = lab_damage_load(world, at + forward);
        size_t process = process_of_entry(world, next);
        if (process == world->scenario->process_count || lab_damage_load(world, next + back) != at ||
            !is_record_readable(world, process) || remains->processes[process] & (forward ? 2 : 1))
            return;
        remains->processes[process] |= forward ? 2 : 1;
        at = next;
    }
}

static uint32_t leader(const struct remains *remains, uint32_t view)
{
    while (remains->joined[view] != view)
        view = remains->joined[view];
    return view;
}

static int by_key(const void *left, const void *right)
{
    const struct page *a = left, *b = right;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    return a->view < b->view ? -1 : a->view > b->view;
}

/*
 * The pages of a view whose prototype PTEs are still known: those that the node itself names, and those of each further
 * subsection as long as the chain can be read. Where not even its first one can, only views from there are alike.
 */
static size_t known_pages(const struct remains *remains, uint32_t view, struct page *pages)
{
    const struct lab_world *world = remains->world;
    const struct lab_node *node = &world->scenario->nodes[remains->views[view]];
    const struct lab_section *section = &world->scenario->sections[node->section];
    uint32_t size = lab_offset(&world->layout, LAB_SUBSECTION_SIZE);
    const struct lab_subsection *first = NULL;
    uint64_t within, alone = 0;
    size_t count = 0;
    for (uint64_t page = 0; page < lab_node_pages(node); page++) {
        const struct lab_subsection *subsection = lab_section_find(section, node->offset + page, &within);
        uint64_t pte = lab_section_pte(section, node->offset + page);
        if (!subsection || (first && subsection != first && alone && section->kind != LAB_SECTION_IMAGE))
            break;
        if ((!first || subsection != first) && !lab_damage_is_readable(world, subsection->va, size)) {
            if (first && section->kind != LAB_SECTION_IMAGE)
                break;
            alone = first ? alone : subsection->va;
        }
        first = first ? first : subsection;
        if (pte)
            pages[count++] = (struct page){alone ? lab_mix(pte ^ lab_mix(alone)) : pte, view};
    }
    return count;
}

static void join(struct remains *remains)
{
    const struct lab_scenario *scenario = remains->world->scenario;
    size_t count = 0, total = 1;
    for (size_t i = 0; i < remains->view_count; i++)
        total += lab_node_pages(&scenario->nodes[remains->views[i]]);
    struct page *pages = lab_allocate(total, sizeof *pages);
    for (uint32_t i = 0; i < remains->view_count; i++)
        if (!remains->state->harmed_sections[scenario->nodes[remains->views[i]].section])
            count += known_pages(remains, i, pages + count);
    if (count)
        qsort(pages, count, sizeof *pages, by_key);
    for (size_t i = 1; i < count; i++)
        if (pages[i].key == pages[i - 1].key)
            remains->joined[leader(remains, pages[i].view)] = leader(remains, pages[i - 1].view);
    free(pages);
}

/* What the list of processes lacks is still found where sections list their views: from 7600 on. */
static bool is_found(const struct remains *remains, size_t process)
{
    return remains->processes[process] || lab_has(&remains->world->layout, LAB_VAD_VIEW_LINKS);
}

static void collect(struct remains *remains)
{
    const struct lab_world *world = remains->world;
    const struct lab_scenario *scenario = world->scenario;
    reach_list(remains, 0, 8);
    reach_list(remains, 8, 0);
    for (size_t i = 0; i < scenario->process_count; i++) {
        if (is_record_readable(world, i))
            reach_tree(remains, i);
        for (size_t j = world->first_node[i]; j < world->first_node[i + 1]; j++) {
            uint32_t node = world->order[j];
            if (!remains->reached[node] || !is_view(scenario, &scenario->nodes[node]) || !is_found(remains, i))
                continue;
            remains->joined[remains->view_count] = (uint32_t)remains->view_count;
            remains->views[remains->view_count++] = node;
        }
    }
    join(remains);
}

static void print_process(const struct remains *remains, size_t index, FILE *file)
{
    const struct lab_world *world = remains->world;
    const struct lab_process *process = &world->scenario->processes[index];
    size_t first = world->first_node[index], end = world->first_node[index + 1], vads = 0, privates = 0, views = 0;
    for (size_t i = first; i < end; i++) {
        const struct lab_node *node = &world->scenario->nodes[world->order[i]];
        if (!remains->reached[world->order[i]])
            continue;
        vads++;
        privates += node->kind != LAB_NODE_VIEW && !node->deleting;
        views += is_view(world->scenario, node);
    }
    fprintf(file, "%s\n  {\"pid\": %llu, \"eprocess\": \"0x%llx\", \"readable\": %s, \"listed\": %s", index ? "," : "",
            (ull)process->pid, (ull)process->eprocess, is_record_readable(world, index) ? "true" : "false",
            remains->processes[index] ? "true" : "false");
    fprintf(file, ", \"whole\": %s, \"vads\": %zu, \"private\": %zu, \"views\": %zu}",
            vads == end - first ? "true" : "false", vads, privates, views);
}

static void print_section(const struct remains *remains, size_t index, FILE *file)
{
    const struct lab_world *world = remains->world;
    const struct lab_section *section = &world->scenario->sections[index];
    uint32_t area = lab_offset(&world->layout, LAB_AREA_SIZE), size = lab_offset(&world->layout, LAB_SUBSECTION_SIZE);
    fprintf(file, "%s\n  {\"id\": \"%s\", \"control_area\": \"0x%llx\", \"harmed\": %s, \"readable\": %s",
            index ? "," : "", section->id, (ull)section->control_area,
            remains->state->harmed_sections[index] ? "true" : "false",
            lab_damage_is_readable(world, section->control_area, area) ? "true" : "false");
    fprintf(file, ", \"segment\": {\"address\": \"0x%llx\", \"readable\": %s}, \"subsections\": [",
            (ull)section->segment,
            lab_damage_is_readable(world, section->segment, lab_offset(&world->layout, LAB_SEGMENT_SIZE)) ? "true"
                                                                                                          : "false");
    for (size_t i = 0; i < section->subsection_count; i++)
        fprintf(file, "%s{\"address\": \"0x%llx\", \"readable\": %s}", i ? ", " : "", (ull)section->subsections[i].va,
                lab_damage_is_readable(world, section->subsections[i].va, size) ? "true" : "false");
    fputs("]}", file);
}

static void print_damage(const struct remains *remains, FILE *file)
{
    const struct lab_scenario *scenario = remains->world->scenario;
    for (size_t i = 0; i < scenario->damage_count; i++) {
        fprintf(file, "%s\n  {\"address\": \"0x%llx\", \"words\": [", i ? "," : "", (ull)remains->state->addresses[i]);
        for (size_t j = 0; j < scenario->damage[i].count; j++) {
            fputs(j ? ", " : "", file);
            lab_truth_text(file, scenario->damage[i].words[j]);
        }
        fputs("]}", file);
    }
}

/* Regions by indexes into the views, in the views' order. */
static void print_regions(const struct remains *remains, FILE *file)
{
    bool any = false;
    for (uint32_t i = 0; i < remains->view_count; i++) {
        size_t members = 0;
        if (leader(remains, i) != i)
            continue;
        for (uint32_t j = 0; j < remains->view_count; j++)
            members += leader(remains, j) == i;
        if (members < 2)
            continue;
        fputs(any ? ",\n  [" : "\n  [", file);
        for (uint32_t j = 0, printed = 0; j < remains->view_count; j++)
            if (leader(remains, j) == i)
                fprintf(file, "%s%u", printed++ ? ", " : "", j);
        fputc(']', file);
        any = true;
    }
}

static void print_views(const struct remains *remains, FILE *file)
{
    const struct lab_scenario *scenario = remains->world->scenario;
    for (size_t i = 0; i < remains->view_count; i++) {
        const struct lab_node *node = &scenario->nodes[remains->views[i]];
        fprintf(file, "%s\n  {\"eprocess\": \"0x%llx\", \"start\": \"0x%llx\", \"node\": \"0x%llx\"}", i ? "," : "",
                (ull)scenario->processes[node->process].eprocess, (ull)node->start, (ull)node->va);
    }
}

/* All nodes, so that a problem's address can be told from any other. */
static void print_nodes(const struct remains *remains, FILE *file)
{
    const struct lab_world *world = remains->world;
    const struct lab_scenario *scenario = world->scenario;
    for (size_t i = 0; i < scenario->process_count; i++) {
        fprintf(file, "%s\n  [", i ? "," : "");
        for (size_t j = world->first_node[i]; j < world->first_node[i + 1]; j++) {
            const struct lab_node *node = &scenario->nodes[world->order[j]];
            fprintf(file, "%s{\"address\": \"0x%llx\", \"start\": \"0x%llx\", \"private\": %s, \"remains\": %s}",
                    j > world->first_node[i] ? ", " : "", (ull)node->va, (ull)node->start,
                    node->kind == LAB_NODE_VIEW ? "false" : "true",
                    remains->reached[world->order[j]] ? "true" : "false");
        }
        fputc(']', file);
    }
}

void lab_write_remains(const struct lab_damage_state *state, const char *prefix)
{
    const struct lab_scenario *scenario = state->world->scenario;
    struct remains remains = {.state = state,
                              .world = state->world,
                              .reached = lab_allocate(scenario->node_count + 1, 1),
                              .processes = lab_allocate(scenario->process_count + 1, 1),
                              .views = lab_allocate(scenario->node_count + 1, sizeof *remains.views),
                              .joined = lab_allocate(scenario->node_count + 1, sizeof *remains.joined)};
    char path[4096];
    if (snprintf(path, sizeof path, "%s.remains.json", prefix) >= (int)sizeof path)
        lab_fail("the output's name is too long");
    FILE *file = fopen(path, "w");
    if (!file)
        lab_fail("cannot create %s", path);
    collect(&remains);
    fputs("{\"damage\": [", file);
    print_damage(&remains, file);
    fputs("],\n \"processes\": [", file);
    for (size_t i = 0; i < scenario->process_count; i++)
        print_process(&remains, i, file);
    fputs("],\n \"sections\": [", file);
    for (size_t i = 0; i < scenario->section_count; i++)
        print_section(&remains, i, file);
    fputs("],\n \"nodes\": [", file);
    print_nodes(&remains, file);
    fputs("],\n \"views\": [", file);
    print_views(&remains, file);
    fputs("],\n \"regions\": [", file);
    print_regions(&remains, file);
    fputs("]}\n", file);
    if (fclose(file))
        lab_fail("cannot write %s", path);
    free(remains.reached);
    free(remains.processes);
    free(remains.views);
    free(remains.joined);
}
