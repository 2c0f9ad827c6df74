/*
 * Writes one small file of each container into a folder: what the fuzzer starts from.
 */
#include "container_builder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int failures;

static void save(const char *folder, const char *name, struct built_file *file)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(file->bytes, 1, file->size, out) != file->size) {
        fprintf(stderr, "image_seeds: %s: %s\n", path, strerror(errno));
        failures++;
    }
    if (out != NULL) {
        fclose(out);
    }
    built_free(file);
}

static void save_pages(const char *folder)
{
    uint8_t present[] = {0, 1, 1, 0, 0, 1};
    struct page_map map = {.present = present, .count = sizeof(present)};
    struct built_file file = {0};

    built_full(&file, &map, false);
    save(folder, "full.dmp", &file);
    built_full(&file, &map, true);
    save(folder, "full-shuffled.dmp", &file);
    built_bitmap(&file, &map, 5, "FDMP", 1);
    save(folder, "bitmap-full.dmp", &file);
    built_bitmap(&file, &map, 6, "SDMP", 0);
    save(folder, "bitmap-kernel.dmp", &file);
}

static void save_ranges(const char *folder)
{
    uint8_t present[] = {1, 0, 1, 1, 0, 1};
    struct page_map map = {.present = present, .count = sizeof(present)};
    struct built_range regions[4];
    struct built_file file = {0};

    built_ranges_dump(&file, &map, 8);
    save(folder, "ranges-8.dmp", &file);
    built_ranges_dump(&file, &map, 10);
    save(folder, "ranges-a.dmp", &file);
    built_elf(&file, &map, "QEMU");
    save(folder, "qemu.elf", &file);
    built_elf(&file, &map, "VBCORE");
    save(folder, "virtualbox.elf", &file);
    built_elf_headers(&file, (struct built_range[]){{0x1000, 0x1000, 0x1000}, {0x800, 0x2000, 0x1800}}, 2, "CORE",
                      true);
    built_put(&file, 0x4000, "", 1);
    save(folder, "overlapping.elf", &file);
    built_lime(&file, &map);
    save(folder, "lime", &file);
    built_vmsn(&file, &map);
    save(folder, "vmsn", &file);
    built_vmss(&file, regions, built_regions(&map, regions, 4), 0);
    save(folder, "vmss", &file);
}

static void save_triage(const char *folder)
{
    const struct built_block blocks[] = {{UINT64_C(0xffff800000001000), 0x2100, 64},
                                         {UINT64_C(0xffff800000001020), 0x2140, 64},
                                         {UINT64_C(0xffff800000000ff0), 0x2100, 128}};
    const uint64_t process = UINT64_C(0xffff800000002000);
    struct built_file file = {0};

    built_triage(&file, blocks, 3);
    built_put_u32(&file, 0x2020, 0x2180);
    built_put_u32(&file, 0x2024, 0x21c0);
    built_put(&file, 0x2180, "\3", 1);
    for (unsigned int i = 0; i < 4; i++) {
        built_put_u64(&file, 0x2188 + 8 * i, process + 8 + i / 2 * 16);
    }
    built_put(&file, 0x21ff, "", 1);
    save(folder, "triage.dmp", &file);
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 2) {
        fputs("usage: image_seeds FOLDER\n", stderr);
        return 2;
    }
    if (mkdir(arguments[1], 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "image_seeds: %s: %s\n", arguments[1], strerror(errno));
        return 2;
    }
    save_pages(arguments[1]);
    save_ranges(arguments[1]);
    save_triage(arguments[1]);
    return failures == 0 ? 0 : 2;
}
