/*
 * --cross: the regions that cross a trust boundary, for people and for scripts.
 */
#ifndef SIC_CLI_CROSS_H
#define SIC_CLI_CROSS_H

#include "cli/json_writer.h"
#include "cli/listing.h"
#include "cli/output.h"

/* What of the listing is judged. */
struct sic_crossing_request sic_cross_request(const struct sic_listing *listing);

/* Judges all regions. False when memory ran out. */
bool sic_cross_find_all(struct sic_listing *listing);

/* Judges the selected regions and leaves only those selected that cross. False when memory ran out. */
bool sic_cross_select(struct sic_listing *listing);

/* The crossings, grouped by region, the widest gap first, and a line that sums up. False when memory ran out. */
bool sic_cross_print(const struct sic_listing *listing, const struct sic_options *options, bool with_color,
                     struct sic_output *output);

/* Members of a crossing: what it is and why, then the gap and who is on its sides. */
void sic_cross_put_judgement(struct sic_json *json, const struct sic_listing *listing,
                             const struct sic_crossing *crossing);
void sic_cross_put_sides(struct sic_json *json, const struct sic_listing *listing, const struct sic_crossing *crossing);

/* The member "crossings"; `numbers` by region: which of the document's it is. */
void sic_cross_put_json(struct sic_json *json, const struct sic_listing *listing, const uint32_t *numbers);

#endif
