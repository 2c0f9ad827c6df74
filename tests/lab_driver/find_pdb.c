/*
 * Finds a PDB as the live path does: find_pdb.exe NAME GUIDAGE [SEARCH_PATH].
 */
#include "live/symsrv.h"
#include "platform/console.h"

#include <stdio.h>
#include <stdlib.h>

static void print(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "note: %s\n", text);
}

int main(int argc, char **argv)
{
    struct sic_symsrv_listener listener = {.hear = print};
    struct sic_error error;
    char *path;

    sic_console_prepare();
    if (argc != 3 && argc != 4)
        return 99;
    if (sic_symsrv_find(argc == 4 ? argv[3] : NULL, argv[1], argv[2], &listener, &error, &path) != SIC_OK) {
        fprintf(stderr, "sic: %s\n", error.message);
        return 2;
    }
    puts(path);
    free(path);
    return 0;
}
