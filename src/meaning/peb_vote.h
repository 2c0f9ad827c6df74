/*
 * What the PEBs of all processes say together: which section is the one that a pointer leads to machine-wide, or in one
 * session. One process may lie, for a PEB is its own to write; it has one vote.
 */
#ifndef SIC_MEANING_PEB_VOTE_H
#define SIC_MEANING_PEB_VOTE_H

#include "meaning/peb_evidence.h"

struct sic_peb_votes {
    struct sic_key *winners; /* key: field << 16 | scope; value: the section, or SIC_NONE: a tie */
    uint32_t count;
};

/* The owner calls sic_peb_votes_deinit, after a failure too. False when memory ran out. */
bool sic_peb_votes_init(const struct sic_peb_evidence *evidence, struct sic_peb_votes *votes);
void sic_peb_votes_deinit(struct sic_peb_votes *votes);

/* The section that most processes' pointers of this field lead to, of those that share the process's scope: its session
 * for what each session has of its own, else the machine. SIC_NONE: none, or as many to another one. */
uint32_t sic_peb_votes_winner(const struct sic_peb_votes *votes, const struct sic_scan *scan, uint32_t process,
                              unsigned field);

#endif
