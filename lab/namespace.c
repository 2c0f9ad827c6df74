/*
 * The namespace of objects: directories with their hash buckets, symbolic links, devices.
 */
#include "world.h"

#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 37u

static uint16_t upcase(uint16_t unit)
{
    if (unit >= 'a' && unit <= 'z')
        return unit - 32;
    return unit >= 0xe0 && unit <= 0xfe && unit != 0xf7 ? unit - 32 : unit;
}

/* Four units at once: plain ASCII only loses bit 5 of each, digits and all; else each is upcased. */
static uint64_t upcase_four(uint64_t four)
{
    uint64_t result = 0;
    if (!(four & 0xff80ff80ff80ff80ull))
        return four & 0xffdfffdfffdfffdfull;
    for (unsigned i = 0; i < 4; i++)
        result |= (uint64_t)upcase((uint16_t)(four >> i * 16)) << i * 16;
    return result;
}

/*
 * As public disassemblies of ObpLookupDirectoryEntryEx of three builds of Windows 10 show it; others are taken to be
 * so.
 */
uint32_t lab_name_hash(const char *name)
{
    uint8_t units[2048];
    size_t count = lab_utf16(name, units, sizeof units) / 2, at = 0;
    uint64_t wide = 0;
    for (; count - at >= 4; at += 4)
        wide = upcase_four(lab_load_u64(units + at * 2)) + (wide >> 1) + 3 * wide;
    uint32_t hash = (uint32_t)wide + (uint32_t)(wide >> 32);
    for (; at < count; at++)
        hash = upcase(lab_load_u16(units + at * 2)) + (hash >> 1) + 3 * hash;
    return hash;
}

/* OBJECT_DIRECTORY_ENTRY: ChainLink, Object, HashValue@10. New entries go to the front of their chain. */
void lab_directory_insert(struct lab_world *world, uint64_t directory, const char *name, uint64_t object)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    uint32_t hash = lab_name_hash(name);
    uint64_t bucket = directory + lab_offset(layout, LAB_DIRECTORY_BUCKETS) + hash % BUCKETS * 8;
    uint64_t entry = lab_pool_allocate(&world->paged, 0x18, LAB_TAG('O', 'b', 'D', 'i'));
    lab_va_store_u64(memory, entry + lab_offset(layout, LAB_ENTRY_CHAIN), lab_va_load_u64(memory, bucket));
    lab_va_store_u64(memory, entry + lab_offset(layout, LAB_ENTRY_OBJECT), object);
    lab_va_store_u32(memory, entry + 0x10, hash);
    lab_va_store_u64(memory, bucket, entry);
}

static uint64_t find(const struct lab_placed_objects *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcasecmp(list->items[i].path, path))
            return list->items[i].object;
    return 0;
}

static uint64_t add(struct lab_placed_objects *list, const char *path, uint64_t object)
{
    list->items = lab_grow(list->items, list->count, &list->capacity, sizeof *list->items);
    list->items[list->count++] = (struct lab_placed_object){lab_copy_text(path), object};
    return object;
}

static uint64_t make_directory(struct lab_world *world, const char *path)
{
    uint64_t object = find(&world->directories, path);
    if (object)
        return object;
    object = lab_object_create(world, LAB_TYPE_DIRECTORY, lab_offset(&world->layout, LAB_DIRECTORY_SIZE), path);
    return add(&world->directories, path, object);
}

/* Each directory above it comes first: making one asks only for the one above, which is there then. */
uint64_t lab_directory_find(struct lab_world *world, const char *path)
{
    char above[1024];
    if (path[0] != '\\' || strlen(path) >= sizeof above)
        lab_fail("%s is no path of an object: it begins with \\", path);
    for (const char *end = strchr(path + 1, '\\'); path[1] && end; end = strchr(end + 1, '\\')) {
        snprintf(above, sizeof above, "%.*s", (int)(end - path), path);
        make_directory(world, above);
    }
    return make_directory(world, path);
}

/* DEVICE_OBJECT: Type@0 (3), Size@2. */
uint64_t lab_device_find(struct lab_world *world, const char *path)
{
    uint64_t device = find(&world->devices, path);
    if (device)
        return device;
    device = lab_object_create(world, LAB_TYPE_DEVICE, 0x150, *path ? path : NULL);
    lab_va_store_u16(&world->memory, device, 3);
    lab_va_store_u16(&world->memory, device + 2, 0x150);
    return add(&world->devices, path, device);
}

