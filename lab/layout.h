/*
 * The kernel whose structures a world is built with: one layout of data/layouts.txt and one line of data/kernels.txt,
 * or made-up addresses where no kernel of that layout is known. Read by the lab's own small parser, on purpose: what
 * the lab builds must not depend on the code that reads it.
 */
#ifndef LAB_LAYOUT_H
#define LAB_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Every field the lab writes. Names are those of data/layouts.txt. */
#define LAB_FIELDS(X)                                                                                                  \
    X(EPROCESS_SIZE, "_EPROCESS.sizeof")                                                                               \
    X(EPROCESS_PID, "_EPROCESS.UniqueProcessId")                                                                       \
    X(EPROCESS_LINKS, "_EPROCESS.ActiveProcessLinks")                                                                  \
    X(EPROCESS_CREATE_TIME, "_EPROCESS.CreateTime")                                                                    \
    X(EPROCESS_EXIT_TIME, "_EPROCESS.ExitTime")                                                                        \
    X(EPROCESS_EXIT_STATUS, "_EPROCESS.ExitStatus")                                                                    \
    X(EPROCESS_PARENT, "_EPROCESS.InheritedFromUniqueProcessId")                                                       \
    X(EPROCESS_NAME, "_EPROCESS.ImageFileName")                                                                        \
    X(EPROCESS_AUDIT, "_EPROCESS.SeAuditProcessCreationInfo.ImageFileName")                                            \
    X(EPROCESS_TOKEN, "_EPROCESS.Token")                                                                               \
    X(EPROCESS_PEB, "_EPROCESS.Peb")                                                                                   \
    X(EPROCESS_SESSION, "_EPROCESS.Session")                                                                           \
    X(EPROCESS_PROTECTION, "_EPROCESS.Protection")                                                                     \
    X(EPROCESS_WOW64, "_EPROCESS.Wow64Process")                                                                        \
    X(EPROCESS_FLAGS, "_EPROCESS.Flags")                                                                               \
    X(EPROCESS_OBJECT_TABLE, "_EPROCESS.ObjectTable")                                                                  \
    X(EPROCESS_SECTION_BASE, "_EPROCESS.SectionBaseAddress")                                                           \
    X(EPROCESS_THREADS, "_EPROCESS.ThreadListHead")                                                                    \
    X(EPROCESS_ACTIVE_THREADS, "_EPROCESS.ActiveThreads")                                                              \
    X(EPROCESS_VAD_ROOT, "_EPROCESS.VadRoot")                                                                          \
    X(EPROCESS_VAD_HINT, "_EPROCESS.VadHint")                                                                          \
    X(EPROCESS_VAD_COUNT, "_EPROCESS.VadCount")                                                                        \
    X(TREE_SENTINEL, "_MM_AVL_TABLE.BalancedRoot")                                                                     \
    X(TREE_COUNT, "_MM_AVL_TABLE.NumberGenericTableElements")                                                          \
    X(KPROCESS_DTB, "_KPROCESS.DirectoryTableBase")                                                                    \
    X(VAD_SHORT_SIZE, "_MMVAD_SHORT.sizeof")                                                                           \
    X(VAD_PARENT, "_MMVAD_SHORT.Parent")                                                                               \
    X(VAD_LEFT, "_MMVAD_SHORT.Left")                                                                                   \
    X(VAD_RIGHT, "_MMVAD_SHORT.Right")                                                                                 \
    X(VAD_START, "_MMVAD_SHORT.StartingVpn")                                                                           \
    X(VAD_END, "_MMVAD_SHORT.EndingVpn")                                                                               \
    X(VAD_START_HIGH, "_MMVAD_SHORT.StartingVpnHigh")                                                                  \
    X(VAD_END_HIGH, "_MMVAD_SHORT.EndingVpnHigh")                                                                      \
    X(VAD_START_HIGHER, "_MMVAD_SHORT.StartingVpnHigher")                                                              \
    X(VAD_END_HIGHER, "_MMVAD_SHORT.EndingVpnHigher")                                                                  \
    X(VAD_FLAGS, "_MMVAD_SHORT.u")                                                                                     \
    X(VAD_SIZE, "_MMVAD.sizeof")                                                                                       \
    X(VAD_SUBSECTION, "_MMVAD.Subsection")                                                                             \
    X(VAD_AREA, "_MMVAD.ControlArea")                                                                                  \
    X(VAD_FIRST_PTE, "_MMVAD.FirstPrototypePte")                                                                       \
    X(VAD_LAST_PTE, "_MMVAD.LastContiguousPte")                                                                        \
    X(VAD_VIEW_LINKS, "_MMVAD.ViewLinks")                                                                              \
    X(VAD_PROCESS, "_MMVAD.VadsProcess")                                                                               \
    X(VAD_FLAGS2, "_MMVAD.u2")                                                                                         \
    X(VAD_FILE_OBJECT, "_MMVAD.FileObject")                                                                            \
    X(FLAG_TYPE, "_MMVAD_FLAGS.VadType")                                                                               \
    X(FLAG_PROTECTION, "_MMVAD_FLAGS.Protection")                                                                      \
    X(FLAG_PRIVATE, "_MMVAD_FLAGS.PrivateMemory")                                                                      \
    X(FLAG_DELETE, "_MMVAD_FLAGS.DeleteInProgress")                                                                    \
    X(FLAG_COMMIT, "_MMVAD_FLAGS.MemCommit")                                                                           \
    X(FLAG1_CHARGE, "_MMVAD_FLAGS1.CommitCharge")                                                                      \
    X(FLAG1_COMMIT, "_MMVAD_FLAGS1.MemCommit")                                                                         \
    X(FLAG2_FILE_OFFSET, "_MMVAD_FLAGS2.FileOffset")                                                                   \
    X(SUBSECTION_SIZE, "_SUBSECTION.sizeof")                                                                           \
    X(SUBSECTION_CONTROL_AREA, "_SUBSECTION.ControlArea")                                                              \
    X(SUBSECTION_BASE, "_SUBSECTION.SubsectionBase")                                                                   \
    X(SUBSECTION_NEXT, "_SUBSECTION.NextSubsection")                                                                   \
    X(SUBSECTION_PTES, "_SUBSECTION.PtesInSubsection")                                                                 \
    X(SUBSECTION_FLAGS, "_SUBSECTION.u")                                                                               \
    X(SUBSECTION_SECTOR, "_SUBSECTION.StartingSector")                                                                 \
    X(SUBSECTION_SECTORS, "_SUBSECTION.NumberOfFullSectors")                                                           \
    X(SUBSECTION_PROTECTION, "_MMSUBSECTION_FLAGS.Protection")                                                         \
    X(SUBSECTION_GLOBAL, "_MMSUBSECTION_FLAGS.GlobalMemory")                                                           \
    X(AREA_SIZE, "_CONTROL_AREA.sizeof")                                                                               \
    X(AREA_SEGMENT, "_CONTROL_AREA.Segment")                                                                           \
    X(AREA_LIST, "_CONTROL_AREA.ListHead")                                                                             \
    X(AREA_VIEW_LIST, "_CONTROL_AREA.ViewList")                                                                        \
    X(AREA_SECTION_REFERENCES, "_CONTROL_AREA.NumberOfSectionReferences")                                              \
    X(AREA_MAPPED_VIEWS, "_CONTROL_AREA.NumberOfMappedViews")                                                          \
    X(AREA_USER_REFERENCES, "_CONTROL_AREA.NumberOfUserReferences")                                                    \
    X(AREA_FLAGS, "_CONTROL_AREA.u")                                                                                   \
    X(AREA_FILE, "_CONTROL_AREA.FilePointer")                                                                          \
    X(AREA_U2, "_CONTROL_AREA.u2")                                                                                     \
    X(AREA_FLAG_IMAGE, "_MMSECTION_FLAGS.Image")                                                                       \
    X(AREA_FLAG_FILE, "_MMSECTION_FLAGS.File")                                                                         \
    X(AREA_FLAG_PHYSICAL, "_MMSECTION_FLAGS.PhysicalMemory")                                                           \
    X(AREA_FLAG_RESERVE, "_MMSECTION_FLAGS.Reserve")                                                                   \
    X(AREA_FLAG_COMMIT, "_MMSECTION_FLAGS.Commit")                                                                     \
    X(AREA_FLAG_USER, "_MMSECTION_FLAGS.UserReference")                                                                \
    X(AREA_FLAG_GLOBAL, "_MMSECTION_FLAGS.GlobalMemory")                                                               \
    X(SEGMENT_SIZE, "_SEGMENT.sizeof")                                                                                 \
    X(SEGMENT_CONTROL_AREA, "_SEGMENT.ControlArea")                                                                    \
    X(SEGMENT_PTES, "_SEGMENT.TotalNumberOfPtes")                                                                      \
    X(SEGMENT_BYTES, "_SEGMENT.SizeOfSegment")                                                                         \
    X(SEGMENT_U1, "_SEGMENT.u1")                                                                                       \
    X(SEGMENT_FLAGS, "_SEGMENT.SegmentFlags")                                                                          \
    X(SEGMENT_LARGE, "_SEGMENT_FLAGS.LargePages")                                                                      \
    X(SEGMENT_U2, "_SEGMENT.u2")                                                                                       \
    X(SEGMENT_PTE, "_SEGMENT.PrototypePte")                                                                            \
    X(FILE_SIZE, "_FILE_OBJECT.sizeof")                                                                                \
    X(FILE_DEVICE, "_FILE_OBJECT.DeviceObject")                                                                        \
    X(FILE_NAME, "_FILE_OBJECT.FileName")                                                                              \
    X(FILE_SECTIONS, "_FILE_OBJECT.SectionObjectPointer")                                                              \
    X(HEADER_TYPE, "_OBJECT_HEADER.TypeIndex")                                                                         \
    X(HEADER_TYPE_POINTER, "_OBJECT_HEADER.Type")                                                                      \
    X(HEADER_NAME_OFFSET, "_OBJECT_HEADER.NameInfoOffset")                                                             \
    X(HEADER_MASK, "_OBJECT_HEADER.InfoMask")                                                                          \
    X(HEADER_SECURITY, "_OBJECT_HEADER.SecurityDescriptor")                                                            \
    X(NAME_INFO_SIZE, "_OBJECT_HEADER_NAME_INFO.sizeof")                                                               \
    X(NAME_INFO_DIRECTORY, "_OBJECT_HEADER_NAME_INFO.Directory")                                                       \
    X(NAME_INFO_NAME, "_OBJECT_HEADER_NAME_INFO.Name")                                                                 \
    X(TYPE_SIZE, "_OBJECT_TYPE.sizeof")                                                                                \
    X(TYPE_NAME, "_OBJECT_TYPE.Name")                                                                                  \
    X(TYPE_INDEX, "_OBJECT_TYPE.Index")                                                                                \
    X(DIRECTORY_SIZE, "_OBJECT_DIRECTORY.sizeof")                                                                      \
    X(DIRECTORY_BUCKETS, "_OBJECT_DIRECTORY.HashBuckets")                                                              \
    X(ENTRY_CHAIN, "_OBJECT_DIRECTORY_ENTRY.ChainLink")                                                                \
    X(ENTRY_OBJECT, "_OBJECT_DIRECTORY_ENTRY.Object")                                                                  \
    X(LINK_TARGET, "_OBJECT_SYMBOLIC_LINK.LinkTarget")                                                                 \
    X(SECTION_SIZE, "_SECTION.sizeof")                                                                                 \
    X(SECTION_AREA, "_SECTION.u1")                                                                                     \
    X(SECTION_BYTES, "_SECTION.SizeOfSection")                                                                         \
    X(SECTION_FLAGS, "_SECTION.u")                                                                                     \
    X(SECTION_PROTECTION, "_SECTION.InitialPageProtection")                                                            \
    X(SECTION_OBJECT_SIZE, "_SECTION_OBJECT.sizeof")                                                                   \
    X(SECTION_OBJECT_SEGMENT, "_SECTION_OBJECT.Segment")                                                               \
    X(SESSION_ID, "_MM_SESSION_SPACE.SessionId")                                                                       \
    X(HEADER_BODY, "_OBJECT_HEADER.Body")                                                                              \
    X(HANDLES_SIZE, "_HANDLE_TABLE.sizeof")                                                                            \
    X(HANDLES_CODE, "_HANDLE_TABLE.TableCode")                                                                         \
    X(HANDLES_PROCESS, "_HANDLE_TABLE.QuotaProcess")                                                                   \
    X(HANDLES_NEXT, "_HANDLE_TABLE.NextHandleNeedingPool")                                                             \
    X(HANDLE_POINTER, "_HANDLE_TABLE_ENTRY.ObjectPointerBits")                                                         \
    X(HANDLE_ACCESS, "_HANDLE_TABLE_ENTRY.GrantedAccessBits")                                                          \
    X(HANDLE_ATTRIBUTES, "_HANDLE_TABLE_ENTRY.Attributes")                                                             \
    X(HANDLES_PID, "_HANDLE_TABLE.UniqueProcessId")                                                                    \
    X(TOKEN_SIZE, "_TOKEN.sizeof")                                                                                     \
    X(TOKEN_SESSION, "_TOKEN.SessionId")                                                                               \
    X(TOKEN_USER_COUNT, "_TOKEN.UserAndGroupCount")                                                                    \
    X(TOKEN_USERS, "_TOKEN.UserAndGroups")                                                                             \
    X(TOKEN_INTEGRITY, "_TOKEN.IntegrityLevelIndex")                                                                   \
    X(TOKEN_RESTRICTED_COUNT, "_TOKEN.RestrictedSidCount")                                                             \
    X(TOKEN_RESTRICTED, "_TOKEN.RestrictedSids")                                                                       \
    X(TOKEN_POLICY, "_TOKEN.MandatoryPolicy")                                                                          \
    X(TOKEN_FLAGS, "_TOKEN.TokenFlags")                                                                                \
    X(TOKEN_ATTRIBUTES, "_TOKEN.pSecurityAttributes")                                                                  \
    X(TOKEN_PACKAGE, "_TOKEN.Package")                                                                                 \
    X(TOKEN_CAPABILITIES, "_TOKEN.Capabilities")                                                                       \
    X(TOKEN_CAPABILITY_COUNT, "_TOKEN.CapabilityCount")                                                                \
    X(TOKEN_PRIVILEGES, "_TOKEN.Privileges")                                                                           \
    X(MODULE_SIZE, "_KLDR_DATA_TABLE_ENTRY.sizeof")                                                                    \
    X(PROTOTYPE_PROTECTION, "_MMPTE_PROTOTYPE.Protection")                                                             \
    X(PROTOTYPE_ADDRESS, "_MMPTE_PROTOTYPE.ProtoAddress")                                                              \
    X(TRANSITION_PROTECTION, "_MMPTE_TRANSITION.Protection")                                                           \
    X(TRANSITION_FRAME, "_MMPTE_TRANSITION.PageFrameNumber")                                                           \
    X(TRANSITION_SWIZZLE, "_MMPTE_TRANSITION.SwizzleBit")                                                              \
    X(SUBSECTION_PTE_PROTECTION, "_MMPTE_SUBSECTION.Protection")                                                       \
    X(SUBSECTION_PTE_ADDRESS, "_MMPTE_SUBSECTION.SubsectionAddress")                                                   \
    X(SOFTWARE_PROTECTION, "_MMPTE_SOFTWARE.Protection")                                                               \
    X(SOFTWARE_FILE, "_MMPTE_SOFTWARE.PageFileLow")                                                                    \
    X(SOFTWARE_OFFSET, "_MMPTE_SOFTWARE.PageFileHigh")                                                                 \
    X(PFN_SIZE, "_MMPFN.sizeof")                                                                                       \
    X(PEB_SIZE, "_PEB.sizeof")                                                                                         \
    X(PEB_APISETMAP, "_PEB.ApiSetMap")                                                                                 \
    X(PEB_READONLYSHAREDMEMORYBASE, "_PEB.ReadOnlySharedMemoryBase")                                                   \
    X(PEB_SHAREDDATA, "_PEB.SharedData")                                                                               \
    X(PEB_READONLYSTATICSERVERDATA, "_PEB.ReadOnlyStaticServerData")                                                   \
    X(PEB_ANSICODEPAGEDATA, "_PEB.AnsiCodePageData")                                                                   \
    X(PEB_OEMCODEPAGEDATA, "_PEB.OemCodePageData")                                                                     \
    X(PEB_UNICODECASETABLEDATA, "_PEB.UnicodeCaseTableData")                                                           \
    X(PEB_GDISHAREDHANDLETABLE, "_PEB.GdiSharedHandleTable")                                                           \
    X(PEB_PSHIMDATA, "_PEB.pShimData")                                                                                 \
    X(PEB_ACTIVATIONCONTEXTDATA, "_PEB.ActivationContextData")                                                         \
    X(PEB_PROCESSASSEMBLYSTORAGEMAP, "_PEB.ProcessAssemblyStorageMap")                                                 \
    X(PEB_SYSTEMDEFAULTACTIVATIONCONTEXTDATA, "_PEB.SystemDefaultActivationContextData")                               \
    X(PEB_SYSTEMASSEMBLYSTORAGEMAP, "_PEB.SystemAssemblyStorageMap")                                                   \
    X(PEB_CSRSERVERREADONLYSHAREDMEMORYBASE, "_PEB.CsrServerReadOnlySharedMemoryBase")                                 \
    X(PEB_LEAPSECONDDATA, "_PEB.LeapSecondData")                                                                       \
    X(PEB_SESSIONID, "_PEB.SessionId")                                                                                 \
    X(INVALID_PTE_MASK, "_MI_SYSTEM_INFORMATION.Hardware.InvalidPteMask")

