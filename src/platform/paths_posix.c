#include "platform/paths.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM_PATH_SIZE 4096u

enum sic_path_kind sic_path_kind(const char *path)
{
    struct stat state;

    if (stat(path, &state) != 0)
        return SIC_PATH_NONE;
    if (S_ISREG(state.st_mode))
        return SIC_PATH_FILE;
    return S_ISDIR(state.st_mode) ? SIC_PATH_FOLDER : SIC_PATH_OTHER;
}

bool sic_folder_each(const char *path, sic_folder_function *function, void *context)
{
    DIR *folder = opendir(path);
    struct dirent *entry;

    if (!folder)
        return false;
    while ((entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !function(context, entry->d_name))
            break;
    }
    closedir(folder);
    return true;
}

char *sic_program_folder(void)
{
    char path[PROGRAM_PATH_SIZE];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (length <= 0 || (size_t)length >= sizeof(path) - 1)
        return NULL;
    path[length] = '\0';
    return sic_path_folder(path);
}

char *sic_environment(const char *name)
{
    const char *value = getenv(name);

    return value && *value != '\0' ? strdup(value) : NULL;
}

/* $XDG_CACHE_HOME/sic/symbols, else ~/.cache/sic/symbols: the XDG base directory specification. */
char *sic_symbol_cache_folder(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (cache && cache[0] == '/')
        return sic_path_join(cache, "sic/symbols");
    return home && home[0] == '/' ? sic_path_join(home, ".cache/sic/symbols") : NULL;
}

bool sic_path_is_foreign(const char *path)
{
    bool has_drive = isalpha((unsigned char)path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '\0');

    return has_drive || strncmp(path, "\\\\", 2) == 0;
}
