#include "cli/layout_print.h"

#include "cli/origin.h"
#include "util/escape.h"

#include <stdio.h>
#include <string.h>

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

/* The layout's source is a path, in the bytes of the file system. */
void sic_layout_print(const struct sic_wire_origin *origin, const struct sic_layout *layout, struct sic_output *output)
{
    char source[sizeof(origin->layout_origin) * SIC_ESCAPE_UNIT_SIZE + 1], heading[sizeof(source) + sizeof(*origin)];

    char pdb[SIC_PDB_REFERENCE_TEXT_SIZE];

    sic_origin_pdb(origin, pdb);
    sic_escape_bytes((const uint8_t *)origin->layout_origin, strlen(origin->layout_origin), source);
    snprintf(heading, sizeof(heading),
             "# kernel  build %u, %s\n"
             "# layout  %s%s%s, %s%s\n"
             "# how     %s\n",
             origin->build, pdb, origin->layout_name, origin->layout_detail[0] ? " " : "", origin->layout_detail,
             source[0] ? "from " : "built in", source, origin->layout_confidence);
    sic_output_text(output, heading);
    for (unsigned field = 0; field < SIC_FIELD_COUNT; field++)
        print_field(layout, field, output);
}