enum lab_field_id {
#define LAB_FIELD_ID(id, name) LAB_##id,
    LAB_FIELDS(LAB_FIELD_ID)
#undef LAB_FIELD_ID
        LAB_FIELD_COUNT
};

struct lab_field {
    bool present;
    uint32_t offset;
    uint8_t first_bit;
    uint8_t bit_count; /* 0: a whole member */
};

/* The globals of data/kernels.txt, in the order of its columns. */
#define LAB_GLOBALS(X)                                                                                                 \
    X(PsActiveProcessHead)                                                                                             \
    X(PsInitialSystemProcess)                                                                                          \
    X(PsLoadedModuleList)                                                                                              \
    X(MmProtectToValue)                                                                                                \
    X(NtBuildNumber)                                                                                                   \
    X(KdDebuggerDataBlock)                                                                                             \
    X(MiState)                                                                                                         \
    X(ObpRootDirectoryObject)                                                                                          \
    X(ObTypeIndexTable)                                                                                                \
    X(ObHeaderCookie)                                                                                                  \
    X(ObpInfoMaskToOffset)                                                                                             \
    X(MmSectionObjectType)                                                                                             \
    X(PspCidTable)                                                                                                     \
    X(MmPfnDatabase)                                                                                                   \
    X(KiKvaShadow)                                                                                                     \
    X(KdVersionBlock)                                                                                                  \
    X(NtBuildLab)                                                                                                      \
    X(NtBuildLabEx)                                                                                                    \
    X(PsIdleProcess)                                                                                                   \
    X(ObpTypeDirectoryObject)

