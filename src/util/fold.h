/*
 * Letters without their case.
 */
#ifndef SIC_UTIL_FOLD_H
#define SIC_UTIL_FOLD_H

#include <stdbool.h>

/* Whether `text` contains `part`; both UTF-8. Case is ignored in the Latin, Greek and Cyrillic scripts. */
bool sic_contains_ignoring_case(const char *text, const char *part);

#endif
