"""Kernel memory in a raw image of sic-lab, read and written through its page tables. Shares nothing with src/."""
import mmap
import struct

# _EPROCESS, _MMVAD and their like in the kernels of layout 19041.264.
EPROCESS = {"DirectoryTableBase": 0x28, "UniqueProcessId": 0x440, "ActiveProcessLinks": 0x448, "ImageFileName": 0x5a8,
            "AuditName": 0x5c0, "VadRoot": 0x7d8, "VadCount": 0x7e8}
MMVAD = {"Left": 0x0, "Right": 0x8, "Parent": 0x10, "StartingVpn": 0x18, "EndingVpn": 0x1c, "Flags": 0x30,
         "Subsection": 0x48, "FirstPrototypePte": 0x50, "LastContiguousPte": 0x58, "ViewLinks": 0x60,
         "VadsProcess": 0x70}
PRIVATE_MEMORY = 1 << 20
SUBSECTION = {"ControlArea": 0x0, "SubsectionBase": 0x8, "NextSubsection": 0x10, "Flags": 0x20, "PtesInSubsection": 0x2c}
CONTROL_AREA = {"Segment": 0x0, "ListHead": 0x8, "Flags": 0x38, "FirstSubsection": 0x80}


class Memory:
    def __init__(self, path, root):
        self.file = open(path, "r+b")
        self.bytes = mmap.mmap(self.file.fileno(), 0)
        self.root = root

    def close(self):
        self.bytes.flush()
        self.bytes.close()
        self.file.close()

    def entry_at(self, va):
        """File offset of the page table entry of `va`."""
        table = self.root
        for level in (4, 3, 2):
            entry = struct.unpack_from("<Q", self.bytes, table + 8 * (va >> (12 + 9 * (level - 1)) & 511))[0]
            assert entry & 1 and not entry & 0x80, "no page table there"
            table = entry & 0xffffffffff000
        return table + 8 * (va >> 12 & 511)

    def at(self, va):
        """File offset of the byte at `va`."""
        table = self.root
        for level in (4, 3, 2, 1):
            entry = struct.unpack_from("<Q", self.bytes, table + 8 * (va >> (12 + 9 * (level - 1)) & 511))[0]
            assert entry & 1, "not in memory"
            if level > 1 and entry & 0x80:
                size = 1 << (12 + 9 * (level - 1))
                return (entry & 0xffffffffff000 & ~(size - 1)) | va & (size - 1)
            table = entry & 0xffffffffff000
        return table | va & 0xfff

    def u64(self, va):
        return struct.unpack_from("<Q", self.bytes, self.at(va))[0]

    def u32(self, va):
        return struct.unpack_from("<I", self.bytes, self.at(va))[0]

    def put64(self, va, value):
        struct.pack_into("<Q", self.bytes, self.at(va), value & 0xffffffffffffffff)

    def put32(self, va, value):
        struct.pack_into("<I", self.bytes, self.at(va), value)

    def zero(self, va, size):
        for i in range(size):
            self.bytes[self.at(va + i)] = 0

    def unmap(self, va):
        struct.pack_into("<Q", self.bytes, self.entry_at(va), 0)

    def nodes(self, eprocess):
        """All VAD nodes of a process, as dictionaries, in no order."""
        found, pending = [], [self.u64(eprocess + EPROCESS["VadRoot"])]
        while pending:
            va = pending.pop()
            if not va:
                continue
            node = {"va": va, "start": self.u32(va + MMVAD["StartingVpn"]), "private": bool(
                self.u32(va + MMVAD["Flags"]) & PRIVATE_MEMORY)}
            if not node["private"]:
                node.update({name: self.u64(va + MMVAD[name])
                             for name in ("Subsection", "FirstPrototypePte", "LastContiguousPte", "VadsProcess")})
            found.append(node)
            pending += [self.u64(va), self.u64(va + 8)]
        return found
