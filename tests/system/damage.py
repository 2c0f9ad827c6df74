"""Holds an answer to what remains of a damaged world (sic-lab's PREFIX.remains.json) and to the whole truth."""
import json
import time

import truth as oracle
from conftest import World, build_scenario, sic

number = oracle.number
# No run over a small world may take longer, whatever the damage and with the sanitizers on.
SECONDS = 20


class Damaged(World):
    """A world with its damage, and what sic says of it."""

    def __init__(self, folder, text, *arguments, container="raw"):
        (folder / "world.scenario").write_text(text)
        built = build_scenario(folder / "world.scenario", folder / "world", "--format", container.split(".")[0],
                               *arguments)
        super().__init__(built.prefix)
        with open(self.prefix + ".remains.json", encoding="utf-8") as file:
            self.remains = json.load(file)
        began = time.monotonic()
        result = sic("--json", self.image(container))
        assert time.monotonic() - began < SECONDS
        self.status, self.notes = result.returncode, result.stderr.decode()
        assert self.status in (0, 1, 2, 3), self.notes
        self.document = json.loads(result.stdout) if result.stdout else None
        self.truth_views = {(number(view["eprocess"]), number(view["start"])): view for view in self.truth["views"]}

    def process(self, pid):
        return next(process for process in self.truth["processes"] if process["pid"] == pid)

    def answered_process(self, pid):
        return next((process for process in self.document["processes"] if process["pid"] == pid), None)

    def node(self, pid, index):
        place = [process["pid"] for process in self.truth["processes"]].index(pid)
        return self.remains["nodes"][place][index]

    def section(self, identity):
        return next(section for section in self.remains["sections"] if section["id"] == identity)

    def problems(self):
        return {(problem["kind"], problem.get("pid"), number(problem["address"]))
                for problem in self.document["problems"]}

    def answered(self):
        """Answered views by process and address, each with its region's place."""
        return {(number(view["eprocess"]), number(view["start"])): (place, view)
                for place, region in enumerate(self.document["regions"]) for view in region["views"]}


def accused(world, key):
    """Whether the answer itself says that this view's node is torn, or that its process's tree is."""
    pid = next(process["pid"] for process in world.truth["processes"] if number(process["eprocess"]) == key[0])
    place = [number(process["eprocess"]) for process in world.truth["processes"]].index(key[0])
    nodes = {number(node["address"]) for node in world.remains["nodes"][place]}
    return any(problem.get("pid") == pid and problem["kind"] == "view-torn" and
               (number(problem["address"]) in nodes or number(problem["address"]) == key[1])
               for problem in world.document["problems"]) or \
        any(note.get("pid") == pid and note["kind"] == "view-not-listed" and number(note["address"]) == key[1]
            for note in world.document["notes"])


def assert_owners_are_true(world):
    """No owner is invented: each one printed is in the whole truth, as it is there."""
    for region in world.document["regions"]:
        for view in region["views"]:
            key = (number(view["eprocess"]), number(view["start"]))
            true = world.truth_views.get(key)
            same = true is not None and view["process"] in (true["process"], true["process"][:14]) and \
                (view["pid"], view["protection_value"]) == (true["pid"], true["protection_value"]) and \
                (number(view["end"]), number(view["first_prototype_pte"])) == \
                (number(true["end"]), number(true["first_prototype_pte"]))
            assert same or accused(world, key), (view, true)
        assert number(region["prototype_pte"]) == min(number(view["first_prototype_pte"]) for view in region["views"])


def true_region_of(world):
    """The whole truth's region of each view; a view that is alone has one of its own."""
    regions = {}
    for place, region in enumerate(world.truth["regions"]):
        for index in region["views"]:
            view = world.truth["views"][index]
            regions[number(view["eprocess"]), number(view["start"])] = place
    return {key: regions.get(key, key) for key in world.truth_views}


def assert_nothing_is_joined_wrongly(world):
    regions = true_region_of(world)
    for region in world.document["regions"]:
        keys = [(number(view["eprocess"]), number(view["start"])) for view in region["views"]]
        together = {regions[key] for key in keys if key in regions and not accused(world, key)}
        assert len(together) <= 1, region


