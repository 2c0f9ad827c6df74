"""Pairs of worlds that differ by a known list of edits give exactly that list; random pairs what a second judge says."""
import os
import random

import pytest

import difference_judge
import world_boots
import world_edits
import world_pairs
from conftest import sic
from differences import Reader, assert_same, diff, exchanged, in_one_order, with_names, with_one_name, \
    without_sections_of_one_side
from made_world import build

SEEDS = range(1, 1 + int(os.environ.get("SIC_DIFFERENCE_WORLDS", "2")))
PARTS = 3
# Before 8.1 it is unknown who is protected, before Windows 8 who is in a container: who crosses whom is the judge's to say.
LAYOUTS = ["3790.3959", "7601.24540", "9200.16384", "9600.16384", "26100"]


def build_pair(folder, worlds, seed, **more):
    """Whatever must not matter differs between the two."""
    return [build(world, folder / name, f"{name} {seed}", **more) for world, name in zip(worlds, ("old", "new"))]


def saved(world, container="kernel.dmp"):
    path = f"{world.prefix}.sic"
    answer = sic("-q", "--save", path, world.image(container))
    assert answer.returncode in (0, 1), answer.stderr.decode()
    return path


def without_sides(document):
    return {**document, "old": None, "new": None}


def assert_judged(old, new, by_path, document):
    expected = with_names(difference_judge.differences(old.truth, new.truth, by_path), old, new)
    answered = Reader(old, new, by_path).items(document)
    assert_same(without_sections_of_one_side(answered), without_sections_of_one_side(expected))


def kinds(seed, part):
    """Every kind of edit is in one of the parts."""
    mixed = random.Random(seed).sample(world_edits.KINDS, len(world_edits.KINDS))
    return mixed[part::PARTS]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("seed", SEEDS)
def test_edits(tmp_path, seed, part):
    """Exactly the edits come out, whether the worlds are read of images, of saved scans, or one of each."""
    chance = random.Random(seed * 100 + part)
    *worlds, expected = world_edits.edit(chance, kinds(seed, part))
    old, new = build_pair(tmp_path, worlds, seed)
    document = diff(old.image("kernel.dmp"), new.image("kernel.dmp"))
    assert document["basis"] == "pid-and-start-time" and document["same_boot"]
    assert_same(with_one_name(Reader(old, new, False).items(document)), expected)
    assert_judged(old, new, False, document)
    for before, after in ((saved(old), saved(new)), (old.image("kernel.dmp"), saved(new))):
        other = diff(before, after)
        assert without_sides(other) == without_sides(document)


@pytest.mark.parametrize("part", range(PARTS))
def test_edits_across_boots(tmp_path, part):
    """The machine was started again: pids, start times and addresses say nothing."""
    chance = random.Random(700 + part)
    old, new, expected = world_edits.edit(chance, kinds(7, part), world_boots.as_by_path)
    old, new = build_pair(tmp_path, (old, world_boots.another_boot(new, chance)), part)
    document = diff(old.image("kernel.dmp"), new.image("kernel.dmp"))
    assert document["basis"] == "path" and not document["same_boot"]
    assert_same(with_one_name(Reader(old, new, True).items(document)), expected)
    assert_judged(old, new, True, document)


def test_no_edits(tmp_path):
    """What is built anew differs in every address, and in nothing else."""
    world, *_ = world_edits.edit(random.Random(5), world_edits.KINDS)
    old, new = build_pair(tmp_path, (world, world), 5)
    assert old.truth["processes"][1]["eprocess"] != new.truth["processes"][1]["eprocess"]
    assert not old.identities.keys() & new.identities.keys()
    for arguments in ((), ("--by-path",)):
        document = diff(old.image("kernel.dmp"), new.image("kernel.dmp"), *arguments)
        assert not document["different"] and document["complete"] and document["same_boot"]
    other = build_pair(tmp_path, (world, world_boots.another_boot(world, random.Random(6))), 6)[1]
    document = diff(old.image("kernel.dmp"), other.image("kernel.dmp"))
    assert not document["different"] and document["complete"] and not document["same_boot"]


def unambiguous_pair(folder, seed, by_path, **more):
    """The first pair from this seed on that leaves the judge no choice."""
    for attempt in range(20):
        worlds = world_pairs.pair(random.Random(f"{seed} {attempt}"), by_path)
        old, new = build_pair(folder, worlds, seed, **more)
        try:
            assert len(list(difference_judge.differences(old.truth, new.truth, by_path))) > 40
            return old, new
        except difference_judge.Ambiguous:
            continue
    raise AssertionError("no pair to judge")


@pytest.mark.parametrize("by_path", [False, True], ids=["by start", "by path"])
@pytest.mark.parametrize("seed", range(10, 10 + 3 * len(SEEDS)))
def test_random_pairs(tmp_path, seed, by_path):
    """As the judge says; exchanged, what came is what went."""
    old, new = unambiguous_pair(tmp_path, seed, by_path)
    document = diff(old.image("kernel.dmp"), new.image("kernel.dmp"))
    assert document["basis"] == ("path" if by_path else "pid-and-start-time")
    assert_judged(old, new, by_path, document)
    # Equal ones are told apart by their place, not by the order in which they were read.
    assert diff(old.image("kernel.dmp"), new.image("kernel.dmp"), "--threads", "1") == document
    assert without_sides(diff(saved(old), saved(new))) == without_sides(document)
    back = diff(new.image("kernel.dmp"), old.image("kernel.dmp"))
    assert in_one_order(back) == exchanged(document)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(tmp_path, layout):
    old, new = unambiguous_pair(tmp_path, 40, False, layout=layout)
    assert_judged(old, new, False, diff(old.image("kernel.dmp"), new.image("kernel.dmp")))


def test_boots_asked_to_be_compared_by_path(tmp_path):
    """Within one boot, but without pids and addresses."""
    worlds = world_edits.edit(random.Random(9), kinds(9, 0), world_boots.as_by_path)
    old, new = build_pair(tmp_path, worlds[:2], 9)
    document = diff(old.image("kernel.dmp"), new.image("kernel.dmp"), "--by-path")
    assert document["basis"] == "path" and document["same_boot"]
    assert_same(with_one_name(Reader(old, new, True).items(document)), worlds[2])
