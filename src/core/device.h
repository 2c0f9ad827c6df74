/*
 * The devices that files of sections lie on.
 */
#ifndef SIC_CORE_DEVICE_H
#define SIC_CORE_DEVICE_H

#include "core/object.h"

/*
 * Reads the device of each section's file, and each device's path once. Only sections whose `view_count` is at least
 * `minimum_views`. What cannot be read is unknown. False when memory ran out or the reader is cancelled.
 */
bool sic_devices_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_objects *objects,
                      uint32_t minimum_views);

#endif
