"""Containers that list ranges of memory: the answer from each is the answer from the raw image, and the truth."""
import os
import pathlib
import random
import shutil

import pytest

import truth as oracle
from conftest import LAYOUTS, ROOT, build_random, build_scenario, sic, sic_json

RANGES = {
    "k.dmp": "crash dump, type 8 (.dump /k)",
    "ka.dmp": "crash dump, type 9 (.dump /ka)",
    "f.dmp": "crash dump, type a (.dump /f)",
    "qemu.elf": "ELF core (QEMU)",
    "vbox.elf": "ELF core (VirtualBox)",
    "lime": "LiME image",
    "vmem": "VMware memory (.vmem with its state)",
    "vmss": "VMware memory (.vmem with its state)",
    "embedded.vmsn": "VMware state (.vmss, .vmsn)",
}
SCENARIOS = sorted((ROOT / "tests/scenarios").glob("*.scenario"))
# What the pages of memory lie behind, and how much of it the headers take at least.
HEADERS = {"k.dmp": (0xf98, 0x2100), "ka.dmp": (0x2000, 0x2100), "f.dmp": (0x2000, 0x2080), "qemu.elf": (0, 300),
           "vbox.elf": (0, 300), "lime": (0, 32), "vmss": (0, 600), "embedded.vmsn": (0, 600)}
# Memory on both sides of a hole that ends at 4 GiB, the kernel's above it.
ABOVE_4_GIB = """
memory 4160M
hole 1000 1000
hole 2400 fdc00
process alpha.exe pid=2000
process beta.exe pid=2004
section data file "\\Data\\shared.db" pages=57
view 2000 data start=63b0000 protection=rw-
view 2004 data start=1ce98090000 protection=r--
"""


# Without the memory of processes: what their PEBs say is not in it.
KERNEL_ONLY = {"k.dmp"}


def without_pebs(document):
    """The same as far as it rests on the kernel's memory."""
    for process in document["processes"]:
        process["peb_pointers"] = None
    for region in document["regions"]:
        region["memory"] = None
        for view in region["views"]:
            view["peb_fields"] = []
    return document


