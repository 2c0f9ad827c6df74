#include "core/prove.h"

#include "core/chain.h"
#include "core/process.h"
#include "core/section.h"
#include "core/vad.h"

/* How much of the machine a proof reads. */
#define PROOF_NODE_LIMIT 1000u
/* At most one contradiction for so many agreements: a torn image has some, a wrong layout has about as many of both. */
#define AGREEMENTS_PER_CONTRADICTION 8u

static bool is_system_process(const struct sic_process *process)
{
    return process->id == 4 && __builtin_memcmp(process->image_file_name, "System", 7) == 0;
}

static bool is_plausible_name(const uint8_t *name)
{
    unsigned length;

    for (length = 0; length < 15 && name[length] != 0; length++) {
        if (name[length] < 0x20)
            return false;
    }
    return length > 0 && length < 15;
}

/* Process ids are multiples of 4, and PML4s page-aligned but for the PCID in the low bits. */
static bool is_plausible_process(const struct sic_reader *reader, const struct sic_process *process)
{
    return process->id % 4 == 0 && process->id <= UINT32_MAX && is_plausible_name(process->image_file_name) &&
           (process->vad_root_va == 0 || sic_is_kernel_pointer(reader, process->vad_root_va, 16));
}

/* Whether some entry of the list could not be read; then the first that could be need not be System. */
static bool is_list_torn(const struct sic_scan *scan)
{
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->problems.count; i++) {
        if (problems[i].kind == SIC_PROBLEM_PROCESS_LIST || problems[i].kind == SIC_PROBLEM_PROCESS_UNREADABLE)
            return true;
    }
    return false;
}

static const char *judge_processes(const struct sic_scan *scan, const struct sic_reader *reader,
                                   enum sic_proof_standard standard, struct sic_proof *proof)
{
    uint32_t plausible = 0;

    if (scan->processes.count == 0)
        return "its process list leads to no process";
    if (standard == SIC_PROOF_OF_GUESS && !is_list_torn(scan) && !is_system_process(sic_scan_process(scan, 0)))
        return "the first process is not System with pid 4";
    for (uint32_t i = 0; i < scan->processes.count; i++)
        plausible += is_plausible_process(reader, sic_scan_process(scan, i));
    if (plausible * 2 < scan->processes.count)
        return "most processes have no plausible id, name or VAD root";
    proof->agreements += plausible;
    return NULL;
}

/* What is not in the image, and a list that breaks off, speak neither for nor against. */
static bool is_contradiction(uint32_t problem_kind)
{
    return problem_kind != SIC_PROBLEM_NODE_UNREADABLE && problem_kind != SIC_PROBLEM_PROCESS_UNREADABLE &&
           problem_kind != SIC_PROBLEM_PROCESS_LIST && problem_kind != SIC_PROBLEM_TREE_MISSING;
}

static void judge_nodes(const struct sic_scan *scan, struct sic_proof *proof)
{
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);

        proof->agreements += process->node_count;
        proof->likely += process->node_count != 0 && process->node_count == process->vad_count;
    }
    for (uint32_t i = 0; i < scan->problems.count; i++)
        proof->contradictions += is_contradiction(problems[i].kind);
}

bool sic_view_is_resolved(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);

    return !(subsection->flags & SIC_SUBSECTION_UNREAD) &&
           !(sic_scan_section(scan, subsection->section)->flags & SIC_SECTION_UNREAD);
}

bool sic_view_fits(const struct sic_scan *scan, const struct sic_view *view)
{
    const struct sic_subsection *subsection = sic_scan_subsection(scan, view->subsection);
    const struct sic_section *section = sic_scan_section(scan, subsection->section);

    if (section->flags & SIC_SECTION_IMAGE && !(section->flags & SIC_SECTION_SIZE_UNKNOWN))
        return view->first_prototype_pte - subsection->base < (uint64_t)section->pte_count * 8;
    return sic_view_is_in_subsection(scan, view);
}

