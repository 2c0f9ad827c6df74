/*
 * Which layout the driver is asked with: the exact profile, else the kernel's own PDB, else the profiles by their
 * distance, until one is true of the kernel. The driver proves each on the System process.
 */
#ifndef SIC_LIVE_LAYOUT_CHOICE_H
#define SIC_LIVE_LAYOUT_CHOICE_H

#include "kernel/kernel.h"
#include "util/status.h"

/* Where a layout comes from that is not built in. */
struct sic_live_finder {
    void *context;
    bool is_only; /* no built-in profile is tried */
    /*
     * The layout number `turn` (from 0) for this kernel, into kernel->profile and what else says where it comes from.
     * SIC_NOT_FOUND when there is none, or no more; the sentence says what was looked for and what to do next.
     */
    enum sic_status (*find)(void *context, unsigned turn, struct sic_error *error, struct sic_kernel *kernel);
};

/* Asks the user's own file when there is one, else for the kernel's PDB. `request` is borrowed. */
struct sic_live_finder sic_live_finder_make(const struct sic_layout_request *request);

struct sic_live_trial {
    void *context;
    /* Asks with one layout. SIC_BROKEN: the kernel contradicts it. Any other failure ends the choice. */
    enum sic_status (*run)(void *context, const struct sic_layout *layout, struct sic_error *error);
};

/*
 * Fills in profile and layout_source of `kernel`, whose PDB and build are known as far as they can be. `finder` may be
 * NULL. When no layout is true of the kernel: SIC_UNSUPPORTED, with the finder's own sentence where it had one.
 */
SIC_MUST_CHECK enum sic_status sic_live_choose_layout(struct sic_kernel *kernel, const struct sic_live_finder *finder,
                                                      const struct sic_live_trial *trial, struct sic_error *error);

#endif
