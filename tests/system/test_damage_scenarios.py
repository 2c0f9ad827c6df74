"""Worlds that the lab harms on purpose: what is undamaged is exactly the truth, and what is damaged is named."""
import os
import random
import subprocess

import pytest

import damage
from conftest import LAB, LAYOUTS
from damage import Damaged, number

# Up to 9200 trees hang from an _MM_AVL_TABLE, whose sentinel the first node leads back to. Before 7600 no node says whose
# it is, and no section lists its views.
OWNERLESS = ["3790.3959", "6001.18000"]
OLDEST = next(layout for layout in LAYOUTS if int(layout.split(".")[0]) >= 9600)
NEWEST = [layout for layout in LAYOUTS if not layout.endswith("-la57")][-1]
DEEP = [layout for layout in LAYOUTS if layout.endswith("-la57")][-1]
EPOCHS = [*OWNERLESS, "7601.24540", "9200.16384", OLDEST, "19041.264", NEWEST, DEEP]
PIDS = [2000, 2004, 2008, 2012, 2016, 2020]

# Each of the six processes has a tree of seven nodes: 3 is the root, 1 and 5 are below it, the others leaves. Records
# of processes stand far from all else, as do those of c.exe from the others'.
HEAD = """
transition 0
large-pages off
companions off
process "System" pid=4 parent=0 peb=0
process "smss.exe" pid=300 parent=4 peb=0
""" + "".join(f"process {name}.exe pid={pid} peb=0 eprocess={address}\n" for name, pid, address in zip(
    "abcdef", PIDS, ["ffffc50b7fa40080", "ffffc50b7fb40080", "ffffc90b7fa40080", "ffffc50b7fc40080",
                     "ffffc50b7fd40080", "ffffc50b7fe40080"])) + """
section lib image "\\Windows\\System32\\lib.dll"
subsection lib pages=1 protection=r--
subsection lib pages=8 protection=r-x
subsection lib pages=2 protection=rw- shared
subsection lib pages=3 protection=rc-
section log file "\\Data\\log.bin"
subsection log pages=10
subsection log pages=10
subsection log pages=10
section pool paging-file pages=16
section twin paging-file pages=16
section big paging-file pages=600
section lone paging-file pages=4
name pool "\\BaseNamedObjects\\pool"
""" + "".join(f"""private {pid} start=10000 pages=4
view {pid} lib start=100000
private {pid} long start=200000 pages=4
view {pid} log start=300000 offset={place * 3} pages=9
view {pid} {'twin' if place > 3 else 'pool'} start=400000
private {pid} start=500000 pages=4
view {pid} big start=600000
handle {pid} pool
""" for place, pid in enumerate(PIDS))


def can_be_said(layout, statement):
    """No layout is harmed in members that it lacks."""
    return layout not in OWNERLESS or not ("owner=" in statement or "ring=" in statement)


def build(tmp_path, layout, *statements, text=HEAD):
    return Damaged(tmp_path, text + "".join(f"damage {statement}\n" for statement in statements), "--layout", layout)


def lost_nodes(world, pid):
    place = [process["pid"] for process in world.truth["processes"]].index(pid)
    return [index for index, node in enumerate(world.remains["nodes"][place]) if not node["remains"]]


def assert_exact(world, pid, lost):
    """Nothing but these nodes of one process is missing, and not one more is shown."""
    damage.assert_remains(world)
    for process in world.truth["processes"]:
        answered = world.answered_process(process["pid"])
        missing = [world.node(pid, index) for index in lost] if process["pid"] == pid else []
        assert answered["vads"] == process["vads"] - len(missing), process["process"]
        assert answered["private_vads"] == process["private"] - sum(node["private"] for node in missing)
        assert answered["views"] == process["views"] - sum(not node["private"] for node in missing)
    gone = {(number(world.process(pid)["eprocess"]), number(world.node(pid, index)["start"])) for index in lost}
    assert set(world.answered()) == {(number(view["eprocess"]), number(view["start"]))
                                     for region in world.truth["regions"] for index in region["views"]
                                     for view in [world.truth["views"][index]]} - gone


UNMAPPED = 0xffffdead00001000

