#include "live/refusal.h"

#include <stddef.h>

#define USE_DUMP "'sic --live-dump' needs no driver"
#define TEST_SIGNING                                                                                                   \
    "turn Secure Boot off, run 'bcdedit /set testsigning on' and restart, or attach a kernel debugger ('bcdedit "      \
    "/debug on'); " USE_DUMP

/* IMAGE_FILE_MACHINE_… of winnt.h */
#define MACHINE_AMD64 0x8664u
#define MACHINE_ARM64 0xaa64u

enum sic_status sic_refusal_of_machine(const struct sic_machine *machine, struct sic_error *error)
{
    if (machine->processor == MACHINE_ARM64)
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "this is Windows for ARM64, whose kernel SiC does not read; run it on an x64 machine, or "
                             "name a memory image of one");
    if (machine->processor != MACHINE_AMD64)
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "this is a 32-bit Windows, whose kernel SiC does not read; run it on 64-bit Windows, or "
                             "name a memory image of one");
    if (machine->major_version < 6 || (machine->major_version == 6 && machine->minor_version < 3))
        return sic_error_set(error, SIC_UNSUPPORTED,
                             "this is Windows %u.%u; the live kernel is read on 8.1 (6.3) and later: take a memory "
                             "image and name it",
                             machine->major_version, machine->minor_version);
    if (!machine->is_elevated)
        return sic_error_set(error, SIC_IO,
                             "the live kernel is for administrators: open a command prompt with 'Run as administrator' "
                             "and try again there, or name a memory image");
    return SIC_OK;
}

/* Windows errors (winerror.h) that StartService answers with. */
static const struct {
    uint32_t code;
    const char *text;
} start_refusals[] = {
    {2, "its file was taken away in the meantime; put it back beside sic.exe"},
    {3, "Windows cannot reach its folder; copy sic.exe and sic-drv.sys to a folder on a local disk"},
    {127, "this kernel lacks a routine that it imports; " USE_DUMP},
    {193, "its file is damaged or for another machine; unpack the archive again"},
    {1058, "its service is disabled; enable drivers that start on demand; " USE_DUMP},
    {1275, "Windows blocks it (error 1275): a policy, a block list or memory integrity keeps such drivers out; ask who "
           "administers this machine; " USE_DUMP},
    {4551, "an application control policy blocks it (error 4551); ask who administers this machine; " USE_DUMP},
};

static const char *signature_text(const struct sic_code_integrity *integrity)
{
    if (integrity->is_known && integrity->has_memory_integrity)
        return "its signature is not one that this Windows trusts (error 577), and memory integrity is "
               "on; " TEST_SIGNING;
    if (integrity->is_known && integrity->allows_test_signing)
        return "its signature is missing or broken (error 577), though test signing is on; unpack the archive again, "
               "or sign the file; " USE_DUMP;
    return "its signature is not one that this Windows trusts (error 577); " TEST_SIGNING;
}

enum sic_status sic_refusal_of_start(uint32_t code, const char *text, const struct sic_code_integrity *integrity,
                                     struct sic_error *error)
{
    /* ERROR_INVALID_IMAGE_HASH */
    if (code == 577)
        return sic_error_set(error, SIC_IO, "sic-drv.sys cannot be loaded: %s", signature_text(integrity));
    for (size_t i = 0; i < sizeof(start_refusals) / sizeof(start_refusals[0]); i++) {
        if (start_refusals[i].code == code)
            return sic_error_set(error, SIC_IO, "sic-drv.sys cannot be loaded: %s", start_refusals[i].text);
    }
    return sic_error_set(error, SIC_IO, "sic-drv.sys cannot be loaded: %.200s (error %u); %s", text, code, USE_DUMP);
}

/* ntstatus.h */
static const struct {
    uint32_t nt_status;
    enum sic_status status;
    const char *text;
} request_refusals[] = {
    {0xc000003e, SIC_BROKEN, "the kernel contradicts the layout"},
    {0xc000007a, SIC_UNSUPPORTED,
     "the driver refuses to read: this kernel has no MmCopyMemory, without which kernel memory cannot be read safely "
     "(Windows 8.1 and later have it); take a memory image and name it"},
    {0xc00000bb, SIC_UNSUPPORTED,
     "the driver refuses to read: this kernel has no PsAcquireProcessExitSynchronization, without which a process can "
     "end while it is read; " USE_DUMP},
    {0xc0000120, SIC_IO, "cancelled"},
    {0xc0000044, SIC_UNSUPPORTED,
     "the driver stopped at its limit of 256 MiB: this machine has more views than it may hold; " USE_DUMP},
    {0xc000009a, SIC_NO_MEMORY, "the kernel is short of memory; close other programs and try again"},
    {0xc0000059, SIC_UNSUPPORTED, "sic-drv.sys is of another version than sic.exe; use both files of one archive"},
    {0xc0000004, SIC_UNSUPPORTED, "sic-drv.sys is of another version than sic.exe; use both files of one archive"},
    {0xc000000d, SIC_UNSUPPORTED, "the driver finds the layout out of bounds; report this with 'sic --layout'"},
    {0x80000011, SIC_IO, "the driver is busy with another request; wait and try again"},
    {0xc0000225, SIC_NOT_FOUND, "the driver does not find the System process; " USE_DUMP},
};

enum sic_status sic_refusal_of_request(uint32_t nt_status, struct sic_error *error)
{
    for (size_t i = 0; i < sizeof(request_refusals) / sizeof(request_refusals[0]); i++) {
        if (request_refusals[i].nt_status == nt_status)
            return sic_error_set(error, request_refusals[i].status, "%s", request_refusals[i].text);
    }
    return sic_error_set(error, SIC_IO, "the driver failed with status %08x; try again; %s", nt_status, USE_DUMP);
}

static const struct {
    uint32_t nt_status;
    const char *text;
} dump_refusals[] = {
    {0xc0000002, "this system does not make live dumps; Windows 8.1 and later do"},
    {0xc0000003, "this Windows does not make live dumps; 8.1 and later do"},
    {0xc0000354, "this Windows does not make live dumps; 8.1 and later do"},
    {0xc0000061, "the right to debug programs (SeDebugPrivilege) is missing; a policy can take it from administrators"},
    {0xc0000022, "access denied; a policy can keep administrators from it"},
    {0xc000007f, "the disk is full; name a file on another disk with --keep"},
    {0xc000009a, "memory is short; close other programs and try again"},
    {0xc0000120, "cancelled"},
};

enum sic_status sic_refusal_of_dump(uint32_t nt_status, struct sic_error *error)
{
    for (size_t i = 0; i < sizeof(dump_refusals) / sizeof(dump_refusals[0]); i++) {
        if (dump_refusals[i].nt_status == nt_status)
            return sic_error_set(error, SIC_IO, "no live dump: %s", dump_refusals[i].text);
    }
    return sic_error_set(error, SIC_IO,
                         "no live dump: Windows failed with status %08x; Task Manager makes one too (System, 'Create "
                         "live kernel memory dump file')",
                         nt_status);
}
