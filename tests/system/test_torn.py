"""Structures torn one at a time in a small world: what is lost is said, and nothing else is lost.

Each case is a mistake that SiC once made, or that others make.
"""
import struct

import pytest

import truth as oracle
from conftest import build_scenario, sic, sic_json
from memory import CONTROL_AREA, EPROCESS, MMVAD, SUBSECTION, Memory

SCENARIO = """
kernel 10.0.19041.329
transition 0
large-pages off
companions off
process "System" pid=4 parent=0 peb=0
process "smss.exe" pid=300 parent=4
process a.exe pid=2000
process b.exe pid=2004
process c.exe pid=2008
process d.exe pid=2012
process e.exe pid=2016
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
section lone paging-file pages=4
view 300 lib
view 2000 lib
view 2004 lib
view 2008 lib
view 2012 lib
view 2016 lib
view 2000 log pages=15
view 2004 log offset=12 pages=8
view 2008 pool
view 2012 pool offset=4 pages=4
view 2016 lone
private 2000
private 2004
private 2004 long
private 2008
private 2012
private 2016
"""


class Torn:
    def __init__(self, tmp_path, scenario=SCENARIO):
        (tmp_path / "world.scenario").write_text(scenario)
        self.world = build_scenario(tmp_path / "world.scenario", tmp_path / "world", "--format", "raw")
        self.truth = self.world.truth
        self.image = self.world.image("raw")
        self.memory = Memory(self.image, oracle.number(self.truth["dtb"]))

    def eprocess(self, pid):
        return next(oracle.number(p["eprocess"]) for p in self.truth["processes"] if p["pid"] == pid)

    def view_node(self, pid, section_name_or_kind):
        """The node of a process's view of a section, by its prototype PTE."""
        for view in self.truth["views"]:
            section = self.truth["sections"][view["section"]]
            if view["pid"] == pid and section_name_or_kind in (section["name"], section["kind"]):
                pte = oracle.number(view["first_prototype_pte"])
                return next(n for n in self.memory.nodes(self.eprocess(pid)) if n.get("FirstPrototypePte") == pte)
        raise AssertionError("no such view")

    def answer(self, *arguments):
        self.memory.bytes.flush()
        result = sic("--json", *arguments, self.image)
        # A saved scan says the same, whatever is torn.
        saved = self.image + ".sic"
        assert sic("--save", saved, self.image).returncode == result.returncode
        again = sic("--json", *arguments, saved)
        assert (again.returncode, again.stdout) == (result.returncode, result.stdout)
        return result.returncode, sic_json(self.image, *arguments), result.stderr.decode()

    def names(self, document):
        return [(region["section"]["name"] or region["section"]["kind"],
                 sorted(view["process"] for view in region["views"])) for region in document["regions"]]


@pytest.fixture
def torn(tmp_path):
    made = Torn(tmp_path)
    yield made
    made.memory.close()


def kinds(document):
    return {problem["kind"] for problem in document["problems"]}


def test_untouched(torn):
    status, document, _ = torn.answer()
    assert status == 0
    oracle.assert_true(torn.truth, document)
    assert document["notes"] == []


def test_shared_writable_part_of_an_image_is_named(torn):
    _, document, _ = torn.answer()
    lib = next(region for region in document["regions"] if region["section"]["kind"] == "image")
    assert lib["section"]["shared_writable"] == [{"offset": 9 * 4096, "size": 2 * 4096, "protection": "rw-"}]
    assert b"  Shared and writable: image offset 0x9000-0xafff rw-\n" in sic(torn.image).stdout


def test_empty_root_of_a_live_process(torn):
    torn.memory.put64(torn.eprocess(2004) + EPROCESS["VadRoot"], 0)
    status, document, _ = torn.answer()
    assert status == 3 and kinds(document) == {"tree-missing"}


def test_two_processes_with_one_tree(torn):
    root = torn.memory.u64(torn.eprocess(2000) + EPROCESS["VadRoot"])
    torn.memory.put64(torn.eprocess(2004) + EPROCESS["VadRoot"], root)
    status, document, _ = torn.answer()
    assert status == 3 and "tree-shared" in kinds(document)
    by_pid = {process["pid"]: process for process in document["processes"]}
    assert by_pid[2000]["views"] == 2 and by_pid[2004]["vads"] == 0


