#include "cli/layout_print.h"

#include "cli/notes.h"

#include <stdio.h>

static void print_field(const struct sic_layout *layout, enum sic_field field, struct sic_output *output)
{
    const struct sic_layout_field *description = &layout->fields[field];
    char line[128];

    if (!sic_layout_has(layout, field))
        snprintf(line, sizeof(line), "%-52s unknown\n", sic_layout_field_name(field));
    else if (description->bit_count > 0)
        snprintf(line, sizeof(line), "%-52s 0x%x %u:%u\n", sic_layout_field_name(field), description->offset,
                 description->first_bit, description->bit_count);
    else
        snprintf(line, sizeof(line), "%-52s 0x%x\n", sic_layout_field_name(field), description->offset);
    sic_output_text(output, line);
}

static void describe_layout(const struct sic_kernel *kernel, char *buffer, size_t size)
{
    const struct sic_profile *profile = &kernel->profile;
    char builds[64] = "";

    if (profile->last.part[2] != 0)
        snprintf(builds, sizeof(builds), " (builds %u.%u to %u.%u)", profile->first.part[2], profile->first.part[3],
                 profile->last.part[2], profile->last.part[3]);
    snprintf(buffer, size, "%s%s, %s%s", profile->name, builds, kernel->layout_origin[0] ? "from " : "built in",
             kernel->layout_origin);
}

void sic_layout_print(const struct sic_kernel *kernel, struct sic_output *output)
{
    char confidence[160], pdb[SIC_PDB_REFERENCE_TEXT_SIZE], layout[SIC_LAYOUT_ORIGIN_SIZE + 160],
        heading[SIC_LAYOUT_ORIGIN_SIZE + 640];

    sic_layout_confidence(kernel, confidence, sizeof(confidence));
    sic_pdb_reference_format(&kernel->pdb, pdb);
    describe_layout(kernel, layout, sizeof(layout));
    snprintf(heading, sizeof(heading),
             "# kernel  build %u, %s\n"
             "# layout  %s\n"
             "# how     %s\n",
             kernel->build, pdb, layout, confidence);
    sic_output_text(output, heading);
    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++)
        print_field(&kernel->profile.layout, field, output);
}
