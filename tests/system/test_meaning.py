"""What memory is and whose it is, as the listings say it, against the truth that images were built from."""
import csv
import io
import itertools
import json
import mmap
import os
import random
import re

import jsonschema
import pytest

import selection
from conftest import LAYOUTS, ROOT, build_random, build_scenario, sic, sic_json
from truth import number

SEEDS = range(1, 1 + int(os.environ.get("SIC_WORLDS", "2")))
SCENARIOS = sorted((ROOT / "tests/scenarios").glob("*.scenario"))
VALIDATOR = jsonschema.Draft7Validator(json.loads((ROOT / "docs/sic-listing.schema.json").read_text()))
INTEGRITY = {0: "untrusted", 0x1000: "low", 0x2000: "medium", 0x2100: "medium plus", 0x3000: "high", 0x4000: "system",
             0x5000: "protected"}
# Control characters, and what turns the reading direction; line ends are looked at by the caller.
UNFIT = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def sids(records):
    return None if records is None else [record["sid"] for record in records]


def check_process(truth, process, build):
    assert process["full_path"] == (truth["path"] and truth["path"].replace("\\Device\\HarddiskVolume2", "C:"))
    assert (process["protection"] and process["protection"]["value"]) == truth["protection"]
    assert truth["wow64"] in (None, process["wow64"])
    assert truth["exiting"] in (None, process["exiting"])
    if truth["user"] is None:
        for key in ("session", "user", "integrity", "app_container", "package", "low_privilege", "groups"):
            assert process[key] is None, key
        return
    assert process["session"] == truth["session"]
    assert process["user"]["sid"] == truth["user"]
    assert process["integrity"] == (None if truth["integrity"] is None else
                                    {"rid": truth["integrity"], "name": INTEGRITY.get(truth["integrity"])})
    # Packages and capabilities came with Windows 8.
    has_packages = build >= 9200
    assert process["app_container"] == (truth["package"] is not None if has_packages else None)
    assert (process["package"] and process["package"]["sid"]) == truth["package"]
    assert process["low_privilege"] == truth["lowPrivilege"]
    assert [(group["sid"], group["attributes"]) for group in process["groups"]] == \
        [(group["sid"], group["attributes"]) for group in truth["groups"]]
    assert sids(process["capabilities"]) == (truth["capabilities"] if has_packages else None)
    assert sids(process["restricted"]) == truth["restricted"]


def check_peb(truth, process):
    if number(truth["peb"]) == 0 or truth["exited"]:
        assert process["peb_pointers"] is None
    else:
        assert process["peb_pointers"] == truth["pebPointers"]


def true_kernel_view(view):
    is_cache = view["kind"] == "cache"
    return (view["kind"], number(view["va"]), view["session"] if view["kind"] == "session" else None,
            view["firstPage"] * 4096 if is_cache else None, view["pages"] if is_cache else None)


def check_section(truth, index, region):
    section, expected = region["section"], truth["sections"][index]
    known = expected.get("nameReadable", True)
    if expected["kind"] != "unknown":
        assert section["full_path"] == (expected["fullPath"] if known and expected["device"] else None)
    assert section["device"] == expected["device"]
    assert sorted(section["names"]) == sorted(expected["names"]) and section["names_complete"]
    assert section["large_pages"] == expected["largePages"]
    handles = sorted((process["pid"], handle["value"], handle["access"], number(handle["object"]))
                     for process in truth["processes"] for handle in process["handles"] if handle["section"] == index)
    assert sorted((handle["pid"], handle["value"], handle["access"], number(handle["object"]))
                  for handle in section["handles"]) == handles
    assert section["handle_count"] == len(handles)
    assert sorted(((view["kind"], number(view["start"]), view["session"], view["section_offset"], view["pages"])
                   for view in region["kernel_views"]), key=str) == \
        sorted(map(true_kernel_view, expected["kernelViews"]), key=str)


def check_page(expected, view):
    page = view["first_page"]
    assert (page["pte"], page["pool_tag"], page["physical"], page["bytes"]) == \
        (expected["firstPte"], expected["poolTag"], expected["firstPhysical"], expected["firstBytes"])


