#include "reader.h"

#include "routines.h"

#define BOUNCE_SIZE 512u
/* The kernel half begins where addresses of 48 or 57 bits are negative. */
#define KERNEL_HALF_48 0xffff800000000000ull
#define KERNEL_HALF_57 0xff00000000000000ull

/*
 * Both ends canonical and in the kernel half: MmCopyMemory would read user addresses of the current process too, and
 * nothing says what it does with an address that is none. With any other bad address it fails.
 */
static BOOLEAN IsKernelRange(const SIC_READER *Reader, uint64_t Va, size_t Size)
{
    uint64_t End;

    return Va >= Reader->LowestVa && !__builtin_add_overflow(Va, Size, &End);
}

static BOOLEAN CopyPiece(PSIC_READER Reader, uint64_t Va, size_t Size)
{
    SIC_COPY_ADDRESS Source = {.VirtualAddress = (PVOID)(ULONG_PTR)Va};
    SIZE_T Transferred = 0;
    NTSTATUS Status = SicRoutines.MmCopyMemory(Reader->Bounce, Source, Size, MM_COPY_MEMORY_VIRTUAL, &Transferred);

    return NT_SUCCESS(Status) && Transferred == Size;
}

/* Through the bounce buffer: the walk's own buffers are paged. */
static bool Read(void *Context, uint64_t Va, void *Buffer, size_t Size)
{
    PSIC_READER Reader = Context;
    PUCHAR Target = Buffer;

    if (!IsKernelRange(Reader, Va, Size))
        return false;
    while (Size > 0) {
        size_t Piece = Size < BOUNCE_SIZE ? Size : BOUNCE_SIZE;

        if (!CopyPiece(Reader, Va, Piece))
            return false;
        __builtin_memcpy(Target, Reader->Bounce, Piece);
        Va += Piece;
        Target += Piece;
        Size -= Piece;
    }
    return true;
}

static bool IsCancelled(void *Context)
{
    PSIC_READER Reader = Context;

    return *(volatile BOOLEAN *)&Reader->Irp->Cancel || PsIsThreadTerminating(Reader->Irp->Tail.Overlay.Thread);
}

NTSTATUS SicReaderOpen(PSIC_READER Reader, PSIC_MEMORY Memory, PIRP Irp)
{
    NTSTATUS Status = SicRoutinesCheck();

    *Reader = (SIC_READER){.Memory = Memory, .Irp = Irp};
    Reader->LowestVa = SicReadCr4() & SIC_CR4_LA57 ? KERNEL_HALF_57 : KERNEL_HALF_48;
    if (!NT_SUCCESS(Status))
        return Status;
    Reader->Bounce = SicMemoryAllocate(Memory, BOUNCE_SIZE, FALSE);
    if (!Reader->Bounce)
        return STATUS_INSUFFICIENT_RESOURCES;
    Reader->Interface = (struct sic_reader){.read = Read, .is_cancelled = IsCancelled, .context = Reader};
    Reader->Interface.levels = Reader->LowestVa == KERNEL_HALF_57 ? 5 : 4;
    return STATUS_SUCCESS;
}

VOID SicReaderClose(PSIC_READER Reader)
{
    if (Reader->Bounce)
        SicMemoryFree(Reader->Memory, Reader->Bounce, BOUNCE_SIZE);
    Reader->Bounce = NULL;
}
