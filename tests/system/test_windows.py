"""The Windows program under Wine gives the same bytes."""
import json
import os
import shutil
import subprocess

import pytest

import kernel_pdb
import truth as oracle
from conftest import ROOT, build_random, build_scenario, sic

WINDOWS = os.environ.get("SIC_WINDOWS", str(ROOT / "build/windows/sic.exe"))


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    if not shutil.which("wine") or not os.path.exists(WINDOWS):
        pytest.skip("no wine, or no Windows build")
    environment = dict(os.environ, LC_ALL="C.UTF-8", WINEPREFIX=str(tmp_path_factory.mktemp("wine") / "prefix"), WINEDEBUG="-all",
                       WINEDLLOVERRIDES="mscoree=;mshtml=;winemenubuilder.exe=d")

    def run(*arguments):
        return subprocess.run(["wine", WINDOWS, *map(str, arguments)], env=environment, capture_output=True,
                              timeout=300)

    yield run
    subprocess.run(["wineserver", "-k"], env=environment, capture_output=True)


@pytest.mark.parametrize("form", [[], ["--plain"], ["--json"], ["--layout"], ["--explain"], ["--csv", "--explain"],
                                  ["--group", "process"]], ids=lambda form: "".join(form) or "text")
def test_same_bytes_as_on_linux(wine, seed_world, form):
    for container in ("raw", "full.dmp", "bitmap.dmp", "kernel.dmp"):
        here = sic(*form, seed_world.image(container))
        there = wine(*form, seed_world.image(container))
        assert there.stdout == here.stdout
        assert there.returncode == here.returncode


def test_containers_of_ranges(wine, tmp_path):
    """Those of VMware are two files: the other one is found by its name, here one beyond ASCII."""
    world = build_random(tmp_path / "Speicherabbild-ü", 79, "--layout", "20348.288", "--format", "all")
    for container in ("k.dmp", "f.dmp", "qemu.elf", "vbox.elf", "lime", "vmem", "vmss", "embedded.vmsn"):
        here = sic("--json", world.image(container))
        there = wine("--json", world.image(container))
        assert here.returncode == 0 and there.returncode == 0, there.stderr
        assert there.stdout == here.stdout


def test_random_world(wine, tmp_path):
    world = build_random(tmp_path / "world", 77, "--layout", "20348.288", "--format", "bitmap")
    assert wine("--json", world.image("bitmap.dmp")).stdout == sic("--json", world.image("bitmap.dmp")).stdout


def test_crossings(wine, tmp_path):
    for world in (build_scenario(ROOT / "tests/scenarios/broker.scenario", tmp_path / "broker", "--format", "kernel"),
                  build_random(tmp_path / "world", 950, "--format", "kernel")):
        for form in ([], ["--details"], ["--json"]):
            here = sic("--cross", *form, world.image("kernel.dmp"))
            there = wine("--cross", *form, world.image("kernel.dmp"))
            assert there.stdout == here.stdout and b"can write" in here.stdout
            assert there.returncode == here.returncode


def test_differences(wine, tmp_path):
    """The same paths name the images to both: Wine's drive Z: is the root."""
    pair = [build_scenario(ROOT / f"tests/scenarios/difference/{name}.scenario", tmp_path / name, "--format",
                           "kernel").image("kernel.dmp") for name in ("before", "after")]
    saved = tmp_path / "before.sic"
    assert wine("-q", "--save", saved, pair[0]).returncode == 0
    for old in (pair[0], saved):
        for form in ([], ["--json"], ["--by-path"]):
            here = sic("diff", *form, old, pair[1])
            there = wine("diff", *form, old, pair[1])
            assert there.stdout == here.stdout
            assert there.returncode == here.returncode == 1
    same = wine("diff", "-q", saved, pair[0])
    assert same.returncode == 0 and b"Nothing differs." in same.stdout


def test_name_beyond_ascii(wine, tmp_path):
    world = build_random(tmp_path / "Speicherabbild-ü-日本", 78, "--format", "kernel")
    answer = wine(world.image("kernel.dmp"))
    assert answer.returncode == 0 and answer.stdout == sic(world.image("kernel.dmp")).stdout


def test_saved_scan(wine, random_world, tmp_path):
    assert wine("-q", "--save", tmp_path / "there.sic", random_world.image("raw")).returncode == 0
    assert sic("-q", "--save", tmp_path / "here.sic", random_world.image("raw")).returncode == 0
    assert (tmp_path / "there.sic").read_bytes() == (tmp_path / "here.sic").read_bytes()
    assert wine("--json", tmp_path / "here.sic").stdout == sic("--json", tmp_path / "there.sic").stdout
    assert wine("--save", random_world.image("raw"), random_world.image("kernel.dmp")).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here.sic", "there.sic"]


def test_errors_are_one_line(wine, tmp_path):
    answer = wine(tmp_path / "missing.dmp")
    assert answer.returncode == 2
    assert answer.stderr.count(b"\n") == 1 and answer.stderr.startswith(b"sic: ")


def test_symbols_in_folders(wine, tmp_path):
    """The kernel that no profile knows, with its PDB in a folder; servers are not asked, and that is said."""
    if not kernel_pdb.is_possible():
        pytest.skip("clang, lld-link or llvm-pdbutil is missing")
    rows = kernel_pdb.moved_rows()
    pdb, guid_age, rvas = kernel_pdb.compile_pdb(tmp_path, rows)
    kernel_pdb.write_data(tmp_path / "data", rows, guid_age, rvas)
    world = build_random(tmp_path / "world", 31, "--data", tmp_path / "data", "--guid", guid_age, "--format", "kernel")
    image = world.image("kernel.dmp")
    there = wine("--json", "--symbols", pdb, image)
    assert there.returncode == 0 and there.stdout == sic("--json", "--symbols", pdb, image).stdout
    oracle.assert_true(world.truth, json.loads(there.stdout))
    store = tmp_path / "store" / kernel_pdb.PDB / guid_age / kernel_pdb.PDB
    store.parent.mkdir(parents=True)
    shutil.copyfile(pdb, store)
    assert wine("--json", "--symbols", f"srv*{tmp_path}/store", image).returncode == 0
    refused = wine("--symbols", "srv*http://127.0.0.1:9", image)
    assert refused.returncode == 2 and b"not asked: Microsoft's dbghelp.dll" in refused.stderr
    assert wine("symbols", image).returncode == 1
    profile = wine("profile", "--build", kernel_pdb.BUILD, pdb)
    assert profile.returncode == 0 and profile.stdout == sic("profile", "--build", kernel_pdb.BUILD, pdb).stdout
