"""sic diff on the command line: exit statuses, refusals, help, what is chosen, the forms of the answer."""
import json
import os
import re
import subprocess

import jsonschema
import pytest

from conftest import ROOT, SIC, build_scenario, schema_validator, sic

OLD = """
kernel 19041.329
process alpha.exe pid=2000 session=1 integrity=medium
process beta.exe pid=2004 session=1 integrity=low
process beta.exe pid=2008 session=1 integrity=low
section shared paging-file pages=16
section log file "\\Data\\log.txt" pages=8
section own paging-file pages=4
name shared "\\BaseNamedObjects\\Shared"
view 2000 shared start=10000000
view 2004 shared start=20000000 protection=r--
view 2000 log start=30000000
view 2004 log start=30000000
view 2000 own start=40000000
"""
# beta.exe 2008 ends, gamma.exe starts, a view is changed, a section goes and one comes.
NEW = (OLD.replace("process beta.exe pid=2008 session=1 integrity=low", "process gamma.exe pid=2012 session=1 integrity=low")
          .replace("start=20000000 protection=r--", "start=20000000")
          .replace("section own paging-file pages=4", "section other paging-file pages=12")
          .replace("view 2000 own start=40000000", "view 2012 other start=50000000"))


def build(folder, name, text, *arguments):
    (folder / f"{name}.scenario").write_text(text, encoding="utf-8")
    return build_scenario(folder / f"{name}.scenario", folder / name, "--format", "kernel", *arguments).image("kernel.dmp")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    return build(folder, "old", OLD), build(folder, "new", NEW)


def diff(*arguments):
    answer = sic("diff", *arguments)
    return answer.returncode, answer.stdout.decode(), answer.stderr.decode()


def diff_json(*arguments):
    status, text, errors = diff("--json", *arguments)
    assert status in (0, 1, 3), errors
    return json.loads(text)


def test_nothing_differs(pair):
    status, text, errors = diff(pair[0], pair[0])
    assert status == 0
    assert text.endswith("\nNothing differs.\n")
    assert text.startswith(f"OLD {pair[0]}: crash dump, type 6 (kernel bitmap); Windows build 19041")
    assert f"sic: {pair[0]}: " in errors
    assert diff_json(pair[0], pair[0])["different"] is False


def test_text(pair):
    status, text, _ = diff(*pair)
    assert status == 1
    lines = text.splitlines()
    assert lines[2].startswith("Same boot (") and "pid and start time" in lines[2]
    assert "Processes: 1 came, 1 went, 0 changed" in lines
    assert [line for line in lines if re.match(r"^\+ gamma\.exe \(PID: 2012, EPROCESS: [0-9a-f]{16}\) started .*, 1 view$", line)]
    assert [line for line in lines if line.startswith("- beta.exe (PID: 2008, ")]
    assert [line for line in lines if line.startswith("Sections: 1 came, 1 went, 1 changed; regions: ")
            and line.endswith("2 sections that no two owners share: see --details")]
    assert "~ paging file \\BaseNamedObjects\\Shared (64 KiB)" in lines
    changed = [line for line in lines if line.startswith("    ~ beta.exe (PID: 2004, ")]
    assert len(changed) == 1
    assert changed[0].endswith(" at 0000000020000000-000000002000ffff r-- -> rw-")
    assert not [line for line in lines if "(16 KiB)" in line or "(48 KiB)" in line]
    assert {line.split()[0] for line in lines if line.startswith(" ")} <= {"+", "-", "~"}


def test_details(pair):
    _, text, _ = diff("--details", *pair)
    lines = text.splitlines()
    assert "+ paging file (48 KiB)" in lines and "- paging file (16 KiB)" in lines
    assert [line for line in lines if line.startswith("    - alpha.exe (PID: 2000, ") and " at 0000000040000000-" in line]


