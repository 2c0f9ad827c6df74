/*
 * Files, folders and the environment, where the systems differ. Paths and values are UTF-8 everywhere.
 */
#ifndef SIC_PLATFORM_PATHS_H
#define SIC_PLATFORM_PATHS_H

#include <stdbool.h>
#include <stddef.h>

enum sic_path_kind { SIC_PATH_NONE, SIC_PATH_FILE, SIC_PATH_FOLDER, SIC_PATH_OTHER };

/* What stands at a path; links are followed. */
enum sic_path_kind sic_path_kind(const char *path);

/* A name in a folder, without "." and "..". Returns false to stop. */
typedef bool sic_folder_function(void *context, const char *name);

/* Calls `function` for each name, in the system's order. False when the folder cannot be read. */
bool sic_folder_each(const char *path, sic_folder_function *function, void *context);

/* A path of two parts, to be freed; NULL when memory ran out. An empty folder is the current one. */
char *sic_path_join(const char *folder, const char *name);

/* The folder that a path stands in ("." when the path names none), to be freed; NULL when memory ran out. */
char *sic_path_folder(const char *path);

/* The folder of the running program, to be freed; NULL when it is not known. */
char *sic_program_folder(void);

/* A variable of the environment, to be freed; NULL when it is unset or empty. */
char *sic_environment(const char *name);

/* Where symbols are kept when nothing else is said, to be freed; NULL when there is no such place. It need not exist.
 */
char *sic_symbol_cache_folder(void);

/* True for a path that only another system understands: "C:\symbols" where there are no drives. */
bool sic_path_is_foreign(const char *path);

#endif
