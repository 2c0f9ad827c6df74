/*
 * Words for what differs, alike in the text and in JSON.
 */
#ifndef SIC_CLI_DIFFERENCE_WORDS_H
#define SIC_CLI_DIFFERENCE_WORDS_H

#include "cli/listing.h"
#include "difference/difference.h"

/* "came", "went", "changed". */
const char *sic_change_word(enum sic_change change);

/* The words of the changes that are set in `what`, by their bits: constant tables. */
extern const char *const sic_process_change_words[SIC_PROCESS_CHANGE_COUNT];
extern const char *const sic_section_change_words[SIC_SECTION_CHANGE_COUNT];
extern const char *const sic_crossing_change_words[SIC_CROSSING_CHANGE_COUNT];

/* What a section is called: its file's path, else its first name, else its file's name. To be freed; NULL: it is called
 * nothing, or memory ran out. */
char *sic_section_title(const struct sic_listing *listing, uint32_t section);

#endif
