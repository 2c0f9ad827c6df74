"""--live-dump under Wine, with a file of the lab in place of the dump that Windows would make of itself.

Everything but that one call is the shipped program: the file's place and rights, its removal, the reading.
"""
import os
import shutil

import pytest

from conftest import build_random, sic
from windows_world import WINDOWS, lines, on_terminal, wait_for, wine


@pytest.fixture(scope="module")
def dump(tmp_path_factory, wine):
    world = build_random(tmp_path_factory.mktemp("world") / "world", 9, "--layout", "19041.264", "--format", "kernel")
    wine.path("sic-lab").mkdir()
    return world.image("kernel.dmp")


@pytest.fixture
def program(wine, dump):
    """Asserts that nothing is left of the temporary file, whatever a test does."""
    wine.path("lab").mkdir(exist_ok=True)
    shutil.copy(WINDOWS / "tests/lab_driver/lab-sic.exe", wine.path("lab", "sic.exe"))
    shutil.copy(dump, wine.path("sic-lab", "live.dmp"))
    before = left(wine)
    yield wine.path("lab", "sic.exe")
    wine.environment.pop("SIC_LAB_DELAY", None)
    assert left(wine) == before


def left(wine):
    return sorted(path for path in wine.path("users").rglob("*.dmp"))


def test_same_listing_as_from_the_file(wine, program, dump):
    for form in ([], ["--plain"], ["--json"], ["--filter", "exe"]):
        here, there = sic(*form, dump), wine.run(program, "--live-dump", *form)
        assert there.stdout == here.stdout and len(here.stdout) > 0, form
        assert there.returncode == here.returncode == 0, there.stderr


def test_kept(wine, program, dump, tmp_path):
    answer = wine.run(program, "--live-dump", "--keep", tmp_path / "kept.dmp")
    assert answer.returncode == 0 and answer.stdout == sic(dump).stdout
    with open(dump, "rb") as source, open(tmp_path / "kept.dmp", "rb") as kept:
        assert source.read() == kept.read()


def test_saved(wine, program, dump, tmp_path):
    assert wine.run(program, "-q", "--live-dump", "--save", tmp_path / "a.sic").returncode == 0
    assert sic(tmp_path / "a.sic").stdout == sic(dump).stdout


def test_no_dump(wine, program):
    """Windows fails, after the file was made."""
    wine.path("sic-lab", "live.dmp").unlink()
    answer = wine.run(program, "-q", "--live-dump")
    assert answer.returncode == 2 and answer.stdout == b""
    assert len(lines(answer.stderr)) == 1 and "no live dump: Windows failed with status c0000001" in lines(answer.stderr)[0]


def test_dump_that_cannot_be_read(wine, program, tmp_path):
    wine.path("sic-lab", "live.dmp").write_bytes(b"PAGEDU64" + bytes(0x3000 - 8))
    answer = wine.run(program, "-q", "--live-dump")
    assert answer.returncode == 2 and answer.stdout == b"" and len(lines(answer.stderr)) == 1
    answer = wine.run(program, "-q", "--live-dump", "--keep", tmp_path / "kept.dmp")
    assert answer.returncode == 2 and (tmp_path / "kept.dmp").stat().st_size == 0x3000


def test_killed(wine, program):
    wine.environment["SIC_LAB_DELAY"] = "60000"
    before = left(wine)
    run = wine.start(program, "-q", "--live-dump")
    wait_for(lambda: left(wine) != before)
    run.process.kill()
    run.wait()
    wait_for(lambda: left(wine) == before)


def test_ctrl_c(wine, program, tmp_path):
    wine.environment["SIC_LAB_DELAY"] = "60000"
    before = left(wine)
    for options in ([], ["--keep", tmp_path / "kept.dmp"]):
        run, terminal = on_terminal(wine, program, "-q", "--live-dump", *options)
        wait_for(lambda: left(wine) != before or (tmp_path / "kept.dmp").exists())
        os.write(terminal, b"\x03")
        answer = run.wait()
        os.close(terminal)
        assert answer.returncode == 2 and "cancelled; the live dump is removed" in lines(answer.stderr)[-1]
        assert left(wine) == before and not (tmp_path / "kept.dmp").exists()
