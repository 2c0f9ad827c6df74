#include "image/image.h"

#include "image/backend.h"
#include "image/vmware.h"

#include <stdlib.h>

/* In the order in which they are asked; the last one takes everything. */
static const struct image_backend *const backends[] = {
    &image_backend_dump,    &image_backend_elf_core, &image_backend_lime, &image_backend_vmware,
    &image_backend_foreign, &image_backend_vmem,     &image_backend_raw,
};

static enum sic_status probe(struct sic_image *image, struct sic_error *error)
{
    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        enum sic_status status = backends[i]->open(image, error);
        if (status != SIC_NOT_MINE) {
            return status;
        }
    }
    return sic_error_set(error, SIC_UNSUPPORTED, "%s: this is no memory image that SiC knows", image->name);
}

/* Takes over the maps of `opened` whether it succeeds or not. */
static enum sic_status open_mapped(const struct sic_image *opened, struct sic_error *error, struct sic_image **image)
{
    struct sic_image *made = malloc(sizeof(*made));
    enum sic_status status = SIC_NO_MEMORY;

    if (made == NULL) {
        sic_error_set(error, status, "%s: not enough memory to open it", opened->name);
    } else {
        *made = *opened;
        status = probe(made, error);
        made->name = NULL;
    }
    if (status != SIC_OK) {
        struct sic_file_map map = opened->map;
        struct sic_file_map companion_map = opened->companion_map;
        sic_file_map_close(&map);
        sic_file_map_close(&companion_map);
        free(made);
        return status;
    }
    *image = made;
    return SIC_OK;
}

enum sic_status sic_image_open(const char *path, struct sic_error *error, struct sic_image **image)
{
    struct sic_image opened = {.name = path};
    enum sic_status status = sic_file_map_open(path, error, &opened.map);

    if (status != SIC_OK) {
        return status;
    }
    vmware_open_companion(path, &opened.map, &opened.companion_map);
    opened.file = (struct image_bytes){opened.map.bytes, opened.map.size};
    opened.companion = (struct image_bytes){opened.companion_map.bytes, opened.companion_map.size};
    return open_mapped(&opened, error, image);
}

enum sic_status sic_image_open_pair(const void *bytes, size_t size, const void *companion, size_t companion_size,
                                    const char *name, struct sic_error *error, struct sic_image **image)
{
    const struct sic_image opened = {
        .name = name,
        .file = {bytes, size},
        .companion = {companion, companion_size},
    };

    if (size == 0) {
        return sic_error_set(error, SIC_BROKEN, "%s: the file is empty; make or copy the image again", name);
    }
    return open_mapped(&opened, error, image);
}

enum sic_status sic_image_open_bytes(const void *bytes, size_t size, const char *name, struct sic_error *error,
                                     struct sic_image **image)
{
    return sic_image_open_pair(bytes, size, NULL, 0, name, error, image);
}

void sic_image_close(struct sic_image *image)
{
    if (image == NULL) {
        return;
    }
    if (image->operations->deinit != NULL) {
        image->operations->deinit(image);
    }
    sic_file_map_close(&image->map);
    sic_file_map_close(&image->companion_map);
    free(image);
}

const char *sic_image_container(const struct sic_image *image)
{
    return image->container;
}

const struct sic_image_header *sic_image_header(const struct sic_image *image)
{
    return &image->header;
}

bool sic_image_is_virtual(const struct sic_image *image)
{
    return image->operations->virtual_bytes != NULL;
}

const uint8_t *sic_image_page(const struct sic_image *image, uint64_t pfn)
{
    return image->operations->page != NULL ? image->operations->page(image, pfn) : NULL;
}

uint64_t sic_image_pfn_limit(const struct sic_image *image)
{
    return image->pfn_limit;
}

bool sic_image_next_run(const struct sic_image *image, uint64_t pfn, uint64_t *first, uint64_t *count)
{
    return image->operations->next_run != NULL && image->operations->next_run(image, pfn, first, count);
}

uint64_t sic_image_missing_pages(const struct sic_image *image)
{
    return image->missing_pages;
}

const uint8_t *sic_image_virtual(const struct sic_image *image, uint64_t va, size_t *size)
{
    return image->operations->virtual_bytes != NULL ? image->operations->virtual_bytes(image, va, size) : NULL;
}

uint64_t sic_image_file_offset(const struct sic_image *image, const void *lent)
{
    return (uint64_t)((const uint8_t *)lent - image->file.at);
}
