"""sic --watch on Linux: its options, and its loop in front of images that stand for a live kernel (tests/lab_live)."""
import json
import os
import re
import subprocess

import jsonschema
import pytest

from conftest import ROOT, build_random, program, sic
from watched import TIME, build

LAB_LIVE = program("SIC_LAB_LIVE", "build/dev/tests/lab-live")


def refuse(*arguments, binary=None):
    answer = sic(*arguments, **({"binary": binary} if binary else {}))
    said = answer.stderr.decode().splitlines()
    assert answer.returncode == 2 and answer.stdout == b"" and len(said) == 1, answer
    return said[0]


def watch(images, *arguments, **environment):
    return subprocess.run([LAB_LIVE, "--watch", "7", *map(str, arguments)], capture_output=True, timeout=120,
                          env=dict(os.environ, SIC_LAB_SCANS=":".join(images), **environment))


def notes(answer):
    return answer.stderr.decode().splitlines()


# --- the command line -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", ["0", "86401", "-1", "1.5", "", "5s", " 5", "99999999999999999999"])
def test_seconds_are_checked(seconds):
    message = refuse("--watch", seconds, binary=LAB_LIVE)
    assert "1 to 86400" in message and f"'{seconds}'" in message


@pytest.mark.parametrize("option", ["--plain", "--csv", "--layout", "--save=a.sic", "--live-dump", "--cross", "--explain",
                                    "--group=process"])
def test_what_is_no_part_of_differences_is_refused(option):
    for binary in (None, LAB_LIVE):
        message = refuse("--watch", "5", option, binary=binary)
        assert message.endswith("leave out " + re.sub("=process", " process", option).split("=")[0])


def test_an_image_is_refused():
    for binary in (None, LAB_LIVE):
        message = refuse("--watch", "5", "memory.dmp", binary=binary)
        assert "'memory.dmp'" in message and "sic diff OLD NEW" in message


def test_elsewhere_it_says_what_it_needs():
    message = refuse("--watch", "5")
    assert "Windows" in message and "sic diff OLD NEW" in message


# --- the loop -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    return {name: world.image("raw") for name, world in build(tmp_path_factory.mktemp("watch")).items()}


@pytest.fixture(scope="module")
def validate():
    """Holds a line against the schemas, of which one is part of the other."""
    schemas = [json.loads((ROOT / "docs" / name).read_text()) for name in
               ("sic-watch.schema.json", "sic-diff.schema.json", "sic-listing.schema.json")]
    for name, schema in zip(("sic-watch", "sic-diff", "sic-listing"), schemas):
        jsonschema.Draft7Validator.check_schema(schema)
        schema.setdefault("$id", f"{name}.schema.json")
    store = {schema["$id"]: schema for schema in schemas}
    resolver = jsonschema.RefResolver("sic-watch.schema.json", schemas[0], store=store)
    return jsonschema.Draft7Validator(schemas[0], resolver=resolver).validate


def documents(answer, validate):
    read = [json.loads(line) for line in answer.stdout.decode().splitlines()]
    for document in read:
        validate(document)
    return read


def difference(old, new, *arguments):
    """What sic diff says, without what only a file has."""
    answer = sic("diff", "-q", "--json", *arguments, old, new)
    assert answer.returncode in (0, 1, 3), answer.stderr
    return without_origin(json.loads(answer.stdout))


def without_origin(document):
    for side in ("old", "new"):
        for key in ("file", "image", "kernel"):
            del document[side][key]
    return document


def test_each_scan_is_compared_with_the_one_before(worlds, validate):
    images = [worlds["before"], worlds["after"], worlds["after"], worlds["before"]]
    answer = watch(images, "--json")
    lines = documents(answer, validate)
    assert len(lines) == 4 and lines[0]["difference"] is None and lines[0]["since"] is None
    for number in range(1, 4):
        assert without_origin(lines[number]["difference"]) == difference(images[number - 1], images[number])
        assert lines[number]["since"] == lines[number - 1]["time"]
    assert [line["difference"]["different"] for line in lines[1:]] == [True, False, True]
    assert answer.returncode == 1
    assert [note for note in notes(answer) if note.startswith("lab: ")] == \
        ["lab: open, without PEBs"] + ["lab: 7 seconds"] * 4 + ["lab: close"]
    assert notes(answer)[-1] == "sic: the watch ended after 4 scans; the driver is stopped and removed"