def test_pointer_that_is_not_canonical(torn):
    """Bits 48 to 55 of a pointer count: without them it would lead to a structure that somebody else means."""
    node = torn.view_node(2000, "\\Data\\log.bin")
    torn.memory.put64(node["va"] + MMVAD["Subsection"], node["Subsection"] ^ 1 << 52)
    status, document, _ = torn.answer()
    assert status == 3 and "view-torn" in kinds(document)


def test_segment_that_is_paged_out(torn):
    """Segments are pageable; only the size is lost with them."""
    node = torn.view_node(2008, "paging-file")
    control_area = torn.memory.u64(node["Subsection"])
    segment = torn.memory.u64(control_area + CONTROL_AREA["Segment"])
    torn.memory.unmap(segment)
    status, document, _ = torn.answer()
    assert status == 0 and document["complete"]
    # Names stand in the same pool: some go with the page.
    lost = {"size": None, "name": None}
    expected = [[{**view, **lost} for view in views] for _, views in oracle.true_regions(torn.truth)]
    answered = [[{**oracle.plain_view(view, {**lost, **region["section"]}), **lost}
                 for view in region["views"]] for region in document["regions"]]
    assert answered == expected
    assert b"(size not in this image)" in sic(torn.image).stdout


def test_segment_of_somebody_else(torn):
    node = torn.view_node(2008, "paging-file")
    control_area = torn.memory.u64(node["Subsection"])
    other = torn.memory.u64(torn.view_node(2000, "\\Data\\log.bin")["Subsection"])
    torn.memory.put64(control_area + CONTROL_AREA["Segment"], torn.memory.u64(other + CONTROL_AREA["Segment"]))
    status, document, _ = torn.answer()
    assert status == 3 and "control-area" in kinds(document)


def test_device_memory_is_no_region(torn):
    """Views of physical memory keep page frame numbers where others keep prototype PTEs."""
    for pid in (2008, 2012):
        node = torn.view_node(pid, "paging-file")
        flags = torn.memory.u32(node["va"] + MMVAD["Flags"])
        torn.memory.put32(node["va"] + MMVAD["Flags"], flags & ~(7 << 4) | 1 << 4)
        torn.memory.put64(node["va"] + MMVAD["FirstPrototypePte"], 0x12345)
        torn.memory.put64(node["va"] + MMVAD["LastContiguousPte"], 0x12348)
    status, document, _ = torn.answer()
    assert document["complete"] and status == 0
    assert [name for name, _ in torn.names(document)].count("paging-file") == 0


def test_chain_into_another_section(torn):
    node = torn.view_node(2000, "\\Data\\log.bin")
    foreign = torn.view_node(2016, "\\Windows\\System32\\lib.dll")["Subsection"]
    torn.memory.put64(node["Subsection"] + SUBSECTION["NextSubsection"], foreign)
    status, document, _ = torn.answer()
    assert status == 3 and "subsection" in kinds(document)


def test_chain_in_a_ring(torn):
    node = torn.view_node(2000, "\\Data\\log.bin")
    second = torn.memory.u64(node["Subsection"] + SUBSECTION["NextSubsection"])
    torn.memory.put64(second + SUBSECTION["NextSubsection"], node["Subsection"])
    status, document, _ = torn.answer()
    assert status == 3 and "subsection" in kinds(document)


def test_chain_that_breaks_behind_the_view(torn):
    """No view reaches the third subsection: what is there decides nothing."""
    node = torn.view_node(2000, "\\Data\\log.bin")
    second = torn.memory.u64(node["Subsection"] + SUBSECTION["NextSubsection"])
    torn.memory.put64(second + SUBSECTION["NextSubsection"], 0xffffdead00000000)
    status, document, _ = torn.answer()
    assert status == 0 and document["complete"]
    assert oracle.answered_regions(document) == oracle.true_regions(torn.truth)


def test_chain_that_breaks_under_the_view(torn):
    node = torn.view_node(2000, "\\Data\\log.bin")
    torn.memory.put64(node["Subsection"] + SUBSECTION["NextSubsection"], 0xffffdead00000000)
    status, document, _ = torn.answer()
    assert status == 3 and "subsection" in kinds(document)


def test_images_sentinel_in_a_file_view(torn):
    node = torn.view_node(2000, "\\Data\\log.bin")
    torn.memory.put64(node["va"] + MMVAD["LastContiguousPte"], 0xfffffffffffffffc)
    status, document, _ = torn.answer()
    assert status == 3 and "view-torn" in kinds(document)


