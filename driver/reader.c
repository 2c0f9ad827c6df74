#include "reader.h"

#include "routines.h"

#define BOUNCE_SIZE 512u

/*
 * Both ends in the kernel half: MmCopyMemory would read user addresses of the current process too. A bad address in the
 * kernel half makes it fail; nothing else would.
 */
static BOOLEAN IsKernelRange(uint64_t Va, size_t Size)
{
    uint64_t End;

    return sic_is_kernel_pointer(Va, 1) && !__builtin_add_overflow(Va, Size, &End);
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

    if (!IsKernelRange(Va, Size))
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
    if (!NT_SUCCESS(Status))
        return Status;
    Reader->Bounce = SicMemoryAllocate(Memory, BOUNCE_SIZE, FALSE);
    if (!Reader->Bounce)
        return STATUS_INSUFFICIENT_RESOURCES;
    Reader->Interface = (struct sic_reader){.read = Read, .is_cancelled = IsCancelled, .context = Reader};
    return STATUS_SUCCESS;
}

VOID SicReaderClose(PSIC_READER Reader)
{
    if (Reader->Bounce)
        SicMemoryFree(Reader->Memory, Reader->Bounce, BOUNCE_SIZE);
    Reader->Bounce = NULL;
}
