/*
 * Which process of a class is which, and what changed of it.
 */
#ifndef SIC_DIFFERENCE_PROCESS_PAIR_H
#define SIC_DIFFERENCE_PROCESS_PAIR_H

#include "difference/matching.h"

/* Pairs the processes of each class: of several those first of which all that is compared is equal, then those of equal
 * session and user. False when memory ran out. */
bool sic_process_pairs_find(struct sic_matching *matching);

/* SIC_PROCESS_CHANGE_…: facts that are known on both sides and differ. */
uint32_t sic_process_pair_compare(const struct sic_matching *matching, uint32_t old_index, uint32_t new_index);

#endif
