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

/* Whether all is chosen. */
bool sic_selection_is_empty(const struct sic_selection *selection);

/* Fills in by section whether it passes: by one of its regions, or, when it has none, by itself. After
 * sic_listing_select. False when memory ran out. */
bool sic_listing_select_sections(const struct sic_listing *listing, const struct sic_selection *selection,
                                 bool *sections);

/* Fills in by process whether it passes --filter. */
void sic_listing_select_processes(const struct sic_listing *listing, const struct sic_selection *selection,
                                  bool *processes);

#endif
