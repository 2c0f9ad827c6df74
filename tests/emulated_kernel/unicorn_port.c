/*
 * The shipped driver. Structures are laid out as on 64-bit Windows, by the offsets that Microsoft's public symbols give
 * them (the same from 8.1 to 11), not by the headers that the driver was built with.
 */
#include "port.h"
#include "unicorn_routines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct um_machine machine;

/* Blocks are never used again until all were given back: what is freed stays overwritten. */
static uint64_t allocate(struct ek *ek, uint64_t size)
{
    uint64_t offset = machine.pool_used;

    (void)ek;
    machine.pool_used += (size + 31) & ~15ull;
    if (machine.pool_used > UM_POOL_SIZE)
        fail_msg("the emulated pool is used up");
    machine.pool_blocks++;
    return UM_POOL + offset;
}

static void release(struct ek *ek, uint64_t address, uint64_t size)
{
    (void)ek;
    (void)address;
    (void)size;
    if (--machine.pool_blocks == 0)
        machine.pool_used = 0;
}

static void *host(struct ek *ek, uint64_t address, uint64_t size)
{
    (void)ek;
    return um_host(&machine, address, size);
}

static void load(struct ek *ek)
{
    static const struct ek_memory memory = {.allocate = allocate, .release = release, .host = host};
    const char *path = getenv("SIC_DRIVER");

    ek->memory = &memory;
    um_open(&machine, ek, path ? path : DRIVER_PATH, um_routines);
}

static void drop(struct ek *ek)
{
    (void)ek;
    um_close(&machine);
}

static uint32_t enter(struct ek *ek)
{
    (void)ek;
    memset(um_host(&machine, UM_OBJECTS, UM_OBJECTS_SIZE), 0, UM_OBJECTS_SIZE);
    return (uint32_t)um_call(&machine, machine.entry, DRIVER_OBJECT, REGISTRY_PATH);
}

static void unload(struct ek *ek)
{
    (void)ek;
    um_call(&machine, um_load(&machine, DRIVER_OBJECT + DRIVER_UNLOAD, 8), DRIVER_OBJECT, 0);
}

static void prepare(unsigned major)
{
    memset(um_host(&machine, FILE_OBJECT, SYSTEM_BUFFER - FILE_OBJECT), 0, SYSTEM_BUFFER - FILE_OBJECT);
    um_store(&machine, FILE_OBJECT + FILE_DEVICE_OBJECT, DEVICE, 8);
    um_store(&machine, STACK_ENTRY + STACK_MAJOR, major, 1);
    um_store(&machine, STACK_ENTRY + STACK_DEVICE, DEVICE, 8);
    um_store(&machine, STACK_ENTRY + STACK_FILE, FILE_OBJECT, 8);
    um_store(&machine, IRP + IRP_STATUS, 0x103, 4);
    um_store(&machine, IRP + IRP_THREAD, THREAD, 8);
    um_store(&machine, IRP + IRP_STACK, STACK_ENTRY, 8);
}

static uint32_t send(struct ek *ek, unsigned major)
{
    uint64_t routine = um_load(&machine, DRIVER_OBJECT + DRIVER_MAJOR_FUNCTION + 8 * major, 8);
    uint32_t status;

    ek->completions = 0;
    um_store(&machine, IRP + IRP_CANCEL, ek->is_cancelled, 1);
    status = (uint32_t)um_call(&machine, routine, DEVICE, IRP);
    if (ek->completions != 1 || um_load(&machine, IRP + IRP_STATUS, 4) != status)
        ek_violate(ek, "an IRP completed %u times", ek->completions);
    return status;
}

static uint32_t open_device(struct ek *ek, bool is_relative, bool has_name)
{
    prepare(MAJOR_CREATE);
    if (is_relative)
        um_store(&machine, FILE_OBJECT + FILE_RELATED, OTHER_FILE, 8);
    if (has_name) {
        um_store(&machine, FILE_OBJECT + FILE_NAME, 0x00060004, 4);
        um_store(&machine, FILE_OBJECT + FILE_NAME + 8, SYSTEM_BUFFER, 8);
    }
    return send(ek, MAJOR_CREATE);
}

static uint32_t close_device(struct ek *ek)
{
    prepare(MAJOR_CLOSE);
    return send(ek, MAJOR_CLOSE);
}

static uint32_t control(struct ek *ek, uint32_t code, const void *input, uint32_t input_size, void *output,
                        uint32_t output_size, uint64_t *information)
{
    uint32_t status;

    prepare(MAJOR_CONTROL);
    um_store(&machine, STACK_ENTRY + STACK_CODE, code, 4);
    um_store(&machine, STACK_ENTRY + STACK_INPUT_SIZE, input_size, 4);
    um_store(&machine, STACK_ENTRY + STACK_OUTPUT_SIZE, output_size, 4);
    if (input_size > 0) {
        memcpy(um_host(&machine, SYSTEM_BUFFER, input_size), input, input_size);
        um_store(&machine, IRP + IRP_SYSTEM_BUFFER, SYSTEM_BUFFER, 8);
    }
    if (output_size > 0) {
        um_store(&machine, IRP + IRP_MDL_ADDRESS, MDL, 8);
        um_store(&machine, MDL + MDL_BYTE_COUNT, output_size, 4);
    }
    um_output_address = um_map_output(&machine, output, output_size);
    status = send(ek, MAJOR_CONTROL);
    um_unmap_output(&machine, output, output_size);
    *information = um_load(&machine, IRP + IRP_INFORMATION, 8);
    return status;
}

static void touch(struct ek *ek, uint64_t address)
{
    (void)ek;
    um_touch(&machine, address);
}

const struct ek_port ek_port = {
    .name = "sic-drv.sys",
    .load = load,
    .drop = drop,
    .enter = enter,
    .unload = unload,
    .open = open_device,
    .close = close_device,
    .control = control,
    .touch = touch,
};
