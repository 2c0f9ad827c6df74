/*
 * Memory of VMware's machines: a .vmem file with the .vmss or .vmsn that says where its pages belong, a state file that
 * holds the memory itself, and a .vmem alone. docs/formats/vmware.md
 */
#include "image/vmware.h"

#include "image/backend.h"
#include "image/vmware_state.h"

#include <stdlib.h>
#include <string.h>

/* Up to here VMware's machines have memory without a hole: devices lie between 3 and 4 GiB. */
#define WITHOUT_HOLE (UINT64_C(3) << 30)

/* --- files beside --- */

/* Whether the path ends so; letters of any case. */
static bool ends_with(const char *path, const char *suffix)
{
    size_t length = strlen(path);
    size_t size = strlen(suffix);

    if (length <= size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char c = path[length - size + i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != suffix[i]) {
            return false;
        }
    }
    return true;
}

/* Maps the file whose name ends in `suffix` instead of its last four letters, upper-case where those begin so. */
static bool map_beside(const char *path, const char *suffix, struct sic_file_map *map)
{
    size_t length = strlen(path);
    char *beside = strdup(path);
    struct sic_error error;

    if (beside == NULL) {
        return false;
    }
    for (size_t i = 0; i < 4; i++) {
        char letter = suffix[i];
        beside[length - 4 + i] = path[length - 4] == 'V' ? (char)(letter - 'a' + 'A') : letter;
    }
    bool found = sic_file_map_open(beside, &error, map) == SIC_OK;
    free(beside);
    return found;
}

static struct image_bytes map_bytes(const struct sic_file_map *map)
{
    return (struct image_bytes){map->bytes, map->size};
}

static void open_state(const char *path, struct sic_file_map *state)
{
    static const char *const suffixes[] = {"vmss", "vmsn"};

    for (size_t i = 0; i < 2; i++) {
        if (map_beside(path, suffixes[i], state)) {
            struct image_bytes bytes = map_bytes(state);
            if (vmware_state_is_one(&bytes)) {
                return;
            }
            sic_file_map_close(state);
        }
    }
}

/* A state file without memory: the .vmem beside it becomes the file, and the state its companion. */
static void open_memory(const char *path, struct sic_file_map *file, struct sic_file_map *companion)
{
    struct image_bytes bytes = map_bytes(file);
    struct sic_file_map memory = {0};
    struct vmware_state state;
    const char *fault;
    uint64_t at;

    if (!vmware_state_is_one(&bytes) || !vmware_state_read(&bytes, &state, &fault, &at) || state.has_memory) {
        return;
    }
    if (map_beside(path, "vmem", &memory)) {
        *companion = *file;
        *file = memory;
    }
}

void vmware_open_companion(const char *path, struct sic_file_map *file, struct sic_file_map *companion)
{
    if (ends_with(path, ".vmem")) {
        open_state(path, companion);
    } else if (ends_with(path, ".vmss") || ends_with(path, ".vmsn")) {
        open_memory(path, file, companion);
    }
}

/* --- readers --- */

static enum sic_status refuse_region(const struct sic_image *image, uint32_t index, const char *what,
                                     struct sic_error *error)
{
    return sic_error_set(error, SIC_BROKEN, "%s: memory region %u of VMware's state file %s; that file is damaged",
                         image->name, index, what);
}

