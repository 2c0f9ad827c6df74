#include "scan.h"

#include "core/accounts.h"
#include "core/device.h"
#include "core/directory.h"
#include "core/evidence.h"
#include "core/handle_table.h"
#include "core/names.h"
#include "core/pack.h"
#include "core/process.h"
#include "core/prove.h"
#include "core/request.h"
#include "core/section.h"
#include "core/security.h"
#include "core/steady.h"
#include "core/token.h"
#include "process.h"
#include "reader.h"
#include "routines.h"

#define SYSTEM_PID 4u
/* A torn picture can spoil a proof, and a tree can change during every walk: both are tried again so often. */
#define PROOF_TRIES 4u
#define WALK_TRIES  8u

/* All that one request needs; in pool, since a kernel stack is small. */
typedef struct _SIC_SCAN {
    SIC_MEMORY Memory;
    SIC_READER Reader;
    SIC_PROCESS_LIST Processes;
    struct sic_request Request;
    struct sic_allocator Allocator;
    struct sic_scan Scan;
    struct sic_vad_walker Walker;
    struct sic_objects Objects;
    struct sic_handle_tables HandleTables;
    struct sic_token_reader Tokens;
} SIC_SCAN, *PSIC_SCAN;

static NTSTATUS RequestStatus(enum sic_request_fault Fault)
{
    switch (Fault) {
    case SIC_REQUEST_SOUND:
        return STATUS_SUCCESS;
    case SIC_REQUEST_SIZE_WRONG:
        return STATUS_INFO_LENGTH_MISMATCH;
    case SIC_REQUEST_VERSION_WRONG:
        return STATUS_REVISION_MISMATCH;
    default:
        return STATUS_INVALID_PARAMETER;
    }
}

/* Why a function of the walk gave up: it says only that it did. */
static NTSTATUS FailureStatus(PSIC_SCAN Scan)
{
    if (sic_reader_is_cancelled(&Scan->Reader.Interface))
        return STATUS_CANCELLED;
    return Scan->Memory.IsLimitReached ? STATUS_QUOTA_EXCEEDED : STATUS_INSUFFICIENT_RESOURCES;
}

/*
 * The record at the held process's address, when it says of itself what the kernel said of it: that holds the layout
 * against the kernel for each process anew.
 */
static BOOLEAN ReadRecord(PSIC_SCAN Scan, const SIC_PROCESS_ID *Id, const SIC_HELD_PROCESS *Held,
                          struct sic_process *Record)
{
    const struct sic_layout *Layout = &Scan->Request.layout;

    return sic_process_read(&Scan->Reader.Interface, Layout, (uint64_t)(ULONG_PTR)Held->Process, Record) &&
           Record->id == (uint64_t)(ULONG_PTR)Id->Pid &&
           (!sic_layout_has(Layout, SIC_FIELD_EPROCESS_CREATE_TIME) || Record->create_time == (uint64_t)Id->CreateTime);
}

/* STATUS_DATA_ERROR: the layout contradicts the System process. */
static NTSTATUS ProveOnce(PSIC_SCAN Scan, const SIC_PROCESS_ID *System)
{
    NTSTATUS Status = STATUS_DATA_ERROR;
    struct sic_process *Record, Read;
    SIC_HELD_PROCESS Held;
    struct sic_proof Proof;
    struct sic_scan Trial;

    if (!SicProcessHold(System, &Held))
        return STATUS_NOT_FOUND;
    sic_scan_init(&Trial, &Scan->Allocator);
    if (ReadRecord(Scan, System, &Held, &Read)) {
        Record = sic_array_append(&Trial.allocator, &Trial.processes, sizeof(*Record));
        if (!Record) {
            Status = FailureStatus(Scan);
        } else {
            *Record = Read;
            if (sic_prove_processes(&Trial, &Scan->Reader.Interface, &Scan->Request.layout, SIC_PROOF_OF_GUESS, &Proof))
                Status = STATUS_SUCCESS;
            else if (!Proof.is_weighed)
                Status = FailureStatus(Scan);
        }
    }
    sic_scan_deinit(&Trial);
    SicProcessLetGo(&Held);
    return Status;
}

static NTSTATUS Prove(PSIC_SCAN Scan)
{
    NTSTATUS Status = STATUS_NOT_FOUND;

    for (ULONG i = 0; i < Scan->Processes.Count; i++) {
        if ((ULONG_PTR)Scan->Processes.Ids[i].Pid != SYSTEM_PID)
            continue;
        for (unsigned Try = 0; Try < PROOF_TRIES; Try++) {
            Status = ProveOnce(Scan, &Scan->Processes.Ids[i]);
            if (Status != STATUS_DATA_ERROR)
                break;
        }
        break;
    }
    return Status;
}

/* A process that is being torn down: said, unless there is nothing left of its tree. */
static bool AddEnding(struct sic_scan *Scan, uint32_t Index)
{
    struct sic_process *Process = sic_scan_process(Scan, Index);

    Process->first_view = Scan->views.count;
    if (Process->vad_root_va == 0)
        return true;
    Process->flags |= SIC_PROCESS_NOT_WALKED;
    return sic_scan_add_problem(Scan, SIC_PROBLEM_PROCESS_ENDING, Index, Process->eprocess_va);
}