def check_regions(truth, answer):
    by_control_area = {section["control_area"]: index for index, section in enumerate(truth["sections"])}
    views = {(view["eprocess"], view["start"]): view for view in truth["views"]}
    processes = {process["eprocess"]: process for process in answer["processes"]}
    elected = selection.elect(answer)
    for region in answer["regions"]:
        check_section(truth, by_control_area[region["section"]["control_area"]], region)
        assert (region["memory"]["name"], region["memory"]["source"]) == selection.judge(region, processes, elected)
        assert {(proof["field"], proof["here"], proof["elsewhere"]) for proof in region["memory"]["evidence"]
                if proof["source"] == "peb"} == \
            {(field, *counts) for field, counts in selection.proofs(region, processes).items()}
        # Of a view that shares with the kernel only, the first page is not read.
        for view in region["views"] if len(region["views"]) > 1 else []:
            check_page(views[view["eprocess"], view["start"]], view)


def check_shared(answer):
    """Per process, the regions that it has views in."""
    for process in answer["processes"]:
        assert process["regions"] == [index for index, region in enumerate(answer["regions"])
                                      if any(view["eprocess"] == process["eprocess"] for view in region["views"])]


def check_world(world):
    answer = sic_json(world.image("raw"), "--explain")
    VALIDATOR.validate(answer)
    processes = {process["eprocess"]: process for process in answer["processes"]}
    for truth in world.truth["processes"]:
        check_process(truth, processes[truth["eprocess"]], world.truth["build"])
        check_peb(truth, processes[truth["eprocess"]])
    check_regions(world.truth, answer)
    check_shared(answer)
    # The kernel's facts are the same without the memory of processes.
    less = sic_json(world.image("kernel.dmp"), "--explain")
    VALIDATOR.validate(less)
    for truth, process in zip(world.truth["processes"], less["processes"], strict=True):
        check_process(truth, process, world.truth["build"])
        assert process["peb_pointers"] is None
    return answer


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_world(tmp_path, layout, seed):
    world = build_random(tmp_path / "world", 500 + seed, "--layout", layout, "--format", "raw,kernel")
    check_world(world)
    world.remove()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(tmp_path, scenario):
    world = build_scenario(scenario, tmp_path / "world", "--format", "raw,kernel")
    check_world(world)
    world.remove()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """Images in which there is something to select, and everything that sic knows of them."""
    folder = tmp_path_factory.mktemp("meaning")
    built = [build_scenario(ROOT / f"tests/scenarios/{name}.scenario", folder / name, "--format", "raw")
             for name in ("all-features", "api-set-map", "broker", "kernel-views", "names-and-handles", "image",
                          "large-pages", "owners")]
    built.append(build_random(folder / "random", 600, "--processes", "30", "--sections", "60", "--format", "raw"))
    return [(world.image("raw"), sic_json(world.image("raw"))) for world in built]


def random_selection(chance, documents):
    """Arguments, and the same for selection.passes."""
    every_text = [text for document in documents for region in document["regions"] for text in selection.texts(region)]
    arguments, wanted = [], {}
    if chance.random() < 0.4:
        wanted["kinds"] = chance.sample(["image", "file", "paging-file", "large-page", "physical"], chance.randint(1, 3))
        arguments += ["--kind", ",".join(wanted["kinds"])] if chance.random() < 0.5 else \
            [word for kind in wanted["kinds"] for word in ("--kind", kind)]
    for key, option, chance_of_it in (("writable", "--writable", 0.3), ("named", "--named", 0.2)):
        if chance.random() < chance_of_it:
            wanted[key] = True
            arguments.append(option)
    if chance.random() < 0.3:
        wanted["minimum"] = chance.randint(1, 5)
        arguments += ["--min-processes", str(wanted["minimum"])]
    if chance.random() < 0.4:
        texts = chance.sample(every_text, 2)
        wanted["names"] = [chance.choice(("*.nls", "*", "?*", "API set *", "*\\BaseNamedObjects\\*", texts[0].upper(),
                                          texts[0].rsplit("\\", 1)[-1], texts[1][:-1] + "?", "*" + texts[1][3:7] + "*"))
                           for _ in range(chance.randint(1, 2))]
        arguments += [word for name in wanted["names"] for word in ("--name", name)]
    if chance.random() < 0.3:
        wanted["filters"] = [chance.choice(("e", "exe", "2000", "nobody", "SVC", "user"))]
        arguments += ["-f", wanted["filters"][0]]
    return arguments, wanted


