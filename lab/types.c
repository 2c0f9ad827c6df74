/*
 * Object types: OBJECT_TYPE bodies in \ObjectTypes, ObTypeIndexTable, and the variables that lead to single types.
 */
#include "world.h"

#include "bytes.h"

#define NO_TYPE LAB_TYPE_COUNT

/*
 * In the order in which the kernel creates them, so that the index is the place in this list. Real kernels differ:
 * types came and went with the builds. `maybe` types are there by chance.
 */
static const struct {
    const char *name;
    enum lab_type type;
    uint32_t first_build;
    bool maybe;
} types[] = {{"Type", LAB_TYPE_TYPE, 0, false},
             {"Directory", LAB_TYPE_DIRECTORY, 0, false},
             {"SymbolicLink", LAB_TYPE_SYMBOLIC_LINK, 0, false},
             {"Token", LAB_TYPE_TOKEN, 0, false},
             {"Job", NO_TYPE, 0, false},
             {"Process", LAB_TYPE_PROCESS, 0, false},
             {"Thread", LAB_TYPE_THREAD, 0, false},
             {"Partition", NO_TYPE, 10240, false},
             {"UserApcReserve", NO_TYPE, 0, false},
             {"IoCompletionReserve", NO_TYPE, 0, false},
             {"ActivityReference", NO_TYPE, 15063, false},
             {"PsSiloContextPaged", NO_TYPE, 14393, false},
             {"PsSiloContextNonPaged", NO_TYPE, 14393, false},
             {"DebugObject", NO_TYPE, 0, false},
             {"Event", LAB_TYPE_EVENT, 0, false},
             {"Mutant", LAB_TYPE_MUTANT, 0, false},
             {"Callback", NO_TYPE, 0, false},
             {"Semaphore", LAB_TYPE_SEMAPHORE, 0, false},
             {"Timer", NO_TYPE, 0, false},
             {"IRTimer", NO_TYPE, 0, true},
             {"Profile", NO_TYPE, 0, false},
             {"KeyedEvent", NO_TYPE, 0, true},
             {"WindowStation", NO_TYPE, 0, false},
             {"Desktop", NO_TYPE, 0, false},
             {"Composition", NO_TYPE, 0, false},
             {"RawInputManager", NO_TYPE, 10240, true},
             {"CoreMessaging", NO_TYPE, 14393, true},
             {"TpWorkerFactory", NO_TYPE, 0, false},
             {"Adapter", NO_TYPE, 0, false},
             {"Controller", NO_TYPE, 0, false},
             {"Device", LAB_TYPE_DEVICE, 0, false},
             {"Driver", NO_TYPE, 0, false},
             {"IoCompletion", NO_TYPE, 0, false},
             {"WaitCompletionPacket", NO_TYPE, 0, false},
             {"File", LAB_TYPE_FILE, 0, false},
             {"TmTm", NO_TYPE, 0, false},
             {"TmTx", NO_TYPE, 0, false},
             {"TmRm", NO_TYPE, 0, false},
             {"TmEn", NO_TYPE, 0, false},
             {"Section", LAB_TYPE_SECTION, 0, false},
             {"Session", NO_TYPE, 0, false},
             {"Key", LAB_TYPE_KEY, 0, false},
             {"RegistryTransaction", NO_TYPE, 15063, true},
             {"ALPC Port", NO_TYPE, 0, false},
             {"EnergyTracker", NO_TYPE, 17134, true},
             {"PowerRequest", NO_TYPE, 0, false},
             {"WmiGuid", NO_TYPE, 0, false},
             {"EtwRegistration", NO_TYPE, 0, false}};

#define TYPES (sizeof types / sizeof *types)

static bool exists(const struct lab_world *world, size_t i)
{
    return world->layout.build >= types[i].first_build &&
           (!types[i].maybe || lab_mix(world->scenario->seed * 64 + i) & 1);
}

void lab_types_choose(struct lab_world *world)
{
    uint8_t index = 2;
    for (size_t i = 0; i < TYPES; i++) {
        if (!exists(world, i))
            continue;
        if (types[i].type != NO_TYPE)
            world->type_indexes[types[i].type] = index;
        index++;
    }
}

