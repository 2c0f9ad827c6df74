"""Facts that could not be read are said to be unknown, in every form: never that there are none."""
import csv
import io
import json
import re

import jsonschema
import pytest

from conftest import ROOT, build_scenario, sic
from memory import Memory
from truth import number

VALIDATOR = jsonschema.Draft7Validator(json.loads((ROOT / "docs/sic-listing.schema.json").read_text()))
# In the kernels of layout 19041.264; a directory has 37 buckets.
OBJECT_TABLE, TOKEN, GROUP_COUNT, GROUPS = 0x570, 0x4b8, 0x7c, 0x98
BUCKETS = 37
# Of _OBJECT_HEADER, counted back from the object.
HEADER, INFO_MASK, CREATOR_INFO, NAME_INFO = 0x30, 0x16, 0x20, 0x20
WILD = 0xffffd80800000003


class Machine:
    def __init__(self, folder):
        self.world = build_scenario(ROOT / "tests/scenarios/names-and-handles.scenario", folder / "world", "--format",
                                    "raw")
        self.image = self.world.image("raw")
        self.truth = self.world.truth
        self.memory = Memory(self.image, number(self.truth["dtb"]))

    def process(self, pid):
        return next(process for process in self.truth["processes"] if process["pid"] == pid)

    def directory_of(self, name):
        """The directory that the section of that name says it stands in."""
        index = next(i for i, section in enumerate(self.truth["sections"]) if name in section["names"])
        return self.directory_above(next(number(handle["object"]) for process in self.truth["processes"] for handle in process["handles"]
                                         if handle["section"] == index))

    def directory_above(self, entry):
        """The directory that an object says it stands in."""
        mask = self.memory.bytes[self.memory.at(entry - INFO_MASK)]
        assert mask & 2
        return self.memory.u64(entry - HEADER - NAME_INFO - (CREATOR_INFO if mask & 1 else 0))

    def cut_directory(self):
        directory = self.directory_of("\\BaseNamedObjects\\windows_shell_global_counters")
        for bucket in range(BUCKETS):
            self.memory.put64(directory + 8 * bucket, WILD)

    def cut_handles(self, pids=None):
        for process in self.truth["processes"]:
            table = self.memory.u64(number(process["eprocess"]) + OBJECT_TABLE)
            if table and (pids is None or process["pid"] in pids):
                self.memory.put64(table + 8, WILD)

    def cut_token(self, pid):
        self.memory.put64(number(self.process(pid)["eprocess"]) + TOKEN, 0)

    def run(self, *arguments):
        self.memory.bytes.flush()
        answer = sic(*arguments, self.image)
        assert answer.returncode in (0, 1, 3), answer.stderr
        return answer

    def regions(self, *arguments):
        document = json.loads(self.run("--json", *arguments).stdout)
        VALIDATOR.validate(document)
        return document, {self.label(region): region for region in document["regions"]}

    def label(self, region):
        """The first name that the truth has for the section, else its kind."""
        section = next(section for section in self.truth["sections"]
                       if section["control_area"] == region["section"]["control_area"])
        return section["names"][0].rsplit("\\", 1)[-1] if section["names"] else section["kind"]

    def rows(self):
        return list(csv.DictReader(io.StringIO(self.run("--csv").stdout.decode(), newline="")))

    def block(self, region, *arguments):
        """The lines of a region in the text."""
        text = self.run(*arguments).stdout.decode()
        return next(block for block in text.split("ProtoPTE: ")
                    if block.startswith(f"{number(region['prototype_pte']):016x}"))


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.memory.close()


def test_whole(machine):
    document, regions = machine.regions()
    assert document["unread"] == {"object_directories": False, "handle_tables": 0, "tokens": 0}
    notes = machine.run().stderr.decode()
    assert "object directories" not in notes and "handle tables" not in notes
    assert "Object: unknown" not in machine.block(regions["windows_shell_global_counters"])


def test_cut_directory(machine):
    machine.cut_directory()
    document, regions = machine.regions()
    assert document["unread"]["object_directories"]
    lost, named = regions["on-d"]["section"], regions["kernel32.dll"]["section"]
    assert lost["names"] is None and lost["name_count"] is None and not lost["names_complete"]
    # No directory tells it, but a handle leads to the object, which does.
    assert regions["windows_shell_global_counters"]["section"]["names"] == \
        ["\\BaseNamedObjects\\windows_shell_global_counters"]
    assert named["names"] == ["\\KnownDlls\\kernel32.dll"] and not named["names_complete"]
    assert "\n  Object: unknown\n" in machine.block(regions["on-d"])
    block = machine.block(regions["kernel32.dll"])
    assert "\n  Object: \\KnownDlls\\kernel32.dll\n" in block and "\n  Object: there may be more names\n" in block
    assert "object directories" in machine.run().stderr.decode()
    for row in machine.rows():
        region = next(region for region in document["regions"] if region["prototype_pte"] == row["prototype_pte"])
        assert row["object_names"] == ("unknown" if region["section"]["names"] is None else
                                       " | ".join(region["section"]["names"]))


