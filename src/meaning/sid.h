/*
 * Security identifiers, as text and by name.
 */
#ifndef SIC_MEANING_SID_H
#define SIC_MEANING_SID_H

#include "core/scan.h"

/* Room for the longest, "S-1-0xffffffffffff-" and fifteen sub-authorities. */
#define SIC_SID_TEXT_SIZE 192u
#define SIC_SID_NAME_SIZE 64u

/* "S-1-5-18". False when the SID is unknown or no SID: of another revision, or of another length than it counts. */
bool sic_sid_format(const struct sic_scan *scan, struct sic_blob sid, char text[SIC_SID_TEXT_SIZE]);

/* The name of a well-known SID given as text. False when it has none: names of accounts are not in memory. */
bool sic_sid_name(const char *text, char name[SIC_SID_NAME_SIZE]);

#endif
