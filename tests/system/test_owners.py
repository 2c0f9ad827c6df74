"""Whose memory it is, and what views begin with: what is read of an image is what it was built from."""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import LAYOUTS, ROOT, SIC, build_random, build_scenario, sample
from truth import number

PRINT_OWNERS = pathlib.Path(SIC).parent / "tests/print_owners"
SEEDS = range(1, 1 + int(os.environ.get("SIC_WORLDS", "4")))
SCENARIOS = sorted((ROOT / "tests/scenarios").glob("*.scenario"))

# Of struct sic_process and struct sic_token.
EXITING, WOW64, WOW64_KNOWN, PROTECTION_KNOWN, PEB_READ, PEB_UNREADABLE = 0x10, 0x20, 0x40, 0x80, 0x400, 0x800
LOW_PRIVILEGE, ALL_KNOWN = 0x4, 0xfb
CHANGE_NOTIFY, WRITE_RESTRICTED = 1 << 23, 0x8


def read(image, threads=0):
    answer = subprocess.run([PRINT_OWNERS, image, str(threads)], capture_output=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def compare_token(truth, process, build):
    token = process.get("token")
    if truth["user"] is None:
        assert token is None
        return
    # Packages and capabilities came with Windows 8, attributes with Windows 7; mandatory labels, their policy and
    # privileges as bits with Vista.
    unknown = (0x12 if build < 9200 else 0) | (0x8 if build < 7600 else 0) | (0xc0 if build < 6000 else 0)
    assert token["flags"] | LOW_PRIVILEGE == (ALL_KNOWN & ~unknown) | LOW_PRIVILEGE
    assert token["session"] == truth["session"]
    assert token["groups"] == truth["groups"]
    assert token["groups"][0]["sid"] == truth["user"]
    assert token["integrity"] == truth["integrity"]
    assert token["package"] == truth["package"]
    assert bool(token["flags"] & LOW_PRIVILEGE) == bool(truth["lowPrivilege"])
    assert token["mandatoryPolicy"] == truth["mandatoryPolicy"]
    assert token["privileges"] == (CHANGE_NOTIFY if truth["traverse"] else None if truth["traverse"] is None else 0)
    assert bool(token["kernelFlags"] & WRITE_RESTRICTED) == truth["writeRestricted"]
    assert [sid["sid"] for sid in token["capabilities"]] == truth["capabilities"]
    assert [sid["sid"] for sid in token["restricted"]] == truth["restricted"]


def compare_process(truth, process, with_pebs, build):
    flags = process["flags"]
    assert process["parent"] == truth["parent"]
    assert bool(flags & PROTECTION_KNOWN) == (truth["protection"] is not None)
    assert truth["protection"] is None or process["protection"] == truth["protection"]
    assert flags & WOW64_KNOWN or truth["wow64"] is None
    assert truth["wow64"] is None or bool(flags & WOW64) == truth["wow64"]
    assert truth["exiting"] is None or bool(flags & EXITING) == truth["exiting"]
    compare_token(truth, process, build)
    if not with_pebs:
        assert process["pebPointers"] == {}
        return
    has_peb = number(truth["peb"]) != 0 and not truth["exited"]
    assert bool(flags & PEB_READ) == has_peb
    assert process["pebPointers"] == (truth["pebPointers"] if has_peb else {})


def place_of(page):
    return page["eprocess"], number(page["start"])


def true_pages(truth):
    """The views of sections that have at least two, by process and start."""
    counts = {}
    for view in truth["views"]:
        counts[view["section"]] = counts.get(view["section"], 0) + 1
    return {(view["eprocess"], number(view["start"])): view for view in truth["views"] if counts[view["section"]] > 1}


def is_valid(pte):
    return pte is not None and number(pte) & 1


def compare_page(view, page, with_users):
    place = (view["process"], view["start"])
    assert page.get("firstPte") == view["firstPte"], place
    tag = page.get("poolTag")
    assert (tag and bytes.fromhex(tag).decode()) == view["poolTag"], place
    if with_users:
        assert page.get("firstPhysical") == view["firstPhysical"], place
        assert page.get("firstBytes") == view["firstBytes"], place
    else:
        # The prototype PTE tells, but for views whose process may have a page of its own there.
        assert page.get("firstPhysical") in (None, view["firstPhysical"]), place
        assert "firstPhysical" in page or view["protection_value"] & 5 == 5 or not is_valid(view["firstPte"]), place
        assert "firstBytes" not in page or page["firstBytes"] == view["firstBytes"], place


def compare(truth, answer, with_users=True):
    assert len(answer["processes"]) == len(truth["processes"])
    processes = {number(process["eprocess"]): process for process in answer["processes"]}
    for process in truth["processes"]:
        compare_process(process, processes[number(process["eprocess"])], with_users,
                        truth["build"])
    expected = {(number(eprocess), start): view for (eprocess, start), view in true_pages(truth).items()}
    pages = {(number(page["eprocess"]), number(page["start"])): page for page in answer["pages"]}
    assert pages.keys() == expected.keys()
    for place, view in expected.items():
        compare_page(view, pages[place], with_users)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_world(tmp_path, layout, seed):
    world = build_random(tmp_path / "world", 300 + seed, "--layout", layout)
    assert any(view["firstBytes"] for view in world.truth["views"])
    for container in ("raw", "bitmap.dmp"):
        compare(world.truth, read(world.image(container)))
    # Without the pages of processes: the kernel's facts are the same, the processes' are absent, never wrong.
    compare(world.truth, read(world.image("kernel.dmp")), with_users=False)
    world.remove()


def test_shared_memory_of_csrss_has_two_addresses(tmp_path):
    """One PEB says where the process has the section, and where csrss.exe of its session has it."""
    truth = build_scenario(ROOT / "tests/scenarios/api-set-map.scenario", tmp_path / "world", "--format", "raw").truth
    pointers = next(process["pebPointers"] for process in truth["processes"] if process["pid"] == 2000)
    own = {view["section"]: view["start"] for view in truth["views"] if view["pid"] == 2000}
    server = next(view for view in truth["views"] if view["pid"] == 500)
    assert pointers["ReadOnlySharedMemoryBase"] == own[server["section"]]
    assert pointers["CsrServerReadOnlySharedMemoryBase"] == server["start"] != own[server["section"]]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(tmp_path, scenario):
    world = build_scenario(scenario, tmp_path / "world")
    compare(world.truth, read(world.image("raw")))
    world.remove()


def test_many_pages_on_any_number_of_threads(tmp_path):
    world = build_random(tmp_path / "world", 399, "--layout", "20348.288", "--format", "raw", "--processes", "30",
                         "--sections", "400", "--views", "14000", "--privates", "20")
    answer = read(world.image("raw"), 1)
    # More than four threads' worth, as owners.c shares them out.
    assert len(answer["pages"]) > 4 * 2048
    compare(world.truth, answer)
    for threads in (2, 3, 8):
        other = read(world.image("raw"), threads)
        assert other["processes"] == answer["processes"]
        # A scan's views stand in the order in which threads walked them; what is said of each is the same.
        assert sorted(other["pages"], key=place_of) == sorted(answer["pages"], key=place_of)
    world.remove()


def test_real_triage_dump():
    """What the bytes of a real machine say of its System process; a triage dump holds no user memory."""
    answer = read(sample("triage_x64.dmp"))
    system = answer["processes"][0]
    assert system["pid"] == 4 and system["parent"] == 0
    # PS_PROTECTED_SYSTEM: signed by Windows' system, fully protected.
    assert system["protection"] == 0x72 and system["flags"] & PROTECTION_KNOWN
    assert system["flags"] & (WOW64 | WOW64_KNOWN) == WOW64_KNOWN
    assert system["token"]["session"] == 0 and system["token"]["kernelFlags"] & 0x2000
    # The groups are not in the dump: their places are known, who they are is not.
    assert all(group["sid"] is None for group in system["token"]["groups"])
    assert not any(process["flags"] & PEB_READ for process in answer["processes"])
