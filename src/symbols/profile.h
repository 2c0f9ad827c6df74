/*
 * Kernel profiles: the layouts and globals that SiC knows, read from the text that data/ holds and the build embeds.
 */
#ifndef SIC_SYMBOLS_PROFILE_H
#define SIC_SYMBOLS_PROFILE_H

#include "core/layout.h"
#include "symbols/text_lines.h"
#include "util/status.h"

#define SIC_GUID_AGE_SIZE 48

/* major.minor.build.revision */
struct sic_version {
    uint32_t part[4];
};

/* Globals of the kernel image, by their names in the public symbols. */
#define SIC_GLOBALS(X)                                                                                                 \
    X(PsActiveProcessHead)                                                                                             \
    X(PsInitialSystemProcess)                                                                                          \
    X(PsLoadedModuleList)                                                                                              \
    X(NtBuildNumber)                                                                                                   \
    X(MiState)                                                                                                         \
    X(ObpRootDirectoryObject)

enum sic_global {
#define SIC_GLOBAL_ENUM(name) SIC_GLOBAL_##name,
    SIC_GLOBALS(SIC_GLOBAL_ENUM)
#undef SIC_GLOBAL_ENUM
        SIC_GLOBAL_COUNT
};

struct sic_profile {
    char name[32]; /* "19041.264": the first build it was seen in */
    struct sic_version first;
    struct sic_version last; /* inclusive */
    bool is_partial;         /* fields are missing, or carried over from a neighbouring build */
    struct sic_layout layout;
    /* Lines "global NAME VALUE": RVAs, or addresses in the kernel's half (sic_global_address); 0: not given. */
    uint64_t globals[SIC_GLOBAL_COUNT];
};

/* A kernel whose symbols were read: keyed by the GUID and age of the PDB that its image names. */
struct sic_known_kernel {
    char guid_age[SIC_GUID_AGE_SIZE];
    char layout[32];
    struct sic_version version;
    uint32_t globals[SIC_GLOBAL_COUNT]; /* RVAs; 0: the kernel has no such global */
};

/* Reads what stands behind the name of a row, "OFFSET [FIRST:COUNT]". */
bool sic_profile_parse_place(struct sic_text line, struct sic_layout_field *field);

const char *sic_global_name(enum sic_global global);
/* The address of a global in a kernel whose image stands at `base_va` (0: unknown); 0 when it cannot be told. */
uint64_t sic_global_address(uint64_t value, uint64_t base_va);

/*
 * Reads the next profile of `text` (`size` bytes) from *cursor on, which starts at 0. SIC_NOT_FOUND at the end (also
 * where a table of kernels begins), SIC_BROKEN with the line number when the text is no profile text.
 */
SIC_MUST_CHECK enum sic_status sic_profile_next(const char *text, size_t size, size_t *cursor, struct sic_error *error,
                                                struct sic_profile *profile);

/* A profile of `text` by name; false when there is none, or it is broken. */
bool sic_profile_find(const char *text, size_t size, const char *name, struct sic_profile *profile);

/* The kernel of `text` whose image names this PDB ("5278AFF8…1"): a table as in data/kernels.txt, anywhere in the text.
 */
bool sic_known_kernel_find_in(const char *text, size_t size, const char *guid_age, struct sic_known_kernel *kernel);

/* data/layouts.txt and data/kernels.txt, as the build embeds them. */
const char *sic_profile_builtin_text(size_t *size);
const char *sic_known_kernel_builtin_text(size_t *size);

/* The built-in profiles, in the order of their builds: cursor starts at 0; false at the end. */
bool sic_profile_builtin_next(size_t *cursor, struct sic_profile *profile);
/* A built-in profile by name. */
bool sic_profile_builtin_find(const char *name, struct sic_profile *profile);

/* The known kernel whose image names this PDB ("5278AFF8…1"). */
bool sic_known_kernel_find(const char *guid_age, struct sic_known_kernel *kernel);

/* Reads "10.0.19041.264"; parts that are not there are 0. */
bool sic_version_parse(const char *text, struct sic_version *version);

/* How far `build` lies from the builds of a profile: 0 inside, else the distance in build numbers. */
uint32_t sic_profile_build_distance(const struct sic_profile *profile, uint32_t build);

/* Letters, digits, '.', '_' and '-', and not too many: a name that is shown and stands in rows. */
bool sic_profile_name_is_usable(const char *name);

#endif
