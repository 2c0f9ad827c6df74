"""Cores that a real QEMU writes of a real guest: what SiC reads of them is what the guest wrote and the monitor says."""
import os
import struct
import subprocess

import pytest

import truth as oracle
from conftest import build_scenario, program, sic, sic_json
from qemu import Guest

READ_PAGES = program("SIC_READ_PAGES", "build/dev/tests/read_pages")
LOW, HIGH, FOUR = 8, 8, 4 << 30  # MiB below and above 4 GiB
# A Windows whose memory has a hole from 36 MiB to 4 GiB; the kernel's structures lie above it.
SCENARIO = """
memory 4132M
hole 1000 1000
hole 2400 fdc00
process alpha.exe pid=2000
process beta.exe pid=2004
section data file "\\Data\\shared.db" pages=57
section heap paging-file pages=900
view 2000 data start=63b0000 protection=rw-
view 2004 data start=1ce98090000 protection=r--
view 2000 heap start=7000000 protection=rw-
view 2004 heap start=8000000 offset=16 pages=64 protection=rw-
private 2000 pages=9000
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    guest = Guest(tmp_path_factory.mktemp("qemu"), LOW, HIGH)
    yield guest
    guest.close()


def read_pages(core, output):
    """Container, missing pages, runs, and the file with the frames at their addresses."""
    answer = subprocess.run([READ_PAGES, core, output], capture_output=True, check=True, timeout=120)
    container, missing, *runs = answer.stdout.decode().splitlines()
    return container, int(missing), [tuple(int(number, 16) << 12 for number in run.split()) for run in runs], output


def check_guest_pages(output):
    """Each page of the two stretches has its own address, multiplied, in its words 0 and 511."""
    with output.open("rb") as file:
        for start, end in ((2 << 20, 4 << 20), (FOUR, FOUR + (2 << 20))):
            for page in range(start, end, 4096):
                word = struct.pack("<Q", page * 0x9e3779b97f4a7c15 & 0xffffffffffffffff)
                assert os.pread(file.fileno(), 8, page) == word
                assert os.pread(file.fileno(), 8, page + 0xff8) == word


def check_monitor_says_so(guest, runs, output):
    with output.open("rb") as file:
        for start, size in runs:
            for at in range(start, start + size, 1 << 20):
                piece = min(1 << 20, start + size - at)
                assert os.pread(file.fileno(), piece, at) == guest.save(at, piece)


def test_core(guest, tmp_path):
    container, missing, runs, output = read_pages(guest.dump("core"), tmp_path / "pages")
    assert (container, missing) == ("ELF core (QEMU)", 0)
    # QEMU calls the firmware's flash memory too; a PC has 256 KiB of it below 4 GiB, and RAM goes on behind.
    assert runs == [(0, LOW << 20), (FOUR - (256 << 10), (256 << 10) + (HIGH << 20))]
    check_guest_pages(output)
    check_monitor_says_so(guest, runs, output)


def test_core_with_paging(guest, tmp_path):
    """The guest maps its memory twice: each frame is named by two segments."""
    container, missing, runs, output = read_pages(guest.dump("core-paging", paging=True), tmp_path / "pages")
    assert (container, missing) == ("ELF core (QEMU)", 0)
    assert sum(size for _, size in runs) >= (LOW + HIGH) << 20
    check_guest_pages(output)
    check_monitor_says_so(guest, runs, output)


def test_part_of_memory(guest, tmp_path):
    """A range that begins and ends within segments and within pages' neighbourhood."""
    begin, length = 0x3ff000, 0x3000
    container, missing, runs, output = read_pages(guest.dump("core-part", begin=begin, length=length), tmp_path / "pages")
    assert missing == 0 and runs == [(begin, length)]
    check_monitor_says_so(guest, runs, output)


def end_of_memory(core):
    """Where the last segment ends: QEMU puts the names of sections behind it."""
    headers, = struct.unpack_from("<Q", core, 32)
    size, count = struct.unpack_from("<HH", core, 54)
    segments = [struct.unpack_from("<IIQQQQ", core, headers + size * i) for i in range(count)]
    return max(offset + in_file for kind, _, offset, _, _, in_file in segments if kind == 1)


def test_core_cut_short(guest, tmp_path):
    whole = guest.dump("core-whole").read_bytes()
    short = tmp_path / "core"
    short.write_bytes(whole[:end_of_memory(whole) - (1 << 20) - 1])
    container, missing, runs, output = read_pages(short, tmp_path / "pages")
    assert missing == 257 and runs[-1][0] + runs[-1][1] == FOUR + (HIGH << 20) - 257 * 4096
    check_guest_pages(output)


def test_compressed_dump_is_refused_by_name(guest):
    answer = sic(guest.dump("core-compressed", format="kdump-zlib"))
    assert answer.returncode == 2 and b"kdump" in answer.stderr and b"dump-guest-memory without -z" in answer.stderr


def test_core_of_no_windows(guest):
    answer = sic(guest.dump("core-boot-sector"))
    assert answer.returncode == 2 and b"no 64-bit Windows kernel" in answer.stderr


def put_world(guest, raw):
    """Copies a world's memory, as far as it is not zeros, into the halted guest's."""
    with open(raw, "rb") as source, guest.memory.open("r+b") as target:
        at = 0
        while True:
            try:
                at = os.lseek(source.fileno(), at, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(source.fileno(), at, os.SEEK_HOLE)
            while at < end:
                size = min(end - at, 1 << 20)
                os.pwrite(target.fileno(), os.pread(source.fileno(), size, at), guest.offset(at))
                at += size


@pytest.fixture(scope="module")
def windows_guest(tmp_path_factory):
    """The halted guest again, with the memory of a Windows that sic-lab made."""
    folder = tmp_path_factory.mktemp("qemu-world")
    (folder / "world.scenario").write_text(SCENARIO)
    world = build_scenario(folder / "world.scenario", folder / "world", "--format", "raw")
    guest = Guest(folder, 36, 36)
    put_world(guest, world.image("raw"))
    yield guest, world
    guest.close()


@pytest.mark.parametrize("paging", [False, True])
def test_windows_in_a_core(windows_guest, paging):
    guest, world = windows_guest
    core = guest.dump(f"core-{paging}", paging=paging)
    oracle.assert_true(world.truth, sic_json(core))
    assert sic_json(core)["regions"] == sic_json(world.image("raw"))["regions"]
