"""The live path under Wine: the real sic.exe, the real driver, and the driver that serves an image of the lab.

Wine's kernel has neither MmCopyMemory nor VADs. The shipped driver is therefore refused there, clearly; what a request
gives when it is answered is shown by a build of the same driver with another reader. Nothing of this is Windows.
"""
import json
import os
import re
import signal
import subprocess
import time

import pytest

from conftest import ROOT, build_random, sic
from windows_world import WINDOWS, install, kernel_file, lines, on_terminal, serve, wait_for, wine

LAB_DRIVER = "tests/lab_driver/lab-drv.sys"


# What Wine cannot tell: its kernel's PsProcessType, from which types of objects are found, is not the image's, and the
# image's processes do not run there. The emulated kernel of test_driver holds those facts against the image path.
MORE = (b"  Path: ", b"  Memory: ", b"  Object: ", b"  Handles: ")
OF_SECTIONS = ("full_path", "device", "name_count", "names", "names_outside_root", "names_complete", "handle_count", "handles",
               "handles_complete")
OF_PROCESSES = ("full_path", "peb_pointers", "handle_table")


def told_by_both(listing):
    return b"".join(line for line in listing.splitlines(keepends=True) if not line.startswith(MORE))


def members_told_by_both(document):
    for process in document["processes"]:
        for key in OF_PROCESSES:
            del process[key]
    for region in document["regions"]:
        del region["memory"]
        for key in OF_SECTIONS:
            del region["section"][key]
        for view in region["views"]:
            del view["peb_fields"]
    return document


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Wine calls itself build 18362: the profile nearest to that is this world's."""
    return build_random(tmp_path_factory.mktemp("world") / "world", 5, "--layout", "18326.535", "--format", "raw")


@pytest.fixture
def shipped(wine):
    yield install(wine, "shipped", "sic-drv.sys")
    assert not wine.has_service()


@pytest.fixture
def lab(wine, world):
    serve(wine, world)
    yield install(wine, "lab", LAB_DRIVER)
    assert not wine.has_service()


def refuse(wine, program, *arguments):
    """Runs sic, which must refuse in one line."""
    answer = wine.run(program, "-q", *arguments)
    assert answer.returncode == 2 and answer.stdout == b"", answer
    assert len(lines(answer.stderr)) == 1, answer.stderr
    return lines(answer.stderr)[0]


# --- the shipped driver ---------------------------------------------------------------------------------------------


def test_shipped_driver_is_refused_by_wines_kernel(wine, shipped):
    message = refuse(wine, shipped)
    assert "MmCopyMemory" in message and "take a memory image" in message
    # Once more: nothing of the first run is in the way.
    assert refuse(wine, shipped) == message


def test_driver_missing(wine):
    message = refuse(wine, install(wine, "alone", None))
    assert "sic-drv.sys" in message and "--live-dump" in message
    assert not wine.has_service()


def test_driver_damaged(wine):
    program = install(wine, "damaged", None)
    (program.parent / "sic-drv.sys").write_bytes(b"no driver")
    message = refuse(wine, program)
    assert "cannot be loaded" in message and "--live-dump" in message
    assert not wine.has_service()


def test_old_windows(wine, shipped):
    wine.set_version("win7")
    try:
        assert "Windows 6.1" in refuse(wine, shipped) and "Windows 6.1" in refuse(wine, shipped, "--live-dump")
    finally:
        wine.set_version("win10")


def test_not_elevated(wine, shipped):
    answer = wine.run(WINDOWS / "tests/lab_driver/unelevated.exe", shipped)
    assert answer.returncode == 2, answer
    assert "Run as administrator" in lines(answer.stderr)[-1]


def test_somebody_elses_service_is_left_alone(wine, shipped):
    assert wine.run("sc", "create", "sic-drv", "type=", "kernel", "binPath=", r"C:\other\thing.sys").returncode == 0
    try:
        assert "not SiC's" in refuse(wine, shipped)
        assert wine.has_service()
    finally:
        assert wine.run("sc", "delete", "sic-drv").returncode == 0


# --- the whole way --------------------------------------------------------------------------------------------------


def test_same_listing_as_from_the_image(wine, lab, world):
    for form in ([], ["--plain"], ["--filter", "4"], ["--threads", "1"]):
        here, there = sic(*form, world.image("raw")), wine.run(lab, *form)
        assert told_by_both(there.stdout) == told_by_both(here.stdout), form
        assert there.returncode == here.returncode, there.stderr
    assert "nearest by build, proved by the driver" in lines(there.stderr)[1]


