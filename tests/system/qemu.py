"""A small guest in QEMU, without acceleration, halted in 64-bit mode; its memory is a file that the test can write."""
import json
import os
import shutil
import socket
import subprocess
import time

from conftest import ROOT

DONE = b"\x0d\x60" * 4  # what tests/qemu/boot.S leaves at 0x7000
TIMEOUT = 120


def boot_sector(folder):
    """Assembles tests/qemu/boot.S; returns the path of its 512 bytes."""
    subprocess.run(["as", "--64", "-o", folder / "boot.o", ROOT / "tests/qemu/boot.S"], check=True)
    subprocess.run(["ld", "-m", "elf_x86_64", "-Ttext", "0x7c00", "--oformat", "binary", "-o", folder / "boot.img",
                    folder / "boot.o"], check=True)
    assert (folder / "boot.img").stat().st_size == 512
    return folder / "boot.img"


class Guest:
    """`below` and `above` are the sizes of memory below and above 4 GiB, in MiB."""

    def __init__(self, folder, below, above):
        self.folder, self.below, self.size = folder, below << 20, (below + above) << 20
        self.memory = folder / "memory"
        with self.memory.open("wb") as file:
            file.truncate(self.size)
        place = f"memory-backend-file,id=ram,mem-path={self.memory},size={self.size},share=on"
        self.process = subprocess.Popen(
            [shutil.which("qemu-system-x86_64"), "-accel", "tcg", "-nodefaults", "-display", "none", "-machine",
             f"pc,memory-backend=ram,max-ram-below-4g={self.below}", "-m", f"{below + above}M", "-object", place,
             "-drive", f"file={boot_sector(folder)},format=raw,if=floppy", "-qmp",
             f"unix:{folder}/monitor,server=on,wait=off"], stderr=subprocess.DEVNULL)
        self.socket = socket.socket(socket.AF_UNIX)
        try:
            self.connect()
        except BaseException:
            self.close()
            raise

    def connect(self):
        end = time.monotonic() + TIMEOUT
        self.socket.settimeout(TIMEOUT)
        while True:
            try:
                self.socket.connect(str(self.folder / "monitor"))
                break
            except OSError:
                assert self.process.poll() is None and time.monotonic() < end, "QEMU does not answer"
                time.sleep(0.05)
        self.channel = self.socket.makefile("rw")
        self.channel.readline()  # its greeting
        self.command("qmp_capabilities")
        while self.read(0x7000, 8) != DONE:
            assert self.process.poll() is None and time.monotonic() < end, "the guest does not come to its end"
            time.sleep(0.05)

    def command(self, name, **arguments):
        """Runs a command of the monitor; returns its answer, which has `return` or `error`."""
        self.channel.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.channel.flush()
        while True:
            answer = json.loads(self.channel.readline())
            if "return" in answer or "error" in answer:
                return answer

    def offset(self, address):
        """Where physical memory lies in the file."""
        return address if address < self.below else address - (4 << 30) + self.below

    def read(self, address, size):
        with self.memory.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), size, self.offset(address))

    def dump(self, name, **arguments):
        path = self.folder / name
        answer = self.command("dump-guest-memory", **{"paging": False, **arguments}, protocol=f"file:{path}")
        assert "return" in answer, answer
        return path

    def save(self, address, size):
        """The monitor's own word for what is in memory."""
        path = self.folder / "pmemsave"
        assert "return" in self.command("pmemsave", val=address, size=size, filename=str(path))
        content = path.read_bytes()
        path.unlink()
        return content

    def close(self):
        self.process.kill()
        self.process.wait()
        self.socket.close()
