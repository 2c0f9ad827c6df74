/* Public symbols: one pass over the symbol records, for a handful of names. */
#include "symbols/codeview.h"
#include "symbols/pdb_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * S_PUB32 behind its 16-bit size and kind: flags, offset, segment, name (cvinfo.h, PUBSYM32). A section header has
 * IMAGE_SECTION_HEADER's 40 bytes.
 */
enum {
    RECORD_SIZE_MINIMUM = 4,
    PUBLIC_OFFSET = 8,
    PUBLIC_SEGMENT = 12,
    PUBLIC_NAME = 14,
    SECTION_HEADER_SIZE = 40,
    SECTION_VIRTUAL_ADDRESS = 12
};

/* The wanted names, by hash; a slot holds 1 + the index of a global. Equal names take a slot each. */
struct wanted {
    struct sic_pdb_global *globals;
    uint32_t *slots;
    uint32_t mask;
};

static uint32_t hash_step(uint32_t hash, char character)
{
    return (hash ^ (uint8_t)character) * 16777619u;
}

static uint32_t hash_name(const char *name)
{
    uint32_t hash = 2166136261u;

    while (*name != '\0')
        hash = hash_step(hash, *name++);
    return hash;
}

static enum sic_status collect(struct sic_pdb_global *globals, size_t count, struct sic_error *error,
                               struct wanted *wanted)
{
    size_t slots = 16;

    while (slots / 2 < count)
        slots *= 2;
    wanted->globals = globals;
    wanted->mask = (uint32_t)(slots - 1);
    wanted->slots = calloc(slots, sizeof(*wanted->slots));
    if (wanted->slots == NULL)
        return sic_error_set(error, SIC_NO_MEMORY, "no memory for %" PRIu64 " names of symbols", (uint64_t)count);
    for (size_t i = 0; i < count; i++) {
        uint32_t slot = hash_name(globals[i].name) & wanted->mask;

        while (wanted->slots[slot] != 0)
            slot = (slot + 1) & wanted->mask;
        wanted->slots[slot] = (uint32_t)i + 1;
        globals[i].answer = SIC_PDB_NO_SYMBOL;
    }
    return SIC_OK;
}

/*
 * The section's address plus the offset. Segments count from 1; one past the last section, where linkers put absolute
 * symbols, is no address.
 */
static bool address_of(const struct sic_pdb *pdb, const struct sic_msf_stream *sections, const uint8_t *symbol,
                       uint32_t *rva)
{
    uint32_t offset = sic_msf_u32(symbol + PUBLIC_OFFSET);
    uint32_t segment = sic_msf_u16(symbol + PUBLIC_SEGMENT);
    uint8_t buffer[4];
    const uint8_t *address;

    if (pdb->identity.has_omap || segment == 0)
        return false;
    address = sic_msf_view(sections, (segment - 1) * SECTION_HEADER_SIZE + SECTION_VIRTUAL_ADDRESS, 4, buffer);
    return address != NULL && !__builtin_add_overflow(sic_msf_u32(address), offset, rva);
}

static void offer(const struct sic_pdb *pdb, const struct sic_msf_stream *sections, const struct wanted *wanted,
                  const uint8_t *symbol)
{
    const char *name = (const char *)symbol + PUBLIC_NAME;
    uint32_t slot = hash_name(name) & wanted->mask;

    for (; wanted->slots[slot] != 0; slot = (slot + 1) & wanted->mask) {
        struct sic_pdb_global *global = &wanted->globals[wanted->slots[slot] - 1];
        uint32_t rva = 0;

        if (global->answer == SIC_PDB_FOUND || strcmp(global->name, name) != 0)
            continue;
        global->answer = address_of(pdb, sections, symbol, &rva) ? SIC_PDB_FOUND : SIC_PDB_NO_ADDRESS;
        if (global->answer == SIC_PDB_FOUND)
            global->rva = rva;
    }
}

static enum sic_status fault(const struct sic_msf_stream *symbols, uint32_t offset, uint32_t size, const char *what,
                             struct sic_error *error)
{
    return sic_error_set(error, SIC_BROKEN,
                         "PDB stream %" PRIu32 ", offset 0x%" PRIx32 ": a symbol record of %" PRIu32
                         " bytes %s; %" PRIu32 " bytes are left",
                         symbols->number, offset, size, what, symbols->size - offset);
}

static enum sic_status scan(const struct sic_pdb *pdb, const struct sic_msf_stream *symbols,
                            const struct sic_msf_stream *sections, const struct wanted *wanted, uint8_t *buffer,
                            struct sic_error *error)
{
    uint32_t offset = 0;

    while (offset < symbols->size) {
        const uint8_t *head = sic_msf_view(symbols, offset, RECORD_SIZE_MINIMUM, buffer);
        uint32_t size = head == NULL ? 0 : sic_msf_u16(head) + 2u;
        bool is_public;

        if (size < RECORD_SIZE_MINIMUM || size > symbols->size - offset)
            return fault(symbols, offset, size, "does not fit", error);
        is_public = sic_msf_u16(head + 2) == CV_S_PUB32;
        if (is_public) {
            const uint8_t *symbol = sic_msf_view(symbols, offset, size, buffer);

            if (symbol == NULL || size <= PUBLIC_NAME || memchr(symbol + PUBLIC_NAME, 0, size - PUBLIC_NAME) == NULL)
                return fault(symbols, offset, size, "lacks a name that ends with a zero byte", error);
            offer(pdb, sections, wanted, symbol);
        }
        offset += size;
    }
    return SIC_OK;
}

/* Streams that the PDB does not have are empty: nothing is found in them. */
static enum sic_status open_optional(const struct sic_pdb *pdb, uint32_t number, struct sic_error *error,
                                     struct sic_msf_stream *stream)
{
    *stream = (struct sic_msf_stream){.msf = &pdb->msf, .number = number};
    if (number == SIC_PDB_NO_STREAM)
        return SIC_OK;
    return sic_msf_open_stream(&pdb->msf, number, error, stream);
}

enum sic_status sic_pdb_find_globals(struct sic_pdb *pdb, struct sic_pdb_global *globals, size_t count,
                                     struct sic_error *error)
{
    struct sic_msf_stream symbols, sections;
    struct wanted wanted = {0};
    uint8_t *buffer = NULL;
    enum sic_status status = open_optional(pdb, pdb->symbol_stream, error, &symbols);

    if (status == SIC_OK)
        status = open_optional(pdb, pdb->section_stream, error, &sections);
    if (status == SIC_OK)
        status = collect(globals, count, error, &wanted);
    if (status == SIC_OK) {
        buffer = malloc(SIC_PDB_RECORD_LIMIT);
        status = buffer != NULL ? scan(pdb, &symbols, &sections, &wanted, buffer, error)
                                : sic_error_set(error, SIC_NO_MEMORY, "no memory for a symbol record of the PDB");
    }
    free(buffer);
    free(wanted.slots);
    return status;
}