LIBRARY = """
kernel 19041.329
process alpha.exe pid=2000
process beta.exe pid=2004
process gamma.exe pid=2008
section lib image "\\Data\\lib.dll" pages=16
section font file "\\Data\\font.ttf" pages=16
section own paging-file pages=4
view 2000 lib start=7ff000000000
view 2004 lib start=7ff000000000
view 2008 lib start=7ff000000000
view 2000 font start=10000000 protection=r--
view 2004 font start=10000000 protection=r--
view 2008 font start=10000000 protection=r--
view 2000 own start=20000000
view 2004 own start=20000000
view 2008 own start=20000000
"""
WRITABLE = ("section font", "subsection lib pages=3 protection=rw- shared\nsection font")
GONE = (("process gamma.exe pid=2008\n", ""), ("view 2008 lib start=7ff000000000\n", ""),
        ("view 2008 font start=10000000 protection=r--\n", ""), ("view 2008 own start=20000000\n", ""))
ENDED = (("gamma.exe pid=2008", "gamma.exe pid=2008 exited=1d64f3412000000"), *GONE[1:])


@pytest.mark.parametrize("before, after, follow, told", [
    ((), GONE, 2, {"own"}),
    ((), ENDED, 2, {"own"}),
    # One of the processes that stay writes the file, or some of the image is for all to write.
    ((("view 2004 font start=10000000 protection=r--", "view 2004 font start=10000000"),), GONE, 1, {"own", "font"}),
    ((WRITABLE,), GONE, 1, {"own", "lib"}),
    # Nobody ended; or somebody who stays does something, too.
    ((), GONE[1:], 0, {"own", "lib", "font"}),
    ((), (*GONE, ("view 2004 lib start=7ff000000000", "view 2004 lib start=7ff100000000")), 1, {"own", "lib"}),
    ((), (*GONE, ("view 2004 font start=10000000 protection=r--", "view 2004 font start=10000000 protection=rc-")), 1,
     {"own", "font"}),
    # It is no longer shared at all.
    ((("view 2004 font start=10000000 protection=r--\n", ""),), GONE, 1, {"own", "font"}),
], ids=["ended", "exited", "written file", "written image", "stays", "moved", "protected", "alone"])
@pytest.mark.parametrize("by_path", [(), ("--by-path",)], ids=["by start", "by path"])
def test_what_follows_from_processes_is_counted(tmp_path, by_path, before, after, follow, told):
    """A library's lines say no more than that of the process that ended: they are counted, and told with --details."""
    def edited(text, edits):
        for this, that in edits:
            assert this in text
            text = text.replace(this, that)
        return text
    old = edited(LIBRARY, before)
    images = build(tmp_path, "old", old), build(tmp_path, "new", edited(old, after))
    titles = {"lib": "image C:\\Data\\lib.dll ", "font": "file C:\\Data\\font.ttf ", "own": "paging file ("}
    if by_path and after[-1][1].endswith("7ff100000000"):
        told, follow = {"own"}, 2  # by path it does not matter where a view lies
    for images, signs in ((images, "~-"), (images[::-1], "~+")):
        lines = diff("-q", *by_path, *images)[1].splitlines()
        assert {name for name, title in titles.items() if [line for line in lines if line[:1] in signs and line[2:].startswith(title)]} == told
        counted = [line for line in lines if line.startswith("Sections: ")][0]
        assert re.findall(r"; (\d+) images? or files? that no view writes", counted) == ([str(follow)] if follow else [])
        every = diff("-q", "--details", *by_path, *images)[1].splitlines()
        listed = [line for line in every if line[:1] in signs and line[2:].startswith(tuple(titles.values()))]
        assert len(listed) == len(told) + follow == len(diff_json(*by_path, *images)["sections"])


def test_order_of_text(pair):
    """What came and who could hurt whom stands before the many lines of memory."""
    titles = [line.split(":")[0] for line in diff("-q", *pair)[1].splitlines() if re.match("[A-Z][a-z]+: ", line)]
    assert titles == ["Processes", "Crossings", "Sections"]


def test_json_follows_its_schema(pair):
    check = schema_validator("sic-diff.schema.json")
    for arguments in ((), ("--by-path",)):
        document = diff_json(*arguments, *pair)
        check.validate(document)
        with pytest.raises(jsonschema.ValidationError):
            check.validate(document | {"more": 1})
    assert document["basis"] == "path" and document["basis_reason"] == "asked for"
    went = next(entry for entry in document["processes"] if entry["change"] == "went")
    assert went["path_count"] == {"old": 2, "new": 1}
    assert went["old"]["pid"] is None and went["old_pids"] == [2004, 2008] and went["new_pids"] == [2004]


