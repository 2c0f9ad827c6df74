"""sic-drv.sys as a file: what a kernel with memory integrity demands, read without the tools that built it."""
import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

from conftest import ROOT

WINDOWS = pathlib.Path(os.environ.get("SIC_WINDOWS", ROOT / "build/windows/sic.exe")).parent
DRIVER = WINDOWS / "sic-drv.sys"

# Exported by ntoskrnl.exe since Windows XP at the latest, as Microsoft's documentation of each has it.
IMPORTS = {
    "ExAllocatePoolWithTag", "ExFreePoolWithTag", "IoCreateDevice", "IoCreateSymbolicLink", "IoDeleteDevice",
    "IoDeleteSymbolicLink", "IofCompleteRequest", "MmGetSystemRoutineAddress", "MmMapLockedPagesSpecifyCache",
    "ObOpenObjectByPointer", "ObfDereferenceObject", "PsGetProcessCreateTimeQuadPart", "PsIsThreadTerminating",
    "PsLookupProcessByProcessId", "ZwClose", "ZwQuerySystemInformation", "ZwSetSecurityObject",
}
CODE, EXECUTE, READ, WRITE = 0x20, 0x20000000, 0x40000000, 0x80000000
DIRECTORIES = {"export": 0, "import": 1, "exception": 3, "security": 4, "relocation": 5, "tls": 9, "delay": 13}


class Image:
    """A PE32+ file."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        nt = self.number(0x3c, 4)
        assert self.bytes[nt:nt + 4] == b"PE\0\0"
        self.nt, self.optional = nt, nt + 24
        table = self.optional + self.number(nt + 20, 2)
        self.sections = []
        for i in range(self.number(nt + 6, 2)):
            at = table + 40 * i
            name = self.bytes[at:at + 8].rstrip(b"\0").decode()
            size, rva, raw_size, raw = struct.unpack_from("<4I", self.bytes, at + 8)
            self.sections.append((name, rva, size, raw, raw_size, self.number(at + 36, 4)))

    def number(self, offset, size):
        return int.from_bytes(self.bytes[offset:offset + size], "little")

    def directory(self, name):
        return struct.unpack_from("<2I", self.bytes, self.optional + 112 + 8 * DIRECTORIES[name])

    def at(self, rva):
        for _, start, size, raw, raw_size, _ in self.sections:
            if start <= rva < start + min(size, raw_size):
                return raw + rva - start
        raise AssertionError(f"{rva:x} is in no section")

    def text(self, rva):
        start = self.at(rva)
        return self.bytes[start:self.bytes.index(b"\0", start)].decode()

    def imports(self):
        rva, _ = self.directory("import")
        found = {}
        while True:
            names, _, _, library, _ = struct.unpack_from("<5I", self.bytes, self.at(rva))
            if not library:
                return found
            listed = found.setdefault(self.text(library), set())
            while entry := self.number(self.at(names), 8):
                assert not entry >> 63, "an import by ordinal"
                listed.add(self.text(entry + 2))
                names += 8
            rva += 20

    def exports(self):
        rva, _ = self.directory("export")
        count, names = self.number(self.at(rva) + 24, 4), self.number(self.at(rva) + 32, 4)
        return {self.text(self.number(self.at(names + 4 * i), 4)) for i in range(count)}

    def checksum(self):
        """The sum of all 16-bit words with carry, without the field itself, plus the length."""
        total, field = 0, self.optional + 64
        data = self.bytes + b"\0" * (len(self.bytes) % 2)
        for i in range(0, len(data), 2):
            if not field <= i < field + 4:
                total += data[i] | data[i + 1] << 8
                total = (total & 0xffff) + (total >> 16)
        return ((total & 0xffff) + (total >> 16)) + len(self.bytes)


@pytest.fixture(scope="module")
def driver():
    if not DRIVER.exists():
        pytest.skip("no Windows build")
    return Image(DRIVER)


def test_header(driver):
    assert driver.number(driver.nt + 4, 2) == 0x8664
    assert driver.number(driver.optional, 2) == 0x20b
    assert driver.number(driver.optional + 68, 2) == 1  # native
    flags = driver.number(driver.optional + 70, 2)
    assert flags & 0x160 == 0x160  # high entropy, dynamic base, NX compatible
    assert not driver.number(driver.nt + 22, 2) & 1  # relocations are there
    assert driver.number(driver.nt + 8, 4) == 0  # no time in it
    assert driver.number(driver.optional + 32, 4) == 0x1000
    assert (driver.number(driver.optional + 48, 2), driver.number(driver.optional + 50, 2)) == (6, 3)
    for absent in ("export", "security", "tls", "delay"):
        assert driver.directory(absent) == (0, 0)


def test_sections_are_never_writable_and_executable(driver):
    entry = driver.number(driver.optional + 16, 4)
    for name, rva, size, _, _, flags in driver.sections:
        assert not (flags & WRITE and flags & EXECUTE), name
        assert bool(flags & EXECUTE) == (name == ".text"), name
        assert rva % 0x1000 == 0 and flags & READ
        if rva <= entry < rva + size:
            assert name == ".text"
    assert all(flags & WRITE for name, _, _, _, _, flags in driver.sections if name in (".data", ".bss"))
    assert not any(flags & WRITE for name, _, _, _, _, flags in driver.sections if name in (".rdata", ".pdata", ".reloc"))


def test_relocations(driver):
    rva, size = driver.directory("relocation")
    end, count = rva + size, 0
    while rva < end:
        at = driver.at(rva)
        block = driver.number(at + 4, 4)
        kinds = [driver.number(at + i, 2) >> 12 for i in range(8, block, 2)]
        assert set(kinds) <= {0, 10}
        count += kinds.count(10)
        rva += block
    assert count > 0


def test_imports(driver):
    assert driver.imports() == {"ntoskrnl.exe": IMPORTS}


def test_imports_are_exports_of_a_kernel_that_others_wrote(driver):
    """Wine lists what it found real drivers to import; names that this project made up would not be there."""
    kernels = list(pathlib.Path("/usr/lib").glob("*/wine/x86_64-windows/ntoskrnl.exe"))
    if not kernels:
        pytest.skip("no wine")
    exports = Image(kernels[0]).exports()
    assert len(exports) > 1000 and IMPORTS <= exports


def test_checksum(driver):
    assert driver.number(driver.optional + 64, 4) == driver.checksum()


def test_no_other_reader_disagrees(driver):
    """llvm's reader sees the same imports and rights."""
    tool = shutil.which("llvm-readobj")
    if not tool:
        pytest.skip("no llvm-readobj")
    text = subprocess.run([tool, "--coff-imports", "--sections", str(DRIVER)], check=True, capture_output=True,
                          text=True).stdout
    assert set(re.findall(r"Symbol: (\w+)", text)) == IMPORTS
    assert text.count("IMAGE_SCN_MEM_EXECUTE") == 1


