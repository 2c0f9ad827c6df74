"""What `sic diff --json` says, in the form in which edits and the second judge say it (see world_edits.py)."""
import collections
import json
import re

from conftest import schema_validator, sic

VALIDATOR = schema_validator("sic-diff.schema.json")
CONTAINERS_OF = {"came": (False, True), "went": (True, False), "changed": (True, True)}


def diff(old, new, *arguments):
    """The document; what it says of itself agrees with what it lists, and with the exit status."""
    answer = sic("diff", "--json", "-q", *arguments, old, new)
    assert answer.returncode in (0, 1, 3), answer.stderr.decode()
    document = json.loads(answer.stdout)
    VALIDATOR.validate(document)
    assert document["complete"] == (document["old"]["complete"] and document["new"]["complete"])
    assert document["different"] == (answer.returncode == 1)
    assert answer.returncode != 0 or document["complete"]
    assert answer.returncode != 3 or not document["complete"]
    assert document["summary"] == counted(document)
    assert document["different"] == bool(document["processes"] or document["sections"] or document["crossings"])
    for item in all_items(document):
        assert item["change"] in CONTAINERS_OF
        if "old" in item:
            assert (item["old"] is not None, item["new"] is not None) == CONTAINERS_OF[item["change"]], item
    return document


def lists(document):
    """By part of the summary: what is listed of it."""
    sections = document["sections"]
    return {"processes": document["processes"], "sections": sections, "crossings": document["crossings"],
            "regions": [region for section in sections for region in section["regions"]],
            "views": [view for section in sections for view in section["views"]]}


def all_items(document):
    return [item for items in lists(document).values() for item in items]


def counted(document):
    return {part: {how: sum(item["change"] == how for item in items) for how in CONTAINERS_OF}
            for part, items in lists(document).items()}


# --- in the words of the edits --------------------------------------------------------------------------------------

class Reader:
    """Reads a document of two built worlds; `by_path`: as edits say it of two boots."""

    def __init__(self, old, new, by_path):
        self.worlds, self.by_path = (old, new), by_path
        self.processes = [{process["pid"]: process for process in world.truth["processes"]} for world in self.worlds]

    def path(self, side, pid):
        process = self.processes[side][pid]
        return (process["path"] or process["image_file_name"]).casefold()

    def who(self, side, pid):
        return self.path(side, pid) if self.by_path else pid

    def identity(self, side, record):
        return record and self.worlds[side].identities.get(record["control_area"], "unread")

    def view(self, side, view):
        if view is None:
            return None
        start, end = int(view["start"], 16), int(view["end"], 16)
        if self.by_path:
            return (self.path(side, view["pid"]), view["section_offset"], (end + 1 - start) // 0x1000,
                    view["protection"])
        return view["pid"], start, end, view["section_offset"], view["protection"]

    def process_items(self, document):
        counts = {}
        for process in document["processes"]:
            pids = [process[name] and process[name]["pid"] for name in ("old", "new")]
            if not self.by_path:
                yield "process", process["change"], *pids, tuple(sorted(process["changes"]))
            elif process["change"] == "changed":
                yield ("process", "changed", self.path(0, process["old_pids"][0]), self.path(1, process["new_pids"][0]),
                       tuple(sorted(process["changes"])))
            else:
                # Where it could have been any of its path, its own pid is not told.
                side = 0 if process["change"] == "went" else 1
                key = process["change"], self.path(side, process[("old_pids", "new_pids")[side]][0])
                counts.setdefault(key, []).append(process["path_count"])
        for (how, path), told in counts.items():
            # One entry for each that came or went, and the same counts in all of them.
            assert all(count == told[0] for count in told) and len(told) == abs(told[0]["old"] - told[0]["new"])
            yield "process", how, path, told[0]["old"], told[0]["new"]

    def section_items(self, document):
        for section in document["sections"]:
            before, after = self.identity(0, section["old"]), self.identity(1, section["new"])
            pair = before, after
            yield ("section", section["change"], *pair,
                   tuple(sorted(section["changes"])) if section["change"] == "changed" else ())
            for region in section["regions"]:
                yield ("region", region["change"], pair, region["first_page"], region["page_count"],
                       region["old_processes"], region["new_processes"])
            for view in section["views"]:
                yield "view", view["change"], pair, self.view(0, view["old"]), self.view(1, view["new"])
            for view in section["kernel_views"]:
                yield ("kernel", view["change"], pair, view["kind"], view["session"], view["old_count"],
                       view["new_count"])

    def side_of_crossing(self, side, crossing, part):
        if crossing[part]["kernel"]:
            return "kernel"
        return tuple(sorted(self.who(side, process["pid"]) for process in crossing[part]["processes"]))

    def crossing(self, side, crossing):
        if crossing is None:
            return None
        return (crossing["way"], crossing["certain"], crossing["relation"],
                self.side_of_crossing(side, crossing, "writers"), self.side_of_crossing(side, crossing, "readers"))

    def crossing_items(self, document):
        for crossing in document["crossings"]:
            pair = tuple(self.identity(side, crossing[name]) for side, name in enumerate(("old", "new")))
            yield "crossing", crossing["change"], pair, *(self.crossing(side, crossing[name])
                                                          for side, name in enumerate(("old", "new")))

    def items(self, document):
        return [*self.process_items(document), *self.section_items(document), *self.crossing_items(document)]


def with_one_name(items):
    """Edits have one name for a section; of a crossing that came, the other side may not say it."""
    for what, how, *rest in items:
        if what in ("process", "section"):
            yield what, how, *rest
        else:
            (before, after), *rest = rest
            one = before or after if None in (before, after) or before == after else f"{before}, now {after}"
            yield what, how, one, *rest


def with_names(items, old, new):
    """The judge's items, with sections by name."""
    for what, how, *rest in items:
        name = [lambda index, world=world: None if index is None else world.sections[index] for world in (old, new)]
        if what == "process":
            yield what, how, *rest
        elif what == "section":
            yield what, how, name[0](rest[0]), name[1](rest[1]), rest[2]
        else:
            yield what, how, (name[0](rest[0][0]), name[1](rest[0][1])), *rest[1:]


def without_sections_of_one_side(items):
    """A crossing that came has no old form, whose section could be named."""
    for item in items:
        if item[0] == "crossing" and item[1] != "changed":
            before, after = item[2]
            yield (*item[:2], (before, None) if item[1] == "went" else (None, after), *item[3:])
        else:
            yield item


def assert_same(answered, expected):
    """A test that fails shows which are too few or too many."""
    mine, theirs = (collections.Counter(map(repr, items)) for items in (answered, expected))
    assert mine == theirs, "\n".join(["", *(f"too many: {item}" for item in (mine - theirs).elements()),
                                      *(f"too few: {item}" for item in (theirs - mine).elements())])


# --- exchanged --------------------------------------------------------------------------------------------------------

def exchanged(value):
    """The document with old and new, came and went exchanged, lists in one order."""
    if isinstance(value, list):
        return sorted((exchanged(one) for one in value), key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(value, dict):
        return {swap(key): exchanged(one) for key, one in value.items()}
    return swap(value) if value in ("came", "went") else value


def swap(key):
    pairs = {"old": "new", "new": "old", "came": "went", "went": "came"}
    return re.sub(r"^(old|new|came|went)(?=$|_)", lambda match: pairs[match[0]], key)


def in_one_order(document):
    return exchanged(exchanged(document))
