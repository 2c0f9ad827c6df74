/*
 * Which regions the user wants to see, as the command line says it.
 */
#ifndef SIC_CLI_SELECTION_H
#define SIC_CLI_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#define SIC_SELECT_IMAGE       0x1u
#define SIC_SELECT_FILE        0x2u
#define SIC_SELECT_PAGING_FILE 0x4u
#define SIC_SELECT_LARGE_PAGE  0x8u
#define SIC_SELECT_PHYSICAL    0x10u

/* Texts of the command line, borrowed, in an owned array. */
struct sic_words {
    const char **words;
    unsigned count;
};

/* A region is shown when it passes all of these; a list is passed by one of its words. */
struct sic_selection {
    struct sic_words filters;
    struct sic_words names; /* patterns */
    uint32_t kinds;         /* SIC_SELECT_…; 0: all */
    uint32_t minimum_processes;
    bool writable;
    bool named;
};

/* These read the value of an option; false after a one-line message on standard error. */
bool sic_selection_add_word(struct sic_words *words, const char *word);
/* "image,file": names of kinds, separated by commas. */
bool sic_selection_add_kinds(struct sic_selection *selection, const char *kinds);
bool sic_selection_set_minimum(struct sic_selection *selection, const char *text);
void sic_selection_deinit(struct sic_selection *selection);

#endif
