/*
 * Which regions are shown.
 */
#ifndef SIC_CLI_SELECT_H
#define SIC_CLI_SELECT_H

#include "cli/listing.h"

/*
 * Marks the regions that pass the filters: any owner's name contains one of the texts, ignoring case, or its pid is
 * one. All owners of such a region are shown. Without a filter every region passes.
 */
SIC_MUST_CHECK enum sic_status sic_listing_select(struct sic_listing *listing, const struct sic_options *options,
                                                  struct sic_error *error);

#endif
