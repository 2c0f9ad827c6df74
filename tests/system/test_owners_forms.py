"""A view's first page through every form that a page table entry can have.

The entries of a raw image are rewritten, each to another form that leads to the same page; the answer must not change.
"""
import mmap
import re
import struct
import subprocess

import pytest

from conftest import LAB, build_scenario
from test_owners import read, true_pages
from truth import number

FRAME = 0xffffffffff000
VALID, LARGE, SWIZZLED, PROTOTYPE, TRANSITION, SEE_VAD = 0x1, 0x80, 0x10, 0x400, 0x800, 0xffffffff << 32
PROTECTION = 4 << 5
LARGE_SIZE = 0x200000


class Tables:
    """The page tables of one process in a raw image."""

    def __init__(self, image, root):
        self.image, self.root = image, root

    def load(self, at):
        return struct.unpack_from("<Q", self.image, at)[0]

    def store(self, at, entry):
        struct.pack_into("<Q", self.image, at, entry & 0xffffffffffffffff)

    def entry(self, va, level=1):
        """File offset of the entry of `level`; None where a table on the way is missing, or a large page ends it."""
        table = self.root
        for above in range(4, level, -1):
            value = self.load(table + 8 * (va >> (12 + 9 * (above - 1)) & 511))
            if not value & VALID or (above < 4 and value & LARGE):
                return None
            table = value & FRAME
        return table + 8 * (va >> (12 + 9 * (level - 1)) & 511)


class Machine:
    def __init__(self, folder, seed, layout):
        text = subprocess.run([LAB, "random", "--seed", str(seed), "--layout", layout, "--views", "160"], check=True,
                              capture_output=True, text=True).stdout
        scenario = folder / "forms.scenario"
        scenario.write_text(text)
        switch, mask = re.search(r"^swizzle (on|off) mask=([0-9a-f]+)$", text, re.MULTILINE).groups()
        self.mask = int(mask, 16) if switch == "on" else 0
        self.world = build_scenario(scenario, folder / "world", "--layout", layout, "--format", "raw")
        self.truth = self.world.truth
        self.roots = {process["eprocess"]: number(process["dtb"]) for process in self.truth["processes"]}

    def __enter__(self):
        self.file = open(self.world.image("raw"), "r+b")
        self.image = mmap.mmap(self.file.fileno(), 0)
        return self

    def __exit__(self, *_):
        self.image.close()
        self.file.close()

    def swizzle(self, entry):
        """As the kernel stores an invalid entry: xored where the mask's bits are clear, marked where they are not."""
        return entry | SWIZZLED if entry & self.mask or not self.mask else entry ^ self.mask

    def pages(self):
        """Views of shared sections whose first page is in memory, with their processes' tables and entries."""
        for place, view in true_pages(self.truth).items():
            tables = Tables(self.image, self.roots[view["eprocess"]])
            at = tables.entry(place[1])
            if view["firstPhysical"] and at is not None:
                yield view, tables, at


def has_own_copy(view):
    """Whether the process wrote to a copy-on-write page: its prototype PTE leads elsewhere."""
    return view["protection_value"] & 5 == 5


def forms(machine, view):
    """Name and entry of each form that leads to the view's first page."""
    frame, prototype = number(view["firstPhysical"]), number(view["first_prototype_pte"])
    yield "valid", frame | 0x8000000000000867
    yield "transition, swizzled", machine.swizzle(frame | TRANSITION | PROTECTION)
    if machine.mask:
        yield "transition, marked", frame | TRANSITION | PROTECTION | SWIZZLED
    if has_own_copy(view):
        return
    yield "zero", 0
    yield "see the VAD", machine.swizzle(SEE_VAD | PROTOTYPE | PROTECTION)
    yield "prototype, swizzled", machine.swizzle(prototype << 16 & (1 << 64) - 1 | PROTOTYPE | PROTECTION)
    if machine.mask:
        yield "prototype, marked", prototype << 16 & (1 << 64) - 1 | PROTOTYPE | PROTECTION | SWIZZLED


def answered(machine):
    machine.image.flush()
    return {(page["eprocess"], page["start"]): page for page in read(machine.world.image("raw"))["pages"]}


def assert_page(pages, view, form):
    page = pages[(view["eprocess"], view["start"])]
    assert page.get("firstPhysical") == view["firstPhysical"], (form, view)
    assert page.get("firstBytes") == view["firstBytes"], (form, view)


@pytest.mark.parametrize("layout, seed", [("9600.16384", 41), ("17763.107", 42), ("19041.264", 43), ("19041.264", 44),
                                          ("26100", 45)])
def test_every_form(tmp_path, layout, seed):
    with Machine(tmp_path, seed, layout) as machine:
        used = {}
        for turn in range(7):
            written = []
            for i, (view, tables, at) in enumerate(machine.pages()):
                choice = list(forms(machine, view))
                name, entry = choice[(i + turn) % len(choice)]
                tables.store(at, entry)
                written.append((view, name))
                used[name] = used.get(name, 0) + 1
            pages = answered(machine)
            for view, name in written:
                assert_page(pages, view, name)
        assert len(used) >= 5 and min(used.values()) >= 5, used


def test_tables_in_transition_and_away(tmp_path):
    """A page table in transition is read; what one in the paging file says is unknown, even where a VAD could tell."""
    with Machine(tmp_path, 46, "19041.264") as machine:
        moved = {}
        for view, tables, _ in machine.pages():
            moved.setdefault(tables.entry(number(view["start"]), level=2), []).append(view)
        assert len(moved) > 4
        for i, at in enumerate(moved):
            value = struct.unpack_from("<Q", machine.image, at)[0]
            entry = machine.swizzle(value & FRAME | TRANSITION | PROTECTION) if i % 2 else 0x1234500000002000 | PROTECTION
            struct.pack_into("<Q", machine.image, at, entry)
        pages = answered(machine)
        for i, views in enumerate(moved.values()):
            for view in views:
                if i % 2:
                    assert_page(pages, view, "its table is in transition")
                else:
                    page = pages[(view["eprocess"], view["start"])]
                    assert "firstPhysical" not in page and "firstBytes" not in page


def test_large_pages(tmp_path):
    with Machine(tmp_path, 47, "19041.264") as machine:
        written = {}
        for view, tables, _ in machine.pages():
            at = tables.entry(number(view["start"]), level=2)
            written.setdefault(at, []).append(view)
        for at in written:
            struct.pack_into("<Q", machine.image, at, LARGE_SIZE | 0x8000000000000867 | LARGE)
        pages = answered(machine)
        for views in written.values():
            for view in views:
                physical = LARGE_SIZE + number(view["start"]) % LARGE_SIZE
                page = pages[(view["eprocess"], view["start"])]
                assert number(page["firstPhysical"]) == physical
                assert bytes.fromhex(page["firstBytes"]) == machine.image[physical:physical + 16]
