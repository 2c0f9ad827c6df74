"""The seed's machine: the demo, the listing to the letter, and the two findings."""
import pathlib
import re

import pytest

import truth as oracle
from conftest import CONTAINERS, ROOT, build_scenario, sic, sic_json


def seed_listing():
    path = ROOT.parent / "shared" / "seed-listings.txt"
    if not path.exists():
        pytest.skip(f"no {path}")
    return path.read_bytes()


@pytest.mark.parametrize("container", CONTAINERS)
def test_plain_is_the_seeds_listing(seed_world, container):
    answer = sic("--plain", seed_world.image(container))
    assert answer.returncode == 0
    assert answer.stdout == seed_listing()


def test_plain_is_what_the_truth_gives(seed_world):
    assert sic("--plain", seed_world.image("raw")).stdout.decode() == oracle.plain_listing(seed_world.truth)


# Lines that tell more than a region, its section and its owners.
MORE = ("  Path: ", "  Memory: ", "  Object: ", "  Handles: ")


def test_default_listing(seed_world):
    whole = sic(seed_world.image("bitmap.dmp")).stdout.decode()
    text = "".join(line for line in whole.splitlines(keepends=True) if not line.startswith(MORE))
    assert text.endswith(
        "ProtoPTE: ffffd80ce21e4d70\n"
        "  Section: file \\Users\\over\\AppData\\Local\\Microsoft\\Windows\\Explorer\\thumbcache_idx.db (228 KiB)\n"
        "  Name: explorer.exe (PID: 3836, EPROCESS: ffffc50b824f6080) at 00000000063b0000-00000000063e8fff rw-\n"
        "  Name: explorer.exe (PID: 3836, EPROCESS: ffffc50b824f6080) at 0000000006300000-0000000006338fff rw-\n")
    assert text.startswith("ProtoPTE: ffffd80cdc802050\n  Section: paging file (108 KiB)\n")
    # A script written for the seed's output still finds its lines.
    own = [line for line in text.splitlines() if not line.startswith("  Section: ")]
    seeds = seed_listing().decode().splitlines()
    assert len(own) == len(seeds)
    for line, seed in zip(own, seeds):
        seed_end = re.match(r"(.* at [0-9a-f]{16}-[0-9a-f]{13})[0-9a-f]{3}$", seed)
        assert line.lower().startswith((seed_end.group(1) if seed_end else seed).lower())


def test_the_two_findings_are_named(seed_world):
    """What the seed could not say: what the memory is, by the PEB pointers that prove it, and which file."""
    mystery, thumbnails = sic(seed_world.image("bitmap.dmp")).stdout.decode().split("ProtoPTE: ")[1:]
    lines = mystery.splitlines()
    assert lines[2].startswith("  Memory: API set map (PEB.ApiSetMap of "), lines[2]
    assert "  Path: C:\\Users\\over\\AppData\\Local\\Microsoft\\Windows\\Explorer\\thumbcache_idx.db\n" in thumbnails


def test_one_physical_address_for_both_views(seed_world):
    """The seed's own proof by !vtop, !db and !pool, without a debugger."""
    text = sic("--explain", seed_world.image("bitmap.dmp")).stdout.decode().split("ProtoPTE: ")[2]
    pages = re.findall(r"    First page: physical address ([0-9a-f]{16}), PTE ([0-9a-f]{16}), pool tag (....)\n", text)
    assert len(pages) == 2 and len(set(pages)) == 1
    assert (pages[0][0], pages[0][2]) == ("0000000020bcb000", "MmSt")
    assert text.count("    Bytes: 0c 00 30 20 49 4d 4d 4d 20 ") == 2
    # Where an image has no memory of processes, that is said, and nothing is made up.
    text = sic("--explain", seed_world.image("kernel.dmp")).stdout.decode().split("ProtoPTE: ")[2]
    assert text.count("    PEB: not in this image\n") == 2
    assert text.count("    Bytes: not in this image\n") == 2


def test_contents_of_the_two_findings(seed_world):
    """The pages that the seed dumped with a debugger are in the image, where the prototype PTEs say."""
    data = pathlib.Path(seed_world.image("raw"))
    with data.open("rb") as file:
        file.seek(0x20bcb000)
        assert file.read(9) == bytes.fromhex("0c003020") + b"IMMM "
    answer = sic_json(seed_world.image("bitmap.dmp"))
    first, second = answer["regions"]
    assert {view["protection"] for view in first["views"]} == {"r--"}
    assert {view["protection"] for view in second["views"]} == {"rw-"}
    assert second["section"]["kind"] == "file"
    assert bytes.fromhex("060000008ca10100") in pathlib.Path(seed_world.image("bitmap.dmp")).read_bytes()


def test_filter(seed_world):
    image = seed_world.image("bitmap.dmp")
    everything = sic(image).stdout
    assert sic("-f", "EXPLORER", image).stdout == everything
    only_lsass = sic("--filter", "lsass", image).stdout
    assert only_lsass.count(b"ProtoPTE") == 1
    # All owners of a region that passes are shown, not only those that match.
    assert b"explorer.exe" in only_lsass and everything.startswith(only_lsass)
    assert sic("--filer", "688", image).stdout == only_lsass
    assert sic("-f", "no such name", "-f", "688", image).stdout == only_lsass
    nothing = sic("-f", "no such name", image)
    assert nothing.returncode == 1 and nothing.stdout == b""
    # Case is ignored beyond ASCII too; see test_case_is_ignored. A pid is matched whole.
    assert sic("-f", "68", "-f", "8688", image).returncode == 1


def test_case_is_ignored(tmp_path):
    (tmp_path / "w.scenario").write_text("""
process Über.exe pid=2000
process Жук.exe pid=2004
section s paging-file pages=2
view 2000 s
view 2004 s
""", encoding="utf-8")
    world = build_scenario(tmp_path / "w.scenario", tmp_path / "w", "--format", "kernel")
    image = world.image("kernel.dmp")
    assert sic(image).returncode == 0
    for text in ("über", "ÜBER", "ЖУК", "жук", "BER.EXE"):
        assert sic("-f", text, image).returncode == 0, text
    assert sic("-f", "uber", image).returncode == 1