enum lab_global_id {
#define LAB_GLOBAL_ID(name) LAB_GLOBAL_##name,
    LAB_GLOBALS(LAB_GLOBAL_ID)
#undef LAB_GLOBAL_ID
        LAB_GLOBAL_COUNT
};

struct lab_layout {
    char name[40];
    struct lab_field fields[LAB_FIELD_COUNT];
    uint32_t build;
    uint32_t revision;
    bool real_kernel; /* false: GUID and RVAs are made up */
    char guid_age[48];
    char pdb[32];
    uint32_t globals[LAB_GLOBAL_COUNT]; /* RVAs; 0 where the kernel has none */
};

/* What to build with; empty strings mean "not said". The first that is said decides: guid, kernel, layout. */
struct lab_layout_choice {
    const char *guid_age; /* GUID and age as data/kernels.txt writes them */
    const char *kernel;   /* BUILD.REVISION, or 10.0.BUILD.REVISION, or BUILD: the nearest known kernel of that build */
    const char *layout;   /* a layout's name */
};

/* Fails with a message when the choice cannot be met. Without any choice: 19041, the oldest kernel known. */
void lab_layout_load(const char *data_folder, const struct lab_layout_choice *choice, struct lab_layout *layout);

/* Prints the name of each layout, one a line. */
void lab_layout_list(const char *data_folder, FILE *out);

uint32_t lab_offset(const struct lab_layout *layout, enum lab_field_id id);
bool lab_has(const struct lab_layout *layout, enum lab_field_id id);

/* What tells the epochs apart, from the fields that a layout has and where they stand. */
bool lab_has_wide_vpns(const struct lab_layout *layout);     /* VPNs and flags of VAD nodes have 64 bits: up to 7601 */
bool lab_has_narrow_counts(const struct lab_layout *layout); /* counts of control areas have 32 bits: up to 6000 */
unsigned lab_paging_levels(const struct lab_layout *layout); /* 5: a kernel for LA57 */
unsigned lab_user_bits(const struct lab_layout *layout);     /* user addresses are below 1 << this */

/* "6.1" of build 7601. */
struct lab_version {
    uint32_t major, minor;
};
struct lab_version lab_version(const struct lab_layout *layout);

/* `value` placed at the field's bits; 0 when the layout has no such field. For fields in units of up to 64 bits. */
uint64_t lab_bits(const struct lab_layout *layout, enum lab_field_id id, uint64_t value);

#endif
