/*
 * The device `SiC`: who may open it, one at a time, and its one request.
 */
#ifndef SIC_DRIVER_DEVICE_H
#define SIC_DRIVER_DEVICE_H

#include "nt.h"

/* Creates the device with its rights in force, then its name in \??. On failure nothing is left. */
NTSTATUS SicDeviceCreate(PDRIVER_OBJECT DriverObject);
VOID SicDeviceDelete(PDRIVER_OBJECT DriverObject);

DRIVER_DISPATCH SicDeviceOpen;
DRIVER_DISPATCH SicDeviceClose;
DRIVER_DISPATCH SicDeviceControl;

#endif