def test_json(wine, lab, world):
    here, there = (members_told_by_both(json.loads(text)) for text in
                   (sic("--json", world.image("raw")).stdout, wine.run(lab, "--json").stdout))
    assert there["kernel"]["layout"]["source"] == "nearest"
    assert there["kernel"]["layout"]["name"] == here["kernel"]["layout"]["name"]
    for member in ("processes", "regions", "notes"):
        assert there[member] == here[member] and len(here[member]) > 0, member
    assert there["problems"] == here["problems"] and there["complete"] == here["complete"]


def test_crossings(wine, lab, world):
    """Those of views are the image's. Handles and names are not read there: that is said, by the exit status too."""
    here, there = sic("--json", "--cross", world.image("raw")), wine.run(lab, "-q", "--json", "--cross")
    found = [[crossing["reason"] for crossing in json.loads(answer.stdout)["crossings"] if crossing["kind"] == "has"]
             for answer in (here, there)]
    assert found[0] == found[1] and len(found[0]) > 0
    assert there.returncode == 3 and b"crossings need what was not, or not wholly, read (" in there.stderr


def test_exact_by_the_kernels_file(wine, lab, tmp_path):
    """The PDB that ntoskrnl.exe in System32 names decides, not the build number."""
    world = build_random(tmp_path / "world", 6, "--layout", "20348.288", "--format", "raw")
    target = wine.path("windows", "system32", "ntoskrnl.exe")
    before = target.read_bytes()
    serve(wine, world)
    target.write_bytes(kernel_file(world.truth["guid_age"]))
    try:
        answer, notes = wine.run(lab), lines(wine.run(lab).stderr)
        layout = wine.run(lab, "--layout").stdout
    finally:
        target.write_bytes(before)
    assert told_by_both(answer.stdout) == told_by_both(sic(world.image("raw")).stdout) and len(answer.stdout) > 0
    assert world.truth["guid_age"] in notes[0] and "exact by PDB GUID" in notes[0]
    # Nothing else but the sum and what the sections' own lists say, as of the image; and that Wine's kernel tells no
    # names and no handles.
    unread = [note for note in notes if "not wholly" in note]
    assert unread and [note for note in notes[1:] if note not in unread] == lines(sic(world.image("raw")).stderr)[1:]
    assert b"20348.288" in layout and b"proved by the driver" in layout


def test_wrong_layouts_are_passed_over(wine, lab, tmp_path):
    """Every profile nearer to Wine's build than the right one is contradicted by the kernel."""
    world = build_random(tmp_path / "world", 7, "--layout", "9600.16384", "--format", "raw")
    serve(wine, world)
    answer = wine.run(lab)
    assert told_by_both(answer.stdout) == told_by_both(sic(world.image("raw")).stdout) and answer.returncode == 0
    assert "layout 9600" in lines(answer.stderr)[1]


def test_a_profile_of_the_users_own(wine, lab, world, tmp_path):
    """Only the layouts of the file are tried: the right one answers, another is contradicted."""
    data = (ROOT / "data/layouts.txt").read_text()
    for name in ("18326.535", "9600.16384"):
        body = re.search(rf"^layout {re.escape(name)} .*?(?=^layout |\Z)", data, re.MULTILINE | re.DOTALL).group()
        (tmp_path / f"{name}.txt").write_text(body)
    answer = wine.run(lab, "--json", "--profile", tmp_path / "18326.535.txt")
    assert answer.returncode == 0, answer.stderr
    layout = json.loads(answer.stdout)["kernel"]["layout"]
    assert layout["source"] == "file" and layout["origin"].endswith("18326.535.txt")
    assert layout["confidence"] == "from --profile, proved by the driver"
    message = refuse(wine, lab, "--profile", tmp_path / "9600.16384.txt")
    assert "contradicts every layout of --profile" in message


def test_saved_scan_of_the_live_kernel(wine, lab, world, tmp_path):
    assert wine.run(lab, "-q", "--save", tmp_path / "live.sic").returncode == 0
    answer = sic(tmp_path / "live.sic")
    assert told_by_both(answer.stdout) == told_by_both(sic(world.image("raw")).stdout)
    assert b"saved scan of a live kernel" in answer.stderr


def test_larger_than_the_first_buffer(wine, lab, tmp_path):
    world = build_random(tmp_path / "world", 8, "--layout", "18326.535", "--format", "raw", "--processes", "20",
                         "--sections", "500", "--views", "90000", "--privates", "10")
    serve(wine, world)
    assert wine.run(lab, "-q", "--save", tmp_path / "live.sic", "--plain").stdout == \
        sic("--plain", world.image("raw")).stdout
    assert (tmp_path / "live.sic").stat().st_size > 0x400000


def test_no_machine_to_read(wine, lab):
    wine.path("sic-lab", "memory.raw").unlink()
    assert "the driver failed with status" in refuse(wine, lab)


# --- several runs ---------------------------------------------------------------------------------------------------


def wait_for_service(wine):
    wait_for(wine.has_service)


