/*
 * A driver connected to the emulated kernel. A test program links one port: native_port.c has the driver's sources,
 * unicorn_port.c the shipped file.
 */
#ifndef SIC_TESTS_EMULATED_PORT_H
#define SIC_TESTS_EMULATED_PORT_H

#include "kernel.h"

struct ek_port {
    const char *name;
    bool is_native;
    /* Makes the driver ready to be entered. ek_open comes before, ek_close after drop. */
    void (*load)(struct ek *ek);
    void (*drop)(struct ek *ek);
    uint32_t (*enter)(struct ek *ek); /* DriverEntry */
    void (*unload)(struct ek *ek);    /* DriverUnload */
    /* IRP_MJ_CREATE, relative to another file object or with a name behind the device's. */
    uint32_t (*open)(struct ek *ek, bool is_relative, bool has_name);
    uint32_t (*close)(struct ek *ek);
    /*
     * IRP_MJ_DEVICE_CONTROL, as the I/O manager does it for METHOD_OUT_DIRECT: the input is a copy, the output is the
     * caller's own memory behind an MDL; either is absent when its size is 0. The status of the completed IRP.
     */
    uint32_t (*control)(struct ek *ek, uint32_t code, const void *input, uint32_t input_size, void *output,
                        uint32_t output_size, uint64_t *information);
    /* Reads a byte as driver code would; only where an access outside of the driver's own memory is seen, else NULL. */
    void (*touch)(struct ek *ek, uint64_t address);
};

extern const struct ek_port ek_port;

#endif