# Statement, the problem's kind, the index of the node at which it is (or an address), the nodes of process 2004 that
# are lost with it.
LINKS = [
    ("node 2004 1 left=node/2004/3", "node-order", 3, [0]),
    ("node 2004 1 right=self", "node-order", 1, [2]),
    ("node 2004 5 left=node/2004/5", "node-order", 5, [4]),
    ("node 2004 5 right=node/2004/1", "node-order", 1, [6]),
    ("node 2004 3 right=node/2004/1", "node-order", 1, [4, 5, 6]),
    ("node 2004 1 left=node/2008/0", "node-parent", (2008, 0), [0]),
    ("node 2004 5 right=node/2008/6", "node-owner", (2008, 6), [6]),
    ("node 2004 3 left=node/2008/1", "node-owner", (2008, 1), [0, 1, 2]),
    ("node 2004 1 left=non-canonical", "node-pointer", 1, [0]),
    ("node 2004 1 right=user", "node-pointer", 1, [2]),
    ("node 2004 5 right=unaligned", "node-pointer", 5, [6]),
    ("node 2004 3 left=unmapped", "node-unreadable", UNMAPPED, [0, 1, 2]),
    ("root 2004 non-canonical", "node-pointer", "process", [0, 1, 2, 3, 4, 5, 6]),
    ("root 2004 user", "node-pointer", "process", [0, 1, 2, 3, 4, 5, 6]),
    ("root 2004 unaligned", "node-pointer", "process", [0, 1, 2, 3, 4, 5, 6]),
    ("root 2004 unmapped", "node-unreadable", UNMAPPED, [0, 1, 2, 3, 4, 5, 6]),
    ("root 2004 node/2008/1", "node-owner", (2008, 1), [0, 1, 2, 3, 4, 5, 6]),
    # Two processes have that tree, and its first node says whose it is.
    ("root 2004 node/2008/3", "tree-shared", "process", [0, 1, 2, 3, 4, 5, 6]),
    ("node 2004 1 owner=process/2008", "node-owner", 1, [0, 1, 2]),
    ("node 2004 4 start=of/2004/6 end=of/2004/6", "node-order", 4, [4]),
    ("node 2004 0 start=of/2004/6 end=of/2004/6", "node-order", 0, [0]),
    ("node 2004 5 start=of/2004/6", "node-order", 5, [4, 5, 6]),
    # In its new owner's tree it stands elsewhere: already its place tells it.
    ("recycle 2004 1 2008 4", "node-order", 1, [0, 1, 2]),
    ("recycle 2004 6 2012 1", "node-order", 6, [6]),
    ("recycle 2004 1 2008 1", "node-owner", 1, [0, 1, 2]),
    # The root itself: two processes have it, and it says whose it is.
    ("recycle 2004 3 2008 3", "tree-shared", "process", [0, 1, 2, 3, 4, 5, 6]),
]


@pytest.mark.parametrize("layout, statement, kind, place, lost", [
    (layout, *case) for case in LINKS for layout in EPOCHS if can_be_said(layout, case[0])])
def test_tree(tmp_path, layout, statement, kind, place, lost):
    world = build(tmp_path, layout, statement)
    if layout in OWNERLESS:
        kind = kind.replace("node-owner", "node-parent")
    assert lost_nodes(world, 2004) == lost
    assert world.status == 3
    address = number(world.process(2004)["eprocess"]) if place == "process" else \
        number(world.node(*place)["address"]) if isinstance(place, tuple) else \
        place if place > 6 else number(world.node(2004, place)["address"])
    assert (kind, 2004, address) in world.problems()
    assert {pid for _, pid, _ in world.problems()} == {2004}
    assert_exact(world, 2004, lost)
    assert "sic: incomplete: b.exe (PID: 2004)" in world.notes and f"{address:016x}" in world.notes


@pytest.mark.parametrize("layout", EPOCHS)
@pytest.mark.parametrize("into", ["control-area/pool", "subsection/lib", "segment/pool", "array/big", "file/log",
                                  "process/2004", "process/2008", "token/2008", "handles/2004", "file-name/log",
                                  "directory/\\BaseNamedObjects"])
def test_child_pointer_into_another_structure(tmp_path, layout, into):
    world = build(tmp_path, layout, f"node 2004 3 right={into}")
    assert world.status == 3 and {pid for _, pid, _ in world.problems()} == {2004}
    assert {kind[:5] for kind, _, _ in world.problems()} == {"node-"}
    assert_exact(world, 2004, [4, 5, 6])


@pytest.mark.parametrize("layout", EPOCHS)
@pytest.mark.parametrize("statement", [f"node 2004 4 {field}={wild}" for field in ("subsection", "first", "last")
                                       for wild in ("non-canonical", "user", "unaligned")])