uint32_t lab_type_tag(enum lab_type type)
{
    static const uint32_t tags[LAB_TYPE_COUNT] = {[LAB_TYPE_TYPE] = LAB_TAG('O', 'b', 'j', 'T'),
                                                  [LAB_TYPE_DIRECTORY] = LAB_TAG('D', 'i', 'r', 'e'),
                                                  [LAB_TYPE_SYMBOLIC_LINK] = LAB_TAG('S', 'y', 'm', 'b'),
                                                  [LAB_TYPE_TOKEN] = LAB_TAG('T', 'o', 'k', 'e'),
                                                  [LAB_TYPE_PROCESS] = LAB_TAG('P', 'r', 'o', 'c'),
                                                  [LAB_TYPE_THREAD] = LAB_TAG('T', 'h', 'r', 'e'),
                                                  [LAB_TYPE_EVENT] = LAB_TAG('E', 'v', 'e', 'n'),
                                                  [LAB_TYPE_MUTANT] = LAB_TAG('M', 'u', 't', 'a'),
                                                  [LAB_TYPE_SEMAPHORE] = LAB_TAG('S', 'e', 'm', 'a'),
                                                  [LAB_TYPE_DEVICE] = LAB_TAG('D', 'e', 'v', 'i'),
                                                  [LAB_TYPE_FILE] = LAB_TAG('F', 'i', 'l', 'e'),
                                                  [LAB_TYPE_SECTION] = LAB_TAG('S', 'e', 'c', 't'),
                                                  [LAB_TYPE_KEY] = LAB_TAG('K', 'e', 'y', ' ')};
    return tags[type];
}

bool lab_type_is_paged(enum lab_type type)
{
    return type == LAB_TYPE_DIRECTORY || type == LAB_TYPE_SYMBOLIC_LINK || type == LAB_TYPE_TOKEN ||
           type == LAB_TYPE_SECTION || type == LAB_TYPE_KEY;
}

/* What the table has in its second place on real machines: no type. */
#define NOT_A_TYPE 0xbad0b0b0u

/*
 * TypeList, in front of the name, and CallbackList@c8 are empty, Key@c0 is the pool tag: public in the symbols, the
 * last two the same from 9200 on.
 */
static uint64_t write_type(struct lab_world *world, size_t i, uint8_t index)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    char path[64];
    snprintf(path, sizeof path, "\\ObjectTypes\\%s", types[i].name);
    uint64_t type = lab_object_create(world, LAB_TYPE_TYPE, lab_offset(layout, LAB_TYPE_SIZE), path);
    uint64_t list = type + lab_offset(layout, LAB_TYPE_NAME) - 0x10;
    lab_va_store_u64(memory, list, list);
    lab_va_store_u64(memory, list + 8, list);
    lab_unicode_write(world, type + lab_offset(layout, LAB_TYPE_NAME), types[i].name, LAB_TAG('O', 'b', 'N', 'm'));
    lab_va_store_u8(memory, type + lab_offset(layout, LAB_TYPE_INDEX), index);
    if (layout->build < 9200)
        return type;
    if (types[i].type != NO_TYPE)
        lab_va_store_u32(memory, type + 0xc0, lab_type_tag(types[i].type));
    lab_va_store_u64(memory, type + 0xc8, type + 0xc8);
    lab_va_store_u64(memory, type + 0xd0, type + 0xc8);
    return type;
}

void lab_types_build(struct lab_world *world)
{
    struct lab_memory *memory = &world->memory;
    uint64_t table = lab_global(world, LAB_GLOBAL_ObTypeIndexTable);
    uint64_t section = lab_global(world, LAB_GLOBAL_MmSectionObjectType);
    uint8_t index = 2;
    lab_va_store_u64(memory, table + 8, NOT_A_TYPE);
    for (size_t i = 0; i < TYPES; i++) {
        if (!exists(world, i))
            continue;
        uint64_t type = write_type(world, i, index);
        if (types[i].type != NO_TYPE)
            world->type_objects[types[i].type] = type;
        lab_va_store_u64(memory, table + index++ * 8ull, type);
    }
    if (section)
        lab_va_store_u64(memory, section, world->type_objects[LAB_TYPE_SECTION]);
    lab_va_store_u64(memory, world->exported_type_variables, world->type_objects[LAB_TYPE_PROCESS]);
    lab_va_store_u64(memory, world->exported_type_variables + 8, world->type_objects[LAB_TYPE_THREAD]);
}
