/*
 * A crossing in one sentence.
 */
#ifndef SIC_CROSSING_SENTENCE_H
#define SIC_CROSSING_SENTENCE_H

#include "crossing/crossing.h"

/* A sentence names so many processes of a side; where there are more, one of them. */
#define SIC_SENTENCE_PROCESSES 2u

/*
 * "low.exe (PID 3004) [low integrity] can write 16 pages that broker.exe (PID 3000) [medium integrity] shows: low is
 * below medium." To be freed; NULL: memory ran out. `names` by process, fit to be shown.
 */
char *sic_crossing_sentence(const struct sic_crossing_request *request, const struct sic_crossings *crossings,
                            const struct sic_crossing *crossing, char *const *names);

#endif
