#include "core/directory.h"
#include "core/security.h"
#include "core/soundness.h"

/* No more in all than there are: what tokens tell stays in proportion to the bytes it came from. */
static const char *check_tokens(const struct sic_scan *scan)
{
    const struct sic_token *tokens = scan->tokens.elements;
    uint64_t total = 0;

    for (uint32_t i = 0; i < scan->tokens.count; i++)
        total += (uint64_t)tokens[i].group_count + tokens[i].capability_count + tokens[i].restricted_count;
    return total <= scan->sids.count ? NULL : "two tokens have the same SIDs";
}

/*
 * A tree whose root comes first and whose parents come before their children; depths[i] is that of names[i]. Names
 * outside of it stand alone.
 */
static const char *check_tree(const struct sic_name *names, uint32_t count, uint8_t *depths)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_root = names[i].parent == SIC_NONE;

        depths[i] = 0;
        if (i > 0 && names[i].flags & SIC_NAME_OUTSIDE_ROOT)
            continue;
        if (is_root != (i == 0) || (is_root && names[i].kind != SIC_NAME_DIRECTORY))
            return "a name stands where the root must";
        if (!is_root && (names[i].parent >= i || names[names[i].parent].kind != SIC_NAME_DIRECTORY))
            return "a name is in no directory";
        if (!is_root)
            depths[i] = depths[names[i].parent] + 1;
        if (depths[i] > SIC_DIRECTORY_DEPTH_LIMIT)
            return "its directories are too deep";
    }
    return NULL;
}

static const char *check_names(const struct sic_scan *scan)
{
    struct sic_array depths = {0};
    const char *refusal;

    if (scan->names.count == 0)
        return NULL;
    if (!sic_array_reserve(&scan->allocator, &depths, sizeof(uint8_t), scan->names.count))
        return "there is not enough memory for it";
    refusal = check_tree(scan->names.elements, scan->names.count, depths.elements);
    sic_array_free(&scan->allocator, &depths, sizeof(uint8_t));
    return refusal;
}

/* A descriptor among the scan's bytes; `offset` comes first: it is the index's key. */
struct place {
    uint64_t offset;
    uint32_t length;
    uint32_t reserved;
};

/* Several names can share one. Each new one stands behind those before it, so that no byte is looked at twice. */
static const char *check_security(const struct sic_scan *scan, struct sic_array *places, struct sic_index *index,
                                  struct sic_blob security, uint32_t *end)
{
    struct place *place;
    uint32_t known;

    if (sic_index_find(index, places, sizeof(*place), security.offset, &known)) {
        place = (struct place *)places->elements + known;
        return place->length == security.length ? NULL : "two security descriptors overlap";
    }
    if (security.offset < *end)
        return "two security descriptors overlap";
    *end = security.offset + security.length;
    if (!sic_security_is_sound((const uint8_t *)scan->bytes.elements + security.offset, security.length))
        return "a security descriptor contradicts itself";
    place = sic_array_append(&scan->allocator, places, sizeof(*place));
    if (!place || !sic_index_add(&scan->allocator, index, security.offset, places->count - 1))
        return "there is not enough memory for it";
    *place = (struct place){.offset = security.offset, .length = security.length};
    return NULL;
}

static const char *check_securities(const struct sic_scan *scan)
{
    const struct sic_name *names = scan->names.elements;
    struct sic_array places = {0};
    struct sic_index index = {0};
    const char *refusal = NULL;
    uint32_t end = 0;

    for (uint32_t i = 0; i < scan->names.count && !refusal; i++) {
        if (names[i].security.offset != SIC_NONE)
            refusal = check_security(scan, &places, &index, names[i].security, &end);
    }
    sic_array_free(&scan->allocator, &places, sizeof(struct place));
    sic_index_free(&scan->allocator, &index);
    return refusal;
}

static const char *check_handles(const struct sic_scan *scan)
{
    const struct sic_handle *handles = scan->handles.elements;

    for (uint32_t i = 1; i < scan->handles.count; i++) {
        if (handles[i].process < handles[i - 1].process ||
            (handles[i].process == handles[i - 1].process && handles[i].value <= handles[i - 1].value))
            return "its handles are out of order";
    }
    return NULL;
}

static const char *check_kernel_views(const struct sic_scan *scan)
{
    const struct sic_kernel_view *views = scan->kernel_views.elements;

    for (uint32_t i = 1; i < scan->kernel_views.count; i++) {
        if (views[i].section < views[i - 1].section)
            return "the kernel's views are out of order";
    }
    return NULL;
}

static const char *check_peb_pointers(const struct sic_scan *scan)
{
    const struct sic_peb_pointer *pointers = scan->peb_pointers.elements;

    for (uint32_t i = 1; i < scan->peb_pointers.count; i++) {
        if (pointers[i].process < pointers[i - 1].process)
            return "its pointers of PEBs are out of order";
    }
    return NULL;
}

static const char *check_pages(const struct sic_scan *scan)
{
    const struct sic_page *pages = scan->pages.elements;

    for (uint32_t i = 1; i < scan->pages.count; i++) {
        if (pages[i].view <= pages[i - 1].view)
            return "its pages are out of order";
    }
    return NULL;
}

const char *sic_facts_check(const struct sic_scan *scan)
{
    static const char *(*const checks[])(const struct sic_scan *) = {
        check_tokens,       check_names,        check_securities, check_handles,
        check_kernel_views, check_peb_pointers, check_pages};
    const char *refusal = NULL;

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && !refusal; i++)
        refusal = checks[i](scan);
    return refusal;
}
