/*
 * Where the structures of one kernel keep what SiC reads. The table below is the only place in the tree that knows
 * which fields these are; what moves from build to build is data (data/layouts.txt, a PDB, a user's profile file).
 */
#ifndef SIC_CORE_LAYOUT_H
#define SIC_CORE_LAYOUT_H

#include "core/reader.h"

/*
 * X(identifier, name in the public symbols, need)
 * REQUIRED: without it no answer is given. OPTIONAL: without it something is "unknown", or a check is left out.
 * EPOCH: required of some releases; one of these must hold of each line:
 *     StartingVpnHigh and EndingVpnHigh    or page numbers of 64 bits, or a tree with a BalancedRoot (8 TiB: 31 bits)
 *     _MMVAD.Subsection                    or _MMVAD.ControlArea (before Vista)
 *     _MMVAD.VadsProcess                   or a tree with a BalancedRoot (before 7600)
 * A name that ends in .sizeof is a structure's size.
 *
 * Two widths are told by places: StartingVpn and EndingVpn stand side by side and are as wide as they are apart, 4 or 8
 * bytes, and so is the word of flags in their structure; a control area's counts are of 4 bytes where
 * NumberOfMappedViews follows NumberOfSectionReferences and one other within 8, of 8 where they are 16 apart.
 */
