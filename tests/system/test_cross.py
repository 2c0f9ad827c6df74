"""Crossings of trust boundaries: random worlds against the second judge, hand-made cases against their sentences."""
import json
import os

import pytest

import judge
from conftest import LAYOUTS, ROOT, build_random, build_scenario, sic, sic_json
from truth import number

SEEDS = range(900, 900 + int(os.environ.get("SIC_CROSS_WORLDS", "6")))
CASES = sorted((ROOT / "tests/scenarios/cross").glob("*.scenario"))
ANSWERS = {True: judge.YES, False: judge.NO, None: judge.UNKNOWN}
GAP = ("kernel", "protection", "integrity_levels", "app_container", "user", "session")


def listed(side):
    return sorted(process["eprocess"] for process in side["processes"])


def answered(document):
    """The document's crossings in the judge's words."""
    for crossing in document["crossings"]:
        evidence = crossing["evidence"]
        yield {"prototype_pte": number(document["regions"][crossing["region"]]["prototype_pte"]),
               "way": crossing["way"], "certain": crossing["certain"], "relation": crossing["relation"],
               "writers": listed(crossing["writers"]), "readers": listed(crossing["readers"]),
               "kernel": crossing["readers"]["kernel"], "pages": evidence["pages"],
               "gap": crossing["gap"] and tuple(crossing["gap"][key] for key in GAP),
               "handles": sorted((handle["eprocess"], handle["value"]) for handle in evidence["handles"]),
               "names": sorted((name["path"], ANSWERS[name["opens"]], name["process_count"])
                               for name in evidence["names"])}


def key(crossing):
    return json.dumps(crossing, sort_keys=True)


def assert_judged(world, container="kernel.dmp"):
    document = sic_json(world.image(container), "--cross")
    found, expected = sorted(answered(document), key=key), sorted(judge.crossings(world.truth), key=key)
    assert found == expected
    widths = [crossing["gap"]["width"] if crossing["gap"] else 0 for crossing in document["crossings"]]
    assert widths == sorted(widths, reverse=True)
    for crossing in document["crossings"]:
        assert crossing["kind"] == ("has" if crossing["way"] == "view" else "could")
        assert crossing["writers"]["process_count"] == len(crossing["writers"]["processes"])
    return found


@pytest.mark.parametrize("layout", LAYOUTS)
def test_random_worlds(tmp_path, layout):
    seen = set()
    for seed in SEEDS:
        world = build_random(tmp_path / "world", seed, "--layout", layout, "--format", "kernel")
        seen.update((crossing["way"], crossing["certain"], crossing["relation"]) for crossing in assert_judged(world))
        world.remove()
    if len(SEEDS) >= 6:
        assert {("view", True, "less"), ("view", True, "apart"), ("handle", True, "less"), ("name", True, "less"),
                ("name", False, "less"), ("file", False, "less")} <= seen


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_case(tmp_path, case):
    """The expected sentences stand beside the scenario, in their order; an empty file: there is no crossing."""
    world = build_scenario(case, tmp_path / "world", "--format", "kernel")
    document = sic_json(world.image("kernel.dmp"), "--cross")
    sentences = case.with_suffix(".expect").read_text(encoding="utf-8").splitlines()
    assert [crossing["reason"] for crossing in document["crossings"]] == sentences
    assert_judged(world)
    text = sic("--cross", "--details", "-q", world.image("kernel.dmp"))
    assert sorted(line[len("  Crossing: "):] for line in text.stdout.decode().splitlines()
                  if line.startswith("  Crossing: ")) == sorted(sentences)
    assert text.returncode == (0 if sentences else 1)
