#include "core/request.h"

/* FNV-1a (public domain) over the fields' names in their order, each with the zero that ends it. */
static uint32_t hash_fields(void)
{
    uint32_t hash = 0x811c9dc5;

    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        const char *name = sic_layout_field_name(i);

        do {
            hash = (hash ^ (uint8_t)*name) * 0x01000193;
        } while (*name++ != '\0');
    }
    return hash;
}

void sic_request_encode(const struct sic_request *request, void *buffer)
{
    struct sic_wire_request header = {
        .magic = SIC_WIRE_REQUEST_MAGIC,
        .version = SIC_WIRE_VERSION,
        .size = SIC_REQUEST_SIZE,
        .field_count = SIC_FIELD_COUNT,
        .fields_hash = hash_fields(),
        .want = request->want,
        .minimum_views = request->minimum_views,
    };
    uint8_t *bytes = buffer;

    __builtin_memcpy(bytes, &header, sizeof(header));
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        const struct sic_layout_field *field = &request->layout.fields[i];
        struct sic_wire_field wire = {
            .offset = field->offset, .first_bit = field->first_bit, .bit_count = field->bit_count};

        __builtin_memcpy(bytes + sizeof(header) + i * sizeof(wire), &wire, sizeof(wire));
    }
}

static enum sic_request_fault check_header(const struct sic_wire_request *header, size_t size)
{
    if (header->magic != SIC_WIRE_REQUEST_MAGIC)
        return SIC_REQUEST_MALFORMED;
    /* The version first: another one may be of another size. */
    if (header->version != SIC_WIRE_VERSION)
        return SIC_REQUEST_VERSION_WRONG;
    if (header->size != size)
        return SIC_REQUEST_SIZE_WRONG;
    if (header->field_count != SIC_FIELD_COUNT || header->fields_hash != hash_fields())
        return SIC_REQUEST_VERSION_WRONG;
    if (size != SIC_REQUEST_SIZE)
        return SIC_REQUEST_SIZE_WRONG;
    return header->want & ~SIC_WIRE_WANT_MASK || header->reserved != 0 ? SIC_REQUEST_MALFORMED : SIC_REQUEST_SOUND;
}

enum sic_request_fault sic_request_decode(const void *bytes, size_t size, struct sic_request *request)
{
    struct sic_wire_request header;
    enum sic_request_fault fault;

    if (size < sizeof(header))
        return SIC_REQUEST_SIZE_WRONG;
    __builtin_memcpy(&header, bytes, sizeof(header));
    fault = check_header(&header, size);
    if (fault != SIC_REQUEST_SOUND)
        return fault;
    request->want = header.want;
    request->minimum_views = header.minimum_views;
    for (unsigned i = 0; i < SIC_FIELD_COUNT; i++) {
        struct sic_wire_field wire;

        __builtin_memcpy(&wire, (const uint8_t *)bytes + sizeof(header) + i * sizeof(wire), sizeof(wire));
        if (wire.reserved != 0)
            return SIC_REQUEST_MALFORMED;
        request->layout.fields[i] =
            (struct sic_layout_field){.offset = wire.offset, .first_bit = wire.first_bit, .bit_count = wire.bit_count};
    }
    return sic_layout_first_bad_field(&request->layout) == SIC_FIELD_COUNT ? SIC_REQUEST_SOUND
                                                                           : SIC_REQUEST_LAYOUT_WRONG;
}
