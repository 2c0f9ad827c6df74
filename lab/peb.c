/*
 * Process environment blocks: version numbers, session, and pointers to memory that processes share.
 */
#include "world.h"

#include "bytes.h"

#include <string.h>

static const enum lab_field_id fields[LAB_PEB_POINTER_COUNT] = {
#define LAB_PEB_FIELD(name, id) LAB_PEB_##id,
    LAB_PEB_POINTERS(LAB_PEB_FIELD)
#undef LAB_PEB_FIELD
};

void lab_peb_build(struct lab_world *world, struct lab_process *process)
{
    struct lab_memory *memory = &world->memory;
    bool ten = world->layout.build >= 10000;
    process->peb_frame = LAB_NO_FRAME;
    if (!process->peb || process->exited)
        return;
    process->peb_frame = lab_frame_allocate(memory, LAB_FRAME_USER);
    uint8_t *pte = lab_table_entry(memory, process->dtb >> 12, process->peb, 1, LAB_FRAME_USER_TABLE);
    uint8_t *bytes = lab_frame_bytes(memory, process->peb_frame);
    lab_store_u64(pte, process->peb_frame << 12 | 0x8000000000000867ull);
    lab_store_u64(bytes + 0x10, 0x00007ff600000000ull + process->pid * 0x100000);
    lab_store_u32(bytes + 0x118, ten ? 10 : 6);
    lab_store_u32(bytes + 0x11c, ten ? 0 : 3);
    lab_store_u16(bytes + 0x120, (uint16_t)world->layout.build);
    lab_store_u32(bytes + lab_offset(&world->layout, LAB_PEB_SESSIONID), (uint32_t)process->identity.session);
}

/* Where the process's first view of the section begins; false: it has none. */
static bool find_view(const struct lab_scenario *scenario, uint32_t process, uint32_t section, uint64_t *start)
{
    for (size_t i = 0; i < scenario->node_count; i++) {
        const struct lab_node *node = &scenario->nodes[i];
        if (node->process == process && node->kind == LAB_NODE_VIEW && node->section == section && !node->deleting) {
            *start = node->start;
            return true;
        }
    }
    return false;
}

/*
 * CsrServerReadOnlySharedMemoryBase is where csrss.exe of the process's session has the section, not the process: its
 * difference to ReadOnlySharedMemoryBase makes pointers that csrss.exe wrote the process's own. Public programs that
 * look for BaseStaticServerData compute ReadOnlySharedMemoryBase + ReadOnlyStaticServerData[1] - this field.
 */
static uint64_t server_view_start(const struct lab_scenario *scenario, uint32_t process, uint32_t section)
{
    const struct lab_process *client = &scenario->processes[process];
    for (uint32_t i = 0; i < scenario->process_count; i++) {
        const struct lab_process *server = &scenario->processes[i];
        uint64_t start;
        if (!strcmp(server->name, "csrss.exe") && server->identity.session == client->identity.session &&
            find_view(scenario, i, section, &start))
            return start;
    }
    lab_fail("no csrss.exe of session %llu has a view of section %s for the PEB of process %llu to tell of",
             (unsigned long long)client->identity.session, scenario->sections[section].id,
             (unsigned long long)client->pid);
}

static uint64_t view_start(const struct lab_scenario *scenario, uint32_t process, uint32_t section,
                           enum lab_peb_field field)
{
    uint64_t start;
    if (field == LAB_PEB_POINTER_CSRSERVERREADONLYSHAREDMEMORYBASE)
        return server_view_start(scenario, process, section);
    if (find_view(scenario, process, section, &start))
        return start;
    lab_fail("process %llu has no view of section %s for its PEB to lead to",
             (unsigned long long)scenario->processes[process].pid, scenario->sections[section].id);
}

/* Kernels whose PEB has not the field get no pointer. */
void lab_peb_pointers_build(struct lab_world *world)
{
    struct lab_scenario *scenario = world->scenario;
    for (size_t i = 0; i < scenario->peb_pointer_count; i++) {
        const struct lab_peb_pointer *pointer = &scenario->peb_pointers[i];
        struct lab_process *process = &scenario->processes[pointer->process];
        if (process->peb_frame == LAB_NO_FRAME)
            lab_fail("process %llu has no PEB", (unsigned long long)process->pid);
        if (!lab_has(&world->layout, fields[pointer->field]))
            continue;
        uint64_t value = pointer->section == UINT32_MAX
                             ? pointer->address
                             : view_start(scenario, pointer->process, pointer->section, pointer->field);
        process->pointers[pointer->field] = value;
        lab_store_u64(lab_frame_bytes(&world->memory, process->peb_frame) +
                          lab_offset(&world->layout, fields[pointer->field]),
                      value);
    }
}