/* Types of objects and where their directories begin, from the kernel's own type of processes. */
static bool FindObjects(PSIC_SCAN Scan)
{
    struct sic_object_roots Roots = {0};

    if (!(Scan->Request.want & (SIC_WIRE_WANT_OBJECTS | SIC_WIRE_WANT_HANDLES | SIC_WIRE_WANT_TOKENS)))
        return true;
    (void)sic_reader_u64(&Scan->Reader.Interface, (uint64_t)(ULONG_PTR)SicRoutines.PsProcessType,
                         &Roots.process_type_va);
    return sic_objects_find(&Scan->Objects, &Scan->Scan, &Scan->Reader.Interface, &Scan->Request.layout, &Roots);
}

/* While the process is held: its table is then its own. */
static bool AddHandles(PSIC_SCAN Scan, uint32_t Index)
{
    struct sic_handle_range Range;

    if (!(Scan->Request.want & SIC_WIRE_WANT_HANDLES) || !sic_handles_can_be_read(&Scan->Objects))
        return true;
    return sic_handle_table_find(&Scan->HandleTables, &Scan->Scan, &Scan->Reader.Interface, &Scan->Request.layout,
                                 Index, &Range) &&
           sic_handle_table_read(&Scan->HandleTables, Range, &Scan->Scan, &Scan->Reader.Interface, &Scan->Objects,
                                 Index);
}

static bool AddHeld(PSIC_SCAN Scan, const SIC_PROCESS_ID *Id, const SIC_HELD_PROCESS *Held)
{
    struct sic_scan *Target = &Scan->Scan;
    struct sic_process *Record, Read;
    uint32_t Index = Target->processes.count;

    if (!ReadRecord(Scan, Id, Held, &Read))
        return sic_scan_add_problem(Target, SIC_PROBLEM_PROCESS_UNREADABLE, SIC_NONE,
                                    (uint64_t)(ULONG_PTR)Held->Process);
    Record = sic_array_append(&Target->allocator, &Target->processes, sizeof(*Record));
    if (!Record)
        return false;
    *Record = Read;
    if (Held->IsKept ? !sic_steady_walk(&Scan->Walker, Target, Index, WALK_TRIES) : !AddEnding(Target, Index))
        return false;
    if (!AddHandles(Scan, Index) ||
        (Scan->Request.want & SIC_WIRE_WANT_TOKENS && !sic_token_read(&Scan->Tokens, Target, Index)))
        return false;
    return !(Scan->Request.want & SIC_WIRE_WANT_PATHS) ||
           sic_process_read_path(Target, &Scan->Reader.Interface, &Scan->Request.layout, Index);
}

static bool AddProcess(PSIC_SCAN Scan, const SIC_PROCESS_ID *Id)
{
    SIC_HELD_PROCESS Held;
    bool Added;

    if (sic_reader_is_cancelled(&Scan->Reader.Interface))
        return false;
    if (!SicProcessHold(Id, &Held)) {
        Scan->Scan.skipped_processes++;
        return true;
    }
    Added = AddHeld(Scan, Id, &Held);
    SicProcessLetGo(&Held);
    return Added;
}

static bool AddNames(PSIC_SCAN Scan)
{
    const struct sic_layout *Layout = &Scan->Request.layout;

    return !(Scan->Request.want & SIC_WIRE_WANT_NAMES) || !sic_layout_has(Layout, SIC_FIELD_FILE_OBJECT_FILE_NAME) ||
           sic_section_names_read(&Scan->Scan, &Scan->Reader.Interface,
                                  sic_layout_offset(Layout, SIC_FIELD_FILE_OBJECT_FILE_NAME),
                                  Scan->Request.minimum_views);
}

static bool AddObjects(PSIC_SCAN Scan)
{
    return !(Scan->Request.want & SIC_WIRE_WANT_OBJECTS) ||
           (sic_directories_read(&Scan->Scan, &Scan->Reader.Interface, &Scan->Objects) &&
            (!(Scan->Request.want & SIC_WIRE_WANT_SECURITY) ||
             sic_securities_read(&Scan->Scan, &Scan->Reader.Interface, &Scan->Objects)) &&
            sic_devices_read(&Scan->Scan, &Scan->Reader.Interface, &Scan->Objects, Scan->Request.minimum_views));
}

/* What the kernel's memory tells of first pages. The rest is in the memory of processes, which the agent reads. */
static bool AddFirstPages(PSIC_SCAN Scan)
{
    return !(Scan->Request.want & SIC_WIRE_WANT_FIRST_PAGES) ||
           (sic_evidence_list(&Scan->Scan) &&
            sic_evidence_read_kernel(&Scan->Scan, &Scan->Reader.Interface, 0, Scan->Scan.pages.count));
}

/*
 * Sections' own lists of views against the trees. A process that only views lead to is noted, not walked: it started
 * after the list was taken, or somebody took it out of the list, and the driver holds none that the kernel does not
 * name.
 */
