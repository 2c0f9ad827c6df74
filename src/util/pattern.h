/*
 * Wildcards.
 */
#ifndef SIC_UTIL_PATTERN_H
#define SIC_UTIL_PATTERN_H

#include <stdbool.h>

/* Whether `pattern` matches all of `text`: * stands for any characters, ? for one. Both UTF-8; case is ignored. */
bool sic_pattern_matches(const char *pattern, const char *text);

#endif
