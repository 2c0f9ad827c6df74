"""The command line: help, errors, exit statuses, output forms."""
import json
import os
import pathlib
import re
import subprocess
import time

import jsonschema
import pytest

from conftest import CONTAINERS, ROOT, SIC, build_random, sample, sic, sic_json

HELP_ALL = sic("--help-all").stdout.decode()


def one_line(answer):
    text = answer.stderr.decode()
    assert answer.returncode == 2
    assert answer.stdout == b""
    assert text.count("\n") == 1 and text.startswith("sic: "), text
    return text


def test_help():
    short = sic("-h")
    assert short.returncode == 0 and short.stderr == b""
    assert short.stdout == sic("--help").stdout
    for option in ("-h,--help", "--help-all", "-f,--filter TEXT", "--plain", "--json", "--layout", "--version"):
        assert option in short.stdout.decode()
    for line in short.stdout.decode().splitlines():
        assert line in HELP_ALL
    assert "--filer" in HELP_ALL and "Exit status" in HELP_ALL


def test_version():
    assert re.fullmatch(r"sic \d+\.\d+\.\d+\n", sic("--version").stdout.decode())


@pytest.mark.parametrize("arguments, words", [
    ([], "no image named"),
    (["--nonsense"], "--nonsense"),
    (["-f"], "needs a value"),
    (["--threads", "0", "x"], "--threads takes"),
    (["--threads", "many", "x"], "'many'"),
    (["--color=blue", "x"], "blue"),
    (["-zq", "x"], "'-z'"),
    (["/nonexistent/image.raw"], "/nonexistent/image.raw"),
    (["--layout", "--json", "x"], "leave out --json"),
    (["--csv", "--layout", "x"], "leave out --csv"),
    (["--layout", "--plain", "x"], "leave out --plain"),
    (["--cross", "--layout", "x"], "leave out --cross"),
    (["--layout", "--group", "process", "x"], "leave out --group process"),
    (["one", "two"], "'two'"),
    ([str(ROOT)], "folder"),
])
def test_usage_errors(arguments, words):
    assert words in one_line(sic(*arguments))


def test_refusals(tmp_path):
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert "empty" in one_line(sic(empty))
    noise = tmp_path / "noise.raw"
    noise.write_bytes(os.urandom(4 << 20))
    assert "no 64-bit Windows kernel" in one_line(sic(noise))
    zeros = tmp_path / "zeros.raw"
    with zeros.open("wb") as file:
        file.truncate(64 << 20)
    assert "no 64-bit Windows kernel" in one_line(sic(zeros))
    elf = tmp_path / "core"
    elf.write_bytes(pathlib.Path(SIC).read_bytes()[:1 << 20])
    assert "ELF" in one_line(sic(elf))


def test_same_output_with_any_number_of_threads(random_world, seed_world):
    for world in (random_world, seed_world):
        for form in ([], ["--plain"], ["--json"]):
            outputs = {sic("--threads", count, *form, world.image("raw")).stdout for count in (1, 2, 3, 8)}
            assert len(outputs) == 1


def test_output_is_the_same_from_run_to_run(random_world):
    assert len({sic("--json", random_world.image("kernel.dmp")).stdout for _ in range(3)}) == 1


