/*
 * The primary tokens of processes: whose they are.
 */
#ifndef SIC_CORE_TOKEN_H
#define SIC_CORE_TOKEN_H

#include "core/layout.h"
#include "core/object.h"
#include "core/scan.h"
#include "core/sid.h"

/* What one scan's tokens share. The owner calls sic_token_reader_deinit. */
struct sic_token_reader {
    const struct sic_reader *reader;
    const struct sic_layout *layout;
    const struct sic_objects *objects;
    struct sic_sid_pool sids;
    struct sic_index index; /* of scan->tokens, by address */
};

/*
 * Where `objects`, which may be found only later, knows the type of tokens, what is of another type is none: its
 * process's token is unknown.
 */
void sic_token_reader_init(struct sic_token_reader *tokens, const struct sic_reader *reader,
                           const struct sic_layout *layout, const struct sic_objects *objects);
void sic_token_reader_deinit(struct sic_token_reader *tokens, const struct sic_allocator *allocator);

/*
 * Reads the token of process `process_index` into the scan; processes of one token share it. Always the same scan for
 * one reader. What cannot be read, or is no SID, stays unknown and is no problem of the scan; a SID among groups that
 * is unknown keeps its place and takes nothing from the others, the user's among them; its list lacks the flag that
 * says that all were read. False when memory ran out or the reader is cancelled.
 */
bool sic_token_read(struct sic_token_reader *tokens, struct sic_scan *scan, uint32_t process_index);

/* The tokens of all processes. False when memory ran out or the reader is cancelled. */
bool sic_tokens_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                     const struct sic_objects *objects);

#endif
