#include "meaning/handle.h"

#include "meaning/keys.h"
#include "util/memory.h"

#include <stdio.h>
#include <stdlib.h>

#define MAP_WRITE 0x2u

/* The specific rights of sections and the standard rights, of winnt.h. */
static const struct {
    uint32_t bit;
    const char *name;
} rights[] = {
    {0x1, "query"},         {MAP_WRITE, "map write"},         {0x4, "map read"},   {0x8, "map execute"},
    {0x10, "extend size"},  {0x20, "map execute explicitly"}, {0x10000, "delete"}, {0x20000, "read control"},
    {0x40000, "write DAC"}, {0x80000, "write owner"},
};

static void judge_tables(struct sic_handles *handles)
{
    for (uint32_t i = 0; i < handles->scan->processes.count; i++) {
        uint32_t flags = sic_scan_process(handles->scan, i)->flags;

        if (flags & (SIC_PROCESS_HANDLES_READ | SIC_PROCESS_HANDLES_INCOMPLETE))
            handles->known = true;
        if (!(flags & SIC_PROCESS_HANDLES_READ) && !(flags & SIC_PROCESS_EXITED))
            handles->unread++;
    }
    handles->complete = handles->known && handles->unread == 0;
}

bool sic_handles_init(const struct sic_scan *scan, struct sic_handles *handles)
{
    const struct sic_handle *records = scan->handles.elements;

    *handles = (struct sic_handles){.scan = scan};
    judge_tables(handles);
    if (scan->handles.count == 0)
        return true;
    handles->known = true;
    handles->keys = malloc(scan->handles.count * sizeof(*handles->keys));
    if (!handles->keys)
        return false;
    for (uint32_t i = 0; i < scan->handles.count; i++) {
        if (records[i].section < scan->sections.count && records[i].process < scan->processes.count)
            handles->keys[handles->count++] = (struct sic_key){.key = records[i].section, .value = i};
    }
    return sic_sort_keys(sic_heap_allocator(), handles->keys, handles->count);
}

void sic_handles_deinit(struct sic_handles *handles)
{
    free(handles->keys);
    *handles = (struct sic_handles){0};
}

const struct sic_key *sic_handles_find(const struct sic_handles *handles, uint32_t section, uint32_t *count)
{
    return sic_keys_equal(handles->keys, handles->count, section, count);
}

bool sic_access_has_map_write(uint32_t access)
{
    return access & MAP_WRITE;
}

void sic_access_format(uint32_t access, char text[SIC_ACCESS_TEXT_SIZE])
{
    const char *separator = "";
    int used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        if (!(access & rights[i].bit))
            continue;
        used += snprintf(text + used, SIC_ACCESS_TEXT_SIZE - (size_t)used, "%s%s", separator, rights[i].name);
        separator = ", ";
        access &= ~rights[i].bit;
    }
    if (access != 0 || used == 0)
        snprintf(text + used, SIC_ACCESS_TEXT_SIZE - (size_t)used, "%s0x%x", separator, (unsigned)access);
}