def check_world(world):
    raw = sic_json(world.image("raw"))
    oracle.assert_true(world.truth, raw)
    for container, name in RANGES.items():
        answer = sic_json(world.image(container))
        assert answer["image"]["container"] == name
        oracle.assert_true(world.truth, answer)
        expected = raw
        if container in KERNEL_ONLY:
            assert all(process["peb_pointers"] is None for process in answer["processes"])
            answer, expected = without_pebs(answer), without_pebs(sic_json(world.image("raw")))
        assert answer["regions"] == expected["regions"]
        assert answer["processes"] == expected["processes"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_random_world(tmp_path, layout):
    world = build_random(tmp_path / "world", 500 + LAYOUTS.index(layout), "--layout", layout, "--format", "all")
    assert world.truth["regions"]
    check_world(world)
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(tmp_path, scenario):
    check_world(build_scenario(scenario, tmp_path / "world", "--format", "all"))
    shutil.rmtree(tmp_path)


@pytest.fixture
def hole_world(tmp_path):
    (tmp_path / "hole.scenario").write_text(ABOVE_4_GIB)
    return build_scenario(tmp_path / "hole.scenario", tmp_path / "world", "--format", "all")


def test_memory_above_4_gib(hole_world):
    check_world(hole_world)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return build_random(tmp_path_factory.mktemp("ranges") / "world", 61, "--layout", "19041.264", "--format", "all")


@pytest.mark.parametrize("container", RANGES)
def test_cut_short(world, tmp_path, container):
    """What is left is the truth, and what is lost is said to be so."""
    size = os.path.getsize(world.image(container))
    short = tmp_path / f"short.{container}"
    cut = short.with_suffix(".vmem") if container == "vmss" else short
    if container in ("vmem", "vmss"):
        shutil.copy(world.image("vmss"), tmp_path / ("short.vmss"))
        size = os.path.getsize(world.image("vmem"))
    os.system(f"cp --sparse=always '{world.image('vmem' if container == 'vmss' else container)}' '{cut}'")
    os.truncate(cut, size * 6 // 10)
    answer = sic("--json", short)
    assert answer.returncode in (2, 3) and b"cut short" in answer.stderr, answer.stderr
    if answer.returncode == 3:
        document = sic_json(short)
        true = {str(view) for _, views in oracle.true_regions(world.truth) for view in views}
        answered = {str(view) for _, views in oracle.answered_regions(document) for view in views}
        assert answered and answered <= true and document["complete"] is False


@pytest.mark.parametrize("container", HEADERS)
def test_damaged_headers(world, tmp_path, container):
    """Whatever the header says: an answer or a message, and neither crash nor endless work."""
    start, end = HEADERS[container]
    chance = random.Random(container)
    path = tmp_path / f"damaged.{container}"
    os.system(f"cp --sparse=always '{world.image(container)}' '{path}'")
    if container == "vmss":
        os.symlink(world.image("vmem"), tmp_path / "damaged.vmem")
    whole = path.read_bytes()[:end] if container == "vmss" else path.open("rb").read(end)
    seen = set()
    for _ in range(30):
        head = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            head[chance.randrange(start, len(head))] = chance.choice((0, 1, 0x7f, 0xff, chance.randrange(256)))
        with path.open("r+b") as file:
            file.write(head)
        answer = sic("--json", path)
        assert answer.returncode in (0, 1, 2, 3) and b"Sanitizer" not in answer.stderr, answer.stderr
        seen.add(answer.returncode)
    assert len(seen) > 1, "all damage had one effect"


# --- VMware's files beside one another ---

def one_line(answer):
    text = answer.stderr.decode()
    assert answer.returncode == 2 and answer.stdout == b"" and text.count("\n") == 1, text
    return text


def test_vmem_without_hole(world, tmp_path):
    """Up to 3 GiB a .vmem is its machine's memory from 0 on."""
    os.symlink(world.image("raw"), tmp_path / "machine.vmem")
    answer = sic_json(tmp_path / "machine.vmem")
    assert answer["image"]["container"] == "VMware memory (.vmem alone: no hole)"
    oracle.assert_true(world.truth, answer)


def test_vmem_with_hole_needs_its_state(hole_world, tmp_path):
    machine = tmp_path / "machine.vmem"
    os.rename(hole_world.image("vmem"), machine)
    os.truncate(machine, (3 << 30) + 4096)  # a larger machine's; what the regions name is there
    text = one_line(sic(machine))
    assert "hole below 4 GiB" in text and ".vmss or .vmsn" in text
    shutil.copy(hole_world.image("vmss"), tmp_path / "machine.vmsn")
    oracle.assert_true(hole_world.truth, sic_json(machine))
    oracle.assert_true(hole_world.truth, sic_json(tmp_path / "machine.vmsn"))


def test_upper_case_names(hole_world, tmp_path):
    os.rename(hole_world.image("vmem"), tmp_path / "MACHINE.VMEM")
    os.rename(hole_world.image("vmss"), tmp_path / "MACHINE.VMSS")
    oracle.assert_true(hole_world.truth, sic_json(tmp_path / "MACHINE.VMEM"))
    oracle.assert_true(hole_world.truth, sic_json(tmp_path / "MACHINE.VMSS"))


def test_state_without_memory(hole_world, tmp_path):
    os.rename(hole_world.image("vmss"), tmp_path / "alone.vmss")
    assert ".vmem file of the same name" in one_line(sic(tmp_path / "alone.vmss"))


def test_what_is_beside_but_no_state(world, tmp_path):
    """A file that only has the name does no harm; a damaged state is said to be damaged."""
    os.symlink(world.image("raw"), tmp_path / "machine.vmem")
    (tmp_path / "machine.vmss").write_bytes(b"something else")
    oracle.assert_true(world.truth, sic_json(tmp_path / "machine.vmem"))
    state = bytearray(pathlib.Path(world.image("vmss")).read_bytes())
    (tmp_path / "machine.vmss").write_bytes(state[:200])
    assert "damaged" in one_line(sic(tmp_path / "machine.vmem"))
