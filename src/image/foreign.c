/*
 * Files that are no image SiC reads, but that people name by mistake: each is refused by its name, with what to do
 * next. Taken as raw images they would lead to no kernel and to no explanation. Signatures are those of the formats'
 * own documents and of the file(1) database.
 */
#include "image/backend.h"

#include <string.h>

#define UNPACK  "unpack it and name the image inside"
#define NO_DISK "SiC reads memory, not disks; take a memory image of the running machine"
#define HIBERNATION                                                                                                    \
    "a hibernation file, not read yet; convert it to a raw image, or take a live kernel dump from Task Manager"

#define KDUMP "a compressed kdump file, not read; in QEMU's monitor use dump-guest-memory without -z, -l and -s, or -w"

struct signature {
    uint32_t offset;
    uint32_t size;
    const char *bytes;
    const char *what; /* "this is ..." */
};

#define SIGNATURE(at, text, meaning)                                                                                   \
    {                                                                                                                  \
        .offset = (at), .size = sizeof(text) - 1, .bytes = (text), .what = (meaning)                                   \
    }

static const struct signature signatures[] = {
    SIGNATURE(0, "MDMP", "a user-mode minidump of one process; take a dump of the whole machine"),
    SIGNATURE(0, "AVML", "an AVML memory image, whose ranges are compressed; unpack it with 'avml-convert'"),
    SIGNATURE(0, "hibr", HIBERNATION),
    SIGNATURE(0, "HIBR", HIBERNATION),
    SIGNATURE(0, "wake", HIBERNATION),
    SIGNATURE(0, "WAKE", HIBERNATION),
    SIGNATURE(0, "RSTR", HIBERNATION),
    SIGNATURE(0, "HORM", HIBERNATION),
    SIGNATURE(0, "\x7fVirtualBox SavedState",
              "a VirtualBox saved state, not read; use 'VBoxManage debugvm dumpvmcore'"),
    SIGNATURE(0, "QEVM", "a QEMU migration stream, not read; use 'dump-guest-memory -w' in its monitor"),
    SIGNATURE(0, "KDUMP   ", KDUMP),
    SIGNATURE(0, "DISKDUMP", KDUMP),
    SIGNATURE(0, "makedumpfile\0", KDUMP), /* the same, in the form for pipes: QEMU 7's dump-guest-memory -z */
    SIGNATURE(0,
              "Microsoft C/C++ MSF 7.00\r\n\x1a"
              "DS",
              "a PDB symbol file; name the memory image it belongs to"),
    SIGNATURE(0, "Microsoft C/C++ program database 2.00", "an old PDB symbol file; name a memory image"),
    SIGNATURE(0, "PK\x03\x04", "a zip archive; " UNPACK),
    SIGNATURE(0, "7z\xbc\xaf\x27\x1c", "a 7z archive; " UNPACK),
    SIGNATURE(0, "Rar!\x1a\x07", "a rar archive; " UNPACK),
    SIGNATURE(0, "MSCF\0\0\0\0", "a cabinet archive; " UNPACK),
    SIGNATURE(0, "\x1f\x8b\x08", "a gzip file; " UNPACK),
    SIGNATURE(0,
              "\xfd"
              "7zXZ\0",
              "an xz file; " UNPACK),
    SIGNATURE(0, "\x28\xb5\x2f\xfd", "a zstd file; " UNPACK),
    SIGNATURE(0, "\x04\x22\x4d\x18", "an lz4 file; " UNPACK),
    SIGNATURE(4, "1AY&SY", "a bzip2 file; " UNPACK),
    SIGNATURE(257, "ustar", "a tar archive; " UNPACK),
    SIGNATURE(0, "EVF\x09\x0d\x0a\xff", "an EnCase (E01) file; export the raw image inside"),
    SIGNATURE(0, "QFI\xfb", "a QCOW disk image; " NO_DISK),
    SIGNATURE(0, "vhdxfile", "a VHDX disk image; " NO_DISK),
    SIGNATURE(0, "conectix", "a VHD disk image; " NO_DISK),
    SIGNATURE(0, "KDMV", "a VMDK disk image; " NO_DISK),
    SIGNATURE(0, "# Disk DescriptorFile", "a VMDK disk descriptor; " NO_DISK),
    SIGNATURE(64, "\x7f\x10\xda\xbe", "a VirtualBox (VDI) disk image; " NO_DISK),
};

static bool matches(const struct image_bytes *file, uint64_t offset, const char *bytes, size_t size)
{
    return image_bytes_hold(file, offset, size) && memcmp(file->at + offset, bytes, size) == 0;
}

static const char *find_signature(const struct image_bytes *file)
{
    for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
        if (matches(file, signatures[i].offset, signatures[i].bytes, signatures[i].size)) {
            return signatures[i].what;
        }
    }
    return NULL;
}

/* Cores were taken before. */
static const char *find_elf(const struct image_bytes *file)
{
    if (!matches(file, 0,
                 "\x7f"
                 "ELF",
                 4)) {
        return NULL;
    }
    return "an ELF file, a program or library; name a memory image";
}

/* Frame 0 of a machine could begin with "MZ" too, so the PE header must stand where e_lfanew says, in a small file. */
static const char *find_program(const struct image_bytes *file)
{
    uint64_t most = UINT64_C(64) << 20;

    if (matches(file, 0, "MZ", 2) && file->size < most && matches(file, image_u32(file, 60), "PE\0\0", 4)) {
        return "a Windows program, library or driver (PE file); name a memory image";
    }
    return NULL;
}

static enum sic_status foreign_open(struct sic_image *image, struct sic_error *error)
{
    const char *what = find_signature(&image->file);

    if (what == NULL) {
        what = find_elf(&image->file);
    }
    if (what == NULL) {
        what = find_program(&image->file);
    }
    return what == NULL ? SIC_NOT_MINE : sic_error_set(error, SIC_UNSUPPORTED, "%s: this is %s", image->name, what);
}

const struct image_backend image_backend_foreign = {
    .name = "foreign format",
    .open = foreign_open,
};