def test_selection_composes(worlds):
    """Hundreds of combinations, against a plain re-implementation over everything that --json knows."""
    chance = random.Random(5)
    sizes = set()
    for _ in range(150):
        arguments, wanted = random_selection(chance, [document for _, document in worlds])
        image, whole = chance.choice(worlds)
        expected = [region for region in whole["regions"] if selection.passes(region, **wanted)]
        answer = sic_json(image, *arguments)
        assert answer["regions"] == expected, arguments
        check_shared(answer)
        text = sic("-q", *arguments, image)
        assert text.returncode == (0 if expected else 1)
        assert re.findall(rb"^ProtoPTE: (\w+)$", text.stdout, re.MULTILINE) == \
            [b"%016x" % number(region["prototype_pte"]) for region in expected]
        sizes.add(len(expected))
    assert len(sizes) > 8


def test_plain_can_be_selected(worlds):
    """--plain groups views in its own way, and has no views of the kernel's; what is selected fits all the same."""
    for image, _ in worlds:
        whole = sic("-q", "--plain", image).stdout
        for arguments in (["--named"], ["--name", "*.dll"], ["--kind", "image"], ["--writable"], ["--min-processes", "3"]):
            some = sic("-q", "--plain", *arguments, image).stdout
            assert some in whole or set(some.split(b"ProtoPTE: ")) <= set(whole.split(b"ProtoPTE: "))


@pytest.mark.parametrize("arguments, words", [
    (["--kind", "files", "x"], "'files'"),
    (["--kind", "file,", "x"], "'file,'"),
    (["--kind", "", "x"], "--kind takes"),
    (["--min-processes", "0", "x"], "--min-processes takes"),
    (["--min-processes", "two", "x"], "'two'"),
    (["--min-processes", "-1", "x"], "'-1'"),
    (["--group", "user", "x"], "'user'"),
    (["--plain", "--explain", "x"], "--explain"),
    (["--plain", "--details", "x"], "--details"),
    (["--plain", "--group", "process", "x"], "--group process"),
    (["--group", "process", "--explain", "x"], "--explain"),
    (["--group", "process", "--details", "x"], "--details"),
    (["--name"], "needs a value"),
])
def test_usage_errors(arguments, words):
    answer = sic(*arguments)
    assert answer.returncode == 2 and answer.stdout == b"" and answer.stderr.count(b"\n") == 1
    assert words in answer.stderr.decode()


def rows_of(image, *arguments):
    """The table as a reader of RFC 4180 has it."""
    answer = sic("-q", "--csv", *arguments, image)
    assert answer.returncode in (0, 1, 3)
    text = answer.stdout.decode("utf-8")
    assert text.endswith("\r\n") and text.count("\r\n") == text.count("\n") == text.count("\r")
    assert not UNFIT.search(text)
    table = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert all(len(row) == len(table[0]) for row in table)
    return [dict(zip(table[0], row)) for row in table[1:]]


def bare(cell):
    """A cell without the apostrophe that keeps spreadsheets from computing it."""
    return cell[1:] if cell[:1] == "'" else cell


def answer_text(value):
    return {None: "unknown", True: "yes", False: "no"}[value]


def or_unknown(value):
    return "unknown" if value is None else str(value)


