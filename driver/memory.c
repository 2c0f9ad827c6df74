#include "memory.h"

#include "routines.h"

static PVOID AllocatePool(SIZE_T Size, BOOLEAN IsPaged)
{
    if (SicRoutines.ExAllocatePool2)
        return SicRoutines.ExAllocatePool2(IsPaged ? POOL_FLAG_PAGED : POOL_FLAG_NON_PAGED, Size, SIC_POOL_TAG);
    return ExAllocatePoolWithTag(IsPaged ? PagedPool : NonPagedPoolNx, Size, SIC_POOL_TAG);
}

PVOID SicMemoryAllocate(PSIC_MEMORY Memory, SIZE_T Size, BOOLEAN IsPaged)
{
    PVOID Block;

    if (Size > SIC_MEMORY_LIMIT || Memory->Used > SIC_MEMORY_LIMIT - Size) {
        Memory->IsLimitReached = TRUE;
        return NULL;
    }
    Block = AllocatePool(Size, IsPaged);
    if (Block)
        Memory->Used += Size;
    return Block;
}

VOID SicMemoryFree(PSIC_MEMORY Memory, PVOID Block, SIZE_T Size)
{
    if (!Block)
        return;
    ExFreePoolWithTag(Block, SIC_POOL_TAG);
    Memory->Used -= Size;
}

/* The kernel has no realloc. */
static void *Resize(void *Context, void *Block, size_t OldSize, size_t NewSize)
{
    PSIC_MEMORY Memory = Context;
    PVOID NewBlock = NULL;

    if (NewSize > 0) {
        NewBlock = SicMemoryAllocate(Memory, NewSize, TRUE);
        if (!NewBlock)
            return NULL;
        if (Block)
            __builtin_memcpy(NewBlock, Block, OldSize < NewSize ? OldSize : NewSize);
    }
    SicMemoryFree(Memory, Block, OldSize);
    return NewBlock;
}

/*
 * The processor's cycle counter and an address that user mode does not know: who maps memory to slow a scan down would
 * have to guess both. Mixed as in splitmix64 (Steele, Lea, Flood 2014; public domain).
 */
static ULONGLONG Seed(const SIC_MEMORY *Memory)
{
    ULONGLONG Value = __builtin_ia32_rdtsc() + (ULONGLONG)(ULONG_PTR)Memory * 0x9e3779b97f4a7c15ull;

    Value = (Value ^ Value >> 30) * 0xbf58476d1ce4e5b9ull;
    Value = (Value ^ Value >> 27) * 0x94d049bb133111ebull;
    return Value ^ Value >> 31;
}

struct sic_allocator SicMemoryAllocator(PSIC_MEMORY Memory)
{
    return (struct sic_allocator){.resize = Resize, .context = Memory, .hash_seed = Seed(Memory)};
}
