/*
 * Prints the names and who may open them, handles, devices and kernel views that an image holds, as JSON: print_facts
 * IMAGE [THREADS]. The system tests hold it against the truth that the image was built from.
 */
#include "kernel/collect.h"
#include "util/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_units(const struct sic_scan *scan, struct sic_string string)
{
    const uint16_t *units = (const uint16_t *)scan->strings.elements + string.offset;

    printf("\"");
    for (uint32_t i = 0; i < string.length; i++)
        printf(units[i] < 0x20 || units[i] > 0x7e || units[i] == '"' || units[i] == '\\' ? "\\u%04x" : "%c", units[i]);
    printf("\"");
}

static void print_string(const struct sic_scan *scan, struct sic_string string)
{
    if (string.offset == SIC_NONE)
        printf("null");
    else
        print_units(scan, string);
}

static void print_index(const char *name, uint32_t index)
{
    if (index == SIC_NONE)
        printf(", \"%s\": null", name);
    else
        printf(", \"%s\": %" PRIu32, name, index);
}

static void print_security(const struct sic_scan *scan, const struct sic_name *name)
{
    const uint8_t *bytes = (const uint8_t *)scan->bytes.elements + name->security.offset;

    printf(", \"securityRead\": %s, \"security\": ", name->flags & SIC_NAME_SECURITY_READ ? "true" : "false");
    if (name->security.offset == SIC_NONE) {
        printf("null");
        return;
    }
    printf("\"");
    for (uint32_t i = 0; i < name->security.length; i++)
        printf("%02x", bytes[i]);
    printf("\"");
}

static void print_names(const struct sic_scan *scan)
{
    static const char *const kinds[] = {"directory", "section", "link"};
    const struct sic_name *names = scan->names.elements;

    printf("\"names\": [");
    for (uint32_t i = 0; i < scan->names.count; i++) {
        printf("%s{\"object\": %" PRIu64 ", \"kind\": \"%s\", \"unread\": %s, \"name\": ", i ? ",\n  " : "\n  ",
               names[i].object_va, kinds[names[i].kind], names[i].flags & SIC_NAME_UNREAD ? "true" : "false");
        print_string(scan, names[i].name);
        printf(", \"target\": ");
        print_string(scan, names[i].target);
        print_index("parent", names[i].parent);
        print_index("section", names[i].section);
        print_security(scan, &names[i]);
        printf("}");
    }
    printf("],\n");
}

static void print_sections(const struct sic_scan *scan)
{
    printf("\"sections\": [");
    for (uint32_t i = 0; i < scan->sections.count; i++) {
        const struct sic_section *section = sic_scan_section(scan, i);

        printf("%s{\"controlArea\": %" PRIu64 ", \"largePages\": %s, \"views\": %" PRIu32, i ? ",\n  " : "\n  ",
               section->control_area_va, section->flags & SIC_SECTION_LARGE_PAGES ? "true" : "false",
               section->view_count);
        print_index("device", section->device);
        printf("}");
    }
    printf("],\n\"devices\": [");
    for (uint32_t i = 0; i < scan->devices.count; i++) {
        printf(i ? ", " : "");
        print_string(scan, ((const struct sic_device *)scan->devices.elements)[i].path);
    }
    printf("],\n");
}

static void print_kernel_views(const struct sic_scan *scan)
{
    const struct sic_kernel_view *views = scan->kernel_views.elements;

    printf("\"kernelViews\": [");
    for (uint32_t i = 0; i < scan->kernel_views.count; i++) {
        printf("%s{\"va\": %" PRIu64 ", \"section\": %" PRIu32 ", \"kind\": %" PRIu32 ", \"pages\": %" PRIu32
               ", \"firstPage\": %" PRIu64,
               i ? ",\n  " : "\n  ", views[i].va, views[i].section, views[i].kind, views[i].page_count,
               views[i].first_page);
        print_index("session", views[i].session_id);
        printf("}");
    }
    printf("],\n");
}

static void print_processes(const struct sic_scan *scan)
{
    const struct sic_handle *handles = scan->handles.elements;
    uint32_t next = 0;

    printf("\"processes\": [");
    for (uint32_t i = 0; i < scan->processes.count; i++) {
        const struct sic_process *process = sic_scan_process(scan, i);

        printf("%s{\"pid\": %" PRIu64 ", \"read\": %s, \"incomplete\": %s, \"handles\": [", i ? ",\n  " : "\n  ",
               process->id, process->flags & SIC_PROCESS_HANDLES_READ ? "true" : "false",
               process->flags & SIC_PROCESS_HANDLES_INCOMPLETE ? "true" : "false");
        for (uint32_t first = next; next < scan->handles.count && handles[next].process == i; next++) {
            printf("%s{\"value\": %" PRIu32 ", \"access\": %" PRIu32 ", \"object\": %" PRIu64, next > first ? ", " : "",
                   handles[next].value, handles[next].access, handles[next].object_va);
            print_index("section", handles[next].section);
            printf("}");
        }
        printf("]}");
    }
    printf("]\n");
}

static enum sic_status collect(const char *path, unsigned threads, struct sic_error *error, struct sic_scan *scan)
{
    struct sic_collect_options options = {
        .threads = threads, .with_objects = true, .with_handles = true, .with_security = true, .minimum_views = 1};
    struct sic_kernel kernel;
    struct sic_image *image;
    enum sic_status status = sic_image_open(path, error, &image);

    if (status != SIC_OK)
        return status;
    status = sic_kernel_open(image, error, &kernel);
    if (status == SIC_OK)
        status = sic_collect(&kernel, &options, error, scan);
    sic_image_close(image);
    return status;
}

int main(int argc, char **argv)
{
    struct sic_error error = {.message = ""};
    struct sic_scan scan;

    if (argc < 2)
        return 2;
    sic_scan_init(&scan, sic_heap_allocator());
    if (collect(argv[1], argc > 2 ? (unsigned)atoi(argv[2]) : 1, &error, &scan) != SIC_OK) {
        fprintf(stderr, "%s\n", error.message);
        sic_scan_deinit(&scan);
        return 2;
    }
    printf("{");
    print_names(&scan);
    print_sections(&scan);
    print_kernel_views(&scan);
    print_processes(&scan);
    printf(", \"bytes\": %" PRIu32 ", \"problems\": %" PRIu32 "}\n", scan.bytes.count, scan.problems.count);
    sic_scan_deinit(&scan);
    return fflush(stdout) != 0 || ferror(stdout) ? 2 : 0;
}