#define SIC_LAYOUT_FIELDS(X)                                                                                           \
    X(EPROCESS_SIZE, "_EPROCESS.sizeof", OPTIONAL)                                                                     \
    X(EPROCESS_UNIQUE_PROCESS_ID, "_EPROCESS.UniqueProcessId", REQUIRED)                                               \
    X(EPROCESS_ACTIVE_PROCESS_LINKS, "_EPROCESS.ActiveProcessLinks", REQUIRED)                                         \
    X(EPROCESS_IMAGE_FILE_NAME, "_EPROCESS.ImageFileName", REQUIRED)                                                   \
    X(EPROCESS_VAD_ROOT, "_EPROCESS.VadRoot", REQUIRED)                                                                \
    X(EPROCESS_VAD_COUNT, "_EPROCESS.VadCount", OPTIONAL)                                                              \
    X(AVL_TABLE_BALANCED_ROOT, "_MM_AVL_TABLE.BalancedRoot", EPOCH)                                                    \
    X(AVL_TABLE_COUNT, "_MM_AVL_TABLE.NumberGenericTableElements", OPTIONAL)                                           \
    X(EPROCESS_CREATE_TIME, "_EPROCESS.CreateTime", OPTIONAL)                                                          \
    X(EPROCESS_EXIT_TIME, "_EPROCESS.ExitTime", OPTIONAL)                                                              \
    X(EPROCESS_PARENT_ID, "_EPROCESS.InheritedFromUniqueProcessId", OPTIONAL)                                          \
    X(EPROCESS_AUDIT_NAME, "_EPROCESS.SeAuditProcessCreationInfo.ImageFileName", OPTIONAL)                             \
    X(EPROCESS_TOKEN, "_EPROCESS.Token", OPTIONAL)                                                                     \
    X(EPROCESS_PEB, "_EPROCESS.Peb", OPTIONAL)                                                                         \
    X(EPROCESS_WOW64_PROCESS, "_EPROCESS.Wow64Process", OPTIONAL)                                                      \
    X(EPROCESS_OBJECT_TABLE, "_EPROCESS.ObjectTable", OPTIONAL)                                                        \
    X(EPROCESS_PROTECTION, "_EPROCESS.Protection", OPTIONAL)                                                           \
    X(EPROCESS_FLAGS, "_EPROCESS.Flags", OPTIONAL)                                                                     \
    X(KPROCESS_DIRECTORY_TABLE_BASE, "_KPROCESS.DirectoryTableBase", REQUIRED)                                         \
    X(MMVAD_SHORT_SIZE, "_MMVAD_SHORT.sizeof", REQUIRED)                                                               \
    X(MMVAD_SHORT_LEFT, "_MMVAD_SHORT.Left", REQUIRED)                                                                 \
    X(MMVAD_SHORT_RIGHT, "_MMVAD_SHORT.Right", REQUIRED)                                                               \
    X(MMVAD_SHORT_PARENT, "_MMVAD_SHORT.Parent", REQUIRED)                                                             \
    X(MMVAD_SHORT_STARTING_VPN, "_MMVAD_SHORT.StartingVpn", REQUIRED)                                                  \
    X(MMVAD_SHORT_ENDING_VPN, "_MMVAD_SHORT.EndingVpn", REQUIRED)                                                      \
    X(MMVAD_SHORT_STARTING_VPN_HIGH, "_MMVAD_SHORT.StartingVpnHigh", EPOCH)                                            \
    X(MMVAD_SHORT_ENDING_VPN_HIGH, "_MMVAD_SHORT.EndingVpnHigh", EPOCH)                                                \
    X(MMVAD_SHORT_STARTING_VPN_HIGHER, "_MMVAD_SHORT.StartingVpnHigher", OPTIONAL)                                     \
    X(MMVAD_SHORT_ENDING_VPN_HIGHER, "_MMVAD_SHORT.EndingVpnHigher", OPTIONAL)                                         \
    X(MMVAD_SHORT_FLAGS, "_MMVAD_SHORT.u", REQUIRED)                                                                   \
    X(VAD_FLAGS_TYPE, "_MMVAD_FLAGS.VadType", REQUIRED)                                                                \
    X(VAD_FLAGS_PROTECTION, "_MMVAD_FLAGS.Protection", REQUIRED)                                                       \
    X(VAD_FLAGS_PRIVATE_MEMORY, "_MMVAD_FLAGS.PrivateMemory", REQUIRED)                                                \
    X(VAD_FLAGS_DELETE_IN_PROGRESS, "_MMVAD_FLAGS.DeleteInProgress", OPTIONAL)                                         \
    X(MMVAD_SIZE, "_MMVAD.sizeof", REQUIRED)                                                                           \
    X(MMVAD_SUBSECTION, "_MMVAD.Subsection", EPOCH)                                                                    \
    X(MMVAD_CONTROL_AREA, "_MMVAD.ControlArea", EPOCH)                                                                 \
    X(MMVAD_FIRST_PROTOTYPE_PTE, "_MMVAD.FirstPrototypePte", REQUIRED)                                                 \
    X(MMVAD_LAST_CONTIGUOUS_PTE, "_MMVAD.LastContiguousPte", REQUIRED)                                                 \
    X(MMVAD_VIEW_LINKS, "_MMVAD.ViewLinks", OPTIONAL)                                                                  \
    X(MMVAD_VADS_PROCESS, "_MMVAD.VadsProcess", EPOCH)                                                                 \
    X(SUBSECTION_SIZE, "_SUBSECTION.sizeof", REQUIRED)                                                                 \
    X(SUBSECTION_CONTROL_AREA, "_SUBSECTION.ControlArea", REQUIRED)                                                    \
    X(SUBSECTION_BASE, "_SUBSECTION.SubsectionBase", REQUIRED)                                                         \
    X(SUBSECTION_NEXT, "_SUBSECTION.NextSubsection", REQUIRED)                                                         \
    X(SUBSECTION_PTE_COUNT, "_SUBSECTION.PtesInSubsection", REQUIRED)                                                  \
    X(SUBSECTION_FLAGS, "_SUBSECTION.u", OPTIONAL)                                                                     \
    X(SUBSECTION_FLAGS_PROTECTION, "_MMSUBSECTION_FLAGS.Protection", OPTIONAL)                                         \
    X(SUBSECTION_FLAGS_GLOBAL_MEMORY, "_MMSUBSECTION_FLAGS.GlobalMemory", OPTIONAL)                                    \
    X(CONTROL_AREA_SIZE, "_CONTROL_AREA.sizeof", REQUIRED)                                                             \
    X(CONTROL_AREA_SEGMENT, "_CONTROL_AREA.Segment", REQUIRED)                                                         \
    X(CONTROL_AREA_LIST_HEAD, "_CONTROL_AREA.ListHead", OPTIONAL)                                                      \
    X(CONTROL_AREA_VIEW_LIST, "_CONTROL_AREA.ViewList", OPTIONAL)                                                      \
    X(CONTROL_AREA_COUNTS, "_CONTROL_AREA.u2", OPTIONAL)                                                               \
    X(CONTROL_AREA_FLAGS, "_CONTROL_AREA.u", REQUIRED)                                                                 \
    X(CONTROL_AREA_FILE_POINTER, "_CONTROL_AREA.FilePointer", REQUIRED)                                                \
    X(CONTROL_AREA_MAPPED_VIEWS, "_CONTROL_AREA.NumberOfMappedViews", OPTIONAL)                                        \
    X(CONTROL_AREA_SECTION_REFERENCES, "_CONTROL_AREA.NumberOfSectionReferences", OPTIONAL)                            \
    X(SECTION_FLAGS_IMAGE, "_MMSECTION_FLAGS.Image", REQUIRED)                                                         \
    X(SECTION_FLAGS_FILE, "_MMSECTION_FLAGS.File", REQUIRED)                                                           \
    X(SECTION_FLAGS_PHYSICAL_MEMORY, "_MMSECTION_FLAGS.PhysicalMemory", REQUIRED)                                      \
    X(SEGMENT_CONTROL_AREA, "_SEGMENT.ControlArea", REQUIRED)                                                          \
    X(SEGMENT_PTE_COUNT, "_SEGMENT.TotalNumberOfPtes", REQUIRED)                                                       \
    X(SEGMENT_SIZE_OF_SEGMENT, "_SEGMENT.SizeOfSegment", REQUIRED)                                                     \
    X(FILE_OBJECT_FILE_NAME, "_FILE_OBJECT.FileName", OPTIONAL)                                                        \
    X(FILE_OBJECT_DEVICE_OBJECT, "_FILE_OBJECT.DeviceObject", OPTIONAL)                                                \
    X(OBJECT_HEADER_BODY, "_OBJECT_HEADER.Body", OPTIONAL)                                                             \
    X(OBJECT_HEADER_TYPE, "_OBJECT_HEADER.Type", OPTIONAL)                                                             \
    X(OBJECT_HEADER_NAME_INFO_OFFSET, "_OBJECT_HEADER.NameInfoOffset", OPTIONAL)                                       \
    X(OBJECT_HEADER_TYPE_INDEX, "_OBJECT_HEADER.TypeIndex", OPTIONAL)                                                  \
    X(OBJECT_HEADER_INFO_MASK, "_OBJECT_HEADER.InfoMask", OPTIONAL)                                                    \
    X(OBJECT_HEADER_SECURITY_DESCRIPTOR, "_OBJECT_HEADER.SecurityDescriptor", OPTIONAL)                                \
    X(NAME_INFO_SIZE, "_OBJECT_HEADER_NAME_INFO.sizeof", OPTIONAL)                                                     \
    X(NAME_INFO_DIRECTORY, "_OBJECT_HEADER_NAME_INFO.Directory", OPTIONAL)                                             \
    X(NAME_INFO_NAME, "_OBJECT_HEADER_NAME_INFO.Name", OPTIONAL)                                                       \
    X(OBJECT_TYPE_NAME, "_OBJECT_TYPE.Name", OPTIONAL)                                                                 \
    X(OBJECT_TYPE_INDEX, "_OBJECT_TYPE.Index", OPTIONAL)                                                               \
    X(OBJECT_DIRECTORY_HASH_BUCKETS, "_OBJECT_DIRECTORY.HashBuckets", OPTIONAL)                                        \
    X(OBJECT_DIRECTORY_ENTRY_CHAIN_LINK, "_OBJECT_DIRECTORY_ENTRY.ChainLink", OPTIONAL)                                \
    X(OBJECT_DIRECTORY_ENTRY_OBJECT, "_OBJECT_DIRECTORY_ENTRY.Object", OPTIONAL)                                       \
    X(SYMBOLIC_LINK_TARGET, "_OBJECT_SYMBOLIC_LINK.LinkTarget", OPTIONAL)                                              \
    X(SECTION_CONTROL_AREA, "_SECTION.u1", OPTIONAL)                                                                   \
    X(SECTION_OBJECT_SEGMENT, "_SECTION_OBJECT.Segment", OPTIONAL)                                                     \
    X(HANDLE_TABLE_TABLE_CODE, "_HANDLE_TABLE.TableCode", OPTIONAL)                                                    \
    X(HANDLE_TABLE_QUOTA_PROCESS, "_HANDLE_TABLE.QuotaProcess", OPTIONAL)                                              \
    X(HANDLE_TABLE_UNIQUE_PROCESS_ID, "_HANDLE_TABLE.UniqueProcessId", OPTIONAL)                                       \
    X(HANDLE_TABLE_ENTRY_SIZE, "_HANDLE_TABLE_ENTRY.sizeof", OPTIONAL)                                                 \
    X(HANDLE_TABLE_ENTRY_POINTER, "_HANDLE_TABLE_ENTRY.Object", OPTIONAL)                                              \
    X(HANDLE_TABLE_ENTRY_GRANTED_ACCESS, "_HANDLE_TABLE_ENTRY.GrantedAccess", OPTIONAL)                                \
    X(HANDLE_TABLE_ENTRY_OBJECT, "_HANDLE_TABLE_ENTRY.ObjectPointerBits", OPTIONAL)                                    \
    X(HANDLE_TABLE_ENTRY_ACCESS, "_HANDLE_TABLE_ENTRY.GrantedAccessBits", OPTIONAL)                                    \
    X(TOKEN_SESSION_ID, "_TOKEN.SessionId", OPTIONAL)                                                                  \
    X(TOKEN_PRIVILEGES, "_TOKEN.Privileges", OPTIONAL)                                                                 \
    X(TOKEN_GROUP_COUNT, "_TOKEN.UserAndGroupCount", OPTIONAL)                                                         \
    X(TOKEN_GROUPS, "_TOKEN.UserAndGroups", OPTIONAL)                                                                  \
    X(TOKEN_RESTRICTED_COUNT, "_TOKEN.RestrictedSidCount", OPTIONAL)                                                   \
    X(TOKEN_RESTRICTED_SIDS, "_TOKEN.RestrictedSids", OPTIONAL)                                                        \
    X(TOKEN_FLAGS, "_TOKEN.TokenFlags", OPTIONAL)                                                                      \
    X(TOKEN_INTEGRITY_INDEX, "_TOKEN.IntegrityLevelIndex", OPTIONAL)                                                   \
    X(TOKEN_MANDATORY_POLICY, "_TOKEN.MandatoryPolicy", OPTIONAL)                                                      \
    X(TOKEN_SECURITY_ATTRIBUTES, "_TOKEN.pSecurityAttributes", OPTIONAL)                                               \
    X(TOKEN_PACKAGE, "_TOKEN.Package", OPTIONAL)                                                                       \
    X(TOKEN_CAPABILITIES, "_TOKEN.Capabilities", OPTIONAL)                                                             \
    X(TOKEN_CAPABILITY_COUNT, "_TOKEN.CapabilityCount", OPTIONAL)                                                      \
    X(SEGMENT_FLAGS_LARGE_PAGES, "_SEGMENT_FLAGS.LargePages", OPTIONAL)                                                \
    X(SEGMENT_FLAGS, "_SEGMENT.SegmentFlags", OPTIONAL)                                                                \
    X(PEB_API_SET_MAP, "_PEB.ApiSetMap", OPTIONAL)                                                                     \
    X(PEB_READ_ONLY_SHARED_MEMORY_BASE, "_PEB.ReadOnlySharedMemoryBase", OPTIONAL)                                     \
    X(PEB_SHARED_DATA, "_PEB.SharedData", OPTIONAL)                                                                    \
    X(PEB_READ_ONLY_STATIC_SERVER_DATA, "_PEB.ReadOnlyStaticServerData", OPTIONAL)                                     \
    X(PEB_ANSI_CODE_PAGE_DATA, "_PEB.AnsiCodePageData", OPTIONAL)                                                      \
    X(PEB_OEM_CODE_PAGE_DATA, "_PEB.OemCodePageData", OPTIONAL)                                                        \
    X(PEB_UNICODE_CASE_TABLE_DATA, "_PEB.UnicodeCaseTableData", OPTIONAL)                                              \
    X(PEB_GDI_SHARED_HANDLE_TABLE, "_PEB.GdiSharedHandleTable", OPTIONAL)                                              \
    X(PEB_SHIM_DATA, "_PEB.pShimData", OPTIONAL)                                                                       \
    X(PEB_ACTIVATION_CONTEXT_DATA, "_PEB.ActivationContextData", OPTIONAL)                                             \
    X(PEB_PROCESS_ASSEMBLY_STORAGE_MAP, "_PEB.ProcessAssemblyStorageMap", OPTIONAL)                                    \
    X(PEB_SYSTEM_DEFAULT_ACTIVATION_CONTEXT_DATA, "_PEB.SystemDefaultActivationContextData", OPTIONAL)                 \
    X(PEB_SYSTEM_ASSEMBLY_STORAGE_MAP, "_PEB.SystemAssemblyStorageMap", OPTIONAL)                                      \
    X(PEB_CSR_SERVER_READ_ONLY_SHARED_MEMORY_BASE, "_PEB.CsrServerReadOnlySharedMemoryBase", OPTIONAL)                 \
    X(PEB_LEAP_SECOND_DATA, "_PEB.LeapSecondData", OPTIONAL)                                                           \
    X(INVALID_PTE_MASK, "_MI_SYSTEM_INFORMATION.Hardware.InvalidPteMask", OPTIONAL)