def test_random_worlds(tmp_path, validate):
    """Two machines that have nothing to do with each other."""
    images = [build_random(tmp_path / str(seed), seed, "--layout", "19041.264", "--format", "raw").image("raw")
              for seed in (2101, 2102)]
    lines = documents(watch(images + images[:1], "--json"), validate)
    assert without_origin(lines[1]["difference"]) == difference(*images)
    assert without_origin(lines[2]["difference"]) == difference(*reversed(images))


def test_nothing_changes(worlds):
    answer = watch([worlds["before"]] * 3)
    rounds = answer.stdout.decode().splitlines()
    assert len(rounds) == 3 and answer.returncode == 0
    assert re.fullmatch(rf"{TIME} first scan: 12 processes, 2 regions; what changes follows", rounds[0])
    for line in rounds[1:]:
        assert re.fullmatch(rf"{TIME} nothing changed since {TIME}", line)


def test_text_is_that_of_sic_diff(worlds):
    images = [worlds["before"], worlds["after"], worlds["after"], worlds["before"]]
    for more in ([], ["--details"], ["--kind", "paging-file"], ["--color=always"]):
        rounds = re.split(rf"^(?={TIME} )", watch(images, *more).stdout.decode(), flags=re.MULTILINE)[1:]
        assert len(rounds) == 4
        for number in range(1, 4):
            expected = sic("diff", "-q", *more, images[number - 1], images[number])
            head, _, text = rounds[number].partition("\n")
            if expected.returncode == 0:
                assert re.fullmatch(rf"{TIME} nothing changed since {TIME}", head) and text == ""
            else:
                assert re.fullmatch(rf"{TIME} changed since {TIME}", head)
                # Without which images they are, and how processes are matched.
                assert text == "".join(expected.stdout.decode().splitlines(keepends=True)[3:]) + "\n"


def test_only_one_scan(worlds):
    answer = watch([worlds["before"]])
    assert answer.returncode == 0 and "after 1 scan;" in notes(answer)[-1]


@pytest.mark.parametrize("selection", [["--kind", "paging-file"], ["--name", "*shared*"], ["-f", "delta"], ["--named"],
                                       ["--min-processes", "3"], ["--writable"]])
def test_selections(worlds, validate, selection):
    answer = watch([worlds["before"], worlds["after"]], "--json", *selection)
    assert without_origin(documents(answer, validate)[1]["difference"]) == \
        difference(worlds["before"], worlds["after"], *selection)
    # What memory is for is told by PEBs: processes are opened for that alone.
    assert notes(answer)[0] == f"lab: open, {'with' if '--name' in selection else 'without'} PEBs"


def test_system_is_not_read(worlds, validate):
    """Two files that do not tell when their boot began may be of two; two scans of a running kernel are of one."""
    images = [worlds["before"], worlds["headless"], worlds["headless"]]
    assert difference(*images[:2])["basis"] == "path"
    for line in documents(watch(images, "--json"), validate)[1:]:
        assert line["difference"]["basis"] == "pid-and-start-time" and line["difference"]["same_boot"]
    first = documents(watch(images, "--json"), validate)[1]["difference"]
    assert [(one["change"], (one["old"] or one["new"])["pid"], one["certain"]) for one in first["processes"]
            if (one["old"] or one["new"])["pid"] >= 2000] == [("came", 2012, True), ("went", 2008, False)]


def test_processes_by_path_are_said_to_be(tmp_path):
    """No head tells how processes were matched: where it is not as always, the round says so."""
    images = [build_random(tmp_path / str(seed), seed, "--layout", "19041.264", "--format", "raw").image("raw")
              for seed in (2101, 2102)]
    text = watch(images).stdout.decode().splitlines()
    assert text[2].startswith("By path (") and text[2].endswith("): processes are matched by their paths.")