/* OBJECT_SYMBOLIC_LINK: CreationTime@0, LinkTarget. */
static void make_link(struct lab_world *world, const struct lab_link *link)
{
    uint64_t object = lab_object_create(world, LAB_TYPE_SYMBOLIC_LINK, 0x28, link->path);
    lab_va_store_u64(&world->memory, object, world->scenario->system_time);
    lab_unicode_write(world, object + lab_offset(&world->layout, LAB_LINK_TARGET), link->target,
                      LAB_TAG('S', 'y', 'm', 'b'));
    if (!strncasecmp(link->target, "\\Device\\Harddisk", 16))
        lab_device_find(world, link->target);
}

static bool has_link(const struct lab_scenario *scenario, const char *path)
{
    for (size_t i = 0; i < scenario->link_count; i++)
        if (!strcasecmp(scenario->links[i].path, path))
            return true;
    return false;
}

static void usual_link(struct lab_scenario *scenario, const char *path, const char *target)
{
    if (!has_link(scenario, path))
        lab_add_link(scenario, path, target);
}

/* What a session has: its own named objects, and links that lead out of them. */
static void add_session(struct lab_scenario *scenario, uint64_t session)
{
    char path[96], target[64], number[24];
    snprintf(number, sizeof number, "\\Sessions\\%llu", (unsigned long long)session);
    snprintf(target, sizeof target, "%s\\BaseNamedObjects", session ? number : "");
    snprintf(path, sizeof path, "\\Sessions\\BNOLINKS\\%llu", (unsigned long long)session);
    usual_link(scenario, path, target);
    snprintf(path, sizeof path, "%s\\Global", target);
    usual_link(scenario, path, "\\BaseNamedObjects");
    snprintf(path, sizeof path, "%s\\Local", target);
    usual_link(scenario, path, target);
    snprintf(path, sizeof path, "%s\\Session", target);
    usual_link(scenario, path, "\\Sessions\\BNOLINKS");
    snprintf(path, sizeof path, "%s\\DosDevices", number);
    lab_add_directory(scenario, path);
    snprintf(path, sizeof path, "%s\\Windows", session ? number : "");
    lab_add_directory(scenario, path);
}

static void add_usual(struct lab_scenario *scenario)
{
    static const char *const directories[] = {
        "\\GLOBAL??", "\\Device", "\\BaseNamedObjects", "\\Sessions", "\\KnownDlls", "\\KnownDlls32",  "\\RPC Control",
        "\\NLS",      "\\Driver", "\\FileSystem",       "\\Callback", "\\Security",  "\\KernelObjects"};
    static const char *const links[][2] = {{"\\??", "\\GLOBAL??"},
                                           {"\\DosDevices", "\\??"},
                                           {"\\SystemRoot", "\\Device\\BootDevice\\Windows"},
                                           {"\\GLOBAL??\\C:", LAB_VOLUME},
                                           {"\\GLOBAL??\\PIPE", "\\Device\\NamedPipe"},
                                           {"\\GLOBAL??\\NUL", "\\Device\\Null"},
                                           {"\\GLOBAL??\\GLOBALROOT", ""},
                                           {"\\KnownDlls\\KnownDllPath", "C:\\Windows\\System32"},
                                           {"\\KnownDlls32\\KnownDllPath", "C:\\Windows\\SysWOW64"}};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        lab_add_directory(scenario, directories[i]);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        usual_link(scenario, links[i][0], links[i][1]);
    for (size_t i = 0; i < scenario->process_count; i++) {
        const struct lab_identity *identity = &scenario->processes[i].identity;
        char path[256];
        add_session(scenario, identity->session);
        if (!identity->package)
            continue;
        snprintf(path, sizeof path, "\\Sessions\\%llu\\AppContainerNamedObjects\\%.180s",
                 (unsigned long long)identity->session, identity->package);
        lab_add_directory(scenario, path);
    }
}

void lab_namespace_build(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    lab_types_choose(world);
    uint64_t root = lab_directory_find(world, "\\"), types = lab_directory_find(world, "\\ObjectTypes");
    lab_va_store_u64(&world->memory, lab_global(world, LAB_GLOBAL_ObpRootDirectoryObject), root);
    if (lab_global(world, LAB_GLOBAL_ObpTypeDirectoryObject))
        lab_va_store_u64(&world->memory, lab_global(world, LAB_GLOBAL_ObpTypeDirectoryObject), types);
    lab_types_build(world);
    add_usual(scenario);
    for (size_t i = 0; i < scenario->directory_count; i++)
        lab_directory_find(world, scenario->directories[i]);
    lab_device_find(world, "\\Device\\HarddiskVolume1");
    lab_device_find(world, LAB_VOLUME);
    for (size_t i = 0; i < scenario->link_count; i++)
        make_link(world, &scenario->links[i]);
}
