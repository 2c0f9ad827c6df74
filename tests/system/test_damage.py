"""Damage on purpose: the rest of the answer stands, and what is missing is named."""
import json
import pathlib
import struct

import pytest

import truth as oracle
from conftest import build_random, sic, sic_json


class Dump:
    """A type 6 dump of sic-lab, with its kernel memory found by content."""

    def __init__(self, world):
        self.world = world
        self.bytes = bytearray(pathlib.Path(world.image("kernel.dmp")).read_bytes())

    def find(self, *words):
        pattern = b"".join(struct.pack("<Q", word) for word in words)
        first = self.bytes.find(pattern)
        assert first >= 0 and self.bytes.find(pattern, first + 1) < 0, "not found once"
        return first

    def answer(self, tmp_path):
        path = tmp_path / "damaged.dmp"
        path.write_bytes(self.bytes)
        result = sic("--json", path)
        assert result.returncode in (0, 1, 2, 3)
        return result.returncode, json.loads(result.stdout) if result.stdout else None, result.stderr.decode()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return build_random(tmp_path_factory.mktemp("damage") / "world", 31, "--layout", "19041.264", "--format", "kernel",
                        "--processes", "14", "--views", "80")


def without_process(regions, pid):
    """The regions of the truth as they are when one process is not seen."""
    kept = [(pte, [view for view in views if view["pid"] != pid]) for pte, views in regions]
    return [(min(view["first_prototype_pte"] for view in views), views) for pte, views in kept if len(views) >= 2]


def links(world):
    offset = 0x448
    return [oracle.number(process["eprocess"]) + offset for process in world.truth["processes"]]


@pytest.mark.parametrize("position", [0, 3, 8])
def test_broken_process_list_is_read_from_both_ends(world, tmp_path, position):
    dump = Dump(world)
    chain = links(world)
    before = chain[position - 1] if position > 0 else None
    at = dump.bytes.find(struct.pack("<Q", chain[position + 1]))
    while before and struct.unpack_from("<Q", dump.bytes, at + 8)[0] != before:
        at = dump.bytes.find(struct.pack("<Q", chain[position + 1]), at + 1)
    if not before:
        # The System process: its forward link stands where its back link is the head, which is no process.
        while struct.unpack_from("<Q", dump.bytes, at + 8)[0] in chain:
            at = dump.bytes.find(struct.pack("<Q", chain[position + 1]), at + 1)
    dump.bytes[at + 2] ^= 0x5a
    status, document, notes = dump.answer(tmp_path)
    assert status == 3 and "process list" in notes
    assert oracle.answered_regions(document) == oracle.true_regions(world.truth)
    assert oracle.answered_processes(document) == oracle.true_processes(world.truth)


def test_process_list_that_loops(world, tmp_path):
    """An entry's forward link leads back to an earlier one."""
    dump = Dump(world)
    chain = links(world)
    at = dump.find(chain[6], chain[4])
    struct.pack_into("<Q", dump.bytes, at, chain[2])
    status, document, notes = dump.answer(tmp_path)
    assert status == 3
    assert oracle.answered_processes(document) == oracle.true_processes(world.truth)


def test_foreign_node(world, tmp_path):
    """A node that belongs to another process: no owner is invented, everybody else stands."""
    view = next(view for view in world.truth["views"] if view["pid"] not in (4, 100))
    dump = Dump(world)
    owner = oracle.number(view["eprocess"]) | 1
    at = dump.bytes.find(struct.pack("<Q", owner))
    assert at >= 0
    other = next(p for p in world.truth["processes"] if p["eprocess"] != view["eprocess"])
    struct.pack_into("<Q", dump.bytes, at, oracle.number(other["eprocess"]) | 1)
    status, document, notes = dump.answer(tmp_path)
    assert status == 3 and "of another process" in notes
    pid = view["pid"]
    others = [(pte, [v for v in views if v["pid"] != pid]) for pte, views in oracle.answered_regions(document)]
    truth = [(pte, [v for v in views if v["pid"] != pid]) for pte, views in oracle.true_regions(world.truth)]
    assert [views for _, views in others if len(views) >= 2] == [views for _, views in truth if len(views) >= 2]
    for _, views in oracle.answered_regions(document):
        for answered in views:
            assert any(answered == true for _, owners in oracle.true_regions(world.truth) for true in owners)
