/*
 * What the text listing says of a region beside its owners, and of an owner beside its line.
 */
#ifndef SIC_CLI_TEXT_MEANING_H
#define SIC_CLI_TEXT_MEANING_H

#include "cli/listing.h"
#include "cli/output.h"
#include "meaning/memory.h"

/* What it is, its full path, its names, its handles: a line each, where there is something to say. `with_details`: the
 * section's own facts and each handle as well. */
void sic_text_put_meaning(const struct sic_listing *listing, const struct sic_region *region, bool with_details,
                          struct sic_output *output);

/* The evidence of a view, some lines. `is_writable`: of the region, see sic_region_is_writable. */
void sic_text_put_evidence(const struct sic_listing *listing, const struct sic_region *region, uint32_t view,
                           bool is_writable, struct sic_output *output);

/* The views of the kernel's own. Of many in the system cache only the first are listed, unless `with_details`. */
void sic_text_put_kernel_owners(const struct sic_listing *listing, const struct sic_region *region, bool with_details,
                                struct sic_output *output);

/* What the region's memory is, in a few words without a line's end: "API set map", a name, a path, "paging file".
 * `known`: as it was judged. */
void sic_text_put_summary(const struct sic_listing *listing, const struct sic_region *region,
                          enum sic_known_memory known, struct sic_output *output);

/* "session", "system", "cache": constant text. */
const char *sic_kernel_view_token(const struct sic_kernel_view *view);

#endif
