/*
 * What --json says of the meaning of things: members of the objects that json.c opens.
 */
#ifndef SIC_CLI_JSON_MEANING_H
#define SIC_CLI_JSON_MEANING_H

#include "cli/by_process.h"
#include "cli/json_writer.h"
#include "cli/listing.h"
#include "cli/name_list.h"
#include "meaning/parent.h"

/* Of a process: whose it is. */
void sic_json_put_identity(struct sic_json *json, const struct sic_listing *listing, const struct sic_parents *parents,
                           uint32_t process);

/* Of a process: what decides how far it is trusted. */
void sic_json_put_trust(struct sic_json *json, const struct sic_listing *listing, uint32_t process);

/* Of a section: "names" and "names_outside_root" of a list that was begun; null: they are unknown. */
void sic_json_put_name_lists(struct sic_json *json, struct sic_name_list *list, bool is_unknown);

/* Of a region's section: its path, names, handles. */
void sic_json_put_section_names(struct sic_json *json, const struct sic_listing *listing,
                                const struct sic_region *region);

/* Of a region: what the memory is, who owns it beside processes. */
void sic_json_put_memory(struct sic_json *json, const struct sic_listing *listing, const struct sic_region *region);

/* Of a view. `is_writable`: of its region, see sic_region_is_writable. `with_page`: what was read of its first page. */
void sic_json_put_view_meaning(struct sic_json *json, const struct sic_listing *listing, uint32_t view,
                               bool is_writable, bool with_page);

#endif
