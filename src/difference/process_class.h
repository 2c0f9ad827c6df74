/*
 * Which processes of two scans count as the same.
 */
#ifndef SIC_DIFFERENCE_PROCESS_CLASS_H
#define SIC_DIFFERENCE_PROCESS_CLASS_H

#include "difference/matching.h"

/*
 * Fills in the classes of both sides and their members. By start a class is a pid with a start time. By path it is a
 * path, with the drive's letter where both sides know the drives; a process whose path was not read goes by its short
 * name to one of the same side's or, where the other side has more of a path with that name, to that path. False when
 * memory ran out.
 */
bool sic_process_classes_find(struct sic_matching *matching);

#endif
