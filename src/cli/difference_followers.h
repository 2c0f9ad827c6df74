/*
 * Changed sections that say no more than the lines of processes: who starts or ends maps or leaves some hundred
 * libraries and fonts, which would bury the rest.
 */
#ifndef SIC_CLI_DIFFERENCE_FOLLOWERS_H
#define SIC_CLI_DIFFERENCE_FOLLOWERS_H

#include "cli/difference_text.h"

struct sic_followers {
    const struct sic_difference_text *text; /* borrowed */
    bool *moved[2]; /* owned; by process of a side: it, or one of its path, came, went or exited */
};

/* The owner calls sic_followers_deinit, after a failure too. False when memory ran out. */
bool sic_followers_init(const struct sic_difference_text *text, struct sic_followers *followers);
void sic_followers_deinit(struct sic_followers *followers);

/*
 * Whether the section is an image or a file that stayed, in which nobody writes what others see, is shared as before,
 * and differs by nothing but views of processes that came, went or exited.
 */
bool sic_followers_have(const struct sic_followers *followers, const struct sic_section_change *change);

#endif
