/*
 * What memory is and whose it is, as the truth tells it: names, handles, tokens, views of the kernel, first pages.
 */
#include "world.h"

#include "bytes.h"

#include <string.h>

typedef unsigned long long ull;

void lab_truth_text(FILE *file, const char *text)
{
    if (!text) {
        fputs("null", file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fprintf(file, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            fprintf(file, "\\u%04x", *text);
        else
            fputc(*text, file);
    }
    fputc('"', file);
}

static const char *bool_text(bool value)
{
    return value ? "true" : "false";
}

/* What the layout has no field for cannot be in the image: null. */
static const char *known_text(const struct lab_world *world, enum lab_field_id id, bool value)
{
    return lab_has(&world->layout, id) ? bool_text(value) : "null";
}

static void print_sids(FILE *file, const char *name, const char *list)
{
    fprintf(file, ", \"%s\": [", name);
    for (bool first = true; list && *list; first = false) {
        size_t size = strcspn(list, ",");
        fprintf(file, "%s\"%.*s\"", first ? "" : ", ", (int)size, list);
        list += size + (list[size] == ',');
    }
    fputc(']', file);
}

static void print_token(const struct lab_world *world, const struct lab_process *process, FILE *file)
{
    const struct lab_identity *identity = &process->identity;
    if (!identity->group_text) {
        fputs(", \"session\": null, \"user\": null, \"integrity\": null, \"groups\": [], \"package\": null, "
              "\"lowPrivilege\": null, \"capabilities\": [], \"restricted\": [], "
              "\"writeRestricted\": null, \"mandatoryPolicy\": null, \"traverse\": null",
              file);
        return;
    }
    fprintf(file, ", \"session\": %llu, \"user\": ", (ull)identity->session);
    lab_truth_text(file, identity->user);
    fputs(", \"integrity\": ", file);
    if (lab_has(&world->layout, LAB_TOKEN_INTEGRITY))
        fprintf(file, "%llu", (ull)identity->integrity);
    else
        fputs("null", file);
    fprintf(file, ", \"groups\": [%s], \"package\": ", identity->group_text);
    lab_truth_text(file, identity->package);
    fprintf(file, ", \"lowPrivilege\": %s", known_text(world, LAB_TOKEN_ATTRIBUTES, identity->low_privilege));
    print_sids(file, "capabilities", identity->capabilities);
    print_sids(file, "restricted", identity->restricted);
    fprintf(file,
            ", \"writeRestricted\": %s, \"traverse\": %s, \"mandatoryPolicy\": ", bool_text(identity->write_restricted),
            known_text(world, LAB_TOKEN_PRIVILEGES, !identity->no_traverse));
    fprintf(file, lab_has(&world->layout, LAB_TOKEN_POLICY) ? "%llu" : "null", (ull)identity->policy);
}

static void print_pointers(const struct lab_process *process, FILE *file)
{
    bool any = false;
    fprintf(file, ", \"peb\": \"0x%llx\", \"pebPointers\": {", (ull)process->peb);
    for (int i = 0; i < LAB_PEB_POINTER_COUNT; i++) {
        if (!process->pointers[i])
            continue;
        fprintf(file, "%s\"%s\": \"0x%llx\"", any ? ", " : "", lab_peb_field_name((enum lab_peb_field)i),
                (ull)process->pointers[i]);
        any = true;
    }
    fputc('}', file);
}

void lab_truth_process(const struct lab_world *world, size_t index, FILE *file)
{
    const struct lab_process *process = &world->scenario->processes[index];
    const struct lab_identity *identity = &process->identity;
    print_token(world, process, file);
    fputs(", \"protection\": ", file);
    if (lab_has(&world->layout, LAB_EPROCESS_PROTECTION))
        fprintf(file, "%llu", (ull)identity->protection);
    else
        fputs("null", file);
    fprintf(file, ", \"wow64\": %s, \"exiting\": %s", known_text(world, LAB_EPROCESS_WOW64, identity->wow64),
            known_text(world, LAB_EPROCESS_FLAGS, identity->exiting || process->exited));
    print_pointers(process, file);
    fputs(", \"handles\": [", file);
    for (uint32_t i = 0; i < process->handle_count; i++) {
        const struct lab_handle *handle = &world->scenario->handles[process->first_handle + i];
        fprintf(file, "%s{\"value\": %u, \"access\": %u, \"section\": %u, \"object\": \"0x%llx\"}", i ? ", " : "",
                handle->value, handle->access, handle->section, (ull)handle->object);
    }
    fputc(']', file);
}

/* The letter of the drive whose link in \GLOBAL?? leads to the device: the first in the scenario's order. */
static const char *drive_of(const struct lab_scenario *scenario, const char *device)
{
    for (size_t i = 0; i < scenario->link_count; i++) {
        const struct lab_link *link = &scenario->links[i];
        if (!strncasecmp(link->path, "\\GLOBAL??\\", 10) && link->path[10] && link->path[11] == ':' &&
            !link->path[12] && !strcasecmp(link->target, device))
            return link->path + 10;
    }
    return device;
}

static void print_file(const struct lab_scenario *scenario, const struct lab_section *section, FILE *file)
{
    const char *device = section->device ? section->device : LAB_VOLUME;
    char path[2048];
    if (!section->name)
        device = "";
    fputs(", \"device\": ", file);
    lab_truth_text(file, *device ? device : NULL);
    snprintf(path, sizeof path, "%s%s", *device ? drive_of(scenario, device) : "", section->name ? section->name : "");
    fputs(", \"fullPath\": ", file);
    lab_truth_text(file, *device && !section->name_absent ? path : NULL);
    if (section->name)
        fprintf(file, ", \"nameReadable\": %s", bool_text(!section->name_absent));
}

static void print_kernel_views(const struct lab_scenario *scenario, size_t index, FILE *file)
{
    static const char *const kinds[] = {"session", "system", "cache"};
    bool any = false;
    fputs(", \"kernelViews\": [", file);
    for (size_t i = 0; i < scenario->kernel_view_count; i++) {
        const struct lab_kernel_view *view = &scenario->kernel_views[i];
        if (view->section != index)
            continue;
        fprintf(file, "%s{\"kind\": \"%s\", \"session\": ", any ? ", " : "", kinds[view->kind]);
        fprintf(file, view->kind == LAB_VIEW_SESSION ? "%u" : "null", view->session);
        fprintf(file, ", \"va\": \"0x%llx\"", (ull)view->va);
        if (view->kind == LAB_VIEW_CACHE)
            fprintf(file, ", \"firstPage\": %llu, \"pages\": %u", (ull)view->page, view->page_count);
        fputc('}', file);
        any = true;
    }
    fputc(']', file);
}

/* Of an image: the pages that all who map it share and can write. */
static void print_shared_parts(const struct lab_section *section, FILE *file)
{
    uint64_t page = 0;
    bool any = false;
    fputs(", \"sharedParts\": [", file);
    for (size_t i = 0; i < section->subsection_count; i++) {
        const struct lab_subsection *subsection = &section->subsections[i];
        unsigned protection = subsection->protection & 7;
        if (section->kind == LAB_SECTION_IMAGE && subsection->shared && (protection == 4 || protection == 6)) {
            fprintf(file, "%s{\"page\": %llu, \"pages\": %llu}", any ? ", " : "", (ull)page, (ull)subsection->pages);
            any = true;
        }
        page += subsection->pages;
    }
    fputc(']', file);
}

void lab_truth_section(const struct lab_world *world, size_t index, FILE *file)
{
    const struct lab_scenario *scenario = world->scenario;
    const struct lab_section *section = &scenario->sections[index];
    bool any = false;
    fputs(", \"names\": [", file);
    for (size_t i = 0; i < scenario->name_count; i++) {
        if (scenario->names[i].section != index)
            continue;
        fputs(any ? ", " : "", file);
        lab_truth_text(file, scenario->names[i].path);
        any = true;
    }
    fputc(']', file);
    print_file(scenario, section, file);
    fprintf(file, ", \"largePages\": %s, \"references\": %u, \"mappedViews\": %llu, \"cacheViews\": %u",
            bool_text(section->large_pages), section->object_count, (ull)section->view_count + section->cache_views,
            section->cache_views + section->ring_cache_views);
    print_kernel_views(scenario, index, file);
    print_shared_parts(section, file);
}

/* Where the view's first page is for its process: its own copy, or the page of the section. LAB_NO_FRAME: nowhere. */
static uint64_t first_frame(const struct lab_world *world, const struct lab_node *node, uint64_t pte)
{
    if (node->copied && node->touch && !node->deleting && !node->unlinked)
        return lab_pte_frame_of(world, world->scenario->processes[node->process].dtb >> 12, node->start);
    return lab_pte_frame(world, pte);
}

/* The view's first prototype PTE; its page may be in transition by now. */
static uint64_t first_pte(const struct lab_world *world, const struct lab_node *node)
{
    uint64_t va = lab_section_pte(&world->scenario->sections[node->section], node->offset);
    uint64_t frame = lab_pte_frame_of(world, world->memory.root, va);
    return lab_load_u64(lab_frame_bytes(&world->memory, frame) + va % LAB_PAGE);
}

void lab_truth_view(const struct lab_world *world, const struct lab_node *node, FILE *file)
{
    const struct lab_section *section = &world->scenario->sections[node->section];
    uint64_t within, pte = first_pte(world, node), frame = first_frame(world, node, pte);
    const struct lab_subsection *subsection = lab_section_find(section, node->offset, &within);
    uint64_t pages = section->kind == LAB_SECTION_IMAGE ? section->pages : subsection->pages;
    fprintf(file, ", \"firstPte\": \"0x%llx\"", (ull)pte);
    fprintf(file, ", \"poolTag\": %s", pages * 8 + 0x10 <= 0xff0 ? "\"MmSt\"" : "null");
    if (frame == LAB_NO_FRAME) {
        fputs(", \"firstPhysical\": null, \"firstBytes\": null", file);
        return;
    }
    fprintf(file, ", \"firstPhysical\": \"0x%llx\", \"firstBytes\": \"", (ull)frame << 12);
    for (unsigned i = 0; i < 16; i++)
        fprintf(file, "%02x", lab_frame_bytes(&world->memory, frame)[i]);
    fputc('"', file);
}

static void print_securities(const struct lab_world *world, FILE *file)
{
    bool any = false;
    for (size_t i = 0; i < world->secured_count; i++) {
        const struct lab_secured *secured = &world->secured[i];
        if (secured->type != LAB_TYPE_DIRECTORY && secured->type != LAB_TYPE_SECTION)
            continue;
        fputs(any ? ",\n  {\"path\": " : "\n  {\"path\": ", file);
        lab_truth_text(file, secured->path);
        fputs(", \"sddl\": ", file);
        lab_truth_text(file, secured->state == LAB_SECURITY_THERE ? secured->sddl : NULL);
        fprintf(file, ", \"readable\": %s}",
                bool_text(secured->state == LAB_SECURITY_THERE || secured->state == LAB_SECURITY_NONE));
        any = true;
    }
}

void lab_truth_namespace(const struct lab_world *world, FILE *file)
{
    const struct lab_scenario *scenario = world->scenario;
    fputs(" \"directories\": [", file);
    for (size_t i = 0; i < world->directories.count; i++) {
        fputs(i ? ", " : "", file);
        lab_truth_text(file, world->directories.items[i].path);
    }
    fputs("],\n \"links\": [", file);
    for (size_t i = 0; i < scenario->link_count; i++) {
        fputs(i ? ",\n  {\"path\": " : "\n  {\"path\": ", file);
        lab_truth_text(file, scenario->links[i].path);
        fputs(", \"target\": ", file);
        lab_truth_text(file, scenario->links[i].target);
        fputc('}', file);
    }
    fputs("],\n \"security\": [", file);
    print_securities(world, file);
    fputs("],\n", file);
}
