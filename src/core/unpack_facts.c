#include "core/unpack_private.h"

#define TOKEN_FLAGS 0xffu
#define PAGE_FLAGS  0xfu
/* A SID: revision, count, six bytes of authority, then so many sub-authorities of four bytes. */
#define SID_HEADER_SIZE         8u
#define SID_SUB_AUTHORITY_LIMIT 15u

static bool is_range(uint32_t first, uint32_t count, uint32_t limit)
{
    return first <= limit && count <= limit - first;
}

/* Known or unknown. */
static bool is_optional_string(const struct sic_unpacker *unpacker, const struct sic_wire_string *string)
{
    return sic_unpack_is_string(unpacker, string, string->offset != SIC_WIRE_NONE);
}

static bool is_empty(const struct sic_wire_string *string)
{
    return string->offset == 0 && string->length == 0;
}

/* A SID, or none. */
static bool is_sid(const struct sic_unpacker *unpacker, const struct sic_wire_blob *blob)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_BYTES];
    uint8_t sub_authorities;

    if (blob->offset == SIC_WIRE_NONE)
        return blob->length == 0;
    if (blob->length < SID_HEADER_SIZE || !is_range(blob->offset, blob->length, table->count))
        return false;
    sub_authorities = unpacker->bytes[table->offset + blob->offset + 1];
    return sub_authorities <= SID_SUB_AUTHORITY_LIMIT && blob->length == SID_HEADER_SIZE + 4u * sub_authorities;
}

static bool is_sound_token(const struct sic_unpacker *unpacker, const struct sic_wire_token *wire)
{
    uint32_t sids = unpacker->tables[SIC_WIRE_SIDS].count;

    return !(wire->flags & ~TOKEN_FLAGS) && wire->reserved == 0 && is_sid(unpacker, &wire->package) &&
           (wire->flags & SIC_TOKEN_POLICY_KNOWN || wire->mandatory_policy == 0) &&
           (wire->flags & SIC_TOKEN_PRIVILEGES_KNOWN || wire->privileges == 0) &&
           is_range(wire->first_group, wire->group_count, sids) &&
           is_range(wire->first_capability, wire->capability_count, sids) &&
           is_range(wire->first_restricted, wire->restricted_count, sids);
}

static bool is_sound_sid(const struct sic_unpacker *unpacker, const struct sic_wire_sid *wire)
{
    return is_sid(unpacker, &wire->sid) && wire->reserved == 0;
}

/*
 * Directories may be unread; sections outside the root, which have no directory, are marked. The security of both may
 * have been read.
 */
static bool are_name_flags_sound(const struct sic_wire_name *wire)
{
    uint32_t flags = wire->flags & ~SIC_NAME_SECURITY_READ;

    if (wire->kind == SIC_NAME_DIRECTORY)
        return !(flags & ~SIC_NAME_UNREAD);
    if (wire->kind != SIC_NAME_SECTION)
        return wire->flags == 0;
    return flags == (wire->parent == SIC_WIRE_NONE ? SIC_NAME_OUTSIDE_ROOT : 0);
}

/* Bytes, where they were read; sic_facts_check looks into them. */
static bool is_place_of_security(const struct sic_unpacker *unpacker, const struct sic_wire_name *wire)
{
    if (wire->security.offset == SIC_WIRE_NONE)
        return wire->security.length == 0;
    return wire->flags & SIC_NAME_SECURITY_READ && wire->security.length > 0 &&
           is_range(wire->security.offset, wire->security.length, unpacker->tables[SIC_WIRE_BYTES].count);
}

/* Each kind has its own: directories and sections marks, sections an index, symbolic links a target. */
static bool is_sound_name(const struct sic_unpacker *unpacker, const struct sic_wire_name *wire)
{
    bool is_root = wire->parent == SIC_WIRE_NONE && wire->kind == SIC_NAME_DIRECTORY;

    return wire->kind < SIC_NAME_KIND_COUNT && are_name_flags_sound(wire) && is_place_of_security(unpacker, wire) &&
           (wire->section == SIC_WIRE_NONE || wire->kind == SIC_NAME_SECTION) &&
           sic_unpack_is_index(wire->section, unpacker->tables[SIC_WIRE_SECTIONS].count) &&
           (wire->target.offset == SIC_WIRE_NONE || wire->kind == SIC_NAME_SYMBOLIC_LINK) &&
           (is_empty(&wire->target) || is_optional_string(unpacker, &wire->target)) &&
           (is_root ? is_empty(&wire->name) : is_optional_string(unpacker, &wire->name));
}