def test_prototype_fields_that_are_torn(tmp_path, layout, statement):
    """The tree below is sound, and so is everybody else's view of that section."""
    world = build(tmp_path, layout, statement)
    assert world.status == 3
    assert world.problems() == {("view-torn", 2004, number(world.node(2004, 4)["address"]))}
    damage.assert_remains(world)
    assert world.answered_process(2004)["vads"] == 7


@pytest.mark.parametrize("layout", EPOCHS)
@pytest.mark.parametrize("statement", [
    "node 2004 4 subsection=of/2004/3", "node 2004 4 first=of/2004/3", "node 2004 4 first=of/2004/3 last=of/2004/3",
    "node 2004 4 subsection=of/2004/3 first=of/2004/3", "node 2004 4 subsection=of/2004/3 first=of/2004/3 last=of/2004/3",
    "node 2004 4 last=of/2004/6", "node 2004 3 last=of/2004/1", "node 2004 4 subsection=of/2004/1",
    "node 2004 3 start=of/2004/6 end=of/2004/6", "node 2004 3 start=0x30a", "node 2004 3 end=of/2004/6"])
def test_node_that_is_half_written(tmp_path, layout, statement):
    """Fields of two nodes in one: it may be left out or accused; nobody else's view is.

    A range that was rewritten and still fits its place in the tree cannot be told from a sound one.
    """
    world = build(tmp_path, layout, statement)
    assert {pid for _, pid, _ in world.problems()} <= {2004, None}
    if layout in OWNERLESS and "subsection=of/2004/3 first=of/2004/3" in statement:
        # A sound view of another section: without that section's list nothing tells that it is none.
        damage.assert_what_remains_is_there(world)
        damage.assert_processes(world)
    else:
        damage.assert_remains(world)
    for pid in PIDS:
        if pid != 2004:
            assert world.answered_process(pid)["vads"] == 7


@pytest.mark.parametrize("layout", EPOCHS)
def test_parent_link(tmp_path, layout):
    world = build(tmp_path, layout, "node 2004 5 parent=node/2004/1", "node 2008 1 parent=unmapped")
    assert world.status == 3
    # Nothing else ties a private node to its tree; a mapped one names its process.
    assert world.problems() == {("node-parent", 2004, number(world.node(2004, 5)["address"])),
                                ("node-parent", 2008, number(world.node(2008, 1)["address"]))}
    damage.assert_remains(world)
    assert world.answered_process(2004)["vads"] == 4
    assert world.answered_process(2008)["vads"] == (4 if layout in OWNERLESS else 7)


@pytest.mark.parametrize("layout", EPOCHS)
def test_nodes_unlinked_from_their_tree(tmp_path, layout):
    """A leaf, and a whole subtree: every view in it is named through its section's list."""
    world = build(tmp_path, layout, "node 2004 5 right=0x0", "node 2012 3 left=0x0")
    assert world.status == 0 and world.document["complete"]
    unlinked = {(2004, number(world.node(2004, 6)["address"])), (2012, number(world.node(2012, 1)["address"]))}
    assert {(note["pid"], number(note["address"])) for note in world.document["notes"]
            if note["kind"] == "view-not-in-tree"} == (unlinked if layout not in OWNERLESS else set())
    assert lost_nodes(world, 2004) == [6] and lost_nodes(world, 2012) == [0, 1, 2]
    damage.assert_remains(world)
    for pid, address in unlinked if layout not in OWNERLESS else ():
        assert f"(PID: {pid}): a section lists a view that is not in its process's VAD tree: {address:016x}" \
            in world.notes


LISTS = [
    (["list 2008 next=unmapped"], []),
    (["list 2008 previous=non-canonical"], []),
    (["list 2008 next=user previous=user"], [2008]),
    (["list 2008 next=process/300"], []),
    (["list 2008 next=process/2008"], []),
    (["list 2008 next=control-area/pool"], []),
    (["list 2020 next=process/2000"], []),
    (["list 4 next=unaligned"], []),
    # Two cuts: what lies between them is found through its views.
    (["list 2000 next=unmapped", "list 2016 previous=unmapped"], [2004, 2008, 2012]),
    (["list 2000 next=process/2000 previous=process/2000", "list 2016 next=unmapped previous=unmapped"],
     [2000, 2004, 2008, 2012, 2016]),
    (["list 300 next=process/2012", "list 2012 previous=process/300"], [2000, 2004, 2008]),
    (["list 2008 unlink"], [2008]),
    (["list 2008 unlink", "list 2004 unlink"], [2004, 2008]),
]


