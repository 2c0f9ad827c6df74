/*
 * The kernel's interface, and what mingw-w64's headers lack of it. Tests put a kernel of their own in its place
 * (tests/emulated_kernel).
 */
#ifndef SIC_DRIVER_NT_H
#define SIC_DRIVER_NT_H

#include <ntifs.h>

#ifndef __x86_64__
#error "the driver is for x64 only: it walks x64 structures"
#endif

/* Documented by Microsoft; not in mingw-w64's headers. */
#ifndef MM_COPY_MEMORY_VIRTUAL
#define MM_COPY_MEMORY_VIRTUAL 0x2
#endif
#ifndef MdlMappingNoExecute
#define MdlMappingNoExecute 0x40000000
#endif
#ifndef POOL_FLAG_NON_PAGED
#define POOL_FLAG_NON_PAGED 0x0000000000000040ull
#define POOL_FLAG_PAGED     0x0000000000000100ull
#endif

/* MM_COPY_ADDRESS: a union of a virtual and a physical address, passed as the eight bytes it is. */
typedef union _SIC_COPY_ADDRESS {
    PVOID VirtualAddress;
    PHYSICAL_ADDRESS PhysicalAddress;
} SIC_COPY_ADDRESS;

typedef NTSTATUS(NTAPI *SIC_MM_COPY_MEMORY)(PVOID TargetAddress, SIC_COPY_ADDRESS SourceAddress, SIZE_T NumberOfBytes,
                                            ULONG Flags, PSIZE_T NumberOfBytesTransferred);
typedef PVOID(NTAPI *SIC_EX_ALLOCATE_POOL2)(ULONGLONG Flags, SIZE_T NumberOfBytes, ULONG Tag);
typedef NTSTATUS(NTAPI *SIC_PS_ACQUIRE_EXIT)(PEPROCESS Process);
typedef VOID(NTAPI *SIC_PS_RELEASE_EXIT)(PEPROCESS Process);

/* The processor's CR4. Bit 12, LA57: addresses have 57 bits and page tables five levels. */
#define SIC_CR4_LA57 0x1000u
#ifdef _WIN32
static inline ULONGLONG SicReadCr4(VOID)
{
    ULONGLONG Value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(Value));
    return Value;
}
#else
ULONGLONG SicReadCr4(VOID);
#endif

/* SystemProcessInformation: a list of SYSTEM_PROCESS_INFORMATION, see process.c. */
#define SIC_SYSTEM_PROCESS_INFORMATION 5

NTSYSAPI NTSTATUS NTAPI ZwQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation,
                                                 ULONG SystemInformationLength, PULONG ReturnLength);

#endif