static bool CompareAccounts(PSIC_SCAN Scan)
{
    struct sic_array None = {0}, Strangers = {0};
    bool Done = sic_accounts_compare(&Scan->Scan, &Scan->Reader.Interface, &Scan->Request.layout,
                                     Scan->Request.want & SIC_WIRE_WANT_OBJECTS, &Strangers) &&
                sic_accounts_note_strangers(&Scan->Scan, &Strangers, &None);

    sic_array_free(&Scan->Allocator, &Strangers, sizeof(uint64_t));
    return Done;
}

/*
 * Without sic_processes_part_trees: processes are walked one after the other, and a root that one of them freed may be
 * the next one's. Mapped nodes name their process, so that none is taken for another's.
 */
static bool Collect(PSIC_SCAN Scan)
{
    if (!FindObjects(Scan))
        return false;
    for (ULONG i = 0; i < Scan->Processes.Count; i++) {
        if (!AddProcess(Scan, &Scan->Processes.Ids[i]))
            return false;
    }
    if (!sic_sections_resolve(&Scan->Scan, &Scan->Reader.Interface, &Scan->Request.layout) ||
        !sic_steady_check_views(&Scan->Scan) || !CompareAccounts(Scan) ||
        !sic_handles_resolve(&Scan->Scan, &Scan->Reader.Interface, &Scan->Request.layout) || !AddNames(Scan) ||
        !AddObjects(Scan) || !AddFirstPages(Scan))
        return false;
    sic_scan_sort_problems(&Scan->Scan);
    /* Cancelled loops leave records unread: what they made is no answer. */
    return !sic_reader_is_cancelled(&Scan->Reader.Interface);
}

static NTSTATUS Run(PSIC_SCAN Scan)
{
    NTSTATUS Status = SicProcessListTake(&Scan->Memory, &Scan->Processes);

    if (NT_SUCCESS(Status))
        Status = Prove(Scan);
    if (NT_SUCCESS(Status) && !Collect(Scan))
        Status = FailureStatus(Scan);
    return Status;
}

static NTSTATUS Deliver(const struct sic_scan *Scan, PVOID Output, ULONG OutputSize, PULONG_PTR Written)
{
    uint64_t Size = sic_pack_size(Scan, NULL);
    struct sic_wire_need Need = {.magic = SIC_WIRE_NEED_MAGIC, .version = SIC_WIRE_VERSION, .size = Size};

    if (Size <= OutputSize && sic_pack(Scan, NULL, NULL, Output, (size_t)Size)) {
        *Written = (ULONG_PTR)Size;
        return STATUS_SUCCESS;
    }
    __builtin_memcpy(Output, &Need, sizeof(Need));
    *Written = sizeof(Need);
    return STATUS_BUFFER_OVERFLOW;
}

static NTSTATUS Answer(PSIC_SCAN Scan, PIRP Irp, PVOID Output, ULONG OutputSize, PULONG_PTR Written)
{
    NTSTATUS Status;

    Scan->Allocator = SicMemoryAllocator(&Scan->Memory);
    sic_scan_init(&Scan->Scan, &Scan->Allocator);
    sic_vad_walker_init(&Scan->Walker, &Scan->Reader.Interface, &Scan->Request.layout);
    sic_token_reader_init(&Scan->Tokens, &Scan->Reader.Interface, &Scan->Request.layout, &Scan->Objects);
    Status = SicReaderOpen(&Scan->Reader, &Scan->Memory, Irp);
    Scan->Scan.paging_levels = Scan->Reader.Interface.levels;
    if (NT_SUCCESS(Status))
        Status = Run(Scan);
    if (NT_SUCCESS(Status))
        Status = Deliver(&Scan->Scan, Output, OutputSize, Written);
    sic_token_reader_deinit(&Scan->Tokens, &Scan->Allocator);
    sic_handle_tables_deinit(&Scan->HandleTables, &Scan->Allocator);
    sic_vad_walker_deinit(&Scan->Walker, &Scan->Allocator);
    sic_scan_deinit(&Scan->Scan);
    SicProcessListFree(&Scan->Memory, &Scan->Processes);
    SicReaderClose(&Scan->Reader);
    return Status;
}

NTSTATUS SicScanAnswer(PIRP Irp, const VOID *Input, ULONG InputSize, PVOID Output, ULONG OutputSize, PULONG_PTR Written)
{
    SIC_MEMORY Own = {0};
    PSIC_SCAN Scan;
    NTSTATUS Status;

    if (OutputSize < sizeof(struct sic_wire_need))
        return STATUS_BUFFER_TOO_SMALL;
    Scan = SicMemoryAllocate(&Own, sizeof(*Scan), FALSE);
    if (!Scan)
        return STATUS_INSUFFICIENT_RESOURCES;
    __builtin_memset(Scan, 0, sizeof(*Scan));
    Status = RequestStatus(sic_request_decode(Input, InputSize, &Scan->Request));
    if (NT_SUCCESS(Status))
        Status = Answer(Scan, Irp, Output, OutputSize, Written);
    SicMemoryFree(&Own, Scan, sizeof(*Scan));
    return Status;
}