def test_text_by_path(pair):
    status, text, _ = diff("-q", "--by-path", *pair)
    assert status == 1
    lines = text.splitlines()
    assert lines[2] == "By path (asked for): processes are matched by their paths."
    # Two became one: nobody knows which; the only one of its path is known.
    assert "- C:\\Windows\\System32\\beta.exe: 2 -> 1 processes" in lines
    assert [line for line in lines if line.startswith("+ gamma.exe (PID: 2012, ")]
    assert [line for line in lines if re.match(r"^    ~ beta\.exe \(PID: 2004, .* r-- -> beta\.exe \(PID: 2004, .* rw-$", line)]


def test_profile_is_for_images(pair, tmp_path):
    saved, rows = tmp_path / "old.sic", tmp_path / "rows"
    assert sic("-q", "--save", saved, pair[0]).returncode == 0
    layouts = (ROOT / "data/layouts.txt").read_text(encoding="utf-8")
    rows.write_text(layouts[layouts.index("layout 19041.264"):layouts.index("layout 20348")], encoding="utf-8")
    assert diff("-q", "--profile", rows, saved, pair[1])[0] == 1
    status, text, errors = diff("--profile", rows, saved, saved)
    assert status == 2 and text == "" and "--profile is for images" in errors and len(errors.splitlines()) == 1


def test_summary_counts_what_is_listed(pair):
    document = diff_json(*pair)
    listed = {"processes": document["processes"], "sections": document["sections"], "crossings": document["crossings"],
              "regions": [entry for section in document["sections"] for entry in section["regions"]],
              "views": [entry for section in document["sections"] for entry in section["views"]]}
    for kind, entries in listed.items():
        for change in ("came", "went", "changed"):
            assert document["summary"][kind][change] == len([entry for entry in entries if entry["change"] == change])


def test_saved_scans_and_images(pair, tmp_path):
    saved = tmp_path / "old.sic"
    assert sic("-q", "--save", saved, pair[0]).returncode == 0
    for left, right in ((saved, pair[1]), (pair[1], saved)):
        status, text, _ = diff("-q", left, right)
        assert status == 1 and "saved scan of a crash dump" in text
    assert diff("-q", saved, pair[0])[0] == 0


@pytest.mark.parametrize("choice, sections", [
    (("--kind", "file"), []),
    (("--kind", "paging-file"), ["\\BaseNamedObjects\\Shared", None, None]),
    (("--name", "Shared"), ["\\BaseNamedObjects\\Shared"]),
    (("--named",), ["\\BaseNamedObjects\\Shared"]),
    (("--min-processes", "2"), ["\\BaseNamedObjects\\Shared"]),
    (("--writable",), ["\\BaseNamedObjects\\Shared"]),
    (("-f", "gamma"), [None]),
])
def test_choice(pair, choice, sections):
    document = diff_json(*choice, *pair)
    names = [((entry["new"] or entry["old"])["names"] or [None])[0] for entry in document["sections"]]
    assert sorted(names, key=str) == sorted(sections, key=str)


def test_filter_chooses_processes(pair):
    document = diff_json("-f", "2012", *pair)
    assert [(entry["change"], entry["new"]["pid"]) for entry in document["processes"]] == [("came", 2012)]
    # What does not pass counts for nothing.
    status, text, _ = diff("-q", "-f", "nobody", *pair)
    assert status == 0 and text.endswith("Nothing differs.\n")


def test_incomplete_is_told(tmp_path):
    whole = build(tmp_path, "whole", OLD)
    torn = build(tmp_path, "torn", OLD + "damage root 2008 unmapped\n")
    # It has no views: nothing can be missing, and nobody knows that.
    status, text, errors = diff(whole, torn)
    assert status == 3 and text.endswith("Nothing was found to differ, but not all could be read.\n")
    assert f"sic: {torn}: the answer is incomplete: " in errors and "not gone" in errors and "exit status 3" not in errors
    assert f"sic: {whole}: the answer" not in errors and diff_json(whole, torn)["complete"] is False
    # And here two views are.
    torn = build(tmp_path, "torn", OLD + "damage root 2004 unmapped\n")
    status, text, _ = diff("-q", whole, torn)
    assert status == 1
    marked = [line for line in text.splitlines() if line.endswith(" (maybe: something could not be read in NEW)")]
    assert len([line for line in marked if line.startswith("    - beta.exe (PID: 2004, ")]) == 2
    assert len([line for line in diff("-q", torn, whole)[1].splitlines() if line.startswith("    + beta.exe")
                and line.endswith(" (maybe: something could not be read in OLD)")]) == 2