def assert_what_remains_is_there(world):
    """Every view that the damage did not touch is among the owners of its region, with all others of that region."""
    answered = world.answered()
    keys = [(number(view["eprocess"]), number(view["start"])) for view in world.remains["views"]]
    listed = {number(process["eprocess"]) for process in world.remains["processes"] if process["listed"]}
    for region in world.remains["regions"]:
        wanted = [keys[index] for index in region if keys[index][0] in listed]
        if len(wanted) < 2:
            continue
        missing = [key for key in wanted if key not in answered]
        assert not missing, [world.truth_views[key] for key in missing]
        assert len({answered[key][0] for key in wanted}) == 1, wanted


def assert_processes(world):
    truth = {process["eprocess"]: process for process in world.truth["processes"]}
    answered = {process["eprocess"]: process for process in world.document["processes"]}
    assert set(answered) <= set(truth)
    for remaining in world.remains["processes"]:
        process = answered.get(remaining["eprocess"])
        true = truth[remaining["eprocess"]]
        if process is None:
            assert not remaining["listed"], true
            continue
        assert (process["pid"], process["parent_pid"], process["exited"]) == \
            (true["pid"], true["parent"], true["exited"])
        for there, name in (("vads", "vads"), ("private_vads", "private"), ("views", "views")):
            # Below the damage a node may still have been found, never more than there were.
            assert remaining[name] <= process[there] <= true[name] or \
                any(problem.get("pid") == true["pid"] for problem in world.document["problems"]), (process, true)


def assert_sections(world):
    """Facts of a section are true, or unknown; unknown only where damage is."""
    truth = {section["control_area"]: section for section in world.truth["sections"]}
    remains = {section["control_area"]: section for section in world.remains["sections"]}
    for region in world.document["regions"]:
        section = region["section"]
        if section["kind"] == "unknown":
            views = [(number(view["eprocess"]), number(view["start"])) for view in region["views"]]
            for key in views:
                owner = world.truth["sections"][world.truth_views[key]["section"]]["control_area"]
                record = remains[owner]
                assert record["harmed"] or not record["readable"] or \
                    not all(subsection["readable"] for subsection in record["subsections"]) or accused(world, key)
            continue
        true = truth[section["control_area"]]
        assert section["kind"] == true["kind"]
        assert section["name"] in (true["name"], None)
        assert section.get("size") in (true["size"], None)
        if remains[section["control_area"]]["segment"]["readable"] and not remains[section["control_area"]]["harmed"]:
            assert section.get("size") == true["size"]


def assert_loss_is_told(world):
    """Where nodes of a process are missing, or it is itself, status 3 and a problem say so."""
    counted = {process["eprocess"]: process["vads"] for process in world.document["processes"]}
    short = [process["pid"] for process in world.truth["processes"]
             if counted.get(process["eprocess"], -1) < process["vads"]]
    for pid in short:
        assert world.status == 3, short
        process = world.process(pid)
        if process["eprocess"] in counted:
            assert any(problem.get("pid") == pid for problem in world.document["problems"]), pid
    assert (world.status == 3) == bool(world.document["problems"])
    assert world.document["complete"] == (world.status != 3)


def assert_refused(world):
    """No answer at all is right only where nothing is left to answer with; and it is an error that says so."""
    assert world.status == 2 and world.document is None
    listed = {process["eprocess"] for process in world.remains["processes"] if process["listed"]}
    # A layout that is only near this kernel's wants proof, and the damage may have taken that.
    if not world.truth["real_kernel"] and "too little of its structures" in world.notes:
        return
    assert not [view for view in world.remains["views"] if view["eprocess"] in listed], world.notes
    assert any(reason in world.notes for reason in ("damaged", "agrees with this kernel", "no process",
                                                    "no 64-bit Windows kernel in this image"))


def assert_remains(world):
    assert_owners_are_true(world)
    assert_nothing_is_joined_wrongly(world)
    assert_what_remains_is_there(world)
    assert_processes(world)
    assert_sections(world)
