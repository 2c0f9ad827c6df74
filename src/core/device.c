#include "core/device.h"

#include "core/directory.h"
#include "core/names.h"

/* The names from the device up to the root, the device's first: addresses of UNICODE_STRINGs. */
struct way {
    uint64_t names_va[SIC_DIRECTORY_DEPTH_LIMIT];
    unsigned length;
};

/* False when the device has no name, or its way to the root is lost. */
static bool climb(struct way *way, const struct sic_reader *reader, const struct sic_objects *objects, uint64_t va)
{
    bool is_device;

    way->length = 0;
    if (!sic_is_kernel_pointer(reader, va, 8) || !sic_object_is(objects, reader, va, SIC_OBJECT_DEVICE, &is_device) ||
        !is_device)
        return false;
    while (va != objects->root_va) {
        if (way->length == SIC_DIRECTORY_DEPTH_LIMIT ||
            !sic_object_name_info(reader, objects->layout, va, &va, &way->names_va[way->length]))
            return false;
        way->length++;
    }
    return true;
}

static bool append_separator(struct sic_scan *scan)
{
    uint16_t *unit = sic_array_append(&scan->allocator, &scan->strings, sizeof(*unit));

    if (unit)
        *unit = '\\';
    return unit != NULL;
}

/* "\Device\HarddiskVolume2", piece by piece behind each other. False when memory ran out. */
static bool write_path(struct sic_scan *scan, const struct sic_reader *reader, const struct way *way,
                       struct sic_string *path)
{
    uint32_t first = scan->strings.count;

    for (unsigned i = way->length; i > 0; i--) {
        struct sic_string piece;

        if (!append_separator(scan) || !sic_string_read(scan, reader, way->names_va[i - 1], &piece))
            return false;
        if (piece.offset == SIC_NONE || scan->strings.count - first > SIC_STRING_SIZE_LIMIT / 2) {
            scan->strings.count = first;
            return true;
        }
    }
    if (way->length > 0)
        *path = (struct sic_string){.offset = first, .length = scan->strings.count - first};
    return true;
}

static uint32_t intern_device(struct sic_scan *scan, struct sic_index *index, const struct sic_reader *reader,
                              const struct sic_objects *objects, uint64_t va)
{
    struct sic_string path = {.offset = SIC_NONE};
    struct sic_device *device;
    struct way way;
    uint32_t known;

    if (sic_index_find(index, &scan->devices, sizeof(*device), va, &known))
        return known;
    if (climb(&way, reader, objects, va) && !write_path(scan, reader, &way, &path))
        return SIC_NONE;
    device = sic_array_append(&scan->allocator, &scan->devices, sizeof(*device));
    if (!device)
        return SIC_NONE;
    *device = (struct sic_device){.va = va, .path = path};
    return sic_index_add(&scan->allocator, index, va, scan->devices.count - 1) ? scan->devices.count - 1 : SIC_NONE;
}

#define PREFETCH_DISTANCE 16u

/* Asks for the file of a section that comes after `index`. */
static void prefetch_file(const struct sic_scan *scan, const struct sic_reader *reader, uint32_t minimum_views,
                          uint32_t index)
{
    const struct sic_section *later = sic_scan_section(scan, index + PREFETCH_DISTANCE);

    if (scan->sections.count - index > PREFETCH_DISTANCE && sic_section_has_file(later, reader, minimum_views))
        sic_reader_prefetch(reader, later->file_object_va);
}

static bool read_all(struct sic_scan *scan, struct sic_index *index, const struct sic_reader *reader,
                     const struct sic_objects *objects, uint32_t minimum_views)
{
    uint32_t offset = sic_layout_offset(objects->layout, SIC_FIELD_FILE_OBJECT_DEVICE_OBJECT);

    for (uint32_t i = 0; i < scan->sections.count; i++) {
        struct sic_section *section = sic_scan_section(scan, i);
        uint64_t device_va;

        prefetch_file(scan, reader, minimum_views, i);
        if (!sic_section_has_file(section, reader, minimum_views) ||
            !sic_is_file_object(reader, section->file_object_va) ||
            !sic_reader_u64(reader, section->file_object_va + offset, &device_va) ||
            !sic_is_kernel_pointer(reader, device_va, 8))
            continue;
        if (sic_reader_is_cancelled(reader))
            return false;
        section->device = intern_device(scan, index, reader, objects, device_va);
        if (section->device == SIC_NONE)
            return false;
    }
    return true;
}

bool sic_devices_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_objects *objects,
                      uint32_t minimum_views)
{
    struct sic_index index = {0};
    bool read;

    if (objects->root_va == 0 || !objects->are_types_known ||
        !sic_layout_has(objects->layout, SIC_FIELD_FILE_OBJECT_DEVICE_OBJECT))
        return true;
    read = read_all(scan, &index, reader, objects, minimum_views);
    sic_index_free(&scan->allocator, &index);
    return read;
}
