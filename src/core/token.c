#include "core/token.h"

#include "core/token_attributes.h"

/* EX_FAST_REF: the low bits count references. */
#define FAST_REF_MASK (~0xfull)

/* SID_AND_ATTRIBUTES: {pointer, u32 attributes, u32 padding} */
#define SID_AND_ATTRIBUTES_SIZE 16u
/* Windows ends a logon that would give a token more than 1024 SIDs. */
#define GROUP_LIMIT 4096u

void sic_token_reader_init(struct sic_token_reader *tokens, const struct sic_reader *reader,
                           const struct sic_layout *layout, const struct sic_objects *objects)
{
    *tokens = (struct sic_token_reader){.reader = reader, .layout = layout, .objects = objects};
}

void sic_token_reader_deinit(struct sic_token_reader *tokens, const struct sic_allocator *allocator)
{
    sic_sid_pool_deinit(&tokens->sids, allocator);
    sic_index_free(allocator, &tokens->index);
}

static bool read_u64(const struct sic_token_reader *tokens, uint64_t va, enum sic_field field, uint64_t *value)
{
    return sic_layout_has(tokens->layout, field) &&
           sic_reader_u64(tokens->reader, va + sic_layout_offset(tokens->layout, field), value);
}

static bool read_u32(const struct sic_token_reader *tokens, uint64_t va, enum sic_field field, uint32_t *value)
{
    uint8_t bytes[4];

    if (!sic_layout_has(tokens->layout, field) ||
        !tokens->reader->read(tokens->reader->context, va + sic_layout_offset(tokens->layout, field), bytes,
                              sizeof(bytes)))
        return false;
    *value = sic_load32(bytes);
    return true;
}

/* An array of SID_AND_ATTRIBUTES, as it was read. */
struct list {
    uint32_t first;
    uint32_t count;
    bool is_whole; /* all of its SIDs are known */
};

/* Appends one entry; false when memory ran out. */
static bool read_entry(struct sic_token_reader *tokens, struct sic_scan *scan, uint64_t entry_va, struct list *list)
{
    uint8_t entry[SID_AND_ATTRIBUTES_SIZE];
    struct sic_sid *sid = sic_array_append(&scan->allocator, &scan->sids, sizeof(*sid));
    struct sic_blob blob = {.offset = SIC_NONE};

    if (!sid)
        return false;
    list->count++;
    if (tokens->reader->read(tokens->reader->context, entry_va, entry, sizeof(entry))) {
        sid->attributes = sic_load32(entry + 8);
        if (!sic_sid_read(&tokens->sids, scan, tokens->reader, sic_load64(entry), &blob))
            return false;
    }
    sid->sid = blob;
    list->is_whole = list->is_whole && blob.length > 0;
    return true;
}

/*
 * The array whose address and number of entries the token holds. One that cannot be found, or is longer than any, is
 * left out whole: its count is not to be believed.
 */
static bool read_list(struct sic_token_reader *tokens, struct sic_scan *scan, uint64_t va, enum sic_field array,
                      enum sic_field number, struct list *list)
{
    uint64_t array_va;
    uint32_t count;

    *list = (struct list){.first = scan->sids.count};
    if (!read_u32(tokens, va, number, &count) || !read_u64(tokens, va, array, &array_va))
        return true;
    if (count > 0 && (count > GROUP_LIMIT || !sic_is_kernel_pointer(tokens->reader, array_va, 8) ||
                      count > SIC_SIDS_LIMIT - (scan->sids.count < SIC_SIDS_LIMIT ? scan->sids.count : SIC_SIDS_LIMIT)))
        return true;
    list->is_whole = true;
    for (uint32_t i = 0; i < count; i++) {
        if (sic_reader_is_cancelled(tokens->reader) ||
            !read_entry(tokens, scan, array_va + i * (uint64_t)SID_AND_ATTRIBUTES_SIZE, list))
            return false;
    }
    return true;
}

/* UserAndGroups, of which one entry is the mandatory label. */
static bool read_groups(struct sic_token_reader *tokens, struct sic_scan *scan, struct sic_token *token)
{
    struct list list;
    uint32_t label;

    if (!read_list(tokens, scan, token->va, SIC_FIELD_TOKEN_GROUPS, SIC_FIELD_TOKEN_GROUP_COUNT, &list))
        return false;
    token->first_group = list.first;
    token->group_count = list.count;
    if (list.is_whole && list.count > 0)
        token->flags |= SIC_TOKEN_READ;
    if (read_u32(tokens, token->va, SIC_FIELD_TOKEN_INTEGRITY_INDEX, &label) && label < list.count)
        token->integrity = sic_sid_label(scan, ((const struct sic_sid *)scan->sids.elements)[list.first + label].sid);
    return true;
}

static bool read_restrictions(struct sic_token_reader *tokens, struct sic_scan *scan, struct sic_token *token)
{
    struct list list;

    if (!read_list(tokens, scan, token->va, SIC_FIELD_TOKEN_CAPABILITIES, SIC_FIELD_TOKEN_CAPABILITY_COUNT, &list))
        return false;
    token->first_capability = list.first;
    token->capability_count = list.count;
    token->flags |= list.is_whole ? SIC_TOKEN_CAPABILITIES_KNOWN : 0;
    if (!read_list(tokens, scan, token->va, SIC_FIELD_TOKEN_RESTRICTED_SIDS, SIC_FIELD_TOKEN_RESTRICTED_COUNT, &list))
        return false;
    token->first_restricted = list.first;
    token->restricted_count = list.count;
    token->flags |= list.is_whole ? SIC_TOKEN_RESTRICTED_KNOWN : 0;
    return true;
}