enum sic_field {
#define SIC_LAYOUT_ENUM(identifier, name, need) SIC_FIELD_##identifier,
    SIC_LAYOUT_FIELDS(SIC_LAYOUT_ENUM)
#undef SIC_LAYOUT_ENUM
        SIC_FIELD_COUNT
};

#define SIC_FIELD_ABSENT UINT32_MAX

/* No structure that SiC reads is larger; a bound for what a caller may claim. */
#define SIC_STRUCTURE_LIMIT 0x4000u
/* Bounds of the buffers that hold one _MMVAD, and one _SUBSECTION, _CONTROL_AREA or _SEGMENT. */
#define SIC_VAD_SIZE_LIMIT          0x100u
#define SIC_SECTION_STRUCTURE_LIMIT 0x100u
/* _FILE_OBJECT has d8 (hexadecimal) bytes in every known kernel. */
#define SIC_FILE_OBJECT_LIMIT 0x100u
/* What is read of a segment: the size of the shortest, a data file's _MAPPED_FILE_SEGMENT without its tail. */
#define SIC_SEGMENT_READ_SIZE 0x28u

struct sic_layout_field {
    uint32_t offset;   /* bytes from the structure's start, or the size for a .sizeof; SIC_FIELD_ABSENT */
    uint8_t first_bit; /* bit-fields only */
    uint8_t bit_count; /* 0: not a bit-field */
};