def test_names_that_stay_are_not_told(tmp_path):
    """Of the names of a section those that came and went have a line each; one that only differs in case stays."""
    base = OLD + 'name shared "\\BaseNamedObjects\\Stays"\n'
    old, new = base + 'name shared "\\BaseNamedObjects\\Went"\n', base + 'name shared "\\BaseNamedObjects\\Came"\n'
    new = new.replace("\\Shared", "\\SHARED")
    text = diff("-q", build(tmp_path, "old", old), build(tmp_path, "new", new))[1]
    assert [line for line in text.splitlines() if "Object: " in line] == \
        ["    - Object: \\BaseNamedObjects\\Went", "    + Object: \\BaseNamedObjects\\Came"]


def test_doubt_of_a_name_is_said(tmp_path):
    """Beside a view that certainly came; the directory of the name was not read in OLD."""
    new = OLD + "view 2008 shared start=20000000\n"
    old = OLD.replace('name shared "\\BaseNamedObjects\\Shared"\n', 'name shared "\\Other"\n')
    new = new.replace('name shared "\\BaseNamedObjects\\Shared"\n', 'name shared "\\Other"\nname shared "\\BaseNamedObjects\\It"\n')
    old = old.replace('name shared', 'name own "\\BaseNamedObjects\\Own"\nname shared') + "damage absent directory/\\BaseNamedObjects\n"
    lines = diff("-q", build(tmp_path, "old", old), build(tmp_path, "new", new))[1].splitlines()
    assert "    + Object: \\BaseNamedObjects\\It (maybe: something could not be read in OLD)" in lines
    assert [line for line in lines if line.startswith("    + beta.exe (PID: 2008, ") and not line.endswith(")")]


def test_names_without_number_are_counted(tmp_path):
    """What has no room is said to be there."""
    many = OLD + "".join(f'name shared "\\BaseNamedObjects\\n{number:04}"\n' for number in range(1500))
    text = diff("-q", build(tmp_path, "old", OLD), build(tmp_path, "new", many))[1]
    told = [line for line in text.splitlines() if line.startswith("    + Object: ")]
    more = re.findall("    ~ Object: and (\\d+) more names, which are not compared here, before 0", text)
    assert more and 900 < len(told) <= 1024 and len(told) + int(more[0]) in (1500, 1501)


@pytest.mark.parametrize("by_path", [(), ("--by-path",)], ids=["by start", "by path"])
def test_changed_crossing_says_who(tmp_path, by_path):
    """Of many processes on a side the sentence names the first: who came and who went is said of each."""
    head = "kernel 19041.329\nprocess System pid=4 created=1d64f31f9000000\nsection it paging-file pages=4\n"
    lows = {pid: f"process low{pid}.exe pid={pid} created=1d64f3412{pid:06} integrity=low\nview {pid} it start=10000000\n" for pid in range(2000, 2024, 4)}
    high = "process high.exe pid={0} created=1d64f3412{0:06} integrity=high\nview {0} it start=10000000 protection=r--\n"
    without = [head + high.format(3000) + "".join(text for pid, text in lows.items() if pid != left_out) for left_out in (2008, 2016)]
    images = build(tmp_path, "old", without[0]), build(tmp_path, "new", without[1])
    changed = [line for line in diff("-q", *by_path, *images)[1].splitlines() if line.startswith("~ ") and " can write " in line]
    assert len(changed) == 1 and " and 4 more [low integrity]" in changed[0]
    assert changed[0].endswith("; who writes: + low2008.exe (PID 2008), - low2016.exe (PID 2016)")
    changed = [line for line in diff("-q", *by_path, images[0], build(tmp_path, "two", without[0].replace("protection=r--", "protection=r--\n" + high.format(3004).rstrip())))[1].splitlines()
               if line.startswith("~ ") and " can write " in line]
    assert [line.split("; who ")[1:] for line in changed] == [["shows: + high.exe (PID 3004)"]]


