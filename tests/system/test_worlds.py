"""Random worlds and hand-made ones: the answer equals the truth, for every epoch and container."""
import json
import os

import pytest

import truth as oracle
from conftest import CONTAINERS, LAYOUTS, ROOT, build_random, build_scenario, sic, sic_json

SEEDS = range(1, 1 + int(os.environ.get("SIC_WORLDS", "4")))
SCENARIOS = sorted((ROOT / "tests/scenarios").glob("*.scenario"))


def regions_of_kernel(answer):
    """The regions without what rests on the memory of processes, which kernel dumps have not."""
    return json.dumps([{**region, "memory": None, "views": [{**view, "peb_fields": None} for view in region["views"]]}
                       for region in answer["regions"]])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_world(tmp_path, layout, seed):
    world = build_random(tmp_path / "world", seed, "--layout", layout)
    assert world.truth["regions"], "a world without shared memory shows nothing"
    answers, whole_answers = set(), set()
    for container in CONTAINERS:
        answer = sic_json(world.image(container))
        oracle.assert_true(world.truth, answer)
        answers.add(regions_of_kernel(answer))
        if container != "kernel.dmp":
            whole_answers.add(json.dumps(answer["regions"]))
    assert len(answers) == len(whole_answers) == 1
    plain = sic("--plain", "-q", world.image("raw"))
    assert plain.stdout.decode() == oracle.plain_listing(world.truth)
    world.remove()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(tmp_path, scenario):
    world = build_scenario(scenario, tmp_path / "world")
    for container in CONTAINERS:
        oracle.assert_true(world.truth, sic_json(world.image(container)))
    world.remove()
