"""Who may open what has a name: the descriptors that were read of an image are those that it was built with."""
import pytest

import sddl
from conftest import LAYOUTS, ROOT, build_random, build_scenario
from test_names import Facts


def check(world, container="kernel.dmp"):
    """Every directory and every named section, by path; several objects cannot have one path."""
    facts = Facts(world.image(container))
    truth = {entry["path"]: entry for entry in world.truth["security"]}
    found = {path: name for kind in ("directory", "section") for path, name in facts.paths(kind)}
    assert sorted(found) == sorted(truth)
    kinds = {"read": 0, "none": 0, "unknown": 0}
    for path, expected in truth.items():
        name = found[path]
        assert name["securityRead"] == expected["readable"], path
        if expected["sddl"] is None:
            assert name["security"] is None, path
            kinds["none" if expected["readable"] else "unknown"] += 1
        else:
            assert sddl.decode(bytes.fromhex(name["security"])) == sddl.parse(expected["sddl"]), path
            kinds["read"] += 1
    assert all(name["security"] is None and not name["securityRead"] for _, name in facts.paths("link"))
    return facts, kinds


@pytest.mark.parametrize("layout", LAYOUTS)
def test_random_worlds(tmp_path, layout):
    total = {"read": 0, "none": 0, "unknown": 0}
    for seed in range(700, 706):
        _, kinds = check(build_random(tmp_path / f"world-{seed}", seed, "--layout", layout, "--format", "kernel"))
        for kind, count in kinds.items():
            total[kind] += count
    assert total["read"] > 100 and total["none"] > 0 and total["unknown"] > 0


@pytest.mark.parametrize("scenario", sorted((ROOT / "tests/scenarios").glob("*.scenario")), ids=lambda path: path.stem)
def test_scenarios(tmp_path, scenario):
    check(build_scenario(scenario, tmp_path / "world", "--format", "kernel"))


def test_every_container(tmp_path):
    world = build_random(tmp_path / "world", 710)
    texts = {check(world, container)[0].text for container in ("raw", "full.dmp", "bitmap.dmp", "kernel.dmp")}
    assert len(texts) == 1


SECTION = """
process a.exe pid=2000
section s paging-file pages=1
view 2000 s
name s \\BaseNamedObjects\\s
security \\BaseNamedObjects\\s "{}"
"""


def security_of(tmp_path, text):
    scenario = tmp_path / "one.scenario"
    scenario.write_text(SECTION.format(text))
    world = build_scenario(scenario, tmp_path / "one", "--format", "raw")
    facts = Facts(world.image("raw"))
    return dict(facts.paths("section"))["\\BaseNamedObjects\\s"], facts


def test_the_states_are_told_apart(tmp_path):
    for text, read, there in (("none", True, False), ("null-dacl", True, True), ("unreadable", False, False),
                              ("O:SYG:SYD:", True, True), ("G:SY", True, True)):
        name, _ = security_of(tmp_path, text)
        assert (name["securityRead"], name["security"] is not None) == (read, there), text
    name, _ = security_of(tmp_path, "null-dacl")
    assert sddl.decode(bytes.fromhex(name["security"])) == \
        {"control": 0x8004, "O": "S-1-5-18", "G": "S-1-5-18", "D": None, "S": None}
    name, _ = security_of(tmp_path, "O:SYG:SYD:")
    assert sddl.decode(bytes.fromhex(name["security"]))["D"] == []


def test_each_damage_is_unknown(tmp_path):
    """Seeds choose the way in which it is damaged."""
    scenario = tmp_path / "one.scenario"
    for seed in range(24):
        scenario.write_text(f"seed {seed:x}\n" + SECTION.format("damaged"))
        facts = Facts(build_scenario(scenario, tmp_path / "one", "--format", "raw").image("raw"))
        name = dict(facts.paths("section"))["\\BaseNamedObjects\\s"]
        assert not name["securityRead"] and name["security"] is None
        assert all(name["securityRead"] for _, name in facts.paths("directory"))


def many(count):
    return "O:SYG:SYD:" + "".join(f"(A;;0x{i:x};;;S-1-5-21-1-2-3-{i})" for i in range(count))


def test_large_descriptors(tmp_path):
    """Over a page, over many, and over what is read at all: an ACL has at most 64 KiB."""
    for count in (10, 120, 1500):
        name, _ = security_of(tmp_path, many(count))
        assert sddl.decode(bytes.fromhex(name["security"])) == sddl.parse(many(count))
    name, _ = security_of(tmp_path, many(1790) + "S:" + many(200).partition("D:")[2].replace("(A;", "(AU;"))
    assert not name["securityRead"] and name["security"] is None


def test_equal_ones_are_stored_once(tmp_path):
    """SiC's packed scan holds the bytes of a descriptor that many objects share one time."""
    scenario = tmp_path / "many.scenario"
    text = many(400)
    lines = ["process a.exe pid=2000", "section s paging-file pages=1", "view 2000 s"]
    for i in range(300):
        lines += [f"name s \\BaseNamedObjects\\s{i}", f'security \\BaseNamedObjects\\s{i} "{text}"']
    scenario.write_text("\n".join(lines) + "\n")
    facts = Facts(build_scenario(scenario, tmp_path / "many", "--format", "raw").image("raw"))
    assert len([1 for _, name in facts.paths("section") if name["security"]]) == 300
    assert facts.byte_count < 2 * 14000
