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

void sic_layout_print(const struct sic_kernel *kernel, struct sic_output *output)
{
    char confidence[160], heading[512];

    sic_layout_confidence(kernel, confidence, sizeof(confidence));
    snprintf(heading, sizeof(heading),
             "# kernel  build %u, %s %s\n"
             "# layout  %s (builds %u.%u to %u.%u), built in\n"
             "# how     %s\n",
             kernel->build, kernel->pdb.name[0] ? kernel->pdb.name : "PDB unknown", kernel->pdb.guid_age,
             kernel->profile.name, kernel->profile.first.part[2], kernel->profile.first.part[3],
             kernel->profile.last.part[2], kernel->profile.last.part[3], confidence);
    sic_output_text(output, heading);
    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++)
        print_field(&kernel->profile.layout, field, output);
}
