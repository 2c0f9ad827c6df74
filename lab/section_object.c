/*
 * SECTION objects: what names and handles lead to. Each leads on to its control area.
 */
#include "world.h"

#include "bytes.h"

/* The flags in the low bits of u1: the control area lies elsewhere for files of other machines. None here. */
static void write_section(struct lab_world *world, const struct lab_section *section, uint64_t object)
{
    const struct lab_layout *layout = &world->layout;
    struct lab_memory *memory = &world->memory;
    lab_va_store_u64(memory, object + lab_offset(layout, LAB_SECTION_AREA), section->control_area);
    lab_va_store_u64(memory, object + lab_offset(layout, LAB_SECTION_BYTES), section->size);
    lab_va_store_u32(memory, object + lab_offset(layout, LAB_SECTION_FLAGS),
                     lab_va_load_u32(memory, section->control_area + lab_offset(layout, LAB_AREA_FLAGS)));
    lab_va_store_u32(memory, object + lab_offset(layout, LAB_SECTION_PROTECTION),
                     section->kind == LAB_SECTION_IMAGE ? 0x10 : 4); /* PAGE_EXECUTE, PAGE_READWRITE */
}

/* Kernels whose symbols have no _SECTION keep a _SECTION_OBJECT, which leads to the segment. */
static uint64_t build_object(struct lab_world *world, struct lab_section *section, const char *path)
{
    const struct lab_layout *layout = &world->layout;
    bool old = !lab_has(layout, LAB_SECTION_AREA);
    uint32_t size = lab_offset(layout, old ? LAB_SECTION_OBJECT_SIZE : LAB_SECTION_SIZE);
    uint64_t object = lab_object_create(world, LAB_TYPE_SECTION, size, path);
    section->object_count++;
    if (old)
        lab_va_store_u64(&world->memory, object + lab_offset(layout, LAB_SECTION_OBJECT_SEGMENT), section->segment);
    else
        write_section(world, section, object);
    return object;
}

void lab_section_objects_build(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    for (size_t i = 0; i < scenario->name_count; i++) {
        struct lab_section *section = &scenario->sections[scenario->names[i].section];
        scenario->names[i].object = build_object(world, section, scenario->names[i].path);
        if (!section->object)
            section->object = scenario->names[i].object;
    }
    for (size_t i = 0; i < scenario->handle_count; i++) {
        struct lab_handle *handle = &scenario->handles[i];
        struct lab_section *section = &scenario->sections[handle->section];
        if (handle->own)
            handle->object = build_object(world, section, NULL);
        else if (!section->object)
            section->object = build_object(world, section, NULL);
        if (!handle->own)
            handle->object = section->object;
    }
}
