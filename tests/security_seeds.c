/*
 * Seeds for the fuzz target of security descriptors: security_seeds FOLDER
 */
#include "security_world.h"

#include <stdio.h>
#include <string.h>

#define DESCRIPTOR_AT 0x400u
#define SIZE          0x500u

static int write_seed(const char *folder, const char *name, const uint8_t *bytes)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, SIZE, file) != SIZE || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[0x10000];
    struct security_world world;
    int status;

    if (argc != 2)
        return 2;
    security_world_init(&world);
    for (uint32_t i = 0; i < SECURITY_OBJECT_COUNT; i++)
        security_world_put(&world, bytes, i, i % 2 ? SECURITY_SECTION_TYPE : SECURITY_DIRECTORY_TYPE,
                           FLAT_BASE + DESCRIPTOR_AT + i);
    security_world_descriptor(bytes + DESCRIPTOR_AT);
    status = write_seed(argv[1], "whole", bytes);
    memset(bytes + DESCRIPTOR_AT + 4, 0, 8);
    bytes[DESCRIPTOR_AT + 2] = 4;
    return status || write_seed(argv[1], "bare", bytes);
}
