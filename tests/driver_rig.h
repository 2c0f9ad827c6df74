/*
 * A lab world, the driver in front of the emulated kernel whose memory it is, and the scan that the image path computes
 * from the same file.
 */
#ifndef SIC_TESTS_DRIVER_RIG_H
#define SIC_TESTS_DRIVER_RIG_H

#include "emulated_kernel/port.h"

#include "core/request.h"
#include "core/scan.h"
#include "core/unpack.h"

#define RIG_SUCCESS                0x00000000u
#define RIG_BUFFER_OVERFLOW        0x80000005u
#define RIG_DEVICE_BUSY            0x80000011u
#define RIG_INFO_LENGTH_MISMATCH   0xc0000004u
#define RIG_INVALID_PARAMETER      0xc000000du
#define RIG_INVALID_DEVICE_REQUEST 0xc0000010u
#define RIG_BUFFER_TOO_SMALL       0xc0000023u
#define RIG_OBJECT_NAME_INVALID    0xc0000033u
#define RIG_DATA_ERROR             0xc000003eu
#define RIG_SHARING_VIOLATION      0xc0000043u
#define RIG_QUOTA_EXCEEDED         0xc0000044u
#define RIG_REVISION_MISMATCH      0xc0000059u
#define RIG_PROCEDURE_NOT_FOUND    0xc000007au
#define RIG_INSUFFICIENT_RESOURCES 0xc000009au
#define RIG_NOT_SUPPORTED          0xc00000bbu
#define RIG_CANCELLED              0xc0000120u
#define RIG_NOT_FOUND              0xc0000225u

struct rig {
    struct ek ek;
    struct sic_request request; /* what is wanted, with the layout that the image path found */
    uint8_t *expected;          /* packed by the image path */
    size_t expected_size;
    struct sic_scan scan; /* the same, as a scan */
    uint8_t *answer;
    uint64_t answer_size; /* bytes that count */
};

/* Builds a world (arguments of sic-lab, without --output), reads it both ways and loads the driver. */
void rig_open(struct rig *rig, const char *arguments, const char *layout);
/* The same, for a request of less than everything (SIC_WIRE_WANT_…). */
void rig_open_wanting(struct rig *rig, const char *arguments, const char *layout, uint32_t want);
void rig_close(struct rig *rig);

/* DriverEntry and open; both must succeed. */
void rig_start(struct rig *rig);
/* Close and unload; nothing may be left. */
void rig_stop(struct rig *rig);

/* Sends rig->request with room for `size` bytes. The answer is in rig->answer until the next one. */
uint32_t rig_ask(struct rig *rig, uint32_t size);
/* Fails unless the answer is the image path's, byte for byte. */
void rig_require_expected(const struct rig *rig);
/* Fails unless everything was given back and no rule was broken. */
void rig_require_clean(const struct rig *rig, const char *when);
/* Unpacks the answer, which must be sound. The caller releases the scan. */
void rig_unpack(const struct rig *rig, struct sic_scan *scan);

#endif