struct sic_layout {
    struct sic_layout_field fields[SIC_FIELD_COUNT];
};

/* "_EPROCESS.VadRoot" */
const char *sic_layout_field_name(enum sic_field field);
bool sic_layout_field_is_required(enum sic_field field);
/* All fields absent. */
void sic_layout_init(struct sic_layout *layout);
/* The first required field that is absent or out of bounds (SIC_FIELD_COUNT: none): what must hold before any use. */
enum sic_field sic_layout_first_bad_field(const struct sic_layout *layout);

static inline bool sic_layout_has(const struct sic_layout *layout, enum sic_field field)
{
    return layout->fields[field].offset != SIC_FIELD_ABSENT;
}

static inline uint32_t sic_layout_offset(const struct sic_layout *layout, enum sic_field field)
{
    return layout->fields[field].offset;
}

/*
 * The bit-field's value in `word`, the 8 bytes of its structure that hold it and begin at a multiple of 8 (or the first
 * of them, when it lies there); 0 when the layout lacks the field.
 */
static inline uint64_t sic_layout_bits(const struct sic_layout *layout, enum sic_field field, uint64_t word)
{
    const struct sic_layout_field *bits = &layout->fields[field];

    if (bits->offset == SIC_FIELD_ABSENT)
        return 0;
    return (word >> (bits->offset % 8 * 8 + bits->first_bit)) & ((1ull << bits->bit_count) - 1);
}

