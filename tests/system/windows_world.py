"""A Windows under Wine with the live path's files in it, and lab images that its driver of the lab serves."""
import fcntl
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import tempfile
import termios
import time

import pytest

from conftest import ROOT

WINDOWS = pathlib.Path(os.environ.get("SIC_WINDOWS", ROOT / "build/windows/sic.exe")).parent
SERVICE = r"HKLM\System\CurrentControlSet\Services\sic-drv"
LAB_MAGIC = 0x656e696863616d73


class Program:
    """A running program. Its output goes to files: services that Wine starts meanwhile would hold pipes open."""

    def __init__(self, command, environment, options):
        self.files = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
        options = {"stdin": subprocess.DEVNULL, "stdout": self.files[0], "stderr": self.files[1], **options}
        self.process = subprocess.Popen(command, env=environment, **options)

    def read(self):
        """What was written so far, to standard output and error."""
        texts = []
        for file in self.files:
            file.seek(0)
            texts.append(file.read())
        return texts

    def wait(self, timeout=120):
        status = self.process.wait(timeout)
        return subprocess.CompletedProcess(self.process.args, status, *self.read())


class Wine:
    """A prefix of its own: nothing of it outlives the tests."""

    def __init__(self, folder):
        if not shutil.which("wine") or not (WINDOWS / "sic.exe").exists():
            pytest.skip("no wine, or no Windows build")
        self.prefix = folder / "prefix"
        self.environment = dict(os.environ, LC_ALL="C.UTF-8", WINEPREFIX=str(self.prefix), WINEDEBUG="-all",
                                WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=d;ntoskrnl.exe=b")
        self.environment.pop("_NT_SYMBOL_PATH", None)
        self.run("wineboot", "-i")
        self.set_version("win10")
        # The services that made the prefix knew nothing of it yet: no driver starts before they are started anew.
        subprocess.run(["wineserver", "-k", "-w"], env=self.environment, capture_output=True)
        # Wine ends its services with its last program, and a driver that is to start meanwhile does not: one stays.
        self.keeper = self.start("cmd", stdin=subprocess.PIPE)

    def start(self, *arguments, **options):
        return Program(["wine", *map(str, arguments)], self.environment, options)

    def run(self, *arguments):
        return self.start(*arguments).wait()

    def set_version(self, version):
        assert self.run("winecfg", "/v", version).returncode == 0

    def path(self, *parts):
        return self.prefix.joinpath("drive_c", *parts)

    def has_service(self):
        return self.run("reg", "query", SERVICE).returncode == 0

    def stop(self):
        self.keeper.process.stdin.close()
        self.keeper.wait()
        subprocess.run(["wineserver", "-k"], env=self.environment, capture_output=True)


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """For tests that import it: a prefix for all of their file."""
    prefix = Wine(tmp_path_factory.mktemp("live"))
    yield prefix
    prefix.stop()


def on_terminal(wine, *arguments, **options):
    """Starts a program on a terminal of its own, whose other end is returned too; its output can go elsewhere."""
    ours, theirs = pty.openpty()

    def take_terminal():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    options = {"stdout": theirs, **options}
    process = wine.start(*arguments, stdin=theirs, start_new_session=True, preexec_fn=take_terminal, **options)
    os.close(theirs)
    return process, ours


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def install(wine, folder, driver):
    """sic.exe with a driver beside it; `driver` is None, or the name of a file of the build."""
    target = wine.path(folder)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    shutil.copy(WINDOWS / "sic.exe", target)
    if driver:
        shutil.copy(WINDOWS / driver, target / "sic-drv.sys")
    return target / "sic.exe"


def serve(wine, world, delay=0, number=None):
    """Lets the lab's driver serve this world; each request takes `delay` milliseconds more.

    With a number it does so from the request of that number on, counted since the driver was loaded.
    """
    target = wine.path("sic-lab")
    target.mkdir(exist_ok=True)
    end = f"-{number}" if number else ""
    words = [LAB_MAGIC, int(world.truth["dtb"], 16), delay, len(world.truth["processes"])]
    for process in world.truth["processes"]:
        words += [process["pid"], int(process["create_time"], 16), int(process["eprocess"], 16)]
    (target / f"machine{end}.bin").write_bytes(struct.pack(f"<{len(words)}Q", *words))
    subprocess.run(["cp", "--sparse=always", world.image("raw"), target / f"memory{end}.raw"], check=True)


def kernel_file(guid_age, pdb_name=b"ntkrnlmp.pdb"):
    """A PE file that names this PDB, as ntoskrnl.exe does: headers, one section, a debug directory in it."""
    guid = bytes.fromhex(guid_age[:32])
    record = b"RSDS" + guid[3::-1] + guid[5:3:-1] + guid[7:5:-1] + guid[8:] + \
        struct.pack("<I", int(guid_age[32:], 16)) + pdb_name + b"\0"
    section = struct.pack("<IIHHIIII", 0, 0, 0, 0, 2, len(record), 0x101c, 0x41c) + record
    section = section.ljust(0x200, b"\0")
    optional = bytearray(0xf0)
    struct.pack_into("<H", optional, 0, 0x20b)
    struct.pack_into("<II", optional, 0x38, 0x2000, 0x400)
    struct.pack_into("<I", optional, 0x6c, 16)
    struct.pack_into("<II", optional, 0x70 + 6 * 8, 0x1000, 0x1c)
    nt = b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, 0xf0, 0x22) + bytes(optional)
    header = b".rdata\0\0" + struct.pack("<IIIIIIHHI", 0x200, 0x1000, 0x200, 0x400, 0, 0, 0, 0, 0x40000040)
    dos = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x40)
    return (dos + nt + header).ljust(0x400, b"\0") + section


def lines(stderr):
    """Lines of sic's own, without those of Wine."""
    return [line for line in stderr.decode(errors="replace").splitlines() if line.startswith("sic: ")]
