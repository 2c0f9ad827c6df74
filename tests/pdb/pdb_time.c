/*
 * Times questions to a PDB: usage: pdb_time FILE.pdb [QUERIES]. The queries are members of structures spread over the
 * whole file, nested ones among them, as in a kernel's layout. Prints the median of nine runs, each from opening to
 * closing, and the memory that the process took besides the mapped file.
 */
#include "symbols/pdb_rows.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 9, PER_STRUCTURE = 5 };

struct paths {
    char **list;
    size_t count;
    size_t limit;
    size_t structures;
    size_t of_this;
    const char *structure;
    char **names;
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static bool add_path(void *context, const char *path, const struct sic_pdb_field *field)
{
    struct paths *paths = context;

    (void)field;
    if (asprintf(&paths->list[paths->count], "%s.%s", paths->structure, path) < 0)
        exit(2);
    paths->count++;
    return paths->count < paths->limit && ++paths->of_this < PER_STRUCTURE;
}

static bool add_name(void *context, const char *name)
{
    struct paths *paths = context;

    paths->names = realloc(paths->names, (paths->structures + 1) * sizeof(*paths->names));
    if (paths->names == NULL)
        exit(2);
    paths->names[paths->structures++] = strdup(name);
    return true;
}

static void collect(const void *bytes, size_t size, struct paths *paths)
{
    struct sic_error error;
    struct sic_pdb *pdb;
    size_t step;

    if (sic_pdb_open_bytes(bytes, size, &error, &pdb) != SIC_OK ||
        sic_pdb_each_structure(pdb, add_name, paths, &error) != SIC_OK) {
        fprintf(stderr, "pdb_time: %s\n", error.message);
        exit(2);
    }
    step = paths->structures * PER_STRUCTURE / paths->limit + 1;
    for (size_t i = 0; i < paths->structures && paths->count < paths->limit; i++) {
        paths->structure = paths->names[i * step % paths->structures];
        paths->of_this = 0;
        if (sic_pdb_each_field(pdb, paths->structure, 2, add_path, paths, &error) != SIC_OK)
            exit(2);
    }
    sic_pdb_close(pdb);
}

static size_t ask(const void *bytes, size_t size, const struct paths *paths, double *fields_time, double *globals_time)
{
    struct sic_error error;
    struct sic_pdb *pdb;
    struct sic_pdb_query *queries = calloc(paths->count, sizeof(*queries));
    struct sic_pdb_global globals[20] = {{.name = "none"}};
    size_t found = 0;
    double start = now();

    for (size_t i = 0; i < 20; i++)
        globals[i].name = "size_record_7";
    for (size_t i = 0; i < paths->count; i++)
        queries[i].path = paths->list[i];
    if (sic_pdb_open_bytes(bytes, size, &error, &pdb) != SIC_OK ||
        sic_pdb_find_fields(pdb, queries, paths->count, &error) != SIC_OK)
        exit(2);
    *fields_time = now() - start;
    start = now();
    if (sic_pdb_find_globals(pdb, globals, 20, &error) != SIC_OK)
        exit(2);
    *globals_time = now() - start;
    for (size_t i = 0; i < paths->count; i++)
        found += queries[i].answer == SIC_PDB_FOUND;
    sic_pdb_close(pdb);
    free(queries);
    return found;
}

/* The whole of what a kernel's PDB is opened for: all fields and globals of the walk. False: it is no kernel's. */
static bool time_profile(const void *bytes, size_t size, double *time)
{
    struct sic_profile profile = {0};
    struct sic_error error;
    struct sic_pdb *pdb;
    double start = now();
    bool is_kernel;

    if (sic_pdb_open_bytes(bytes, size, &error, &pdb) != SIC_OK)
        exit(2);
    is_kernel = sic_pdb_read_profile(pdb, &error, &profile) == SIC_OK;
    *time = now() - start;
    sic_pdb_close(pdb);
    return is_kernel;
}

static int compare(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return (difference > 0) - (difference < 0);
}

static long anonymous_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");

    while (status != NULL && fgets(line, sizeof(line), status) != NULL) {
        if (sscanf(line, "RssAnon: %ld", &kib) == 1)
            break;
    }
    if (status != NULL)
        fclose(status);
    return kib;
}

int main(int argument_count, char **arguments)
{
    struct paths paths = {.limit = argument_count > 2 ? strtoul(arguments[2], NULL, 10) : 150};
    double fields[RUNS], globals[RUNS], profiles[RUNS];
    bool is_kernel = false;
    struct stat file;
    size_t found = 0;
    int descriptor = argument_count > 1 ? open(arguments[1], O_RDONLY) : -1;
    void *bytes;

    if (descriptor < 0 || fstat(descriptor, &file) != 0) {
        fprintf(stderr, "usage: pdb_time FILE.pdb [QUERIES]\n");
        return 2;
    }
    bytes = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    paths.list = calloc(paths.limit, sizeof(*paths.list));
    if (bytes == MAP_FAILED || paths.list == NULL)
        return 2;
    collect(bytes, (size_t)file.st_size, &paths);
    for (int i = 0; i < RUNS; i++)
        found = ask(bytes, (size_t)file.st_size, &paths, &fields[i], &globals[i]);
    for (int i = 0; i < RUNS; i++)
        is_kernel = time_profile(bytes, (size_t)file.st_size, &profiles[i]);
    qsort(profiles, RUNS, sizeof(profiles[0]), compare);
    qsort(fields, RUNS, sizeof(fields[0]), compare);
    qsort(globals, RUNS, sizeof(globals[0]), compare);
    printf("%.1f MB, %zu structures: %zu of %zu paths found in %.2f ms, 20 globals in %.2f ms, %ld KiB besides the "
           "file\n",
           (double)file.st_size / 1e6, paths.structures, found, paths.count, fields[RUNS / 2], globals[RUNS / 2],
           anonymous_kib());
    if (is_kernel)
        printf("all fields and globals of a kernel's profile, from opening on: %.2f ms\n", profiles[RUNS / 2]);
    return 0;
}
