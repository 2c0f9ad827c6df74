"""Saved scans: listing one says what listing its image says, byte for byte."""
import json
import os
import pathlib
import stat

import pytest

from conftest import CONTAINERS, LAYOUTS, ROOT, build_random, build_scenario, sample, sic

FORMS = [[], ["--plain"], ["--json"], ["--layout"], ["--filter", "4"], ["--json", "-f", "nobody"], ["--explain"],
         ["--json", "--explain"], ["--csv", "--explain"], ["--group", "process"], ["--details", "--name", "*.d*"]]


def save(image, target, *arguments):
    answer = sic("-q", "--save", target, *arguments, image)
    assert answer.returncode in (0, 1, 3), answer.stderr.decode()
    return answer


def assert_same_listings(image, saved):
    for form in FORMS:
        here, there = sic(*form, saved), sic(*form, image)
        assert here.stdout == there.stdout, form
        assert here.returncode == there.returncode, form


@pytest.mark.parametrize("layout", LAYOUTS)
def test_listings_are_the_same(tmp_path, layout):
    world = build_random(tmp_path / "world", 71, "--layout", layout)
    for container in CONTAINERS:
        saved = tmp_path / f"{container}.sic"
        save(world.image(container), saved)
        assert_same_listings(world.image(container), saved)


@pytest.mark.parametrize("scenario", sorted((ROOT / "tests/scenarios").glob("*.scenario")), ids=lambda path: path.stem)
def test_scenarios(tmp_path, scenario):
    world = build_scenario(scenario, tmp_path / "world", "--format", "kernel")
    save(world.image("kernel.dmp"), tmp_path / "world.sic")
    assert_same_listings(world.image("kernel.dmp"), tmp_path / "world.sic")


def test_incomplete_answer_stays_incomplete(tmp_path):
    image = sample("triage_x64.dmp")
    assert save(image, tmp_path / "triage.sic").returncode == 3
    assert_same_listings(image, tmp_path / "triage.sic")


def test_saving_lists_as_well(random_world, tmp_path):
    for form in FORMS[:3]:
        image = random_world.image("raw")
        assert sic(*form, "--save", tmp_path / "a.sic", image).stdout == sic(*form, image).stdout


def test_same_file_each_time(random_world, tmp_path):
    files = []
    for number, arguments in enumerate(([], ["--threads", "1"], ["--threads", "8"], ["--plain"], ["--json"])):
        files.append(tmp_path / f"{number}.sic")
        save(random_world.image("raw"), files[-1], *arguments)
    # A saved scan, saved again.
    files.append(tmp_path / "again.sic")
    save(files[0], files[-1])
    assert len({path.read_bytes() for path in files}) == 1


def test_notes_say_what_it_is(random_world, tmp_path):
    save(random_world.image("kernel.dmp"), tmp_path / "a.sic")
    notes = sic(tmp_path / "a.sic").stderr.decode()
    assert "saved scan of a crash dump" in notes and "exact by PDB GUID" in notes


def test_processes_that_ended_are_counted(random_world, tmp_path):
    """A live scan says how many; the header keeps it."""
    save(random_world.image("raw"), tmp_path / "a.sic")
    before = sic("--json", tmp_path / "a.sic")
    saved = bytearray((tmp_path / "a.sic").read_bytes())
    assert b"left out" not in before.stderr and json.loads(before.stdout)["skipped_processes"] == 0
    saved[0x1c] = 3
    (tmp_path / "a.sic").write_bytes(saved)
    answer = sic("--json", tmp_path / "a.sic")
    assert json.loads(answer.stdout) == {**json.loads(before.stdout), "skipped_processes": 3}
    assert answer.returncode == 0 and b"ended before their turn came: 3 of the listed processes" in answer.stderr


def test_only_saved_scans_are_replaced(random_world, tmp_path):
    image = pathlib.Path(random_world.image("kernel.dmp"))
    before = image.read_bytes()
    for target in (image, pathlib.Path(os.path.relpath(image))):
        answer = sic("--save", target, image)
        assert answer.returncode == 2 and b"no saved scan" in answer.stderr and answer.stderr.count(b"\n") == 1
    assert image.read_bytes() == before
    (tmp_path / "old.sic").write_bytes(b"something else")
    assert sic("--save", tmp_path / "old.sic", image).returncode == 2
    assert (tmp_path / "old.sic").read_bytes() == b"something else"
    assert sic("--save", tmp_path, image).returncode == 2
    save(image, tmp_path / "new.sic")
    first = (tmp_path / "new.sic").read_bytes()
    save(image, tmp_path / "new.sic")
    assert (tmp_path / "new.sic").read_bytes() == first
    assert stat.S_IMODE((tmp_path / "new.sic").stat().st_mode) == 0o600


def test_what_cannot_be_written(random_world, tmp_path):
    answer = sic("--save", tmp_path / "missing" / "a.sic", random_world.image("kernel.dmp"))
    assert answer.returncode == 2 and answer.stdout == b"" and answer.stderr.count(b"\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_full_disk_leaves_the_old_file(random_world, tmp_path):
    """A limit on the size of files stands for a full disk."""
    import resource
    target = tmp_path / "a.sic"
    save(random_world.image("kernel.dmp"), target)
    before = target.read_bytes()
    limit = (len(before) // 2, len(before) // 2)

    def restrict():
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    answer = sic("-q", "--save", target, random_world.image("kernel.dmp"), preexec_fn=restrict)
    assert answer.returncode == 2 and b"cannot be written" in answer.stderr
    assert target.read_bytes() == before and list(tmp_path.iterdir()) == [target]


def test_damaged(random_world, tmp_path):
    save(random_world.image("kernel.dmp"), tmp_path / "a.sic")
    whole = (tmp_path / "a.sic").read_bytes()
    for damaged, words in ((whole[:-8], b"cut short"), (whole + b"12345678", b"must end"),
                           (whole[:8] + b"\x63" + whole[9:], b"another version")):
        (tmp_path / "b.sic").write_bytes(damaged)
        answer = sic(tmp_path / "b.sic")
        assert answer.returncode == 2 and words in answer.stderr and answer.stderr.count(b"\n") == 1