def test_two_subsections_claim_one_array(torn):
    log = torn.view_node(2000, "\\Data\\log.bin")["Subsection"]
    pool = torn.view_node(2008, "paging-file")
    torn.memory.put64(pool["Subsection"] + SUBSECTION["SubsectionBase"], torn.memory.u64(log + SUBSECTION["SubsectionBase"]))
    status, document, _ = torn.answer()
    assert status == 3 and "array-claimed-twice" in kinds(document)
    # Views that now show the very same prototype PTEs, under two control areas: told, and never joined.
    for pid, offset in ((2008, 0), (2012, 4)):
        node = torn.view_node(pid, "paging-file")
        base = torn.memory.u64(log + SUBSECTION["SubsectionBase"])
        torn.memory.put64(node["va"] + MMVAD["FirstPrototypePte"], base + 8 * offset)
        torn.memory.put64(node["va"] + MMVAD["LastContiguousPte"], base + 8 * (offset + 3))
    status, document, _ = torn.answer()
    assert status == 3 and "array-claimed-twice" in kinds(document)
    owners = [owners for _, owners in torn.names(document)]
    assert ["a.exe", "b.exe"] in owners and all("c.exe" not in names or "a.exe" not in names or "e.exe" in names
                                                for names in owners)


def test_system_process_is_torn(torn):
    """The kernel is known by its PDB: one torn process is no reason to answer nothing."""
    torn.memory.zero(torn.eprocess(4) + EPROCESS["ImageFileName"], 15)
    torn.memory.put64(torn.eprocess(4) + EPROCESS["UniqueProcessId"], 0x1234567)
    status, document, _ = torn.answer()
    # In this world System has no VAD tree; without a name that looks torn, and is said.
    assert status == 3 and kinds(document) == {"tree-missing"}
    assert oracle.answered_regions(document) == oracle.true_regions(torn.truth)


def test_system_process_with_wrong_page_tables(torn):
    torn.memory.put64(torn.eprocess(4) + EPROCESS["DirectoryTableBase"], oracle.number(torn.truth["dtb"]) + 0x1000)
    status, document, _ = torn.answer()
    assert status == 0
    assert oracle.answered_regions(document) == oracle.true_regions(torn.truth)


def test_processes_between_two_breaks_are_found_through_their_views(torn):
    """The list is cut on both sides of b, c and d; sections still list their views."""
    for pid in (2000, 2016):
        torn.memory.zero(torn.eprocess(pid) + EPROCESS["ActiveProcessLinks"], 16)
    status, document, notes = torn.answer()
    assert status == 3 and "process list" in notes
    assert {process["pid"] for process in document["processes"]} == {4, 300, 2000, 2004, 2008, 2012, 2016}
    found = {process["pid"] for process in document["processes"] if not process["listed"]}
    assert {2004, 2008, 2012} <= found
    shared = {name: owners for name, owners in torn.names(document)}
    assert shared == {name: owners for name, owners in
                      [(views[0]["name"] or views[0]["kind"], sorted(view["process"] for view in views))
                       for _, views in oracle.true_regions(torn.truth)]}


def test_hidden_process_is_found_through_its_views(torn):
    """Taken out of the list as rootkits do it: the list closes without it."""
    links = torn.eprocess(2008) + EPROCESS["ActiveProcessLinks"]
    after, before = torn.memory.u64(links), torn.memory.u64(links + 8)
    torn.memory.put64(before, after)
    torn.memory.put64(after + 8, before)
    status, document, notes = torn.answer()
    assert status == 0
    hidden = next(process for process in document["processes"] if process["pid"] == 2008)
    assert hidden["listed"] is False and hidden["process"] == "c.exe"
    assert "not in the process list" in notes
    assert sorted(torn.names(document)) == sorted(
        (views[0]["name"] or views[0]["kind"], sorted(view["process"] for view in views))
        for _, views in oracle.true_regions(torn.truth))


def hide(made, pid):
    links = made.eprocess(pid) + EPROCESS["ActiveProcessLinks"]
    after, before = made.memory.u64(links), made.memory.u64(links + 8)
    made.memory.put64(before, after)
    made.memory.put64(after + 8, before)


def test_hidden_process_behind_a_hidden_process(tmp_path):
    """Only b's views lead to c: b is walked, c is named."""
    made = Torn(tmp_path, """
kernel 10.0.19041.329
process a.exe pid=2000
process b.exe pid=2004
process c.exe pid=2008
section s file "\\Data\\s.bin" pages=8
section t file "\\Data\\t.bin" pages=8
view 2000 s
view 2004 s
view 2004 t
view 2008 t
""")
    addresses = [made.eprocess(pid) for pid in (2004, 2008)]
    for pid in (2004, 2008):
        hide(made, pid)
    status, document, _ = made.answer()
    assert status == 0
    assert [process["pid"] for process in document["processes"] if not process["listed"]] == [2004]
    assert [note["kind"] for note in document["notes"]] == ["process-not-listed"] * 2
    assert [oracle.number(note["address"]) for note in document["notes"]] == addresses
    made.memory.close()