/* Lists the regions of memory that begins at file offset `base` and has `size` bytes there. */
static enum sic_status list_regions(const struct sic_image *image, const struct vmware_state *state, uint64_t base,
                                    uint64_t size, struct range_list *list, struct sic_error *error)
{
    const uint64_t most = IMAGE_PFN_LIMIT;
    struct image_bytes saved = image->file; /* up to the memory's end: what follows is not memory */

    if (base < saved.size && size < saved.size - base) {
        saved.size = base + size;
    }
    if (state->region_count == 0 && range_list_add(list, &saved, 0, size, base) != PAGE_RANGES_FINE) {
        return refuse_region(image, 0, page_ranges_fault_text(PAGE_RANGES_WRAP), error);
    }
    for (uint32_t i = 0; i < state->region_count; i++) {
        const struct vmware_region *region = &state->region[i];
        if (region->told != VMWARE_REGION_TOLD) {
            return refuse_region(image, i, "has no place or no size", error);
        }
        if (region->first_pfn >= most || region->page_count > most - region->first_pfn || region->first_page >= most) {
            return refuse_region(image, i, page_ranges_fault_text(PAGE_RANGES_WRAP), error);
        }
        uint64_t offset = region->first_page << SIC_PAGE_SHIFT; /* 2^48 at most, as the size is */
        offset = base > UINT64_MAX - offset ? UINT64_MAX : base + offset;
        enum page_ranges_fault fault = range_list_add(list, &saved, region->first_pfn << SIC_PAGE_SHIFT,
                                                      region->page_count << SIC_PAGE_SHIFT, offset);
        if (fault != PAGE_RANGES_FINE) {
            return refuse_region(image, i, page_ranges_fault_text(fault), error);
        }
    }
    return SIC_OK;
}

static enum sic_status take_regions(struct sic_image *image, const struct vmware_state *state, uint64_t base,
                                    uint64_t size, struct sic_error *error)
{
    struct range_list list = {0};
    enum sic_status status = list_regions(image, state, base, size, &list, error);

    if (status != SIC_OK) {
        range_list_deinit(&list);
        return status;
    }
    return image_take_ranges(image, &list, "VMware's memory", error);
}

static enum sic_status read_state(const struct sic_image *image, const struct image_bytes *file,
                                  struct vmware_state *state, struct sic_error *error)
{
    const char *fault;
    uint64_t at;

    if (vmware_state_read(file, state, &fault, &at)) {
        return SIC_OK;
    }
    return sic_error_set(error, SIC_BROKEN, "%s: VMware's state file (.vmss or .vmsn) is damaged: %s (offset 0x%llx)",
                         image->name, fault, (unsigned long long)at);
}

/* The state file itself was named. */
static enum sic_status open_embedded(struct sic_image *image, struct sic_error *error)
{
    struct vmware_state state;
    enum sic_status status = read_state(image, &image->file, &state, error);

    if (status != SIC_OK) {
        return status;
    }
    if (!state.has_memory) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: this is a VMware state file whose memory is in a .vmem file of the same name; put "
                             "that file beside it",
                             image->name);
    }
    if (state.is_compressed) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: this is a VMware state file whose memory is compressed, not read; convert it with "
                             "vmss2core first",
                             image->name);
    }
    image->container = "VMware state (.vmss, .vmsn)";
    return take_regions(image, &state, state.memory_offset, state.memory_size, error);
}

static enum sic_status vmware_open(struct sic_image *image, struct sic_error *error)
{
    struct vmware_state state;

    if (vmware_state_is_one(&image->file)) {
        return open_embedded(image, error);
    }
    if (image->companion.size == 0) {
        return SIC_NOT_MINE;
    }
    enum sic_status status = read_state(image, &image->companion, &state, error);
    if (status != SIC_OK) {
        return status;
    }
    image->container = "VMware memory (.vmem with its state)";
    return take_regions(image, &state, 0, image->file.size, error);
}

static enum sic_status vmem_open(struct sic_image *image, struct sic_error *error)
{
    const struct vmware_state one_region = {0};

    if (!ends_with(image->name, ".vmem")) {
        return SIC_NOT_MINE;
    }
    if (image->file.size > WITHOUT_HOLE) {
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "%s: a VMware .vmem of more than 3 GiB, whose machine has a hole below 4 GiB that only "
                             "the .vmss or .vmsn of the same snapshot describes; put that file beside it",
                             image->name);
    }
    image->container = "VMware memory (.vmem alone: no hole)";
    return take_regions(image, &one_region, 0, image->file.size, error);
}

const struct image_backend image_backend_vmware = {
    .name = "VMware",
    .open = vmware_open,
};

const struct image_backend image_backend_vmem = {
    .name = "VMware .vmem",
    .open = vmem_open,
};
