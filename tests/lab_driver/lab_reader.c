#include "lab_machine.h"
#include "reader.h"

#define PAGE_BYTES 0x1000u
#define FRAME_MASK 0x0000fffffffff000ull
#define DELAY_STEP 10u /* milliseconds */

/* The image while a request is answered. */
static PUCHAR Memory;
static SIZE_T MemorySize;
static uint64_t Root;

static PUCHAR Physical(uint64_t Address)
{
    return Address < MemorySize && MemorySize - Address >= PAGE_BYTES ? Memory + Address : NULL;
}

/* A page in transition keeps its frame; one whose number is swizzled (L1TF) lies beyond the image without that bit. */
static PUCHAR InTransition(uint64_t Entry)
{
    uint64_t Frame = Entry & FRAME_MASK;

    if ((Entry & 0xc00) != 0x800)
        return NULL;
    if (Frame >= MemorySize)
        Frame &= ~(1ull << (63 - __builtin_clzll(Frame)));
    return Physical(Frame);
}

static PUCHAR Page(uint64_t Va)
{
    uint64_t Table = Root;

    for (int Shift = 39; Shift >= 12; Shift -= 9) {
        PUCHAR Entries = Physical(Table);
        uint64_t Entry;

        if (!Entries)
            return NULL;
        Entry = sic_load64(Entries + (Va >> Shift & 0x1ff) * 8);
        if (!(Entry & 1))
            return Shift == 12 ? InTransition(Entry) : NULL;
        Table = Entry & FRAME_MASK;
        if ((Shift == 21 || Shift == 30) && Entry & 0x80)
            return Physical((Table & ~((1ull << Shift) - 1)) + (Va & ((1ull << Shift) - 1) & ~0xfffull));
    }
    return Physical(Table);
}

static bool Read(void *Context, uint64_t Va, void *Buffer, size_t Size)
{
    PUCHAR Target = Buffer;

    (void)Context;
    if (!sic_is_kernel_address(4, Va, 1))
        return false;
    while (Size > 0) {
        size_t Offset = Va % PAGE_BYTES, Piece = Size < PAGE_BYTES - Offset ? Size : PAGE_BYTES - Offset;
        PUCHAR Source = Page(Va);

        if (!Source)
            return false;
        __builtin_memcpy(Target, Source + Offset, Piece);
        Va += Piece;
        Target += Piece;
        Size -= Piece;
    }
    return true;
}

static bool IsCancelled(void *Context)
{
    PSIC_READER Reader = Context;

    return *(volatile BOOLEAN *)&Reader->Irp->Cancel;
}

/* A request that takes its time, so that a test can interrupt it. */
static NTSTATUS Wait(PSIC_READER Reader, uint64_t Milliseconds)
{
    for (uint64_t Waited = 0; Waited < Milliseconds; Waited += DELAY_STEP) {
        LARGE_INTEGER Delay = {.QuadPart = -10000ll * DELAY_STEP};

        if (IsCancelled(Reader))
            return STATUS_CANCELLED;
        KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    }
    return STATUS_SUCCESS;
}

NTSTATUS SicReaderOpen(PSIC_READER Reader, PSIC_MEMORY Account, PIRP Irp)
{
    uint64_t *Words, Delay;
    NTSTATUS Status;

    LabNextMachine();
    Status = LabReadMachine(&Words);
    *Reader = (SIC_READER){.Memory = Account, .Irp = Irp};
    Reader->Interface = (struct sic_reader){.read = Read, .is_cancelled = IsCancelled, .context = Reader};
    if (!NT_SUCCESS(Status))
        return Status;
    Root = Words[LAB_WORD_ROOT] & FRAME_MASK;
    Delay = Words[LAB_WORD_DELAY];
    ExFreePool(Words);
    Status = Wait(Reader, Delay);
    if (!NT_SUCCESS(Status))
        return Status;
    return LabReadMemory(&Memory, &MemorySize);
}

VOID SicReaderClose(PSIC_READER Reader)
{
    (void)Reader;
    if (Memory)
        ExFreePool(Memory);
    Memory = NULL;
}
