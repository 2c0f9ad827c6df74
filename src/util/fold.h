/*
 * Letters without their case.
 */
#ifndef SIC_UTIL_FOLD_H
#define SIC_UTIL_FOLD_H

#include <stdbool.h>
#include <stdint.h>

/* The character without its case: in the Latin, Greek and Cyrillic scripts; others stand for themselves. */
uint32_t sic_fold_character(uint32_t character);

/* The character at *text (UTF-8, not at its end) without its case; *text moves behind it. */
uint32_t sic_fold_next(const char **text);

/* Whether `text` contains `part`; both UTF-8. Case is ignored in the Latin, Greek and Cyrillic scripts. */
bool sic_contains_ignoring_case(const char *text, const char *part);

#endif