def test_instructions(driver):
    """Nothing that changes the processor's state: no IRQL, no interrupts, no ports, no control registers but reading CR4."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(DRIVER)], check=True, capture_output=True,
                          text=True).stdout
    instructions = re.findall(r"^ *[0-9a-f]+:\s+(\S.*)$", text, re.MULTILINE)
    assert len(instructions) > 2000
    forbidden = re.compile(r"^(cli|sti|hlt|in|out|ins|outs|wrmsr|rdmsr|swapgs|lgdt|lidt|ltr|invlpg|wbinvd|vmcall|syscall|"
                           r"sysret|iretq?|int)\b|%(cr[0-9]+|db[0-9]+|dr[0-9]+|gs|fs)\b")
    found = {line.split("#")[0].strip() for line in instructions if forbidden.search(line)}
    assert all(re.fullmatch(r"mov +%cr4,%r\w+", line) for line in found), found
    assert found


def test_symbols_are_those_of_the_shipped_file(driver):
    debug = Image(WINDOWS / "sic-drv.debug.sys")

    def code(image):
        return [image.bytes[raw:raw + size] for name, _, size, raw, _, _ in image.sections if name == ".text"]

    assert code(debug) == code(driver)
    assert len(debug.bytes) > len(driver.bytes)


def test_an_address_leads_to_its_line(driver):
    """As docs/windows.md says: of the shipped file's entry point, with the symbols of the other."""
    entry = driver.number(driver.optional + 24, 8) + driver.number(driver.optional + 16, 4)
    answer = subprocess.run(["x86_64-w64-mingw32-addr2line", "-f", "-p", "-e", str(WINDOWS / "sic-drv.debug.sys"),
                             hex(entry)], check=True, capture_output=True, text=True).stdout
    assert re.match(r"DriverEntry at .*driver/main\.c:\d+", answer), answer


def test_other_processors_are_refused_at_compile_time():
    answer = subprocess.run(["x86_64-w64-mingw32-gcc", "-U__x86_64__", "-E", "-I", str(ROOT / "src"), "-I",
                             str(ROOT / "include"), "-isystem", "/usr/x86_64-w64-mingw32/include/ddk",
                             str(ROOT / "driver/nt.h")], capture_output=True, text=True)
    assert answer.returncode != 0 and "for x64 only" in answer.stderr


def test_same_bytes_from_any_folder(driver, tmp_path):
    """Two builds from two folders, of different names and depths, and the one under test."""
    sources = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True)
    if sources.returncode != 0:
        pytest.skip("not a git checkout")
    products = []
    for folder in (tmp_path / "a", tmp_path / "another folder" / "deeper"):
        for name in sources.stdout.decode().split("\0"):
            if name and (ROOT / name).exists():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        subprocess.run(["meson", "setup", "out", "--buildtype=release", "--cross-file",
                        "packaging/mingw-w64-x86_64.ini"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["ninja", "-C", "out", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        products.append({name: (folder / "out" / name).read_bytes() for name in
                         ("sic-drv.sys", "sic-drv.debug.sys", "sic.exe", "shareme.exe")})
    for name in products[0]:
        assert products[0][name] == products[1][name], name
    assert products[0]["sic-drv.sys"] == DRIVER.read_bytes()
