"""An image with more of everything than is listed: the lists are cut, the counts are not, and it is said."""
import csv
import io
import json
import re

import jsonschema
import pytest

from conftest import ROOT, build_scenario, sic

VALIDATOR = jsonschema.Draft7Validator(json.loads((ROOT / "docs/sic-listing.schema.json").read_text()))
# A cell that a spreadsheet takes whole; what is listed of a section's names in JSON.
CELL, LISTED, NAMES_SIZE = 32767, 1024, 65536
COUNT = 1100
REGIONS = 60
FOLDER = "\\BaseNamedObjects\\" + "d" * 180


def scenario():
    yield "kernel 19041.329"
    yield "process a.exe pid=2000"
    yield "process b.exe pid=2004"
    yield "section short paging-file pages=4"
    yield f"section long paging-file pages={REGIONS}"
    yield f"section cached file \"\\Data\\cached.bin\" pages={64 * COUNT}"
    for pid in (2000, 2004):
        yield f"view {pid} short"
        yield f"view {pid} cached pages=4"
        for i in range(REGIONS):
            yield f"view {pid} long offset={i} pages=1"
    for i in range(COUNT):
        yield f"kernel-view cached cache page={64 * i} pages=16"
        yield f'name short "\\BaseNamedObjects\\n{i}"'
        yield f'name long "{FOLDER}\\n{i}"'
        yield "handle 2000 short access=6"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    (folder / "limits.scenario").write_text("\n".join(scenario()) + "\n")
    return build_scenario(folder / "limits.scenario", folder / "world", "--format", "raw").image("raw")


@pytest.fixture(scope="module")
def document(image):
    answer = sic("--json", image)
    assert answer.returncode == 0
    assert b"are listed" in answer.stderr
    document = json.loads(answer.stdout)
    VALIDATOR.validate(document)
    return document


def name_of(region):
    names = region["section"]["names"]
    return "cached" if not names else "short" if len(names[0]) < 50 else "long"


def test_json(document):
    regions = {name_of(region): region for region in document["regions"]}
    short, long = regions["short"]["section"], regions["long"]["section"]
    assert short["name_count"] == long["name_count"] == COUNT
    assert len(short["names"]) == LISTED and len(long["names"]) == NAMES_SIZE // (len(FOLDER) + 6)
    assert not short["names_complete"] and not long["names_complete"]
    assert regions["cached"]["section"]["name_count"] == 0 and regions["cached"]["section"]["names_complete"]
    assert short["handle_count"] == COUNT and len(short["handles"]) == LISTED and short["handles_complete"]
    assert regions["cached"]["kernel_view_count"] == COUNT and len(regions["cached"]["kernel_views"]) == LISTED


def test_csv(image, document):
    for arguments in ([], ["--group", "process"]):
        answer = sic("--csv", *arguments, image)
        assert b"are listed" in answer.stderr
        rows = list(csv.DictReader(io.StringIO(answer.stdout.decode(), newline="")))
        assert len([row for row in rows if row["owner"] == "system cache"]) == LISTED
        assert max(len(cell) for row in rows for cell in row.values()) <= CELL
        for region in document["regions"]:
            of_region = [row for row in rows if row["prototype_pte"] == region["prototype_pte"]]
            assert len(of_region) == len(region["views"]) + len(region["kernel_views"])
            assert len({row["object_names"] for row in of_region}) == 1
            names = of_region[0]["object_names"].split(" | ")
            if name_of(region) == "cached":
                assert names == [""]
                continue
            assert int(re.fullmatch(r"and (\d+) more names", names[-1]).group(1)) + len(names) - 1 == COUNT
            assert names[:-1] == region["section"]["names"][:len(names) - 1]
            assert len(of_region[0]["object_names"]) > CELL - 2500 or len(names) - 1 == LISTED


def test_text(image):
    text = sic("-q", "--details", image).stdout.decode()
    block = next(block for block in text.split("ProtoPTE: ") if "\n  Object: \\BaseNamedObjects\\n0\n" in block)
    assert f"\n  Handles: {COUNT}\n" in block
    assert len(re.findall(r"^  Handle: a\.exe \(PID: 2000\)", block, re.MULTILINE)) == LISTED
    assert f"\n  Handle: and {COUNT - LISTED} more\n" in block
    assert f"\n  Object: and {COUNT - LISTED} more names\n" in block
    text = sic("-q", image).stdout.decode()
    assert "\n  Handle: " not in text and f"\n  Object: and {COUNT - 4} more names\n" in text


def test_names_beyond_the_list_are_found(image):
    answer = sic("-q", "--name", f"*\\n{COUNT - 1}", image)
    assert answer.returncode == 0 and answer.stdout.count(b"ProtoPTE: ") == REGIONS + 1
