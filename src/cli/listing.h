/*
 * What the listings print: the scan of an image, or a saved one, its regions, and the names by which processes are
 * shown.
 */
#ifndef SIC_CLI_LISTING_H
#define SIC_CLI_LISTING_H

#include "cli/options.h"
#include "crossing/crossing.h"
#include "image/image.h"
#include "kernel/kernel.h"
#include "live/live.h"
#include "meaning/meaning.h"
#include "sharing/region.h"
#include "sharing/shared_writable.h"
#include "sharing/span.h"
#include "sic/wire.h"

struct sic_listing {
    enum sic_form form;      /* of the output it was read for: --plain reads no names of sections */
    const char *called;      /* what its notes begin with, borrowed; NULL: it is the only one */
    struct sic_image *image; /* NULL: a saved scan was read, or the live kernel */
    bool is_live;
    struct sic_live_dump dump; /* that the image is, with --live-dump */
    struct sic_kernel kernel;  /* of the image */
    struct sic_wire_origin origin;
    struct sic_layout layout;
    struct sic_scan scan;
    struct sic_regions regions;
    struct sic_shared_writable shared_writable;
    struct sic_meaning meaning;     /* of nothing with --plain, unless something is selected by it */
    struct sic_crossings crossings; /* with --cross */
    char **names;                   /* by process: its file name, escaped */
    bool *selected;                 /* by region: passes the filters */
    uint32_t selected_count;
    bool is_selection_short; /* names decided, and not all object directories were read */
    bool is_crossing_short;  /* with --cross, of tokens, handle tables and object directories not all were read */
};

/*
 * Opens the image and finds its kernel and layout, or reads a saved scan or the live kernel: as far as origin and
 * layout are known. The owner calls sic_listing_close, after a failure too.
 */
SIC_MUST_CHECK enum sic_status sic_listing_identify(const struct sic_options *options, struct sic_error *error,
                                                    struct sic_listing *listing);

/* Reads the image or the saved scan, saves it when the options say so, and groups its views as the options say. The
 * owner calls sic_listing_close, after a failure too. */
SIC_MUST_CHECK enum sic_status sic_listing_open(const struct sic_options *options, struct sic_error *error,
                                                struct sic_listing *listing);
/* The same of one scan of the live kernel, through a driver that stays loaded. */
SIC_MUST_CHECK enum sic_status sic_listing_open_live(const struct sic_options *options,
                                                     struct sic_live_session *session, struct sic_error *error,
                                                     struct sic_listing *listing);
void sic_listing_close(struct sic_listing *listing);

/* What the listing, a saved scan and differences need. Nothing is read that nobody sees. */
struct sic_collect_options sic_listing_needs(const struct sic_options *options);

/*
 * False when a process, a node, a subsection or a control area that decides regions could not be read, or something
 * else that the selection rests on, or when there is too much to judge.
 */
bool sic_listing_is_complete(const struct sic_listing *listing);

/* "rw-": r, w (or c: copy on write), x. Constant text. */
const char *sic_protection_text(unsigned protection);
/* "guard", "no cache", "write combine", "no access", "decommitted", or NULL: constant text. */
const char *sic_protection_modifier(unsigned protection);
/* "image", "file", "paging file", "physical memory", "unknown": constant text. */
const char *sic_section_kind(const struct sic_section *section);
/* The same as a token for --json: "paging-file", "physical". */
const char *sic_section_kind_token(const struct sic_section *section);
/* The section's file name, escaped, to be freed; NULL when it has none, it is unknown, or memory ran out. */
char *sic_section_name(const struct sic_scan *scan, const struct sic_section *section);
/*
 * Names, handles and kernel views of a section that are listed with each of its regions: more are counted only. Real
 * sections have a few; an image can make both, regions and handles, many.
 */
#define SIC_LISTED_LIMIT 1024u

/* What stands for a fact that was not read: "not in this image", or "unknown" where it is no image's. */
const char *sic_listing_missing(const struct sic_listing *listing);

#endif