@pytest.mark.parametrize("option", [["--named"], ["--name", "*counters"]])
def test_selection_by_names_that_were_not_read(machine, option):
    """What is selected by names may be short: it is said even to who wants no notes, and by the exit status."""
    assert machine.run("-q", *option).returncode == 0
    assert machine.run("-q", *option).stderr == b""
    machine.cut_directory()
    answer = machine.run("-q", *option)
    assert answer.returncode == 3 and answer.stderr.count(b"\n") == 1 and option[0].encode() in answer.stderr
    document, _ = machine.regions(*option)
    assert not document["complete"]
    # Without them the directories decide nothing.
    assert machine.run("-q").returncode == 0 and machine.regions()[0]["complete"]


def test_cut_handles(machine):
    machine.cut_handles()
    document, regions = machine.regions()
    assert document["unread"]["handle_tables"] >= 5
    for region in document["regions"]:
        section = region["section"]
        assert section["handles"] is None and section["handle_count"] is None and not section["handles_complete"]
        assert "\n  Handles: unknown\n" in machine.block(region)
    assert re.search(r"handle tables of \d+ processes", machine.run().stderr.decode())
    assert {row["handles"] for row in machine.rows()} == {"unknown"}


def test_cut_handles_of_one(machine):
    machine.cut_handles([2004])
    document, regions = machine.regions()
    assert document["unread"]["handle_tables"] == 1
    counters = regions["windows_shell_global_counters"]
    assert counters["section"]["handle_count"] == 2 and not counters["section"]["handles_complete"]
    assert "\n  Handles: at least 2 in 2 processes" in machine.block(counters)
    assert "handle table of 1 process " in machine.run().stderr.decode()
    # Of a section without a handle among those that were read nothing is known.
    assert {row["handles"] for row in machine.rows() if row["handles"] != "unknown" and int(row["handles"]) == 0} == set()


def test_cut_token(machine):
    machine.cut_token(2004)
    document, _ = machine.regions()
    assert document["unread"]["tokens"] == 1
    assert "token of 1 process " in machine.run("--group", "process").stderr.decode()
    assert "token of 1 process " in machine.run("--csv").stderr.decode()
    # The text does not show them, and does not read them.
    assert "token" not in machine.run().stderr.decode()


def test_groups_one_by_one(machine):
    """A group that cannot be read hides nobody else; more than 1024 are not listed, but counted."""
    token = machine.memory.u64(number(machine.process(2004)["eprocess"]) + TOKEN) & ~15
    before = next(process for process in machine.regions()[0]["processes"] if process["pid"] == 2004)
    assert before["group_count"] == len(before["groups"]) == machine.memory.u32(token + GROUP_COUNT) > 3
    assert before["capability_count"] == before["restricted_count"] == 0
    machine.memory.put64(machine.memory.u64(token + GROUPS) + 16 * 2, 0xdead)
    document, _ = machine.regions()
    process = next(process for process in document["processes"] if process["pid"] == 2004)
    assert process["user"] == before["user"]
    assert process["groups"] == [None if i == 2 else group for i, group in enumerate(before["groups"])]
    assert document["unread"]["tokens"] == 1
    assert before["user"]["sid"] in machine.run("--group", "process", "-f", "2004").stdout.decode()
    machine.memory.put32(token + GROUP_COUNT, 1100)
    process = next(process for process in machine.regions()[0]["processes"] if process["pid"] == 2004)
    assert process["user"] == before["user"] and process["group_count"] == 1100 and len(process["groups"]) == 1024


def test_handles_say_their_access_only(machine):
    """A handle's access alone does not make a section writable, and an image never."""
    _, regions = machine.regions()
    assert re.search(r"^  Handles: 3 in 3 processes, 1 with map-write access$",
                     machine.block(regions["windows_shell_global_counters"]), re.MULTILINE)
    assert re.search(r"^  Handles: 1 in 1 process$", machine.block(regions["kernel32.dll"]), re.MULTILINE)
    assert "may map" not in machine.run("--details").stdout.decode()


def test_name_outside_the_root(machine):
    """As of a private namespace: no directory below the root has the name, but handles lead to the object."""
    folder = machine.directory_of("\\Sessions\\1\\AppContainerNamedObjects\\S-1-15-2-1-2-3-4-5-6-7\\shared")
    parent = machine.directory_above(folder)
    for bucket in range(BUCKETS):
        machine.memory.put64(parent + 8 * bucket, 0)
    # A namespace's directory has no name of its own.
    machine.memory.bytes[machine.memory.at(folder - INFO_MASK)] &= ~2
    document, regions = machine.regions()
    assert not document["unread"]["object_directories"]
    section = regions["shared"]["section"]
    assert section["names"] == [] and section["names_outside_root"] == ["shared"] and section["name_count"] == 1
    assert not section["names_complete"]
    assert regions["shared"]["memory"]["source"] == "object-name"
    assert regions["kernel32.dll"]["section"]["names_outside_root"] == []
    assert "\n  Object: outside the root: shared\n" in machine.block(regions["shared"])
    assert {row["object_names"] for row in machine.rows()
            if row["prototype_pte"] == regions["shared"]["prototype_pte"]} == {"outside the root: shared"}
    for option in (["--named"], ["--name", "shared"]):
        assert regions["shared"]["prototype_pte"] in [region["prototype_pte"] for region in
                                                      machine.regions(*option)[0]["regions"]]
    assert "outside the root: shared" in machine.run("--group", "process").stdout.decode()
