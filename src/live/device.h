/*
 * The driver's device and its one request. Windows only.
 */
#ifndef SIC_LIVE_DEVICE_H
#define SIC_LIVE_DEVICE_H

#include "core/request.h"
#include "core/scan.h"
#include "util/status.h"

struct sic_device_handle {
    void *handle;
    uint8_t *answer; /* owned: room for one, kept from request to request */
    uint32_t room;
};

SIC_MUST_CHECK enum sic_status sic_device_open(struct sic_error *error, struct sic_device_handle *device);
/* One of zeros is allowed. */
void sic_device_close(struct sic_device_handle *device);

/*
 * Asks once, again with more room where the answer needs it, and unpacks into `scan` (initialised, empty; after a
 * failure only to be released). SIC_BROKEN: the kernel contradicts the request's layout.
 */
SIC_MUST_CHECK enum sic_status sic_device_ask(struct sic_device_handle *device, const struct sic_request *request,
                                              struct sic_error *error, struct sic_scan *scan);

#endif
