"""Trees of _MM_AVL_TABLE and machines with five levels of page tables, whole and damaged."""
import csv
import io
import random
import re

import pytest

import kernel_pdb
import memory
import truth as oracle
from conftest import LAYOUTS, ROOT, build_random, build_scenario, sic, sic_json

OLD = [layout for layout in LAYOUTS if "_MM_AVL_TABLE.BalancedRoot" in kernel_pdb.read_rows(layout)]
FIVE = [layout for layout in LAYOUTS if layout.endswith("la57")]


class Tables(memory.Memory):
    """Memory below four levels of page tables, or five."""

    def __init__(self, world, levels):
        super().__init__(world.image("raw"), oracle.number(world.truth["dtb"]))
        self.levels = levels

    def below(self):
        """The PML4 of the highest addresses."""
        return self.root if self.levels == 4 else int.from_bytes(
            self.bytes[self.root + 511 * 8:self.root + 511 * 8 + 8], "little") & 0xffffffffff000

    def at(self, va):
        root = self.root
        if self.levels == 5:
            entry = root + 8 * (va >> 48 & 511)
            self.root = int.from_bytes(self.bytes[entry:entry + 8], "little") & 0xffffffffff000
        try:
            return super().at(va)
        finally:
            self.root = root


class Trees:
    """The VAD trees of a world, by the rows of its layout."""

    def __init__(self, world, layout):
        self.world = world
        self.rows = {name: row[0] for name, row in kernel_pdb.read_rows(layout).items()}
        self.memory = Tables(world, 5 if layout in FIVE else 4)
        self.left, self.right, self.parent = (self.rows[f"_MMVAD_SHORT.{name}"] for name in ("Left", "Right", "Parent"))

    def table(self, process):
        return oracle.number(process["eprocess"]) + self.rows["_EPROCESS.VadRoot"]

    def link(self, process):
        """Where the address of the tree's first node stands."""
        old = "_MM_AVL_TABLE.BalancedRoot" in self.rows
        return self.table(process) + (self.right if old else 0)

    def nodes(self, process):
        pending, found = [self.memory.u64(self.link(process))], []
        while pending:
            va = pending.pop()
            if va:
                found.append(va)
                pending += [self.memory.u64(va + self.left), self.memory.u64(va + self.right)]
        return found

    def leaf(self, process):
        return next(va for va in self.nodes(process)
                    if not self.memory.u64(va + self.left) and not self.memory.u64(va + self.right))

    def answer(self):
        self.memory.bytes.flush()
        return sic_json(self.world.image("raw"))


def build(tmp_path, layout, seed):
    """A world without pages in transition where this file writes, and its process with most views."""
    for turn in range(20):
        world = build_random(tmp_path / f"world{turn}", seed + 1000 * turn, "--layout", layout, "--format", "raw")
        trees = Trees(world, layout)
        try:
            for process in world.truth["processes"]:
                trees.memory.u64(trees.table(process))
                trees.nodes(process)
            return trees, max(world.truth["processes"], key=lambda process: process["views"])
        except AssertionError:
            world.remove()
    raise AssertionError("no world without pages in transition")


def problems(answer):
    return [problem["kind"] for problem in answer["problems"]]


def is_subset(answer, truth):
    """Every region that is answered is a part of one that is."""
    whole = [views for _, views in oracle.true_regions(truth)]
    return all(any(all(view in views for view in region) for views in whole)
               for _, region in oracle.answered_regions(answer))


@pytest.mark.parametrize("field", ["parent", "left"])
@pytest.mark.parametrize("layout", OLD)
def test_damaged_sentinel_is_named_and_costs_nothing(tmp_path, layout, field):
    trees, process = build(tmp_path, layout, 60)
    sentinel = trees.table(process)
    trees.memory.put64(sentinel + getattr(trees, field), sentinel + 0x40)
    answer = trees.answer()
    assert not answer["complete"] and len(answer["problems"]) == 1
    assert oracle.answered_regions(answer) == oracle.true_regions(trees.world.truth)


@pytest.mark.parametrize("layout", OLD + FIVE)
def test_cycle_ends_where_it_began(tmp_path, layout):
    trees, process = build(tmp_path, layout, 61)
    root = trees.memory.u64(trees.link(process))
    trees.memory.put64(trees.leaf(process) + trees.left, root)
    trees.memory.put64(trees.leaf(trees.world.truth["processes"][0]) + trees.right, trees.table(process))
    answer = trees.answer()
    assert not answer["complete"] and answer["problems"]
    assert oracle.answered_regions(answer) == oracle.true_regions(trees.world.truth)


