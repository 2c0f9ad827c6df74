/*
 * The driver's service: installed for one run, removed after it. Windows only.
 */
#ifndef SIC_LIVE_SERVICE_H
#define SIC_LIVE_SERVICE_H

#include "util/status.h"

#include <wchar.h>

struct sic_service {
    void *manager; /* SC_HANDLE */
    void *service;
};

/*
 * Installs the driver at `path`; one that an earlier run left behind is removed first, a service of this name that is
 * not SiC's is left alone (SIC_IO). After success the owner calls sic_service_remove.
 */
SIC_MUST_CHECK enum sic_status sic_service_install(const wchar_t *path, struct sic_error *error,
                                                   struct sic_service *service);

SIC_MUST_CHECK enum sic_status sic_service_start(struct sic_service *service, struct sic_error *error);

/* Stops the driver, deletes the service, and sees that it is gone. One of zeros is allowed. */
enum sic_status sic_service_remove(struct sic_service *service, struct sic_error *error);

#endif
