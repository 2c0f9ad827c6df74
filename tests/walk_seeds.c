/*
 * Seeds for the walk's fuzz target: a process with three VADs, two of them views of one file, for every built-in
 * layout. walk_seeds FOLDER
 */
#include "flat_memory.h"
#include "symbols/profile.h"

#include <stdio.h>
#include <string.h>

#define MEMORY_SIZE  0x3000u
#define EPROCESS_AT  0x40u
#define ROOT_AT      0x2000u
#define LEFT_AT      0x20c0u
#define RIGHT_AT     0x2180u
#define CONTROL_AT   0x2240u
#define SEGMENT_AT   0x2340u
#define FILE_AT      0x2400u
#define NAME_AT      0x2500u
#define PROTOTYPE_AT 0x2600u
#define TOKEN_AT     0x2700u
#define GROUPS_AT    0x2b00u
#define SID_AT       0x2b80u
#define INFO_AT      0x2c00u
#define ATTRIBUTE_AT 0x2c40u
#define VALUE_AT     0x2d00u
#define TEXT_AT      0x2d80u
#define PEB_AT       0x2000u

static uint8_t bytes[1 + MEMORY_SIZE];

static void put(uint32_t at, const struct sic_layout *layout, enum sic_field field, uint64_t value, unsigned size)
{
    memcpy(bytes + 1 + at + sic_layout_offset(layout, field), &value, size);
}

static void put_pointer(uint32_t at, const struct sic_layout *layout, enum sic_field field, uint32_t target)
{
    put(at, layout, field, FLAT_BASE + target, 8);
}

static uint32_t flag(const struct sic_layout *layout, enum sic_field field, uint32_t value)
{
    return value << layout->fields[field].first_bit;
}

static void put_node(uint32_t at, const struct sic_layout *layout, uint32_t parent, uint32_t start, bool is_private)
{
    uint32_t subsection = CONTROL_AT + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE);

    put(at, layout, SIC_FIELD_MMVAD_SHORT_PARENT, parent ? FLAT_BASE + parent : 0, 8);
    put(at, layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN, start, 4);
    put(at, layout, SIC_FIELD_MMVAD_SHORT_ENDING_VPN, start + 1, 4);
    put(at, layout, SIC_FIELD_MMVAD_SHORT_FLAGS,
        flag(layout, SIC_FIELD_VAD_FLAGS_PRIVATE_MEMORY, is_private) | flag(layout, SIC_FIELD_VAD_FLAGS_PROTECTION, 4),
        4);
    if (is_private)
        return;
    put_pointer(at, layout, SIC_FIELD_MMVAD_SUBSECTION, subsection);
    put_pointer(at, layout, SIC_FIELD_MMVAD_FIRST_PROTOTYPE_PTE, PROTOTYPE_AT);
    put_pointer(at, layout, SIC_FIELD_MMVAD_LAST_CONTIGUOUS_PTE, PROTOTYPE_AT + 8);
    put(at, layout, SIC_FIELD_MMVAD_VADS_PROCESS, FLAT_BASE + EPROCESS_AT + 1, 8);
}

static void put_string(uint32_t at, const char *text)
{
    uint16_t size = (uint16_t)(strlen(text) * 2);
    uint64_t buffer = FLAT_BASE + at + 16;

    memcpy(bytes + 1 + at, &size, 2);
    memcpy(bytes + 1 + at + 2, &size, 2);
    memcpy(bytes + 1 + at + 8, &buffer, 8);
    for (size_t i = 0; text[i] != '\0'; i++)
        bytes[1 + at + 16 + 2 * i] = (uint8_t)text[i];
}

static void put_process(const struct sic_layout *layout)
{
    uint64_t links = FLAT_BASE + EPROCESS_AT + sic_layout_offset(layout, SIC_FIELD_EPROCESS_ACTIVE_PROCESS_LINKS);
    uint64_t head = FLAT_BASE;

    memcpy(bytes + 1, &links, 8);
    memcpy(bytes + 1 + 8, &links, 8);
    put(EPROCESS_AT, layout, SIC_FIELD_EPROCESS_ACTIVE_PROCESS_LINKS, head, 8);
    memcpy(bytes + 1 + (links & 0xffff) + 8, &head, 8);
    put(EPROCESS_AT, layout, SIC_FIELD_EPROCESS_UNIQUE_PROCESS_ID, 4, 8);
    memcpy(bytes + 1 + EPROCESS_AT + sic_layout_offset(layout, SIC_FIELD_EPROCESS_IMAGE_FILE_NAME), "System", 7);
    put_pointer(EPROCESS_AT, layout, SIC_FIELD_EPROCESS_VAD_ROOT, ROOT_AT);
    put_pointer(EPROCESS_AT, layout, SIC_FIELD_EPROCESS_AUDIT_NAME, NAME_AT);
}

static void put_links(uint32_t head, uint32_t entry)
{
    const uint64_t links[] = {FLAT_BASE + entry, FLAT_BASE + entry, FLAT_BASE + head, FLAT_BASE + head};

    memcpy(bytes + 1 + head, links, 16);
    memcpy(bytes + 1 + entry, links + 2, 16);
}