def test_image_is_left_alone(random_world):
    path = pathlib.Path(random_world.image("kernel.dmp"))
    before = path.read_bytes(), path.stat().st_mtime_ns
    path.chmod(0o444)
    assert sic(path).returncode == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_json_follows_its_schema(random_world, seed_world, tmp_path):
    schema = json.loads((ROOT / "docs/sic-listing.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    documents = [sic_json(world.image(container)) for world in (random_world, seed_world) for container in CONTAINERS]
    documents.append(sic_json(random_world.image("raw"), "-f", "nobody"))
    documents.append(sic_json(sample("triage_x64.dmp")))
    for document in documents:
        validator.validate(document)
    # The schema knows every member: one that is not described is a mistake of one of the two.
    broken = json.loads(json.dumps(documents[0]))
    broken["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(broken)
    broken = json.loads(json.dumps(documents[0]))
    broken["regions"][0]["views"][0]["start"] = 4096
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(broken)


def test_quiet_keeps_what_matters(random_world, tmp_path):
    assert sic("-q", random_world.image("raw")).stderr == b""
    notes = sic(random_world.image("raw")).stderr.decode()
    assert "19041" in notes and "exact by PDB GUID" in notes
    answer = sic("-q", sample("triage_x64.dmp"))
    assert answer.returncode == 3
    assert answer.stderr.count(b"\n") == 1 and b"incomplete" in answer.stderr


def test_file_cut_short_is_said_to_be_so(random_world, tmp_path):
    whole = pathlib.Path(random_world.image("bitmap.dmp")).read_bytes()
    short = tmp_path / "short.dmp"
    short.write_bytes(whole[:len(whole) // 4])
    answer = sic(short)
    assert answer.returncode in (2, 3) and b"cut short" in answer.stderr


def test_file_that_shrinks_while_it_is_read(random_world, tmp_path):
    """The mapping loses its pages: a message and the status of an error, no signal."""
    short = tmp_path / "shrinking.raw"
    with short.open("wb") as file:
        file.truncate(3 << 30)
    run = subprocess.Popen([SIC, short], stderr=subprocess.PIPE)
    time.sleep(0.3)
    os.truncate(short, 4096)
    _, notes = run.communicate(timeout=120)
    assert run.returncode == 2 and notes.count(b"\n") == 1 and b"could not be read to its end" in notes


def test_color(random_world):
    image = random_world.image("raw")
    assert b"\033[" not in sic(image).stdout
    colored = sic("--color=always", image).stdout
    assert b"\033[" in colored
    assert re.sub(rb"\033\[[0-9;]*m", b"", colored) == sic(image).stdout
    assert b"\033[" not in sic("--color=never", image).stdout


def test_full_disk_is_an_error(random_world):
    with open("/dev/full", "wb") as full:
        answer = subprocess.run([SIC, random_world.image("raw")], stdout=full, stderr=subprocess.PIPE)
    assert answer.returncode == 2 and b"not whole" in answer.stderr


def test_layout(random_world):
    text = sic("--layout", random_world.image("raw")).stdout.decode()
    assert re.search(r"^_EPROCESS\.VadRoot +0x7d8$", text, re.MULTILINE)
    assert re.search(r"^_MMVAD_FLAGS\.PrivateMemory +0x0 20:1$", text, re.MULTILINE)
    assert "exact by PDB GUID" in text and random_world.truth["guid_age"] in text


def test_nearest_layout_is_said_to_be_so(tmp_path):
    world = build_random(tmp_path / "world", 5, "--layout", "26100", "--format", "kernel")
    answer = sic(world.image("kernel.dmp"))
    assert answer.returncode == 0
    assert b"nearest by build" in answer.stderr and b"partial" in answer.stderr
    layout = sic_json(world.image("kernel.dmp"))["kernel"]["layout"]
    assert layout["source"] == "nearest" and layout["partial"] is True


def test_real_triage_dump():
    """What can be reached in a real dump, and what it says of the rest (checked by hand with a hex viewer)."""
    answer = sic(sample("triage_x64.dmp"))
    assert answer.returncode == 3
    document = sic_json(sample("triage_x64.dmp"))
    assert document["kernel"]["build"] == 19041
    system = document["processes"][0]
    assert (system["pid"], system["process"], system["eprocess"]) == (4, "System", "0xffffc08bdce94180")
    assert system["views"] == 3 and system["vads"] == 3
    missing = {problem["address"] for problem in document["problems"] if problem["kind"] == "node-unreadable"}
    assert missing == {"0xffffc08bdf3ffdc0", "0xffffc08bdfafc060", "0xffffc08bdfafd140", "0xffffc08bdfafd500"}
    assert len([p for p in document["problems"] if p["kind"] == "process-unreadable"]) + len(document["processes"]) == 5


def test_real_files_that_are_refused():
    assert "ARM64" in one_line(sic(sample("triage_arm64.dmp")))
    assert "PDB" in one_line(sic(sample("ntdll.pdb")))