@pytest.mark.parametrize("layout", EPOCHS)
@pytest.mark.parametrize("statements, unlisted", LISTS, ids=[",".join(case[0]).replace(" ", "_") for case in LISTS])
def test_process_list(tmp_path, layout, statements, unlisted):
    world = build(tmp_path, layout, *statements)
    # A list that closes without a process is nothing that the list itself shows: it is a note.
    closes = "unlink" in statements[0] or len(statements) == 2 and "2012" in statements[0]
    assert world.status == (0 if closes else 3), world.notes
    assert {kind for kind, _, _ in world.problems()} == (set() if closes else {"process-list"})
    damage.assert_remains(world)
    lost = set()
    if layout in OWNERLESS:
        # No list leads to processes that their own list lacks: they are gone, and nobody else is.
        unlisted, lost = [], set(unlisted)
    assert {process["pid"] for process in world.document["processes"] if not process["listed"]} == set(unlisted)
    for process in world.truth["processes"]:
        answered = world.answered_process(process["pid"])
        assert answered is None if process["pid"] in lost else answered["views"] == process["views"]
    keys = [(number(view["eprocess"]), number(view["start"])) for view in world.remains["views"]]
    assert {frozenset((number(view["eprocess"]), number(view["start"])) for view in region["views"])
            for region in world.document["regions"]} == \
        {frozenset(keys[view] for view in region) for region in world.remains["regions"]}
    for pid in unlisted:
        assert f"{number(world.process(pid)['eprocess']):016x}" in world.notes


@pytest.mark.parametrize("layout", EPOCHS)
def test_two_control_areas_claim_one_array(tmp_path, layout):
    world = build(tmp_path, layout, "claim pool twin")
    assert world.status == 3
    assert [kind for kind, _, _ in world.problems()] == ["array-claimed-twice"]
    areas = {world.section(name)["control_area"]: name for name in ("pool", "twin")}
    owners = {areas[region["section"]["control_area"]]: sorted(view["pid"] for view in region["views"])
              for region in world.document["regions"] if region["section"]["control_area"] in areas}
    assert owners == {"pool": PIDS[:4], "twin": PIDS[4:]}
    for process in world.truth["processes"]:
        assert world.answered_process(process["pid"])["views"] == process["views"]
    others = [region for region in world.document["regions"] if region["section"]["control_area"] not in areas]
    assert len(others) == len(world.truth["regions"]) - 2
    assert [address for _, _, address in world.problems()][0] in \
        {number(world.section(name)["subsections"][0]["address"]) for name in areas.values()}


SECTIONS = [
    ("section pool control-area=unmapped", "control-area"), ("section pool control-area=user", "subsection"),
    ("section pool control-area=process/2004", "control-area"), ("section pool control-area=control-area/big", None),
    ("section pool segment=unmapped", None), ("section pool segment=segment/log", "control-area"),
    ("section pool segment=non-canonical", "control-area"), ("section pool base=unmapped", None),
    ("section log next=unmapped", "subsection"), ("section log next=subsection/pool", "subsection"),
    ("section log next=self", "subsection"), ("section log file=unmapped", None),
    ("section log file=process/2004", None), ("section pool ring=unmapped", None)]


@pytest.mark.parametrize("layout, statement, kind", [
    (layout, *case) for case in SECTIONS for layout in EPOCHS if can_be_said(layout, case[0])])
def test_section_records(tmp_path, layout, statement, kind):
    """Whoever maps a section is told by the trees: damage to the section itself takes no owner away."""
    world = build(tmp_path, layout, statement)
    if layout == "3790.3959" and kind and " control-area=" in statement:
        # A node leads to the control area itself: what follows it is no subsection unless it points back.
        kind = "subsection"
    if kind:
        assert world.status == 3 and kind in {kind for kind, _, _ in world.problems()}
    damage.assert_owners_are_true(world)
    damage.assert_what_remains_is_there(world)
    damage.assert_processes(world)
    harmed = {section["control_area"] for section in world.remains["sections"] if section["harmed"]}
    for process in world.truth["processes"]:
        assert world.answered_process(process["pid"])["views"] == process["views"]
    whole = [region for region in world.truth["regions"]
             if world.truth["sections"][region["section"]]["control_area"] not in harmed]
    answered = world.answered()
    for region in whole:
        keys = [(number(world.truth["views"][index]["eprocess"]), number(world.truth["views"][index]["start"]))
                for index in region["views"]]
        place = answered[keys[0]][0]
        shown = world.document["regions"][place]["views"]
        assert {(number(view["eprocess"]), number(view["start"])) for view in shown} >= set(keys)


