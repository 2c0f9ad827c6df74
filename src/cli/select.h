/*
 * Which regions are shown.
 */
#ifndef SIC_CLI_SELECT_H
#define SIC_CLI_SELECT_H

#include "cli/listing.h"

/*
 * Marks the regions that the options choose. A region passes --filter when any owner's name contains one of its texts,
 * ignoring case, or an owner's pid is one. All owners of a region that passes are shown.
 */
SIC_MUST_CHECK enum sic_status sic_listing_select(struct sic_listing *listing, const struct sic_options *options,
                                                  struct sic_error *error);

#endif
