/*
 * The kernel's routines for the driver under Unicorn, and where the objects stand that both sides hand each other.
 */
#ifndef SIC_TESTS_UNICORN_ROUTINES_H
#define SIC_TESTS_UNICORN_ROUTINES_H

#include "unicorn_machine.h"

#define DRIVER_OBJECT (UM_OBJECTS + 0x0000)
#define DEVICE        (UM_OBJECTS + 0x1000)
#define EXTENSION     (UM_OBJECTS + 0x1800)
#define FILE_OBJECT   (UM_OBJECTS + 0x2000)
#define OTHER_FILE    (UM_OBJECTS + 0x2800)
#define IRP           (UM_OBJECTS + 0x3000)
#define STACK_ENTRY   (UM_OBJECTS + 0x3800)
#define MDL           (UM_OBJECTS + 0x4000)
#define REGISTRY_PATH (UM_OBJECTS + 0x5000)
#define SYSTEM_BUFFER (UM_OBJECTS + 0x6000)
#define THREAD        0xffffe7ead0000080ull

/* _DRIVER_OBJECT, _DEVICE_OBJECT, _FILE_OBJECT */
#define DRIVER_DEVICE_OBJECT  0x08u
#define DRIVER_UNLOAD         0x68u
#define DRIVER_MAJOR_FUNCTION 0x70u
#define DEVICE_DRIVER_OBJECT  0x08u
#define DEVICE_EXTENSION      0x40u
#define FILE_DEVICE_OBJECT    0x08u
#define FILE_RELATED          0x40u
#define FILE_NAME             0x58u
/* _IRP */
#define IRP_MDL_ADDRESS   0x08u
#define IRP_SYSTEM_BUFFER 0x18u
#define IRP_STATUS        0x30u
#define IRP_INFORMATION   0x38u
#define IRP_CANCEL        0x44u
#define IRP_THREAD        0x98u
#define IRP_STACK         0xb8u
/* _IO_STACK_LOCATION */
#define STACK_MAJOR       0x00u
#define STACK_OUTPUT_SIZE 0x08u
#define STACK_INPUT_SIZE  0x10u
#define STACK_CODE        0x18u
#define STACK_DEVICE      0x28u
#define STACK_FILE        0x30u
/* _MDL */
#define MDL_BYTE_COUNT 0x28u

#define MAJOR_CREATE  0x00u
#define MAJOR_CLOSE   0x02u
#define MAJOR_CONTROL 0x0eu

/* Ends with an empty name. */
extern const struct um_routine um_routines[];
/* Where the pages of the next request's MDL are mapped. */
extern uint64_t um_output_address;

#endif
