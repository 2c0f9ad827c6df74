/*
 * The text of a difference, part by part.
 */
#ifndef SIC_CLI_DIFFERENCE_TEXT_H
#define SIC_CLI_DIFFERENCE_TEXT_H

#include "cli/difference.h"

struct sic_difference_text {
    const struct sic_comparison *comparison;
    const struct sic_listing *listings[2];
    bool with_details;
    bool with_color;
    struct sic_output *output;
    bool failed;          /* memory ran out */
    uint32_t *classes[2]; /* by process of a side: its class, see struct sic_process_class */
};

/* Fills in text->classes, which the owner frees, after a failure too. False when memory ran out. */
bool sic_difference_text_list_classes(struct sic_difference_text *text);
/*
 * Who came and who went, of a crossing in which nothing else changed. False, and nothing is put: something else did, or
 * not all of them are listed.
 */
bool sic_difference_text_put_crossers(const struct sic_difference_text *text, const struct sic_crossing_change *change);

/* Begins a line: "    + ", indented by `depth` steps. */
void sic_difference_text_begin(const struct sic_difference_text *text, unsigned depth, enum sic_change change);

/* Ends it, and says when the change is not certain. */
void sic_difference_text_end(const struct sic_difference_text *text, enum sic_change change, bool is_certain);

/* "calc.exe (PID: 4711, EPROCESS: ffffc50a00009040)". */
void sic_difference_text_put_process(const struct sic_difference_text *text, unsigned side, uint32_t process);

/* A line for each name that only one of the two sides' sections has. */
void sic_difference_text_put_names(struct sic_difference_text *text, uint32_t old_section, uint32_t new_section);

/* Sections, with their regions and views. */
void sic_difference_text_put_memory(struct sic_difference_text *text);

#endif