/* What makes it an AppContainer's, and one of low privilege. */
static bool read_package(struct sic_token_reader *tokens, struct sic_scan *scan, struct sic_token *token)
{
    uint64_t sid_va, attributes_va;
    enum sic_low_privilege low = SIC_LOW_PRIVILEGE_UNKNOWN;

    if (read_u64(tokens, token->va, SIC_FIELD_TOKEN_PACKAGE, &sid_va)) {
        if (sid_va != 0 && !sic_sid_read(&tokens->sids, scan, tokens->reader, sid_va, &token->package))
            return false;
        if (sid_va == 0 || token->package.length > 0)
            token->flags |= SIC_TOKEN_PACKAGE_KNOWN;
    }
    if (read_u64(tokens, token->va, SIC_FIELD_TOKEN_SECURITY_ATTRIBUTES, &attributes_va))
        low = sic_token_low_privilege(tokens->reader, attributes_va);
    token->flags |= low != SIC_LOW_PRIVILEGE_UNKNOWN ? SIC_TOKEN_ATTRIBUTES_KNOWN : 0;
    token->flags |= low == SIC_LOW_PRIVILEGE_YES ? SIC_TOKEN_LOW_PRIVILEGE : 0;
    return true;
}

/*
 * SEP_TOKEN_PRIVILEGES {u64 present, u64 enabled, u64 enabled by default}: in published headers and symbols, the same
 * since Vista, as the policy is. Before, a pointer to an array stood there, and stays unread.
 */
#define PRIVILEGES_ENABLED 8u

static void read_rights(const struct sic_token_reader *tokens, struct sic_token *token)
{
    const struct sic_layout *layout = tokens->layout;

    if (!sic_layout_has(layout, SIC_FIELD_TOKEN_MANDATORY_POLICY))
        return;
    if (read_u32(tokens, token->va, SIC_FIELD_TOKEN_MANDATORY_POLICY, &token->mandatory_policy))
        token->flags |= SIC_TOKEN_POLICY_KNOWN;
    if (sic_layout_has(layout, SIC_FIELD_TOKEN_PRIVILEGES) &&
        sic_reader_u64(tokens->reader,
                       token->va + sic_layout_offset(layout, SIC_FIELD_TOKEN_PRIVILEGES) + PRIVILEGES_ENABLED,
                       &token->privileges))
        token->flags |= SIC_TOKEN_PRIVILEGES_KNOWN;
}

/* Not one byte of it can be read: then nothing is known of it but where it is. */
static bool read_token(struct sic_token_reader *tokens, struct sic_scan *scan, struct sic_token *token)
{
    token->session_id = token->integrity = SIC_NONE;
    token->package.offset = SIC_NONE;
    (void)read_u32(tokens, token->va, SIC_FIELD_TOKEN_SESSION_ID, &token->session_id);
    (void)read_u32(tokens, token->va, SIC_FIELD_TOKEN_FLAGS, &token->kernel_flags);
    read_rights(tokens, token);
    return read_groups(tokens, scan, token) && read_restrictions(tokens, scan, token) &&
           read_package(tokens, scan, token);
}

/* What a torn pointer leads to is of any type, or has no header at all. */
static bool is_token(const struct sic_token_reader *tokens, uint64_t va)
{
    const struct sic_objects *objects = tokens->objects;
    bool is_type;

    if (!objects->are_types_known || objects->indexes[SIC_OBJECT_TOKEN] == SIC_OBJECT_TYPE_UNKNOWN)
        return true;
    return sic_object_is(objects, tokens->reader, va, SIC_OBJECT_TOKEN, &is_type) && is_type;
}

bool sic_token_read(struct sic_token_reader *tokens, struct sic_scan *scan, uint32_t process_index)
{
    struct sic_process *process = sic_scan_process(scan, process_index);
    struct sic_token read = {0}, *token;
    uint64_t reference;
    uint32_t index;

    if (!read_u64(tokens, process->eprocess_va, SIC_FIELD_EPROCESS_TOKEN, &reference) ||
        !sic_is_kernel_pointer(tokens->reader, reference & FAST_REF_MASK, 16))
        return true;
    read.va = reference & FAST_REF_MASK;
    if (!sic_index_find(&tokens->index, &scan->tokens, sizeof(*token), read.va, &index)) {
        if (!is_token(tokens, read.va))
            return true;
        if (!read_token(tokens, scan, &read))
            return false;
        token = sic_array_append(&scan->allocator, &scan->tokens, sizeof(*token));
        if (!token)
            return false;
        *token = read;
        index = scan->tokens.count - 1;
        if (!sic_index_add(&scan->allocator, &tokens->index, read.va, index))
            return false;
    }
    process->token = index;
    return true;
}

bool sic_tokens_read(struct sic_scan *scan, const struct sic_reader *reader, const struct sic_layout *layout,
                     const struct sic_objects *objects)
{
    struct sic_token_reader tokens;
    bool done = true;

    sic_token_reader_init(&tokens, reader, layout, objects);
    for (uint32_t i = 0; i < scan->processes.count && done; i++)
        done = !sic_reader_is_cancelled(reader) && sic_token_read(&tokens, scan, i);
    sic_token_reader_deinit(&tokens, &scan->allocator);
    return done;
}
