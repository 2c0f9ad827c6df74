#include "core/pack_private.h"

/* What the others say follows from views and links: who unpacks finds it anew, and nobody has to believe it. */
#define SUBSECTION_FLAGS (SIC_SUBSECTION_UNREAD | SIC_SUBSECTION_FIRST | SIC_SUBSECTION_GLOBAL)

static void put_processes(struct sic_packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);
        struct sic_wire_process wire = {
            .eprocess_va = process->eprocess_va,
            .id = process->id,
            .parent_id = process->parent_id,
            .create_time = process->create_time,
            .exit_time = process->exit_time,
            .directory_table_base = process->directory_table_base,
            .vad_root_va = process->vad_root_va,
            .vad_count = process->vad_count,
            .path = sic_pack_string(process->path),
            .flags = process->flags,
            .first_view = process->first_view,
            .view_count = process->view_count,
            .node_count = process->node_count,
            .private_count = process->private_count,
            .deleting_count = process->deleting_count,
            .unshared_count = process->unshared_count,
            .token = process->token,
            .peb_va = process->peb_va,
            .handle_table_va = process->handle_table_va,
            .protection = process->protection,
        };

        __builtin_memcpy(wire.image_file_name, process->image_file_name, sizeof(wire.image_file_name));
        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_views(struct sic_packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->views.count; i++) {
        const struct sic_view *view = sic_scan_view(scan, i);
        struct sic_wire_view wire = {
            .first_prototype_pte = view->first_prototype_pte,
            .last_contiguous_pte = view->last_contiguous_pte,
            .start_vpn = view->start_vpn,
            .end_vpn = view->end_vpn,
            .subsection = view->subsection,
            .process = view->process,
            .protection = view->protection,
            .vad_type = view->vad_type,
            .flags = view->flags,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_subsections(struct sic_packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->subsections.count; i++) {
        const struct sic_subsection *subsection = sic_scan_subsection(scan, i);
        struct sic_wire_subsection wire = {
            .va = subsection->va,
            .base = subsection->base,
            .next_va = subsection->next_va,
            .pte_count = subsection->pte_count,
            .section = subsection->section,
            .next = subsection->next,
            .flags = subsection->flags & SUBSECTION_FLAGS,
            .protection = subsection->protection,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_sections(struct sic_packer *packer, const struct sic_scan *scan)
{
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);
        struct sic_wire_section wire = {
            .control_area_va = section->control_area_va,
            .segment_va = section->segment_va,
            .size = section->size,
            .file_object_va = section->file_object_va,
            .mapped_views = section->mapped_views,
            .section_references = section->section_references,
            .name = sic_pack_string(section->name),
            .pte_count = section->pte_count,
            .control_area_flags = section->control_area_flags,
            .flags = section->flags,
            .view_count = section->view_count,
            .cache_views = section->cache_views,
            .kernel_views = section->kernel_views,
            .device = section->device,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_problems(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_problem *problems = scan->problems.elements;

    for (uint32_t i = 0; i < scan->problems.count; i++) {
        struct sic_wire_problem wire = {.kind = problems[i].kind, .process = problems[i].process, .va = problems[i].va};

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_notes(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_note *notes = scan->notes.elements;

    for (uint32_t i = 0; i < scan->notes.count; i++) {
        struct sic_wire_note wire = {
            .va = notes[i].va, .kind = notes[i].kind, .process = notes[i].process, .section = notes[i].section};

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

void sic_pack_put_walk(struct sic_packer *packer, const struct sic_scan *scan)
{
    put_processes(packer, scan);
    put_views(packer, scan);
    put_subsections(packer, scan);
    put_sections(packer, scan);
    put_problems(packer, scan);
    put_notes(packer, scan);
}
