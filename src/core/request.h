/*
 * The request to the driver: a layout, and what is wanted (include/sic/wire.h).
 */
#ifndef SIC_CORE_REQUEST_H
#define SIC_CORE_REQUEST_H

#include "core/layout.h"
#include "sic/wire.h"

#define SIC_REQUEST_SIZE (sizeof(struct sic_wire_request) + SIC_FIELD_COUNT * sizeof(struct sic_wire_field))

struct sic_request {
    struct sic_layout layout;
    uint32_t want; /* SIC_WIRE_WANT_… */
    uint32_t minimum_views;
};

enum sic_request_fault {
    SIC_REQUEST_SOUND,
    SIC_REQUEST_SIZE_WRONG,    /* not as long as its own header says, or as requests are */
    SIC_REQUEST_VERSION_WRONG, /* of another version, or of a build that knows other fields */
    SIC_REQUEST_MALFORMED,     /* not a request, or with bits that nobody knows */
    SIC_REQUEST_LAYOUT_WRONG   /* a required field is absent, or a field lies outside of its structure */
};

/* Writes SIC_REQUEST_SIZE bytes. */
void sic_request_encode(const struct sic_request *request, void *buffer);

/* Reads what another program sent; `request` is of use only when the answer is SIC_REQUEST_SOUND. */
enum sic_request_fault sic_request_decode(const void *bytes, size_t size, struct sic_request *request);

#endif
