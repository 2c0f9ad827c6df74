/*
 * The listings for people and for scripts that know the first SiC's.
 */
#ifndef SIC_CLI_TEXT_H
#define SIC_CLI_TEXT_H

#include "cli/listing.h"
#include "cli/output.h"

/* Writes the selected regions to `output`, made on `threads` threads. False when memory ran out. */
bool sic_text_print(const struct sic_listing *listing, const struct sic_options *options, bool with_color,
                    unsigned threads, struct sic_output *output);

/* The same turned round: per process, whose it is, and with whom it shares what. False when memory ran out. */
bool sic_text_print_processes(const struct sic_listing *listing, bool with_color, unsigned threads,
                              struct sic_output *output);

/* What stands above a region's owners: where it is, what it is, what it is called. */
void sic_text_put_region_head(const struct sic_listing *listing, const struct sic_region *region, bool with_details,
                              bool with_color, struct sic_output *output);

/* "64 KiB": the largest unit that says the size exactly. */
void sic_text_put_size(struct sic_output *output, uint64_t size);

/* The first SiC's listing to the letter: names in lower case, END is the address of a view's last page. */
bool sic_plain_print(const struct sic_listing *listing, unsigned threads, struct sic_output *output);

#endif
