/* Writes PDBs for the fuzz target to start from. usage: pdb_seeds FOLDER */
#include "pdb/pdb_builder.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: pdb_seeds FOLDER\n");
        return 2;
    }
    for (uint32_t block_size = 512; block_size <= 4096; block_size *= 2) {
        char path[4096];
        size_t size;
        uint8_t *file = pdb_sample(block_size, &size);
        FILE *seed;

        snprintf(path, sizeof(path), "%s/pdb-%u", arguments[1], block_size);
        seed = fopen(path, "wb");
        if (seed == NULL || fwrite(file, 1, size, seed) != size || fclose(seed) != 0) {
            fprintf(stderr, "pdb_seeds: cannot write %s\n", path);
            return 1;
        }
        free(file);
    }
    return 0;
}