@pytest.mark.parametrize("layout, level", [
    (layout, level) for layout in EPOCHS for level in range(1, 6 if layout == DEEP else 5)])
@pytest.mark.parametrize("what", ["process/2008", "node/2008/1", "node/2008/0", "subsection/pool", "control-area/lib",
                                  "segment/pool", "array/big", "array/lib", "file/log", "file-name/log", "path/2008",
                                  "handles/2008", "token/2008", "directory/\\BaseNamedObjects",
                                  "directory-entry/\\BaseNamedObjects"])
def test_missing_page(tmp_path, layout, level, what):
    world = build(tmp_path, layout, f"absent {what} level={level}")
    if world.document is None:
        damage.assert_refused(world)
        return
    damage.assert_remains(world)
    damage.assert_loss_is_told(world)
    if what.split("/")[0] in ("segment", "array", "file-name", "path", "handles", "token", "directory-entry",
                              "directory"):
        # Decoration, and what no region rests on.
        assert all(process["whole"] for process in world.remains["processes"])
        assert world.status == 0 and world.document["complete"]
        assert len(world.answered()) == sum(len(region["views"]) for region in world.truth["regions"])


def random_statement(choice, scenario):
    """One harm to a random place of a random world."""
    pids = [int(line.split("pid=")[1].split()[0]) for line in scenario if line.startswith("process ")]
    nodes = {pid: sum(line.split()[:2] in (["view", str(pid)], ["private", str(pid)]) and " unlinked" not in line
                      for line in scenario) for pid in pids}
    trees = [pid for pid in pids if nodes[pid] > 2]
    sections = [line.split()[1] for line in scenario if line.startswith("section ") and " physical" not in line]
    files = [line.split()[1] for line in scenario if line.startswith("section ") and line.split()[2] in ("file", "image")]
    tokens = [int(line.split("pid=")[1].split()[0]) for line in scenario
              if line.startswith("process ") and " user=none" not in line]
    pid, other = choice.choice(trees), choice.choice(trees)
    node, another = choice.randrange(nodes[pid]), choice.randrange(nodes[other])
    wild = choice.choice(["non-canonical", "user", "unaligned", "unmapped", f"control-area/{choice.choice(sections)}",
                          f"node/{other}/{another}", f"process/{choice.choice(pids)}", "self"])
    return choice.choice([
        f"node {pid} {node} {choice.choice(['left', 'right', 'parent'])}={wild}",
        f"root {pid} {wild.replace('self', 'unmapped')}",
        f"node {pid} {node} start=of/{pid}/{choice.randrange(nodes[pid])}",
        f"list {choice.choice(pids)} {choice.choice(['next', 'previous'])}={wild.replace('self', 'unmapped')}",
        f"absent node/{pid}/{node}", f"absent process/{choice.choice(pids)}", f"absent segment/{choice.choice(sections)}",
        f"absent control-area/{choice.choice(sections)}", f"absent subsection/{choice.choice(sections)}",
        f"absent file-name/{choice.choice(files)}", f"absent token/{choice.choice(tokens)} level=2",
    ])


@pytest.mark.parametrize("layout", EPOCHS)
@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("SIC_DAMAGED_WORLDS", "12"))))
def test_random_damage_in_a_random_world(tmp_path, layout, seed):
    choice = random.Random(seed * 1000 + EPOCHS.index(layout))
    text = subprocess.run([LAB, "random", "--seed", str(seed), "--processes", "16", "--views", "90", "--layout", layout],
                          check=True, capture_output=True, text=True).stdout
    statements = [random_statement(choice, text.splitlines()) for _ in range(choice.randint(1, 4))]
    # What takes pages away comes last, what is found through memory first: nothing is harmed on a page that is not there.
    statements.sort(key=lambda statement: (statement.startswith("absent"), "file-name/" not in statement,
                                           "token/" not in statement))
    world = build(tmp_path, layout, *statements, text=text)
    if world.document is None:
        damage.assert_refused(world)
        return
    damage.assert_remains(world)
    damage.assert_loss_is_told(world)