def check_process_row(process, row):
    assert bare(row["process"]) == process["process"] and int(row["pid"]) == process["pid"]
    assert bare(row["process_path"]) == or_unknown(process["full_path"])
    assert row["session"] == or_unknown(process["session"])
    assert row["user_sid"] == or_unknown(process["user"] and process["user"]["sid"])
    assert row["user"] == ((process["user"] and process["user"]["name"]) or "")
    assert row["integrity"] == or_unknown(process["integrity"] and process["integrity"]["name"]) or \
        int(row["integrity"], 16) == process["integrity"]["rid"]
    assert row["app_container"] == (process["package"]["sid"] if process["app_container"] and process["package"] else
                                    answer_text(process["app_container"]))
    assert row["low_privilege"] == answer_text(process["low_privilege"])
    assert row["process_protection"] == (process["protection"]["text"] if process["protection"] else "unknown")
    assert row["wow64"] == answer_text(process["wow64"]) and row["exiting"] == answer_text(process["exiting"])
    assert row["started"] == or_unknown(process["started"])


def check_view_row(region, view, row):
    section = region["section"]
    assert row["owner"] == "process" and row["prototype_pte"] == region["prototype_pte"]
    assert row["kind"] == section["kind"] and row["size"] == or_unknown(section.get("size"))
    assert row["object_names"] == " | ".join(section["names"]) and row["memory"] == (region["memory"]["name"] or "")
    assert bare(row["path"]) == (section["full_path"] or (section["name"] or "unknown"
                                                          if section["kind"] in ("file", "image") else ""))
    assert row["writable_region"] == answer_text(region["writable"]) and int(row["processes"]) == region["processes"]
    assert row["handles"] == or_unknown(section["handle_count"])
    assert (row["eprocess"], row["start"], row["end"]) == (view["eprocess"], view["start"], view["end"])
    assert row["section_offset"] == or_unknown(view["section_offset"])
    assert bare(row["protection"]) == view["protection"] and row["writes"] == view["writes"]
    assert row["first_prototype_pte"] == view["first_prototype_pte"]
    assert row["physical"] == or_unknown(view["first_page"]["physical"])
    assert row["first_bytes"] == or_unknown(view["first_page"]["bytes"])
    assert row["pte"] == or_unknown(view["first_page"]["pte"])
    assert bare(row["pool_tag"]) == or_unknown(view["first_page"]["pool_tag"])


def test_csv_is_the_json(worlds):
    for image, _ in worlds:
        document = sic_json(image, "--explain")
        processes = {process["eprocess"]: process for process in document["processes"]}
        rows = rows_of(image, "--explain")
        expected = itertools.chain.from_iterable(
            [*((region, view) for view in region["views"]), *((region, view) for view in region["kernel_views"])]
            for region in document["regions"])
        for (region, owner), row in itertools.zip_longest(expected, rows):
            if "pid" in owner:
                check_view_row(region, owner, row)
                check_process_row(processes[owner["eprocess"]], row)
                known = processes[owner["eprocess"]]["peb_pointers"] is not None
                assert row["peb_fields"] == (" ".join(owner["peb_fields"]) or ("" if known else "unknown"))
            else:
                assert row["owner"] == ("system cache" if owner["kind"] == "cache" else "kernel")
                assert (row["start"], row["session"], row["pid"]) == (owner["start"], str(owner["session"] if
                                                                                          owner["session"] is not None
                                                                                          else ""), "")
        # The same rows, by process.
        by_process = rows_of(image, "--explain", "--group", "process")
        assert sorted(map(str, by_process)) == sorted(map(str, rows))
        pids = [row["eprocess"] for row in by_process]
        assert len([1 for a, b in itertools.pairwise(pids) if a != b]) <= len(set(pids))


def test_without_explain_first_pages_are_not_read(worlds):
    image, document = worlds[0]
    assert all("first_page" not in view for region in document["regions"] for view in region["views"])
    assert all(row["physical"] == row["first_bytes"] == row["pte"] == row["pool_tag"] == "" for row in rows_of(image))


