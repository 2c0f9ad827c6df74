#include "cli/origin.h"

#include "cli/notes.h"

#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(((struct sic_wire_origin *)NULL)->layout_origin) == SIC_LAYOUT_ORIGIN_SIZE, "room for a path");

/* Zeros are behind the text already. */
static void set_text(char *place, size_t size, const char *text)
{
    for (size_t i = 0; i + 1 < size && text[i] != '\0'; i++)
        place[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
}

#define LIVE_CONTAINER "live kernel"

static void describe_layout(const struct sic_kernel *kernel, struct sic_wire_origin *origin)
{
    const struct sic_profile *profile = &kernel->profile;
    char text[256] = "";

    set_text(origin->layout_name, sizeof(origin->layout_name), profile->name);
    set_text(origin->layout_source, sizeof(origin->layout_source), sic_layout_source_token(kernel));
    if (profile->last.part[2] != 0)
        snprintf(text, sizeof(text), "(builds %u.%u to %u.%u)", profile->first.part[2], profile->first.part[3],
                 profile->last.part[2], profile->last.part[3]);
    set_text(origin->layout_detail, sizeof(origin->layout_detail), text);
    memcpy(origin->layout_origin, kernel->layout_origin, strnlen(kernel->layout_origin, sizeof(kernel->layout_origin)));
    sic_layout_confidence(kernel, text, sizeof(text));
    set_text(origin->layout_confidence, sizeof(origin->layout_confidence), text);
    if (profile->is_partial)
        origin->flags |= SIC_WIRE_ORIGIN_PARTIAL;
}

void sic_origin_describe(const struct sic_image *image, const struct sic_kernel *kernel, struct sic_wire_origin *origin)
{
    memset(origin, 0, sizeof(*origin));
    origin->flags = SIC_WIRE_ORIGIN_KNOWN;
    origin->build = kernel->build;
    origin->kernel_base = kernel->pe.base_va;
    origin->directory_table_base = kernel->paging.root_pa;
    origin->missing_pages = image ? sic_image_missing_pages(image) : 0;
    set_text(origin->container, sizeof(origin->container), image ? sic_image_container(image) : LIVE_CONTAINER);
    set_text(origin->pdb_name, sizeof(origin->pdb_name), kernel->pdb.name);
    set_text(origin->guid_age, sizeof(origin->guid_age), kernel->pdb.guid_age);
    describe_layout(kernel, origin);
}

bool sic_origin_is_live(const struct sic_wire_origin *origin)
{
    return strcmp(origin->container, LIVE_CONTAINER) == 0;
}

void sic_origin_pdb(const struct sic_wire_origin *origin, char text[SIC_PDB_REFERENCE_TEXT_SIZE])
{
    struct sic_pdb_reference reference;

    snprintf(reference.name, sizeof(reference.name), "%s", origin->pdb_name);
    snprintf(reference.guid_age, sizeof(reference.guid_age), "%s", origin->guid_age);
    sic_pdb_reference_format(&reference, text);
}
