/*
 * What keeps the driver from answering, in words: each reason with its way out.
 */
#ifndef SIC_LIVE_REFUSAL_H
#define SIC_LIVE_REFUSAL_H

#include "util/status.h"

#include <stdbool.h>
#include <stdint.h>

/* The machine, and this process on it. */
struct sic_machine {
    uint16_t processor; /* Windows' own: IMAGE_FILE_MACHINE_… */
    uint32_t major_version, minor_version;
    bool is_elevated;
};

/* SIC_OK when the live kernel can be asked there: x64, 8.1 or later, elevated. */
SIC_MUST_CHECK enum sic_status sic_refusal_of_machine(const struct sic_machine *machine, struct sic_error *error);

/* What Windows says of its code integrity. */
struct sic_code_integrity {
    bool is_known;
    bool allows_test_signing;
    bool has_memory_integrity; /* HVCI */
};

/*
 * Why the driver's service did not start: `code` is the Windows error, `text` what Windows says of it. SIC_IO.
 */
enum sic_status sic_refusal_of_start(uint32_t code, const char *text, const struct sic_code_integrity *integrity,
                                     struct sic_error *error);

/* What the driver's statuses mean (docs/protocol.md). SIC_BROKEN: the kernel contradicts the layout. */
enum sic_status sic_refusal_of_request(uint32_t nt_status, struct sic_error *error);

/* Why Windows made no live dump. SIC_IO. */
enum sic_status sic_refusal_of_dump(uint32_t nt_status, struct sic_error *error);

#endif
