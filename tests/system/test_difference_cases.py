"""Differences in hard cases: worlds made by hand, and what a difference must never be, whatever the world."""
import random
import subprocess
import time

import pytest

import made_world
import world_boots
import world_edits
import world_pairs
from conftest import LAB, LAYOUTS, ROOT, build_random, sic, sic_json
from differences import Reader, assert_same, diff, with_one_name
from made_world import BuiltWorld, MadeWorld, build
from test_damage_scenarios import HEAD

PLAIN = world_edits.PLAIN


def build_text(text, prefix, *arguments, container="kernel.dmp"):
    """A scenario's text; sections are named as in it."""
    scenario = f"{prefix}.scenario"
    with open(scenario, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run([LAB, "build", scenario, "--output", str(prefix), "--format", container.split(".")[0], *arguments],
                   check=True, stdout=subprocess.DEVNULL)
    return BuiltWorld(prefix, [line.split()[1] for line in text.splitlines() if line.startswith("section ")])


def compare(old, new, *arguments, container="kernel.dmp"):
    document = diff(old.image(container), new.image(container), *arguments)
    return document, list(with_one_name(Reader(old, new, document["basis"] == "path").items(document)))


def compare_made(folder, old, new, *arguments):
    return compare(build(old, folder / "old", 1), build(new, folder / "new", 2), *arguments)


def compare_texts(folder, old, new, *arguments):
    return compare(build_text(old, folder / "old"), build_text(new, folder / "new"), *arguments)


# --- matches ------------------------------------------------------------------------------------------------------

def twins(*views):
    """Two sections without a name, equal in size and processes."""
    world = MadeWorld()
    for pid in PLAIN:
        world.add_process(pid, f"app{pid}.exe")
    for identity in ("first", "second"):
        world.add_section(identity, "paging-file", 16)
    for pid, identity, start in views:
        world.add_view(pid, identity, start=start)
    return world


def test_two_equal_sections_keep_apart(tmp_path):
    """The places of their views tell which is which."""
    old = twins((1000, "first", 0x1000000), (1004, "first", 0x1000000), (1000, "second", 0x2000000),
                (1004, "second", 0x2000000))
    new = twins((1000, "first", 0x1000000), (1004, "first", 0x1000000), (1000, "second", 0x2000000))
    for this, that, how in ((old, new, "went"), (new, old, "came")):
        _, items = compare_made(tmp_path, this, that)
        gone = (1004, 0x2000000, 0x200FFFF, 0, "rw-")
        assert_same(items, [
            ("section", "changed", "second", "second", ("owners", "regions", "views")),
            ("region", how, "second", 0, 16, *((2, None) if how == "went" else (None, 2))),
            ("view", how, "second", *((gone, None) if how == "went" else (None, gone)))])
        # Without the places one of them lost an owner, nobody knows which.
        document, items = compare_made(tmp_path, this, that, "--by-path")
        assert [item[:2] for item in items if item[0] != "section"] == [("region", how), ("view", how)]
        assert len(document["sections"]) == 1


def test_two_equal_sections_that_moved(tmp_path):
    """Each process's views stand where the other section's stood: the sections are what they were."""
    old = twins((1000, "first", 0x1000000), (1004, "first", 0x1000000), (1000, "second", 0x2000000),
                (1004, "second", 0x2000000), (1008, "second", 0x2000000))
    new = twins((1000, "first", 0x2000000), (1004, "first", 0x2000000), (1000, "second", 0x1000000),
                (1004, "second", 0x1000000), (1008, "second", 0x2000000))
    document, _ = compare_made(tmp_path, old, new)
    # Whichever is taken for which, none came or went, and exchanged it is the same.
    assert {section["change"] for section in document["sections"]} == {"changed"}
    assert document["different"]


def test_views_weigh_more_than_processes(tmp_path):
    """One view that stayed tells more than two processes that have other views now."""
    old = twins((1000, "first", 0x1000000), (1004, "first", 0x1000000))
    new = twins((1000, "first", 0x1000000), (1000, "second", 0x2000000), (1004, "second", 0x2000000))
    for this, that in ((old, new), (new, old)):
        _, items = compare_made(tmp_path, this, that)
        assert ("first", "first") in [item[2:4] for item in items if item[0] == "section"]


def test_more_processes_in_common(tmp_path):
    """Where no view stayed, the section that more of the processes have is the same, not that of more views."""
    old = twins((1000, "first", 0x1000000), (1000, "first", 0x1100000), (1000, "first", 0x1200000),
                (1004, "first", 0x1000000))
    new = twins((1000, "first", 0x2000000), (1000, "first", 0x2100000), (1000, "first", 0x2200000),
                (1000, "second", 0x3000000), (1004, "second", 0x3000000))
    for this, that, how in ((old, new, "came"), (new, old, "went")):
        _, items = compare_made(tmp_path, this, that)
        found = {item[1]: (item[2], item[3]) for item in items if item[0] == "section"}
        pair = ("first", "second") if how == "came" else ("second", "first")
        assert found == {"changed": pair, how: (None, "first") if how == "came" else ("first", None)}


def test_many_equal_sections(tmp_path):
    """Forty that nothing but the places of their views tells apart; one came, one went."""
    places = [(pid, 0x1000000 * (i + 1)) for i in range(40) for pid in (1000, 1004)]
    world = MadeWorld()
    for pid in PLAIN:
        world.add_process(pid, f"app{pid}.exe")
    for i in range(40):
        world.add_section(f"s{i}", "paging-file", 16)
    new = world.copy()
    for number, (pid, start) in enumerate(places):
        world.add_view(pid, f"s{number // 2}", start=start)
        if number // 2 != 7:
            new.add_view(pid, f"s{number // 2}", start=start)
    new.add_section("more", "paging-file", 16)
    for pid in (1000, 1004):
        new.add_view(pid, "more", start=0x70000000)
    _, items = compare_made(tmp_path, world, new)
    # What went from one place and what came to another, in the same processes, is taken for the same section.
    views = [item for item in items if item[0] == "view"]
    assert sorted(view[1] for view in views) == ["came", "came", "went", "went"]
    assert {view[2] for view in views} == {"s7, now more"}
    document, _ = compare_made(tmp_path, world, new, "--by-path")
    assert not document["different"]


def test_thousands_of_equal_sections(tmp_path):
    """A hostile world: nothing tells them apart, and all of their views have moved. None came or went."""
    world = MadeWorld()
    for pid in PLAIN[:2]:
        world.add_process(pid, f"app{pid}.exe")
    for i in range(3000):
        world.add_section(f"s{i}", "paging-file", 1)
    other = world.copy()
    for i in range(3000):
        for pid in PLAIN[:2]:
            world.add_view(pid, f"s{i}", start=0x10000000 + i * 0x10000)
            other.add_view(pid, f"s{i}", start=0x50000000 + (i * 7 % 3000) * 0x10000)
    old, new = build(world, tmp_path / "old", 1), build(other, tmp_path / "new", 2)
    began = time.monotonic()
    document = diff(old.image("kernel.dmp"), new.image("kernel.dmp"))
    assert time.monotonic() - began < 20
    assert document["summary"]["sections"] == {"came": 0, "went": 0, "changed": 3000}
    assert document["summary"]["views"] == {"came": 6000, "went": 6000, "changed": 0}
    assert not diff(old.image("kernel.dmp"), new.image("kernel.dmp"), "--by-path")["different"]


def test_name_in_another_folder(tmp_path):
    """Each session has its own names: the last part alone says nothing."""
    old = twins((1000, "first", 0x1000000), (1004, "first", 0x1000000))
    new = old.copy()
    old.names.append(("first", "\\Sessions\\1\\BaseNamedObjects\\map"))
    new.names.append(("first", "\\Sessions\\2\\BaseNamedObjects\\map"))
    document, _ = compare_made(tmp_path, old, new)
    assert sorted(section["change"] for section in document["sections"]) == ["came", "went"]


def test_name_of_another(tmp_path):
    """A name that another section of the same size had: what has the name is what had it."""
    old = twins((1000, "first", 0x1000000), (1004, "first", 0x1000000), (1000, "second", 0x2000000))
    new = old.copy()
    old.names.append(("first", "\\BaseNamedObjects\\map"))
    new.names.append(("second", "\\BaseNamedObjects\\map"))
    document = diff(build(old, tmp_path / "old", 1).image("kernel.dmp"),
                    build(new, tmp_path / "new", 2).image("kernel.dmp"))
    named = [section for section in document["sections"] if section["old"] and section["old"]["names"]]
    assert len(named) == 1 and named[0]["new"]["names"] == named[0]["old"]["names"]
    assert "name" not in named[0]["changes"] and "owners" in named[0]["changes"]


def one_file(**more):
    world = MadeWorld()
    for pid in PLAIN[:2]:
        world.add_process(pid, f"app{pid}.exe")
    world.add_section("s", **{"kind": "file", "pages": 8, "file": "\\Data\\same.dat", **more})
    for pid in PLAIN[:2]:
        world.add_view(pid, "s", protection="rcx" if more.get("kind") == "image" else "r--")
    return world


@pytest.mark.parametrize("more", [{"kind": "image"}, {"device": "\\Device\\HarddiskVolume3"},
                                  {"file": "\\Data\\same.data"}], ids=["image", "device", "name"])
def test_other_file(tmp_path, more):
    """As data and as an image it is not the same section, on another volume not the same file."""
    document, _ = compare_made(tmp_path, one_file(), one_file(**more))
    assert sorted(section["change"] for section in document["sections"]) == ["came", "went"]


def test_drive_letters_tell_volumes(tmp_path):
    """After another boot a volume may have another number: the letter is what a user knows it by."""
    old, new = one_file(device="\\Device\\HarddiskVolume3"), one_file(device="\\Device\\HarddiskVolume5")
    old.lines.append('link "\\GLOBAL??\\D:" "\\Device\\HarddiskVolume3"')
    new.lines.append('link "\\GLOBAL??\\D:" "\\Device\\HarddiskVolume5"')
    document, _ = compare_made(tmp_path, old, world_boots.another_boot(new, random.Random(4)))
    assert document["basis"] == "path" and not document["different"]


def test_physical_memory(tmp_path):
    """A device's memory has no prototype PTEs: it is no shared memory, and who maps it makes no difference."""
    world = one_file(kind="physical", file=None, frame=0xA0)
    new = world.copy()
    del new.views[max(new.views)]
    document, _ = compare_made(tmp_path, world, new)
    assert not document["different"] and document["complete"]


def test_hosts_are_counted(tmp_path):
    """Across boots nobody knows which of twenty hosts is no more, and the answer does not pretend to."""
    old = MadeWorld()
    for pid in range(1000, 1080, 4):
        old.add_process(pid, "svchost.exe", session=0, user=world_edits.SYSTEM, integrity="system")
    old.add_section("all", "file", 8, file="\\Data\\all.bin")
    for pid in range(1000, 1080, 4):
        old.add_view(pid, "all", protection="r--")
    new = old.copy()
    del new.processes[1036]
    new.views = {place: view for place, view in new.views.items() if view.pid != 1036}
    document, items = compare_made(tmp_path, old, world_boots.another_boot(new, random.Random(3)))
    path = "\\device\\harddiskvolume2\\programs\\svchost.exe"
    assert_same(items, [
        ("process", "went", path, 20, 19), ("section", "changed", "all", "all", ("owners", "regions", "views")),
        ("region", "changed", "all", 0, 8, 20, 19), ("view", "went", "all", (path, 0, 8, "r--"), None)])
    (process,) = document["processes"]
    assert process["path_count"] == {"old": 20, "new": 19}
    assert len(process["old_pids"]) == 20 and len(process["new_pids"]) == 19
    assert process["old"]["pid"] is None, "nobody can say which"
    # Within one boot it is known.
    document, items = compare_made(tmp_path, old, new)
    assert [item for item in items if item[0] == "process"] == [("process", "went", 1036, None, ())]


def test_letters_of_either_case(tmp_path):
    """Paths are the same in any case, of processes too."""
    old = one_file(file="\\Data\\J\u00f3zef f\u00fcr alle.dat")
    new = world_boots.another_boot(old, random.Random(2))
    new.sections["s"].file = new.sections["s"].file.upper()
    for process in new.processes.values():
        process.path = (made_world.FOLDER + process.name).upper()
    document, _ = compare_made(tmp_path, old, new)
    assert document["basis"] == "path" and not document["different"]


def test_two_records_of_one_process(tmp_path):
    """No sound kernel has two processes of one pid and start time: whichever is which, the number is told."""
    one = HEAD.replace("pid=2000 peb=0", "pid=2000 created=1d64f3100000000 peb=0")
    record = "process a.exe pid=2000 created=1d64f3100000000 peb=0\n"
    two = one.replace("section lib", record + "section lib", 1)
    assert not compare_texts(tmp_path, two, two)[0]["different"]
    for this, that, how in ((one, two, "came"), (two, one, "went")):
        document, _ = compare_texts(tmp_path, this, that)
        assert [(process["change"], (process["old"] or process["new"])["pid"]) for process in document["processes"]] == \
            [(how, 2000)]


def test_processes_of_a_path_are_paired_by_user(tmp_path):
    """Both have another integrity now; whose each is tells which is which."""
    old = MadeWorld()
    for pid, user in ((1000, made_world.USER), (1004, made_world.OTHER_USER)):
        old.add_process(pid, "twin.exe", user=user)
    new = old.copy()
    new.processes[1000].integrity, new.processes[1004].integrity = "high", "system"
    for seed in range(4):
        _, items = compare_made(tmp_path, old, world_boots.another_boot(new, random.Random(seed)))
        path = "\\device\\harddiskvolume2\\programs\\twin.exe"
        assert_same(items, [("process", "changed", path, path, ("integrity",))] * 2)


def test_strangers_without_a_path(tmp_path):
    """That the paths of both were not read does not make two processes one."""
    old, new = MadeWorld(), MadeWorld()
    old.add_process(1000, "first.exe")
    new.add_process(1000, "second.exe")
    for world in (old, new):
        world.lines.append("damage absent path/1000")
    new.system_created += 1
    document, _ = compare_made(tmp_path, old, new)
    assert sorted(process["change"] for process in document["processes"]) == ["came", "went"]


def test_processes_without_a_path(tmp_path):
    """Where the path was not read the short name stands for it."""
    old = MadeWorld()
    for pid, name in ((1000, "registrar-long-name.exe"), (1004, "other.exe"), (1008, "third.exe")):
        old.add_process(pid, name)
    old.add_section("s", "paging-file", 4)
    for pid in old.processes:
        old.add_view(pid, "s")
    new = world_boots.another_boot(old, random.Random(8))
    for world in (old, new):
        first = next(pid for pid, process in world.processes.items() if process.name.startswith("registrar"))
        world.lines.append(f"damage absent path/{first}")
    document, _ = compare_made(tmp_path, old, new)
    assert document["basis"] == "path" and not document["different"]


def test_demo(tmp_path):
    """The pair that the README shows."""
    old, new = (build_text((ROOT / f"tests/scenarios/difference/{name}.scenario").read_text(encoding="utf-8"),
                           tmp_path / name) for name in ("before", "after"))
    child, fonts = (3008, 0x3E0000000, 0x3E000FFFF, 0, "rw-"), (3004, 0x2D0000000, 0x2D004FFFF, 0)
    _, items = compare(old, new)
    assert_same(items, [
        ("process", "came", None, 3008, ()), ("process", "went", 4200, None, ()),
        ("section", "changed", "metrics", "metrics", ("owners", "regions", "views")),
        ("region", "changed", "metrics", 0, 16, 2, 3), ("view", "came", "metrics", None, child),
        ("crossing", "came", "metrics", None, ("view", True, "less", (3008,), (1000,))),
        ("crossing", "came", "metrics", None, ("view", True, "less", (3008,), (3000,))),
        ("section", "changed", "fonts", "fonts", ("regions", "views")), ("region", "changed", "fonts", 0, 80, 2, 2),
        ("view", "changed", "fonts", (*fonts, "r--"), (*fonts, "rw-")),
        ("crossing", "came", "fonts", None, ("view", True, "less", (3004,), (3000,))),
        ("section", "changed", "cache", "cache", ("owners", "regions", "views")),
        ("region", "went", "cache", 0, 200, 2, None),
        ("view", "went", "cache", (4200, 0x5F0000000, 0x5F00C7FFF, 0, "r--"), None)])


# --- machines -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("layout", LAYOUTS[::4] + ["26100-la57"])
def test_random_worlds_do_not_differ_from_themselves(tmp_path, layout):
    """An image and itself, another container of it, its saved scan, and the same built at other addresses."""
    world = build_random(tmp_path / "world", 1300, "--layout", layout, "--format", "kernel,raw")
    image, raw = world.image("kernel.dmp"), world.image("raw")
    assert sic("-q", "--save", tmp_path / "world.sic", raw).returncode == 0
    is_whole = sic("-q", "--cross", raw).returncode != 3
    for other in (image, raw, tmp_path / "world.sic"):
        for arguments in ((), ("--by-path",)):
            document = diff(image, other, *arguments)
            assert not document["different"] and document["complete"] == is_whole and document["same_boot"], other
    text = subprocess.run([LAB, "random", "--seed", "1300", "--layout", layout], check=True, capture_output=True,
                          text=True).stdout
    other = build_text(shuffled(text), tmp_path / "other", "--layout", layout)
    assert other.truth["sections"][0]["control_area"] != world.truth["sections"][0]["control_area"]
    document = diff(image, other.image("kernel.dmp"))
    assert not document["different"] and document["complete"] == is_whole and document["same_boot"]


def shuffled(text):
    """The same scenario with its sections in another order, and another seed."""
    lines_, sections = [], {}
    for line in text.splitlines():
        words = line.split()
        if words[0] in ("section", "subsection", "page"):
            sections.setdefault(words[1], []).append(line)
        else:
            lines_.append("seed 77" if words[0] == "seed" else line)
    after = next(i for i, line in enumerate(lines_) if line.startswith(("view ", "private ", "handle ", "name ")))
    blocks = [line for identity in reversed(sections) for line in sections[identity]]
    return "\n".join(lines_[:after] + blocks + lines_[after:]) + "\n"


def test_two_machines(tmp_path):
    """The same programs on another Windows: nothing but the path tells processes, and nothing differs."""
    world, *_ = world_edits.edit(random.Random(21), [world_edits.protected, world_edits.label_changed])
    old = build(world, tmp_path / "old", 1, layout="19041.264")
    new = build(world_boots.another_boot(world, random.Random(22)), tmp_path / "new", 2, layout="26100")
    document = diff(old.image("kernel.dmp"), new.image("kernel.dmp"))
    assert document["basis"] == "path" and not document["same_boot"] and not document["different"]


@pytest.mark.parametrize("start, is_same", [(0x1000000, True), (0x5000000, False)], ids=["in place", "elsewhere"])
def test_new_section_with_a_name_is_no_old_one(tmp_path, start, is_same):
    """A process that leaves a nameless section and makes one with a name, of the same size, does not name the old one."""
    old, new = twins((1000, "first", 0x1000000)), twins((1000, "second", start))
    new.names.append(("second", "\\Sessions\\1\\BaseNamedObjects\\new"))
    for before, after, came in ((old, new, "came"), (new, old, "went")):
        document, _ = compare_made(tmp_path, before, after)
        changes = sorted((section["change"], tuple(section["changes"])) for section in document["sections"])
        assert changes == ([("changed", ("name",))] if is_same else [("came", ()), ("went", ())])
        names = [section[side]["names"] for section in document["sections"] for side in ("old", "new")
                 if section["change"] == came and section[side]]
        assert is_same or names == [["\\Sessions\\1\\BaseNamedObjects\\new"]]


def test_large_worlds_in_little_time(tmp_path):
    """Sixty thousand nodes against as many others: no pairing of each with each."""
    for seed in (1, 2):
        subprocess.run([LAB, "bench", "--output", tmp_path / f"w{seed}", "--seed", str(seed), "--format", "kernel",
                        "--no-truth"], check=True, stdout=subprocess.DEVNULL)
        assert sic("-q", "--save", tmp_path / f"w{seed}.sic", tmp_path / f"w{seed}.kernel.dmp").returncode == 0
    began = time.monotonic()
    answer = sic("diff", "-q", "--json", tmp_path / "w1.sic", tmp_path / "w2.sic")
    assert answer.returncode in (0, 1), answer.stderr
    assert time.monotonic() - began < 60


# --- text -----------------------------------------------------------------------------------------------------------

def counted_in_text(text):
    """By part and sign, the lines of a text with --details; each line says itself what became of it."""
    counts, block = {}, None
    for line in text.splitlines():
        sign = SIGNS.get(line.lstrip()[:2])
        if line and line[0] not in " +-~":
            block = BLOCKS.get(line.split(":")[0], block)
        if sign is None:
            continue
        part = block if line[0] != " " else "regions" if "Region: " in line else "views" if "(PID: " in line else None
        counts.setdefault(part, dict.fromkeys(SIGNS.values(), 0))[sign] += 1
    return counts


SIGNS = {"+ ": "came", "- ": "went", "~ ": "changed"}
BLOCKS = {"Processes": "processes", "Sections": "sections", "Crossings": "crossings"}


@pytest.mark.parametrize("by_path", [False, True], ids=["by start", "by path"])
def test_text_has_a_line_for_each(tmp_path, by_path):
    """What --json counts, and the lines of the text; files of damaged worlds are told which side they are."""
    old, new = (build(world, tmp_path / name, 3) for name, world in
                zip(("old", "new"), world_pairs.pair(random.Random(17), by_path)))
    images = old.image("kernel.dmp"), new.image("kernel.dmp")
    document = diff(*images)
    answer = sic("diff", "-q", "--details", *images)
    assert answer.returncode == 1
    counts = counted_in_text(answer.stdout.decode())
    for part, numbers in document["summary"].items():
        assert counts[part] == numbers, part
    for crossing in document["crossings"]:
        for side in ("old", "new"):
            assert crossing[side] is None or crossing["change"] == "changed" or \
                crossing[side]["reason"] in answer.stdout.decode()


# --- selection ------------------------------------------------------------------------------------------------------

def selected(world, option):
    return {region["section"]["control_area"] for region in sic_json(world.image("kernel.dmp"), *option)["regions"]}


@pytest.mark.parametrize("option", [("--named",), ("--kind", "file"), ("--writable",), ("--min-processes", "3"),
                                    ("--name", "*s1*"), ("-f", "svchost.exe")], ids=" ".join)
def test_selection(tmp_path, option):
    """A section is compared when the listing of either side shows it; nothing of it is left out."""
    old, new = (build(world, tmp_path / name, 4) for name, world in
                zip(("old", "new"), world_pairs.pair(random.Random(31), False)))
    images = old.image("kernel.dmp"), new.image("kernel.dmp")
    whole, chosen = diff(*images), diff(*images, *option)
    shown = selected(old, option), selected(new, option)
    wanted = [section for section in whole["sections"]
              if any(section[name] and section[name]["control_area"] in areas
                     for name, areas in zip(("old", "new"), shown))]
    assert 0 < len(wanted) < len(whole["sections"])
    assert all(section in chosen["sections"] for section in wanted)
    assert all(section in whole["sections"] for section in chosen["sections"])
    others = [section for section in chosen["sections"] if section not in wanted]
    assert not any(side and side["shared"] for section in others for side in (section["old"], section["new"]))
    areas = {place for section in chosen["sections"] for place in places(section)}
    for crossing in chosen["crossings"]:
        assert crossing in whole["crossings"]
    assert [crossing for crossing in whole["crossings"] if set(places(crossing)) & areas
            and crossing not in chosen["crossings"]] == []


def places(item):
    return [(name, item[name]["control_area"]) for name in ("old", "new") if item[name]]
