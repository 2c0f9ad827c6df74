/*
 * Kernel profiles: the layouts and globals that SiC knows, read from the text that data/ holds and the build embeds.
 */
#ifndef SIC_SYMBOLS_PROFILE_H
#define SIC_SYMBOLS_PROFILE_H

#include "core/layout.h"
#include "util/status.h"

#define SIC_GUID_AGE_SIZE 48

/* major.minor.build.revision */
struct sic_version {
    uint32_t part[4];
};

struct sic_profile {
    char name[32]; /* "19041.264": the first build it was seen in */
    struct sic_version first;
    struct sic_version last; /* inclusive */
    bool is_partial;         /* fields are missing, or carried over from a neighbouring build */
    struct sic_layout layout;
};

/* Globals of the kernel image, by their names in the public symbols. */
#define SIC_GLOBALS(X)                                                                                                 \
    X(PsActiveProcessHead)                                                                                             \
    X(PsInitialSystemProcess)                                                                                          \
    X(PsLoadedModuleList)                                                                                              \
    X(NtBuildNumber)                                                                                                   \
    X(MiState)

enum sic_global {
#define SIC_GLOBAL_ENUM(name) SIC_GLOBAL_##name,
    SIC_GLOBALS(SIC_GLOBAL_ENUM)
#undef SIC_GLOBAL_ENUM
        SIC_GLOBAL_COUNT
};

/* A kernel whose symbols were read: keyed by the GUID and age of the PDB that its image names. */
struct sic_known_kernel {
    char guid_age[SIC_GUID_AGE_SIZE];
    char layout[32];
    struct sic_version version;
    uint32_t globals[SIC_GLOBAL_COUNT]; /* RVAs; 0: the kernel has no such global */
};

/*
 * Reads the next profile of `text` (`size` bytes) from *cursor on, which starts at 0. SIC_NOT_FOUND at the end,
 * SIC_BROKEN with the line number when the text is no profile text.
 */
SIC_MUST_CHECK enum sic_status sic_profile_next(const char *text, size_t size, size_t *cursor, struct sic_error *error,
                                                struct sic_profile *profile);

/* The built-in profiles, in the order of their builds: cursor starts at 0; false at the end. */
bool sic_profile_builtin_next(size_t *cursor, struct sic_profile *profile);
/* A built-in profile by name. */
bool sic_profile_builtin_find(const char *name, struct sic_profile *profile);

/* The known kernel whose image names this PDB ("5278AFF8…1"). */
bool sic_known_kernel_find(const char *guid_age, struct sic_known_kernel *kernel);

/* How far `build` lies from the builds of a profile: 0 inside, else the distance in build numbers. */
uint32_t sic_profile_build_distance(const struct sic_profile *profile, uint32_t build);

#endif