def test_ctrl_c(wine, lab, world):
    serve(wine, world, delay=4000)
    process, terminal = on_terminal(wine, lab, "-q")
    wait_for_service(wine)
    time.sleep(0.5)
    os.write(terminal, b"\x03")
    answer = process.wait()
    os.close(terminal)
    assert answer.returncode == 2 and "cancelled; the driver is stopped and removed" in lines(answer.stderr)[-1]


@pytest.mark.parametrize("event", [2, 5, 6])
def test_console_closed(wine, lab, world, event):
    """The window is closed, the user logs off, Windows shuts down: gone before Windows ends the program."""
    serve(wine, world, delay=3000)
    run = wine.start(lab, "-q")
    wait_for_service(wine)
    time.sleep(0.5)
    assert wine.run(WINDOWS / "tests/lab_driver/console_event.exe", "sic.exe", event).returncode == 0
    answer = run.wait()
    assert answer.stdout == b"" and not wine.has_service()


def test_two_at_once(wine, lab, world):
    serve(wine, world, delay=4000)
    first = wine.start(lab, "-q")
    wait_for_service(wine)
    assert "another sic.exe" in refuse(wine, lab)
    assert wine.has_service(), "the second has removed the first's service"
    answer = first.wait()
    assert answer.returncode == 0, answer
    assert told_by_both(answer.stdout) == told_by_both(sic(world.image("raw")).stdout)


def test_left_over_service(wine, lab, world):
    """A service that an earlier run left, with the driver in another folder, not started."""
    assert wine.run("sc", "create", "sic-drv", "type=", "kernel", "binPath=", r"C:\gone\sic-drv.sys").returncode == 0
    answer = wine.run(lab)
    assert answer.returncode == 0, answer.stderr
    assert told_by_both(answer.stdout) == told_by_both(sic(world.image("raw")).stdout)


def test_left_over_of_a_killed_run(wine, lab, world):
    serve(wine, world, delay=3000)
    first = wine.start(lab, "-q")
    wait_for_service(wine)
    time.sleep(0.5)
    first.process.kill()
    assert first.wait().returncode == -signal.SIGKILL
    assert wine.has_service()
    # Wine's kernel cannot cancel a request that a driver works on: until it ends, no driver starts or stops.
    time.sleep(3)
    serve(wine, world)
    answer = wine.run(lab)
    assert answer.returncode == 0, answer.stderr
    assert told_by_both(answer.stdout) == told_by_both(sic(world.image("raw")).stdout)


# --- a dump instead of the driver -----------------------------------------------------------------------------------


def test_live_dump_is_refused_and_leaves_nothing(wine, shipped, tmp_path):
    folders = [wine.path("users"), tmp_path]
    before = [sorted(folder.rglob("*")) for folder in folders]
    assert "no live dump" in refuse(wine, shipped, "--live-dump")
    assert "no live dump" in refuse(wine, shipped, "--live-dump", "--keep", tmp_path / "kept.dmp")
    assert [sorted(folder.rglob("*")) for folder in folders] == before


def test_live_dump_replaces_nothing(wine, shipped, tmp_path):
    (tmp_path / "kept.dmp").write_bytes(b"something")
    assert "kept.dmp" in refuse(wine, shipped, "--live-dump", "--keep", tmp_path / "kept.dmp")
    assert (tmp_path / "kept.dmp").read_bytes() == b"something"


# --- something to find ----------------------------------------------------------------------------------------------


def test_shareme(wine):
    program = wine.start(WINDOWS / "shareme.exe", stdin=subprocess.PIPE)
    wait_for(lambda: b"a key ends all" in program.read()[0])
    rows = [line.split() for line in program.read()[0].decode().splitlines() if line.startswith("pid")]
    assert program.process.poll() is None
    program.process.stdin.write(b"x")
    program.process.stdin.flush()
    assert program.wait().returncode == 0
    views = [(row[1], row[2], row[4]) for row in rows]
    assert len({pid for pid, _, _ in views}) == 5 and len(views) == 11
    named = [offset for _, name, offset in views if name == "named"]
    assert len(named) == 6 and sorted(set(named)) == ["00000", "10000"] and named.count("10000") == 1
    twice = [pid for pid, name, _ in views if name == "named"]
    assert max(map(twice.count, twice)) == 2


# --- what is built --------------------------------------------------------------------------------------------------


def test_the_program_needs_no_dll_that_its_folder_could_hold():
    """Windows takes these from its own folder, whatever lies beside the program (KnownDLLs)."""
    text = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", WINDOWS / "sic.exe"], check=True, capture_output=True,
                          text=True).stdout
    needed = {line.split(":")[1].strip().lower() for line in text.splitlines() if "DLL Name" in line}
    assert needed and needed <= {"advapi32.dll", "kernel32.dll", "msvcrt.dll", "shell32.dll"}