@pytest.mark.parametrize("layout", OLD + FIVE)
def test_wild_root_costs_one_process(tmp_path, layout):
    trees, process = build(tmp_path, layout, 62)
    # Beyond the kernel half of any machine; a machine with five levels has the other one.
    trees.memory.put64(trees.link(process), 0x0123456789abcde0)
    answer = trees.answer()
    assert not answer["complete"] and answer["problems"]
    expected = [[view for view in views if view["pid"] != process["pid"]]
                for _, views in oracle.true_regions(trees.world.truth)]
    assert sorted(map(str, (region for _, region in oracle.answered_regions(answer)))) == sorted(
        str(views) for views in expected if len(views) > 1) or is_subset(answer, trees.world.truth)
    assert all(view["pid"] != process["pid"] for _, views in oracle.answered_regions(answer) for view in views)


@pytest.mark.parametrize("layout", OLD + FIVE)
def test_node_of_another_process_is_not_taken(tmp_path, layout):
    trees, process = build(tmp_path, layout, 63)
    other = next(p for p in trees.world.truth["processes"] if p["views"] > 2 and p["pid"] != process["pid"])
    trees.memory.put64(trees.link(other), trees.memory.u64(trees.link(process)))
    answer = trees.answer()
    assert not answer["complete"] and answer["problems"]
    assert is_subset(answer, trees.world.truth)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("layout", OLD + FIVE)
def test_random_damage_adds_nothing(tmp_path, layout, seed):
    """Links of nodes overwritten with what stands elsewhere: what is answered is a part of the truth."""
    trees, _ = build(tmp_path, layout, 70 + seed)
    chance = random.Random(seed)
    living = [process for process in trees.world.truth["processes"] if process["vads"]]
    everything = [va for process in living for va in trees.nodes(process)]
    for _ in range(8):
        node, field = chance.choice(everything), chance.choice((trees.left, trees.right, trees.parent))
        trees.memory.put64(node + field, chance.choice(everything + [0, 8, 0xffffffffffffffff, 0xff00000000000010]))
    answer = trees.answer()
    assert is_subset(answer, trees.world.truth)


@pytest.mark.parametrize("layout", FIVE)
def test_missing_table_of_the_highest_level(tmp_path, layout):
    trees, _ = build(tmp_path, layout, 64)
    truth = trees.world.truth
    # Where user memory is mapped decides nothing: trees are in the kernel's half.
    for index in range(256):
        at = trees.memory.root + 8 * index
        trees.memory.bytes[at:at + 8] = bytes(8)
    answer = trees.answer()
    assert answer["complete"] and oracle.answered_regions(answer) == oracle.true_regions(truth)
    assert answer["kernel"]["layout"]["name"] == layout and answer["kernel"]["pdb"] == "ntkrla57.pdb"
    assert "partial" in answer["kernel"]["layout"]["confidence"]


@pytest.mark.parametrize("layout", ["3790.3959", "9200.16384"] + FIVE)
def test_what_is_known_in_part_is_said(tmp_path, layout):
    trees, _ = build(tmp_path, layout, 65)
    assert "partial" in trees.answer()["kernel"]["layout"]["confidence"]


@pytest.mark.parametrize("layout", FIVE)
def test_every_form_has_the_whole_address(tmp_path, layout):
    """Of views above 52 bits too."""
    world = build_scenario(ROOT / "tests/scenarios/five-levels.scenario", tmp_path / "world", "--layout", layout, "--format", "raw")
    ranges = {(oracle.number(view["start"]), oracle.number(view["end"]))
              for region in sic_json(world.image("raw"))["regions"] for view in region["views"]}
    assert ranges <= {(oracle.number(view["start"]), oracle.number(view["end"])) for view in world.truth["views"]}
    assert any(start >> 52 for start, _ in ranges)
    rows = csv.DictReader(io.StringIO(sic("--csv", world.image("raw")).stdout.decode(), newline=""))
    assert {(oracle.number(row["start"]), oracle.number(row["end"])) for row in rows} == ranges
    by_process = sic("--group", "process", world.image("raw")).stdout.decode()
    assert {(int(start, 16), int(end, 16)) for start, end in
            re.findall(r"^    at ([0-9a-f]+)-([0-9a-f]+) ", by_process, re.MULTILINE)} == ranges
