#include "security_world.h"

#include <string.h>

void security_world_init(struct security_world *world)
{
    memset(world, 0, sizeof(*world));
    (void)sic_profile_builtin_find("19041.264", &world->profile);
    world->objects = (struct sic_objects){.layout = &world->profile.layout, .are_types_known = true};
    for (unsigned i = 0; i < SIC_OBJECT_TYPE_COUNT; i++)
        world->objects.indexes[i] = SIC_OBJECT_TYPE_UNKNOWN;
    world->objects.indexes[SIC_OBJECT_DIRECTORY] = SECURITY_DIRECTORY_TYPE;
    world->objects.indexes[SIC_OBJECT_SECTION] = SECURITY_SECTION_TYPE;
}

void security_world_put(const struct security_world *world, uint8_t *bytes, uint32_t index, uint8_t type,
                        uint64_t descriptor)
{
    const struct sic_layout *layout = &world->profile.layout;
    uint8_t *header = bytes + SECURITY_OBJECT_AT(index) - sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_BODY);

    header[sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_TYPE_INDEX)] = type;
    memcpy(header + sic_layout_offset(layout, SIC_FIELD_OBJECT_HEADER_SECURITY_DESCRIPTOR), &descriptor,
           sizeof(descriptor));
}

bool security_world_add(struct sic_scan *scan, uint64_t va, enum sic_name_kind kind)
{
    struct sic_name *name = sic_array_append(&scan->allocator, &scan->names, sizeof(*name));

    if (!name)
        return false;
    *name = (struct sic_name){.object_va = va, .kind = kind, .security.offset = SIC_NONE};
    return true;
}

uint32_t security_world_descriptor(uint8_t *bytes)
{
    static const uint8_t descriptor[] = {
        1, 0, 0x14, 0x80, 0x68, 0, 0, 0, 0x74, 0, 0, 0, 0x14, 0, 0, 0, 0x30, 0, 0, 0,
        /* SACL: a mandatory label, low, no write up */
        2, 0, 0x1c, 0, 1, 0, 0, 0, 0x11, 0, 0x14, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0x10, 0, 0x10, 0, 0,
        /* DACL: SYSTEM everything, everybody mapping for reading; 8 bytes are left */
        2, 0, 0x38, 0, 2, 0, 0, 0, 0, 0, 0x14, 0, 0x1f, 0, 0xf, 0, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0, 0, 0, 0x14, 0,
        4, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        /* owner and group: SYSTEM */
        1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 0x12, 0, 0, 0};

    memcpy(bytes, descriptor, sizeof(descriptor));
    return sizeof(descriptor);
}