static bool is_sound_handle(const struct sic_unpacker *unpacker, const struct sic_wire_handle *wire)
{
    return wire->process < unpacker->tables[SIC_WIRE_PROCESSES].count && wire->value != 0 && wire->value % 4 == 0 &&
           sic_unpack_is_index(wire->section, unpacker->tables[SIC_WIRE_SECTIONS].count);
}

static bool is_sound_device(const struct sic_unpacker *unpacker, const struct sic_wire_device *wire)
{
    return is_optional_string(unpacker, &wire->path);
}

static bool is_sound_kernel_view(const struct sic_unpacker *unpacker, const struct sic_wire_kernel_view *wire)
{
    if (wire->section >= unpacker->tables[SIC_WIRE_SECTIONS].count)
        return false;
    if (wire->kind == SIC_KERNEL_VIEW_SESSION)
        return wire->page_count == 0 && wire->first_page == 0;
    return wire->kind == SIC_KERNEL_VIEW_CACHE && wire->session_id == SIC_WIRE_NONE;
}

static bool is_sound_peb_pointer(const struct sic_unpacker *unpacker, const struct sic_wire_peb_pointer *wire)
{
    return wire->process < unpacker->tables[SIC_WIRE_PROCESSES].count && wire->field < SIC_PEB_FIELD_COUNT;
}

static bool is_sound_page(const struct sic_unpacker *unpacker, const struct sic_wire_page *wire)
{
    return wire->view < unpacker->tables[SIC_WIRE_VIEWS].count && !(wire->flags & ~PAGE_FLAGS) && wire->reserved == 0;
}

static const char *unpack_tokens(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_TOKENS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->tokens, sizeof(struct sic_token), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_token *record = (struct sic_token *)scan->tokens.elements + i;
        struct sic_wire_token wire;

        sic_unpack_record(unpacker, SIC_WIRE_TOKENS, i, &wire);
        if (!is_sound_token(unpacker, &wire))
            return "a token contradicts the rest";
        *record = (struct sic_token){
            .va = wire.va,
            .session_id = wire.session_id,
            .kernel_flags = wire.kernel_flags,
            .integrity = wire.integrity,
            .flags = wire.flags,
            .package = {.offset = wire.package.offset, .length = wire.package.length},
            .first_group = wire.first_group,
            .group_count = wire.group_count,
            .first_capability = wire.first_capability,
            .capability_count = wire.capability_count,
            .first_restricted = wire.first_restricted,
            .restricted_count = wire.restricted_count,
            .privileges = wire.privileges,
            .mandatory_policy = wire.mandatory_policy,
        };
    }
    return NULL;
}

static const char *unpack_sids(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_SIDS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->sids, sizeof(struct sic_sid), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_sid *record = (struct sic_sid *)scan->sids.elements + i;
        struct sic_wire_sid wire;

        sic_unpack_record(unpacker, SIC_WIRE_SIDS, i, &wire);
        if (!is_sound_sid(unpacker, &wire))
            return "a SID contradicts the rest";
        *record = (struct sic_sid){
            .sid = {.offset = wire.sid.offset, .length = wire.sid.length},
            .attributes = wire.attributes,
        };
    }
    return NULL;
}

static const char *unpack_names(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_NAMES];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->names, sizeof(struct sic_name), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_name *record = (struct sic_name *)scan->names.elements + i;
        struct sic_wire_name wire;

        sic_unpack_record(unpacker, SIC_WIRE_NAMES, i, &wire);
        if (!is_sound_name(unpacker, &wire))
            return "a name contradicts the rest";
        *record = (struct sic_name){
            .object_va = wire.object_va,
            .name = {.offset = wire.name.offset, .length = wire.name.length},
            .target = {.offset = wire.target.offset, .length = wire.target.length},
            .parent = wire.parent,
            .section = wire.section,
            .kind = wire.kind,
            .flags = wire.flags,
            .security = {.offset = wire.security.offset, .length = wire.security.length},
        };
    }
    return NULL;
}