def test_a_scan_fails(worlds, validate):
    """It is said, the watch goes on, and what happened meanwhile is not lost."""
    answer = watch([worlds["before"], "-", "/no/such/file", worlds["after"], worlds["after"]], "--json")
    lines = documents(answer, validate)
    assert [line["error"] and line["error"][:20] for line in lines] == \
        [None, 'the lab says "no"', "/no/such/file: canno", None, None]
    assert without_origin(lines[3]["difference"]) == difference(worlds["before"], worlds["after"])
    assert [line["since"] for line in lines[1:4]] == [lines[0]["time"]] * 3 and lines[4]["since"] == lines[3]["time"]
    said = [note for note in notes(answer) if "failed: " in note]
    assert len(said) == 2 and lines[1]["time"] in said[0] and 'the lab says "no"' in said[0]
    assert "after 3 scans (2 more failed)" in notes(answer)[-1] and answer.returncode == 1


def test_a_scan_fails_and_nothing_changes(worlds):
    answer = watch([worlds["before"], "-", worlds["before"]], "-q")
    assert answer.returncode == 3 and len(answer.stdout.splitlines()) == 2
    assert len([note for note in notes(answer) if not note.startswith("lab: ")]) == 1


def test_a_scan_is_incomplete(worlds, validate):
    answer = watch([worlds["before"], worlds["torn"], worlds["torn"]], "--json", "-q")
    lines = documents(answer, validate)
    assert [line["complete"] for line in lines] == [True, False, False]
    assert without_origin(lines[1]["difference"]) == difference(worlds["before"], worlds["torn"])
    assert sum("is incomplete (problems: " in note for note in notes(answer)) == 2
    answer = watch([worlds["torn"], worlds["torn"]])
    assert answer.returncode == 3 and answer.stdout.decode().splitlines()[1].count("nothing changed") == 1


def test_what_is_incomplete_is_said(worlds):
    """No problem, and yet not whole: the note says why, instead of none."""
    answer = watch([worlds["tokenless"], worlds["tokenless"]], "-q")
    said = [note for note in notes(answer) if note.startswith("sic: the scan of ")]
    assert answer.returncode == 3 and len(said) == 1
    assert "(not all that crossings rest on was read); what is shown stands" in said[0]
    answer = watch([worlds["torn"], worlds["torn"]], "-q")
    assert [note for note in notes(answer) if re.search(r"is incomplete \(problems: [1-9]", note)]


def test_the_first_scan_fails(worlds):
    answer = watch(["-", worlds["before"]])
    assert answer.returncode == 2 and answer.stdout == b""
    assert notes(answer)[1:] == ['sic: the lab says "no"', "lab: close"]


def test_cancelled(worlds):
    answer = watch(["!"])
    assert answer.returncode == 2 and answer.stdout == b""
    assert notes(answer)[-1] == "sic: cancelled; the driver is stopped and removed"
    answer = watch([worlds["before"], "!"])
    assert answer.returncode == 0 and len(answer.stdout.splitlines()) == 1
    assert not any("failed" in note for note in notes(answer))


def test_the_driver_stays(worlds):
    """Whatever was seen: that is an error."""
    answer = watch([worlds["before"], worlds["after"]], "-q", SIC_LAB_LEFT="it is held")
    assert answer.returncode == 2 and notes(answer)[-1] == "sic: it is held"


def test_the_output_cannot_be_written(worlds):
    with open("/dev/full", "wb") as full:
        answer = subprocess.run([LAB_LIVE, "--watch", "1"], stdout=full, stderr=subprocess.PIPE, timeout=60,
                                env=dict(os.environ, SIC_LAB_SCANS=f"{worlds['before']}:{worlds['after']}"))
    assert answer.returncode == 2 and b"could not be written" in answer.stderr
    assert b"lab: 1 seconds" not in answer.stderr and b"lab: close" in answer.stderr
