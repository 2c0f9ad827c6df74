/*
 * The Windows kernel in an image: where it is, which one it is, and the layout of its structures.
 */
#ifndef SIC_KERNEL_KERNEL_H
#define SIC_KERNEL_KERNEL_H

#include "core/object.h"
#include "kernel/address_space.h"
#include "kernel/pe.h"
#include "kernel/process_list.h"
#include "kernel/prove.h"
#include "symbols/layout_finder.h"
#include "symbols/profile.h"

/* How sure the layout is. Every one was proved on the image's structures. */
enum sic_layout_source {
    SIC_LAYOUT_EXACT,   /* the built-in profile of exactly this kernel, by its PDB's GUID and age */
    SIC_LAYOUT_NEAREST, /* the built-in profile nearest by build that the structures agree with */
    SIC_LAYOUT_PDB,     /* the PDB of exactly this kernel */
    SIC_LAYOUT_FILE,    /* a profile of the user's own */
};

struct sic_kernel {
    const struct sic_image *image; /* borrowed */
    struct sic_paging paging;
    struct sic_pe pe;             /* base_va 0: ntoskrnl.exe's header is not in the image */
    struct sic_pdb_reference pdb; /* empty strings: unknown */
    uint32_t build;               /* 0: unknown */
    bool is_known;                /* `known` describes exactly this kernel */
    struct sic_known_kernel known;
    struct sic_process_list processes;
    struct sic_object_roots object_roots;
    struct sic_profile profile;
    enum sic_layout_source layout_source;
    char layout_origin[SIC_LAYOUT_ORIGIN_SIZE]; /* the file that the layout was read from; empty: built in */
    struct sic_proof proof;
};

/*
 * Finds the kernel of `image` and a layout that its structures agree with. The image must outlive it. SIC_NOT_FOUND
 * when there is no kernel, SIC_UNSUPPORTED when no layout fits, with a sentence that says what was tried.
 */
SIC_MUST_CHECK enum sic_status sic_kernel_open(const struct sic_image *image, struct sic_error *error,
                                               struct sic_kernel *kernel);

/* The same, with more places to get a layout from. A layout of any source is proved before it is used. */
SIC_MUST_CHECK enum sic_status sic_kernel_open_with(const struct sic_image *image,
                                                    const struct sic_layout_request *request, struct sic_error *error,
                                                    struct sic_kernel *kernel);

/* Finds the kernel and what it says of itself, and no layout: processes and profile stay unknown. */
SIC_MUST_CHECK enum sic_status sic_kernel_identify(const struct sic_image *image, struct sic_error *error,
                                                   struct sic_kernel *kernel);

#endif