static const char *unpack_handles(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_HANDLES];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->handles, sizeof(struct sic_handle), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_handle *record = (struct sic_handle *)scan->handles.elements + i;
        struct sic_wire_handle wire;

        sic_unpack_record(unpacker, SIC_WIRE_HANDLES, i, &wire);
        if (!is_sound_handle(unpacker, &wire))
            return "a handle contradicts the rest";
        *record = (struct sic_handle){
            .object_va = wire.object_va,
            .value = wire.value,
            .access = wire.access,
            .process = wire.process,
            .section = wire.section,
        };
    }
    return NULL;
}

static const char *unpack_devices(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_DEVICES];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->devices, sizeof(struct sic_device), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_device *record = (struct sic_device *)scan->devices.elements + i;
        struct sic_wire_device wire;

        sic_unpack_record(unpacker, SIC_WIRE_DEVICES, i, &wire);
        if (!is_sound_device(unpacker, &wire))
            return "a device contradicts the rest";
        *record = (struct sic_device){
            .va = wire.va,
            .path = {.offset = wire.path.offset, .length = wire.path.length},
        };
    }
    return NULL;
}

static const char *unpack_kernel_views(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_KERNEL_VIEWS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->kernel_views, sizeof(struct sic_kernel_view), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_kernel_view *record = (struct sic_kernel_view *)scan->kernel_views.elements + i;
        struct sic_wire_kernel_view wire;

        sic_unpack_record(unpacker, SIC_WIRE_KERNEL_VIEWS, i, &wire);
        if (!is_sound_kernel_view(unpacker, &wire))
            return "a view of the kernel contradicts the rest";
        *record = (struct sic_kernel_view){
            .va = wire.va,
            .section = wire.section,
            .kind = wire.kind,
            .session_id = wire.session_id,
            .page_count = wire.page_count,
            .first_page = wire.first_page,
        };
    }
    return NULL;
}

static const char *unpack_peb_pointers(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_PEB_POINTERS];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->peb_pointers, sizeof(struct sic_peb_pointer), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_peb_pointer *record = (struct sic_peb_pointer *)scan->peb_pointers.elements + i;
        struct sic_wire_peb_pointer wire;

        sic_unpack_record(unpacker, SIC_WIRE_PEB_POINTERS, i, &wire);
        if (!is_sound_peb_pointer(unpacker, &wire))
            return "a pointer of a PEB contradicts the rest";
        *record = (struct sic_peb_pointer){
            .value = wire.value,
            .process = wire.process,
            .field = wire.field,
        };
    }
    return NULL;
}

static const char *unpack_pages(struct sic_unpacker *unpacker)
{
    const struct sic_wire_table *table = &unpacker->tables[SIC_WIRE_PAGES];
    struct sic_scan *scan = unpacker->scan;

    if (!sic_unpack_make_room(scan, &scan->pages, sizeof(struct sic_page), table->count))
        return sic_unpack_no_memory;
    for (uint32_t i = 0; i < table->count; i++) {
        struct sic_page *record = (struct sic_page *)scan->pages.elements + i;
        struct sic_wire_page wire;

        sic_unpack_record(unpacker, SIC_WIRE_PAGES, i, &wire);
        if (!is_sound_page(unpacker, &wire))
            return "a page contradicts the rest";
        *record = (struct sic_page){
            .pte = wire.pte,
            .physical = wire.physical,
            .view = wire.view,
            .flags = wire.flags,
        };
        __builtin_memcpy(record->bytes, wire.bytes, sizeof(record->bytes));
        __builtin_memcpy(record->pool_tag, wire.pool_tag, sizeof(record->pool_tag));
    }
    return NULL;
}

const char *sic_unpack_facts(struct sic_unpacker *unpacker)
{
    static const char *(*const steps[])(struct sic_unpacker *) = {
        unpack_tokens,  unpack_sids,         unpack_names,        unpack_handles,
        unpack_devices, unpack_kernel_views, unpack_peb_pointers, unpack_pages,
    };
    const char *refusal = NULL;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !refusal; i++)
        refusal = steps[i](unpacker);
    return refusal;
}