def test_output_does_not_depend_on_threads_when_regions_tie(torn):
    """Two sections that claim one array start their regions at the same prototype PTE."""
    log = torn.view_node(2000, "\\Data\\log.bin")
    pool = torn.view_node(2008, "paging-file")
    base = torn.memory.u64(log["Subsection"] + SUBSECTION["SubsectionBase"])
    torn.memory.put64(pool["Subsection"] + SUBSECTION["SubsectionBase"], base)
    for pid, offset in ((2008, 0), (2012, 4)):
        node = torn.view_node(pid, "paging-file")
        torn.memory.put64(node["va"] + MMVAD["FirstPrototypePte"], base + 8 * offset)
        torn.memory.put64(node["va"] + MMVAD["LastContiguousPte"], base + 8 * (offset + 3))
    torn.memory.bytes.flush()
    assert len({sic("--threads", count, torn.image).stdout for count in (1, 2, 8) for _ in range(4)}) == 1


def test_two_accounts(tmp_path):
    made = Torn(tmp_path, """
kernel 10.0.19041.329
process a.exe pid=2000
process b.exe pid=2004
process c.exe pid=2008
section s file "\\Data\\s.bin" pages=8 cache-views=3
section t paging-file pages=4
section u file "\\Data\\u.bin" pages=8 cache-views=2
view 2000 s
view 2004 s
view 2008 s unlinked
view 2000 t
view 2004 t unlisted
view 2000 u
view 2004 u
""")
    status, document, notes = made.answer()
    assert status == 0 and document["complete"]
    found = {(note["kind"], note.get("pid")) for note in document["notes"]}
    # The third section's views of the system cache are counted apart: no difference.
    assert found >= {("view-not-in-tree", 2008), ("view-not-listed", 2004)}
    assert not any(note["control_area"] == next(s["control_area"] for s in made.truth["sections"] if s["name"] == "\\Data\\u.bin")
                   for note in document["notes"])
    assert "sic: note: c.exe (PID: 2008)" in notes
    made.memory.close()


def test_lists_that_run_into_each_other(tmp_path):
    """One ring through the lists of all sections: each node counts for its own section only, and the work stays linear."""
    count = 300
    made = Torn(tmp_path, "kernel 10.0.19041.329\nprocess a.exe pid=2000\ntransition 0\n" + "".join(
        f'section s{i} file "\\Data\\{i}" pages=1\n' for i in range(count)) + "".join(
        f"view 2000 s{i}\n" for i in range(count)))
    entries = []
    for section in made.truth["sections"]:
        control_area = oracle.number(section["control_area"])
        if section["name"] is None or not section["name"].startswith("\\Data\\"):
            continue
        head = control_area + CONTROL_AREA["ListHead"]
        made.memory.put64(control_area + 0x28, made.memory.u64(control_area + 0x28) + 7)
        entries += [head, made.memory.u64(head)]
    for entry, after in zip(entries, entries[1:] + entries[:1]):
        made.memory.put64(entry, after)
        made.memory.put64(after + 8, entry)
    status, document, _ = made.answer()
    assert status == 1
    assert len(document["notes"]) <= 2 * count
    assert {note["kind"] for note in document["notes"]} <= {"list-broken", "count-differs"}
    made.memory.close()


def test_only_what_a_region_covers_is_said_to_be_shared_and_writable(tmp_path):
    made = Torn(tmp_path, """
kernel 10.0.19041.329
process a.exe pid=2000
process b.exe pid=2004
section lib image "\\lib.dll"
subsection lib pages=4 protection=r-x
subsection lib pages=2 protection=rw- shared
subsection lib pages=4 protection=r--
view 2000 lib pages=4
view 2004 lib pages=4
view 2000 lib offset=5 pages=3
view 2004 lib offset=5 pages=3
""")
    _, document, _ = made.answer()
    parts = [region["section"]["shared_writable"] for region in document["regions"]]
    assert parts == [[], [{"offset": 4 * 4096, "size": 2 * 4096, "protection": "rw-"}]]
    made.memory.close()
