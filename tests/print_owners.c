/*
 * Prints whose memory an image holds, and what views begin with, as JSON: print_owners IMAGE [THREADS]. The system
 * tests hold it against the truth that the image was built from.
 */
#include "core/peb.h"
#include "kernel/collect.h"
#include "util/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_sid(const struct sic_scan *scan, struct sic_blob sid)
{
    const uint8_t *bytes = (const uint8_t *)scan->bytes.elements + sid.offset;
    uint64_t authority = 0;

    if (sid.length == 0) {
        printf("null");
        return;
    }
    for (unsigned i = 2; i < 8; i++)
        authority = authority << 8 | bytes[i];
    printf(authority >> 32 ? "\"S-%u-0x%" PRIx64 : "\"S-%u-%" PRIu64, bytes[0], authority);
    for (unsigned i = 0; i < bytes[1]; i++)
        printf("-%" PRIu32, sic_load32(bytes + 8 + 4 * i));
    printf("\"");
}

static void print_sids(const struct sic_scan *scan, const char *name, uint32_t first, uint32_t count)
{
    printf(", \"%s\": [", name);
    for (uint32_t i = first; i < first + count; i++) {
        const struct sic_sid *sid = (const struct sic_sid *)scan->sids.elements + i;

        printf("%s{\"attributes\": %" PRIu32 ", \"sid\": ", i > first ? ", " : "", sid->attributes);
        print_sid(scan, sid->sid);
        printf("}");
    }
    printf("]");
}

static void print_number(const char *name, uint32_t value)
{
    if (value == SIC_NONE)
        printf(", \"%s\": null", name);
    else
        printf(", \"%s\": %" PRIu32, name, value);
}

static void print_token(const struct sic_scan *scan, const struct sic_token *token)
{
    printf(", \"token\": {\"va\": \"0x%" PRIx64 "\", \"flags\": %" PRIu32 ", \"kernelFlags\": %" PRIu32, token->va,
           token->flags, token->kernel_flags);
    print_number("session", token->session_id);
    print_number("integrity", token->integrity);
    print_number("mandatoryPolicy", token->flags & SIC_TOKEN_POLICY_KNOWN ? token->mandatory_policy : SIC_NONE);
    if (token->flags & SIC_TOKEN_PRIVILEGES_KNOWN)
        printf(", \"privileges\": %" PRIu64, token->privileges);
    else
        printf(", \"privileges\": null");
    printf(", \"package\": ");
    print_sid(scan, token->package);
    print_sids(scan, "groups", token->first_group, token->group_count);
    print_sids(scan, "capabilities", token->first_capability, token->capability_count);
    print_sids(scan, "restricted", token->first_restricted, token->restricted_count);
    printf("}");
}

/* The pointers stand by process: `*next` is the first that was not printed. */
static void print_peb(const struct sic_scan *scan, uint32_t process, uint32_t *next)
{
    const struct sic_peb_pointer *pointers = scan->peb_pointers.elements;
    const char *comma = "";

    printf(", \"pebPointers\": {");
    for (; *next < scan->peb_pointers.count && pointers[*next].process == process; (*next)++) {
        printf("%s\"%s\": \"0x%" PRIx64 "\"", comma, sic_peb_field_name(pointers[*next].field), pointers[*next].value);
        comma = ", ";
    }
    printf("}");
}

static void print_processes(const struct sic_scan *scan)
{
    uint32_t next = 0;

    printf("{\"processes\": [");
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);

        printf("%s\n{\"eprocess\": \"0x%" PRIx64 "\", \"pid\": %" PRIu64 ", \"parent\": %" PRIu64
               ", \"flags\": %" PRIu32 ", \"protection\": %u, \"peb\": \"0x%" PRIx64 "\", \"handleTable\": \"0x%" PRIx64
               "\"",
               i > 0 ? "," : "", process->eprocess_va, process->id, process->parent_id, process->flags,
               process->protection, process->peb_va, process->handle_table_va);
        if (process->token != SIC_NONE)
            print_token(scan, (const struct sic_token *)scan->tokens.elements + process->token);
        print_peb(scan, i, &next);
        printf("}");
    }
    printf("]");
}

static void print_bytes(const char *name, const uint8_t *bytes, unsigned count)
{
    printf(", \"%s\": \"", name);
    for (unsigned i = 0; i < count; i++)
        printf("%02x", bytes[i]);
    printf("\"");
}

static void print_pages(const struct sic_scan *scan)
{
    printf(", \"pages\": [");
    for (uint32_t i = 0; i < scan->pages.count; i++) {
        const struct sic_page *page = (const struct sic_page *)scan->pages.elements + i;
        const struct sic_view *view = sic_scan_view(scan, page->view);

        printf("%s\n{\"eprocess\": \"0x%" PRIx64 "\", \"start\": \"0x%" PRIx64 "\"", i > 0 ? "," : "",
               sic_scan_process(scan, view->process)->eprocess_va, sic_view_start_va(view));
        if (page->flags & SIC_PAGE_HAS_PTE)
            printf(", \"firstPte\": \"0x%" PRIx64 "\"", page->pte);
        if (page->flags & SIC_PAGE_HAS_TAG)
            print_bytes("poolTag", page->pool_tag, sizeof(page->pool_tag));
        if (page->flags & SIC_PAGE_HAS_PHYSICAL)
            printf(", \"firstPhysical\": \"0x%" PRIx64 "\"", page->physical);
        if (page->flags & SIC_PAGE_HAS_BYTES)
            print_bytes("firstBytes", page->bytes, sizeof(page->bytes));
        printf("}");
    }
    printf("]}\n");
}

static int print_image(const struct sic_image *image, unsigned threads, struct sic_error *error)
{
    struct sic_collect_options options = {
        .threads = threads, .with_tokens = true, .with_peb = true, .with_first_pages = true};
    struct sic_kernel kernel;
    struct sic_scan scan;
    int status = 2;

    if (sic_kernel_open(image, error, &kernel) != SIC_OK)
        return status;
    sic_scan_init(&scan, sic_heap_allocator());
    if (sic_collect(&kernel, &options, error, &scan) == SIC_OK) {
        print_processes(&scan);
        print_pages(&scan);
        status = 0;
    }
    sic_scan_deinit(&scan);
    return status;
}

int main(int argc, char **argv)
{
    struct sic_error error;
    struct sic_image *image;
    int status;

    if (argc < 2 || argc > 3) {
        fputs("usage: print_owners IMAGE [THREADS]\n", stderr);
        return 2;
    }
    if (sic_image_open(argv[1], &error, &image) != SIC_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 2;
    }
    status = print_image(image, argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0, &error);
    if (status != 0)
        fprintf(stderr, "%s\n", error.message);
    sic_image_close(image);
    return status;
}
