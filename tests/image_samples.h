/* Real files that are no part of the project: tests that use them skip where they are absent. */
#ifndef TESTS_IMAGE_SAMPLES_H
#define TESTS_IMAGE_SAMPLES_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In the folder that SIC_SAMPLES names, else in ../shared/samples beside the repository. Says so when it is not there.
 */
static inline bool sample_path(const char *name, char *path, size_t size)
{
    const char *folder = getenv("SIC_SAMPLES");

    snprintf(path, size, "%s/%s", folder != NULL ? folder : SIC_SOURCE_ROOT "/../shared/samples", name);
    if (access(path, R_OK) != 0) {
        printf("skipped: no sample %s\n", path);
        return false;
    }
    return true;
}

#endif
