#include "core/pack_private.h"

static void put_tokens(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_token *tokens = scan->tokens.elements;

    for (uint32_t i = 0; i < scan->tokens.count; i++) {
        struct sic_wire_token wire = {
            .va = tokens[i].va,
            .session_id = tokens[i].session_id,
            .kernel_flags = tokens[i].kernel_flags,
            .integrity = tokens[i].integrity,
            .flags = tokens[i].flags,
            .package = sic_pack_blob(tokens[i].package),
            .first_group = tokens[i].first_group,
            .group_count = tokens[i].group_count,
            .first_capability = tokens[i].first_capability,
            .capability_count = tokens[i].capability_count,
            .first_restricted = tokens[i].first_restricted,
            .restricted_count = tokens[i].restricted_count,
            .privileges = tokens[i].privileges,
            .mandatory_policy = tokens[i].mandatory_policy,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_sids(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_sid *sids = scan->sids.elements;

    for (uint32_t i = 0; i < scan->sids.count; i++) {
        struct sic_wire_sid wire = {
            .sid = sic_pack_blob(sids[i].sid),
            .attributes = sids[i].attributes,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_names(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_name *names = scan->names.elements;

    for (uint32_t i = 0; i < scan->names.count; i++) {
        struct sic_wire_name wire = {
            .object_va = names[i].object_va,
            .name = sic_pack_string(names[i].name),
            .target = sic_pack_string(names[i].target),
            .parent = names[i].parent,
            .section = names[i].section,
            .kind = names[i].kind,
            .flags = names[i].flags,
            .security = sic_pack_blob(names[i].security),
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_handles(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_handle *handles = scan->handles.elements;

    for (uint32_t i = 0; i < scan->handles.count; i++) {
        struct sic_wire_handle wire = {
            .object_va = handles[i].object_va,
            .value = handles[i].value,
            .access = handles[i].access,
            .process = handles[i].process,
            .section = handles[i].section,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_devices(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_device *devices = scan->devices.elements;

    for (uint32_t i = 0; i < scan->devices.count; i++) {
        struct sic_wire_device wire = {
            .va = devices[i].va,
            .path = sic_pack_string(devices[i].path),
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_kernel_views(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_kernel_view *kernel_views = scan->kernel_views.elements;

    for (uint32_t i = 0; i < scan->kernel_views.count; i++) {
        struct sic_wire_kernel_view wire = {
            .va = kernel_views[i].va,
            .section = kernel_views[i].section,
            .kind = kernel_views[i].kind,
            .session_id = kernel_views[i].session_id,
            .page_count = kernel_views[i].page_count,
            .first_page = kernel_views[i].first_page,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_peb_pointers(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_peb_pointer *peb_pointers = scan->peb_pointers.elements;

    for (uint32_t i = 0; i < scan->peb_pointers.count; i++) {
        struct sic_wire_peb_pointer wire = {
            .value = peb_pointers[i].value,
            .process = peb_pointers[i].process,
            .field = peb_pointers[i].field,
        };

        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

static void put_pages(struct sic_packer *packer, const struct sic_scan *scan)
{
    const struct sic_page *pages = scan->pages.elements;

    for (uint32_t i = 0; i < scan->pages.count; i++) {
        struct sic_wire_page wire = {
            .pte = pages[i].pte,
            .physical = pages[i].physical,
            .view = pages[i].view,
            .flags = pages[i].flags,
        };

        __builtin_memcpy(wire.bytes, pages[i].bytes, sizeof(wire.bytes));
        __builtin_memcpy(wire.pool_tag, pages[i].pool_tag, sizeof(wire.pool_tag));
        sic_pack_put(packer, &wire, sizeof(wire));
    }
}

void sic_pack_put_facts(struct sic_packer *packer, const struct sic_scan *scan)
{
    put_tokens(packer, scan);
    put_sids(packer, scan);
    put_names(packer, scan);
    put_handles(packer, scan);
    put_devices(packer, scan);
    put_kernel_views(packer, scan);
    put_peb_pointers(packer, scan);
    put_pages(packer, scan);
}
