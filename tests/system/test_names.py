"""Names, handles, devices and the kernel's own views: what was read of an image is what it was built from."""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import LAYOUTS, ROOT, build_random, build_scenario

PRINT_FACTS = os.environ.get("PRINT_FACTS", str(ROOT / "build/dev/tests/print_facts"))
KINDS = {2: "session", 3: "cache"}


class Facts:
    def __init__(self, image, threads=1):
        answer = subprocess.run([PRINT_FACTS, str(image), str(threads)], capture_output=True, timeout=300)
        assert answer.returncode == 0, answer.stderr.decode()
        self.text = answer.stdout
        document = json.loads(answer.stdout)
        self.names, self.sections = document["names"], document["sections"]
        self.devices, self.kernel_views, self.processes = \
            document["devices"], document["kernelViews"], document["processes"]
        self.byte_count = document["bytes"]

    def path(self, index):
        parts = []
        while self.names[index]["parent"] is not None:
            parts.append(self.names[index]["name"])
            index = self.names[index]["parent"]
        return "\\" + "\\".join(reversed(parts))

    def paths(self, kind):
        return [(self.path(i), name) for i, name in enumerate(self.names) if name["kind"] == kind]

    def control_area(self, section):
        return None if section is None else self.sections[section]["controlArea"]


def number(text):
    return None if text is None else int(text, 16)


def mapped(truth):
    """Sections that some process maps: only these are in a scan."""
    return {view["section"] for view in truth["views"]}


def check_names(facts, truth):
    assert sorted(path for path, _ in facts.paths("directory")) == sorted(truth["directories"])
    assert sorted((path, name["target"]) for path, name in facts.paths("link")) == \
        sorted((link["path"], link["target"]) for link in truth["links"])
    known = mapped(truth)
    found = sorted((path, facts.control_area(name["section"]) or 0) for path, name in facts.paths("section"))
    expected = sorted((path, number(section["control_area"]) if i in known else 0)
                      for i, section in enumerate(truth["sections"]) for path in section["names"])
    # Sections of the machine's own that the truth does not tell of: they lead to no section of the scan.
    extra = [entry for entry in found if entry not in expected]
    assert [entry for entry in found if entry in expected] == expected
    assert all(control_area == 0 for _, control_area in extra)
    assert not any(name["unread"] for name in facts.names)


def check_handles(facts, truth):
    known = mapped(truth)
    for process, expected in zip(facts.processes, truth["processes"], strict=True):
        assert process["pid"] == expected["pid"]
        assert process["read"] and not process["incomplete"], expected["pid"]
        found = [(handle["value"], handle["access"], handle["object"], facts.control_area(handle["section"]))
                 for handle in process["handles"]]
        assert found == sorted(
            (handle["value"], handle["access"], number(handle["object"]),
             number(truth["sections"][handle["section"]]["control_area"]) if handle["section"] in known else None)
            for handle in expected["handles"]), expected["pid"]


def check_sections(facts, truth):
    known = mapped(truth)
    by_control_area = {section["controlArea"]: (i, section) for i, section in enumerate(facts.sections)}
    views = {}
    for view in facts.kernel_views:
        views.setdefault(view["section"], []).append(
            (view["kind"], view["va"], view["session"], view["pages"], view["firstPage"]))
    for i, expected in enumerate(truth["sections"]):
        if i not in known:
            continue
        index, section = by_control_area[number(expected["control_area"])]
        device = facts.devices[section["device"]] if section["device"] is not None else None
        assert device == expected["device"]
        assert section["largePages"] == expected["largePages"]
        assert sorted(views.pop(index, []), key=str) == sorted(
            ((3, number(view["va"]), None, view["pages"], view["firstPage"]) if view["kind"] == "cache" else
             (2, number(view["va"]), view["session"] if view["kind"] == "session" else None, 0, 0)
             for view in expected["kernelViews"]), key=str)
    assert views == {}


def check(world, container="kernel.dmp"):
    facts = Facts(world.image(container))
    check_names(facts, world.truth)
    check_handles(facts, world.truth)
    check_sections(facts, world.truth)
    return facts


@pytest.mark.parametrize("layout", LAYOUTS)
def test_random_worlds(tmp_path, layout):
    handles = names = 0
    for seed in (81, 82, 83):
        world = build_random(tmp_path / f"world-{seed}", seed, "--layout", layout, "--format", "kernel")
        facts = check(world)
        handles += sum(len(process["handles"]) for process in facts.processes)
        names += len(facts.paths("section"))
    assert handles > 10 and names > 10


@pytest.mark.parametrize("scenario", sorted((ROOT / "tests/scenarios").glob("*.scenario")), ids=lambda path: path.stem)
def test_scenarios(tmp_path, scenario):
    check(build_scenario(scenario, tmp_path / "world", "--format", "kernel"))


def test_every_container(tmp_path):
    world = build_random(tmp_path / "world", 84)
    texts = {check(world, container).text for container in ("raw", "full.dmp", "bitmap.dmp", "kernel.dmp")}
    assert len(texts) == 1


def test_threads_do_not_matter(tmp_path):
    world = build_random(tmp_path / "world", 85, "--processes", "80", "--format", "kernel")
    image = pathlib.Path(world.image("kernel.dmp"))
    assert len({Facts(image, threads).text for threads in (1, 2, 3, 8)}) == 1
