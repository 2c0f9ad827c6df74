#include "platform/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#define SEPARATORS "/\\:"
#else
#define SEPARATORS "/"
#endif

char *sic_path_join(const char *folder, const char *name)
{
    size_t length = strlen(folder), size = length + strlen(name) + 2;
    bool is_separated = length == 0 || strchr(SEPARATORS, folder[length - 1]) != NULL;
    char *path = malloc(size);

    if (path)
        snprintf(path, size, "%s%s%s", folder, is_separated ? "" : "/", name);
    return path;
}

char *sic_path_folder(const char *path)
{
    size_t length = strlen(path);
    char *folder;

    while (length > 0 && strchr(SEPARATORS, path[length - 1]) == NULL)
        length--;
    if (length == 0)
        return strdup(".");
    /* The separator of a root belongs to it. */
    if (length > 1 && path[length - 1] != ':' && path[length - 2] != ':')
        length--;
    folder = malloc(length + 1);
    if (folder) {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    return folder;
}