/*
 * What moved between releases within a control area: a section that is mapped is a file's, or committed, or reserved,
 * which its flags say, and counts its views; and what is called a file's has a file object.
 */
static bool is_control_area_plausible(const struct sic_reader *reader, const struct sic_layout *layout,
                                      const struct sic_section *section)
{
    if (section->control_area_flags == 0)
        return false;
    if (section->mapped_views == 0 && sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS))
        return false;
    return !(section->flags & SIC_SECTION_FILE) || sic_is_kernel_pointer(reader, section->file_object_va, 16);
}

static void judge_views(const struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                        struct sic_proof *proof)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);

        if (!sic_view_is_resolved(scan, view))
            continue;
        if (sic_view_fits(scan, view) && !(view->flags & SIC_VIEW_TORN) &&
            is_control_area_plausible(reader, layout,
                                      sic_scan_section(scan, sic_scan_subsection(scan, view->subsection)->section)))
            proof->agreements++;
        else
            proof->contradictions++;
    }
}

/* A subsection that is in the image and names no control area, or whose control area's segment does not point back. */
static void judge_sections(const struct sic_scan *scan, const struct sic_reader *reader, struct sic_proof *proof)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);
        uint64_t probe;

        if (!(subsection->flags & SIC_SUBSECTION_VIEWED))
            continue;
        if (subsection->flags & SIC_SUBSECTION_UNREAD)
            proof->contradictions += sic_reader_u64(reader, subsection->va, &probe);
    }
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);
        uint64_t probe;

        if (section->view_count == 0 || section->control_area_va == 0)
            continue;
        if (!(section->flags & SIC_SECTION_UNREAD))
            proof->agreements++;
        else if (sic_is_kernel_pointer(reader, section->segment_va, 8))
            proof->contradictions += sic_reader_u64(reader, section->segment_va, &probe);
    }
}

/* Walks the trees of the first processes until enough nodes were seen. */
static bool walk_trees(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout)
{
    struct sic_vad_walker walker;
    uint32_t nodes = 0;
    bool walked = true;

    sic_vad_walker_init(&walker, reader, layout);
    for (uint32_t i = 0; i < scan->processes.count && nodes < PROOF_NODE_LIMIT && walked; i++) {
        walked = sic_vad_walk(&walker, scan, i);
        nodes += sic_scan_process(scan, i)->node_count;
    }
    sic_vad_walker_deinit(&walker, &scan->allocator);
    return walked;
}

static bool weigh(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                  enum sic_proof_standard standard, struct sic_proof *proof)
{
    if (sic_layout_paging_levels(layout) != (reader->levels == 5 ? 5 : 4))
        proof->refusal = "it is of a kernel with another number of page table levels";
    else
        proof->refusal = judge_processes(scan, reader, standard, proof);
    proof->is_weighed = proof->refusal != NULL;
    if (proof->refusal || !sic_processes_part_trees(scan, reader, layout) || !walk_trees(scan, reader, layout))
        return false;
    judge_nodes(scan, proof);
    if (!sic_sections_resolve(scan, reader, layout))
        return false;
    judge_views(scan, reader, layout, proof);
    judge_sections(scan, reader, proof);
    proof->is_weighed = !sic_reader_is_cancelled(reader);
    return proof->is_weighed;
}

bool sic_prove_processes(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                         enum sic_proof_standard standard, struct sic_proof *proof)
{
    uint32_t nodes = 0;

    *proof = (struct sic_proof){0};
    if (!weigh(scan, reader, layout, standard, proof))
        return false;
    for (uint32_t i = 0; i < scan->processes.count; i++)
        nodes += sic_scan_process(scan, i)->node_count;
    if (nodes == 0)
        proof->refusal = "no process has a VAD tree that can be read";
    if (proof->refusal)
        return false;
    if (standard == SIC_PROOF_OF_IDENTITY)
        return proof->contradictions < proof->agreements;
    return proof->contradictions * AGREEMENTS_PER_CONTRADICTION <= proof->agreements;
}