def check_text(image, document):
    """The text's lines of a region say what --json says."""
    blocks = sic("-q", "--explain", image).stdout.decode().split("ProtoPTE: ")[1:]
    for region, block in zip(document["regions"], blocks, strict=True):
        section, lines = region["section"], block.splitlines()
        assert [line[8:] for line in lines if line.startswith("  Path: ")] == \
            ([section["full_path"]] if section["full_path"] else [])
        assert [line[10:] for line in lines if line.startswith("  Object: ")] == section["names"]
        assert len([line for line in lines if line.startswith("  Handle: ")]) == section["handle_count"]
        memory = [line for line in lines if line.startswith("  Memory: ")]
        if region["memory"]["name"]:
            assert memory[0].startswith(f"  Memory: {region['memory']['name']} (")
        else:
            assert len(memory) == any(proof["source"] == "peb" for proof in region["memory"]["evidence"])
        assert len([line for line in lines if line.startswith("  Name: ")]) == \
            len(region["views"]) + len(region["kernel_views"])
        shown = re.findall(r"^    First page: physical address (.*), PTE (.*), pool tag (.*)$", block, re.MULTILINE)
        missing = "not in this image"
        assert shown == [(page["physical"] and f"{number(page['physical']):016x}" or missing,
                          page["pte"] and f"{number(page['pte']):016x}" or missing, page["pool_tag"] or missing)
                         for page in (view["first_page"] for view in region["views"])]


def test_text_is_the_json(worlds):
    for image, _ in worlds:
        check_text(image, sic_json(image, "--explain"))


def test_group_process(worlds):
    """Turned round: the same regions and views, under the processes that have them."""
    for image, document in worlds:
        text = sic("-q", "--group", "process", image).stdout.decode()
        found = {}
        for block in text.split("Process: ")[1:]:
            eprocess = "0x" + re.match(r".* \(PID: \d+, EPROCESS: (\w+)\)", block).group(1)
            places = []
            for part in block.split("\n  ProtoPTE: ")[1:]:
                places += [(part[:16], start) for start in re.findall(r"^    at (\w{16})-", part, re.MULTILINE)]
            found[eprocess] = sorted(places)
        expected = {}
        for region in document["regions"]:
            for view in region["views"]:
                expected.setdefault(view["eprocess"], []).append(
                    (f"{number(region['prototype_pte']):016x}", f"{number(view['start']):016x}"))
        assert found == {eprocess: sorted(places) for eprocess, places in expected.items()}
        for process in document["processes"]:
            if process["regions"] and process["user"]:
                assert process["user"]["sid"] in text


HOSTILE = ["\x1b]0;x\x07", "a\r\nb,\"c\"", "=1+1|x", "\u202egnp.exe", "\x00\x9b", "\"", "-x", "@SUM", "\ud800\udc00ok"]


def write_name(image, old, new):
    """Puts `new` where the image has `old`, in UTF-16, halves of surrogate pairs included."""
    raw = new.ljust(len(old), "_")[:len(old)].encode("utf-16-le", "surrogatepass")
    place = old.encode("utf-16-le")
    with open(image, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        at, count = data.find(place), 0
        while at >= 0:
            data[at:at + len(place)] = raw[:len(place)]
            count += 1
            at = data.find(place, at + 1)
    assert count > 0


@pytest.mark.parametrize("text", [*HOSTILE, "\udc00\ud800", "x\ud83d"])
def test_hostile_texts(tmp_path, text):
    """Names of objects, files, processes and links, written by somebody who means harm."""
    world = build_scenario(ROOT / "tests/scenarios/names-and-handles.scenario", tmp_path / "world", "--format", "raw")
    image = world.image("raw")
    for name in ("windows_shell_global_counters", "kernel32.dll", "Server Map", "server.exe"):
        write_name(image, name, text)
    for arguments in ([], ["--details"], ["--explain"], ["--group", "process"], ["--name", "*"]):
        answer = sic(*arguments, image)
        assert answer.returncode in (0, 3), answer.stderr
        for stream in (answer.stdout, answer.stderr):
            assert not UNFIT.search(stream.decode("utf-8")) and b"\r" not in stream
    document = sic_json(image, "--explain")
    VALIDATOR.validate(document)
    assert not UNFIT.search(json.dumps(document, ensure_ascii=False))
    rows = rows_of(image, "--explain")
    assert len(rows) == sum(len(region["views"]) + len(region["kernel_views"]) for region in document["regions"])
    for row in rows:
        assert not any(cell[:1] in ("=", "+", "-", "@") for cell in row.values()), row
    check_text(image, document)
