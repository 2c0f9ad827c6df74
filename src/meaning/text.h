/*
 * Texts of a scan, made fit to be shown: see util/escape.h.
 */
#ifndef SIC_MEANING_TEXT_H
#define SIC_MEANING_TEXT_H

#include "core/scan.h"

/* True when the scan holds the string: it was read, and its units are there. */
bool sic_text_is_known(const struct sic_scan *scan, struct sic_string string);

/* Its units; only of a known string. */
const uint16_t *sic_text_units(const struct sic_scan *scan, struct sic_string string);

/* The string, escaped, to be freed; NULL when it is unknown or memory ran out. */
char *sic_text_escape(const struct sic_scan *scan, struct sic_string string);

/* `prefix`, which is shown as it is, and behind it units of UTF-16, escaped. To be freed; NULL: memory ran out. */
char *sic_text_join(const char *prefix, const uint16_t *units, size_t length);

/* Whether the units are the same but for their case. */
bool sic_text_is_same(const uint16_t *left, const uint16_t *right, size_t length);

#endif