/* What the page numbers of a VAD node consist of. */
enum sic_vpn_format {
    SIC_VPN_32, /* 32 bits: 9200, whose user space is 8 TiB */
    SIC_VPN_40, /* 32 bits, and 8 in a byte of their own: 9600 on */
    SIC_VPN_44, /* and 4 more: kernels with page tables of five levels */
    SIC_VPN_64, /* 64 bits: up to 7601 */
};

static inline enum sic_vpn_format sic_layout_vpn_format(const struct sic_layout *layout)
{
    uint32_t width = sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_ENDING_VPN) -
                     sic_layout_offset(layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN);

    if (width == 8)
        return SIC_VPN_64;
    if (!sic_layout_has(layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGH))
        return SIC_VPN_32;
    /* Symbols of kernels with four levels may have the one that shares its place with a pointer, never both. */
    return sic_layout_has(layout, SIC_FIELD_MMVAD_SHORT_STARTING_VPN_HIGHER) &&
                   sic_layout_has(layout, SIC_FIELD_MMVAD_SHORT_ENDING_VPN_HIGHER)
               ? SIC_VPN_44
               : SIC_VPN_40;
}

/* The levels of page tables that the layout's kernel runs with. */
static inline unsigned sic_layout_paging_levels(const struct sic_layout *layout)
{
    return sic_layout_vpn_format(layout) == SIC_VPN_44 ? 5 : 4;
}

/* A control area's counts of references and views are of 4 bytes up to 6000. */
static inline bool sic_layout_has_narrow_counts(const struct sic_layout *layout)
{
    return sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS) &&
           sic_layout_has(layout, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES) &&
           sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_MAPPED_VIEWS) -
                   sic_layout_offset(layout, SIC_FIELD_CONTROL_AREA_SECTION_REFERENCES) <=
               8;
}

/* Trees of _MM_AVL_TABLE, up to 9200: the tree is the right child of a node that lies in the _EPROCESS. */
static inline bool sic_layout_has_sentinel(const struct sic_layout *layout)
{
    return sic_layout_has(layout, SIC_FIELD_AVL_TABLE_BALANCED_ROOT);
}

#endif
