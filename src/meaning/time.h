/*
 * Times as people write them.
 */
#ifndef SIC_MEANING_TIME_H
#define SIC_MEANING_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define SIC_TIME_TEXT_SIZE 32u

/* `time` in 100 ns since 1601-01-01 UTC, as "2020-05-17T09:30:01Z". False for 0, which is no time, and for times from
 * the year 10000 on, which are damage. */
bool sic_time_format(uint64_t time, char text[SIC_TIME_TEXT_SIZE]);

#endif