/* Groups, package, capabilities and restricting SIDs are the same SID, S-1-16-4096; one attribute. */
static void put_token(const struct sic_layout *layout)
{
    static const uint8_t sid[12] = {1, 1, 0, 0, 0, 0, 0, 16, 0, 0x10};
    static const enum sic_field lists[] = {SIC_FIELD_TOKEN_GROUPS, SIC_FIELD_TOKEN_CAPABILITIES,
                                           SIC_FIELD_TOKEN_RESTRICTED_SIDS};
    static const enum sic_field counts[] = {SIC_FIELD_TOKEN_GROUP_COUNT, SIC_FIELD_TOKEN_CAPABILITY_COUNT,
                                            SIC_FIELD_TOKEN_RESTRICTED_COUNT};
    uint64_t sid_va = FLAT_BASE + SID_AT;

    put(EPROCESS_AT, layout, SIC_FIELD_EPROCESS_TOKEN, FLAT_BASE + TOKEN_AT + 7, 8);
    put(EPROCESS_AT, layout, SIC_FIELD_EPROCESS_PEB, 0x7ff00000 + PEB_AT, 8);
    memcpy(bytes + 1 + SID_AT, sid, sizeof(sid));
    for (unsigned i = 0; i < 2; i++)
        memcpy(bytes + 1 + GROUPS_AT + 16 * i, &sid_va, 8);
    for (unsigned i = 0; i < 3; i++) {
        put_pointer(TOKEN_AT, layout, lists[i], GROUPS_AT);
        put(TOKEN_AT, layout, counts[i], 2 - i / 2, 4);
    }
    put(TOKEN_AT, layout, SIC_FIELD_TOKEN_INTEGRITY_INDEX, 1, 4);
    put_pointer(TOKEN_AT, layout, SIC_FIELD_TOKEN_PACKAGE, SID_AT);
    put_pointer(TOKEN_AT, layout, SIC_FIELD_TOKEN_SECURITY_ATTRIBUTES, INFO_AT);
    put_links(INFO_AT + 8, ATTRIBUTE_AT);
    put_links(ATTRIBUTE_AT + 0x48, VALUE_AT);
    bytes[1 + ATTRIBUTE_AT + 0x30] = 2;
    bytes[1 + VALUE_AT + 0x28] = 1;
    put_string(TEXT_AT, "WIN://NOALLAPPPKG");
    memcpy(bytes + 1 + ATTRIBUTE_AT + 0x20, bytes + 1 + TEXT_AT, 16);
}

static void put_section(const struct sic_layout *layout)
{
    uint32_t subsection = CONTROL_AT + sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SIZE);

    put_pointer(subsection, layout, SIC_FIELD_SUBSECTION_CONTROL_AREA, CONTROL_AT);
    put_pointer(subsection, layout, SIC_FIELD_SUBSECTION_BASE, PROTOTYPE_AT);
    put(subsection, layout, SIC_FIELD_SUBSECTION_PTE_COUNT, 2, 4);
    put_pointer(CONTROL_AT, layout, SIC_FIELD_CONTROL_AREA_SEGMENT, SEGMENT_AT);
    put(CONTROL_AT, layout, SIC_FIELD_CONTROL_AREA_FLAGS, flag(layout, SIC_FIELD_SECTION_FLAGS_FILE, 1), 4);
    put_pointer(CONTROL_AT, layout, SIC_FIELD_CONTROL_AREA_FILE_POINTER, FILE_AT);
    bytes[1 + FILE_AT] = 5; /* IO_TYPE_FILE */
    put_pointer(SEGMENT_AT, layout, SIC_FIELD_SEGMENT_CONTROL_AREA, CONTROL_AT);
    put(SEGMENT_AT, layout, SIC_FIELD_SEGMENT_PTE_COUNT, 2, 4);
    put(SEGMENT_AT, layout, SIC_FIELD_SEGMENT_SIZE_OF_SEGMENT, 0x2000, 8);
}

static int write_seed(const char *folder, unsigned index)
{
    char path[1024];
    FILE *file;

    snprintf(path, sizeof(path), "%s/layout-%02u", folder, index);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, sizeof(bytes), file) != sizeof(bytes) || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct sic_profile profile;
    size_t cursor = 0;

    if (argc != 2)
        return 2;
    for (unsigned i = 0; sic_profile_builtin_next(&cursor, &profile); i++) {
        memset(bytes, 0, sizeof(bytes));
        bytes[0] = (uint8_t)i;
        put_process(&profile.layout);
        put_token(&profile.layout);
        put_node(ROOT_AT, &profile.layout, 0, 0x100, true);
        put_pointer(ROOT_AT, &profile.layout, SIC_FIELD_MMVAD_SHORT_LEFT, LEFT_AT);
        put_pointer(ROOT_AT, &profile.layout, SIC_FIELD_MMVAD_SHORT_RIGHT, RIGHT_AT);
        put_node(LEFT_AT, &profile.layout, ROOT_AT, 0x80, false);
        put_node(RIGHT_AT, &profile.layout, ROOT_AT, 0x180, false);
        put_section(&profile.layout);
        put_string(NAME_AT, "\\Device\\HarddiskVolume2\\seed.exe");
        put_string(FILE_AT + sic_layout_offset(&profile.layout, SIC_FIELD_FILE_OBJECT_FILE_NAME), "\\a.db");
        if (write_seed(argv[1], i) != 0)
            return 1;
    }
    return 0;
}