def test_doubt_of_a_crossing_accuses_no_side(tmp_path):
    """What was not read is in NEW, where the crossing came: OLD is whole."""
    text = OLD.replace("start=20000000 protection=r--", "start=20000000")
    whole, torn = build(tmp_path, "whole", OLD), build(tmp_path, "torn", text + "damage absent token/2004 level=1\n")
    for images, sign in (((whole, torn), "+"), ((torn, whole), "-")):
        crossings = [line for line in diff("-q", *images)[1].splitlines() if line.startswith(sign) and " In: " in line]
        assert [line for line in crossings if line.endswith(" (maybe: something could not be read)")]
        assert not [line for line in crossings if "read in OLD" in line or "read in NEW" in line]


@pytest.mark.parametrize("arguments, words", [
    ((), "and none is named"),
    (("one.dmp",), "and one is named"),
    (("a", "b", "c"), "'c' is one too many"),
    (("--csv", "a", "b"), "'--csv' is no option of sic diff"),
    (("--save", "x.sic", "a", "b"), "'--save' is no option of sic diff"),
    (("--kind",), "option '--kind' needs a value; see 'sic diff --help'"),
    (("--kind", "nothing", "a", "b"), "--kind takes image"),
    (("--threads", "0", "a", "b"), "--threads takes a number"),
    (("nowhere.dmp", "b"), "nowhere.dmp"),
])
def test_refusals(arguments, words):
    status, text, errors = diff(*arguments)
    assert status == 2 and text == ""
    assert errors.startswith("sic: ") and len(errors.splitlines()) == 1
    assert words in errors


def test_second_image_is_refused(pair, tmp_path):
    broken = tmp_path / "broken.sic"
    broken.write_bytes(b"nothing")
    status, text, errors = diff("-q", pair[0], broken)
    assert status == 2 and text == "" and str(broken) in errors and len(errors.splitlines()) == 1


def test_list_options_stay_the_listing_s(pair):
    answer = sic("--by-path", pair[0])
    assert answer.returncode == 2 and b"'--by-path' is no option of sic, " in answer.stderr


def test_help():
    for option in ("-h", "--help"):
        status, text, errors = diff(option)
        assert status == 0 and errors == ""
        assert "Usage: sic diff [OPTIONS] OLD NEW" in text and "--by-path" in text and "--csv" not in text
    assert "sic diff [OPTIONS] OLD NEW" in sic("--help").stdout.decode()


def test_colour(pair):
    plain, coloured = diff("-q", *pair)[1], diff("-q", "--color=always", *pair)[1]
    assert "\x1b" not in plain and "\x1b[1;32m+\x1b[0m gamma.exe" in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain


def test_readme(tmp_path):
    """The difference that the README shows is that of the demo's two worlds."""
    images = []
    for name in ("before", "after"):
        world = build_scenario(ROOT / f"tests/scenarios/difference/{name}.scenario", tmp_path / name, "--format", "bitmap")
        images.append(world.image("bitmap.dmp"))
    answer = sic("diff", "-q", *images)
    shown = answer.stdout.decode().replace(str(tmp_path), "build/demo")
    assert answer.returncode == 1 and "Crossings: 3 came" in shown
    assert (f"$ build/native/sic diff -q build/demo/before.bitmap.dmp build/demo/after.bitmap.dmp\n{shown}```" in
            (ROOT / "README.md").read_text(encoding="utf-8"))


def test_errors_name_the_side(pair, tmp_path):
    """Once: of two files, which one cannot be opened, and which one has no kernel."""
    noise, missing = tmp_path / "noise.raw", tmp_path / "missing.dmp"
    noise.write_bytes(os.urandom(4 << 20))
    for bad in (noise, missing):
        for files in ((bad, pair[1]), (pair[0], bad)):
            answer = sic("diff", *files)
            assert answer.returncode == 2 and answer.stdout == b""
            lines = answer.stderr.decode().splitlines()
            assert len(lines) == 1 and lines[0].startswith(f"sic: {bad}: ") and lines[0].count(str(bad)) == 1


def test_full_disk_is_an_error(pair):
    with open("/dev/full", "wb") as full:
        answer = subprocess.run([SIC, "diff", "-q", *pair], stdout=full, stderr=subprocess.PIPE, check=False)
    assert answer.returncode == 2 and b"the output could not be written" in answer.stderr
