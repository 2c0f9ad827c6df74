"""The man page: sound, and in step with what the program itself says of its options, verbs and exit statuses."""
import re
import shlex
import shutil
import subprocess

import pytest

from conftest import ROOT, sic

PAGE = ROOT / "man/sic.1"
SOURCE = PAGE.read_text(encoding="utf-8")
HELP_ALL = sic("--help-all").stdout.decode()
VERBS = re.findall(r"^ +sic ([a-z]+) ", HELP_ALL.split("\n\n")[0], re.MULTILINE)


def part(source, heading, macro):
    """The lines below a heading, up to the next one of its rank or above."""
    lines, inside = [], False
    for line in source.splitlines():
        if line.startswith(".Sh ") or (macro == ".Ss" and line.startswith(".Ss ")):
            inside = line == f"{macro} {heading}"
        elif inside:
            lines.append(line)
    assert lines, f"no {heading} in the page"
    return lines


def tag(line):
    """`.It Fl f , Fl -filter Ar TEXT` as the help has it: `-f,--filter TEXT`."""
    words = line.removeprefix(".It ").replace("Ns Op = Ns Ar ", "Ar =").split(" ")
    names = ["-" + word for macro, word in zip(words, words[1:]) if macro == "Fl"]
    values = [f"[{word}]" if word[0] == "=" else f" {word}" for macro, word in zip(words, words[1:]) if macro == "Ar"]
    return ",".join(names) + "".join(values)


def options_of_page(source, verb=None):
    lines = part(source, verb, ".Ss") if verb else part(source, "OPTIONS", ".Sh")
    return [tag(line) for line in lines if line.startswith(".It Fl ")]


def options_of_help(text):
    return [line.strip().split("  ")[0] for line in text.splitlines() if re.match(r"^  -", line)]


def statuses_of_page(source, verb=None):
    """The list of the program itself comes first, those of the verbs behind `Of sic VERB:`."""
    lists, name = {None: []}, None
    for line in part(source, "EXIT STATUS", ".Sh"):
        if line.startswith(".Cm "):
            name = line.split()[1]
            lists[name] = []
        elif line.startswith(".It "):
            lists[name].append(line.removeprefix(".It "))
    return lists[verb]


def statuses_of_help(text):
    """`  0  text` lines, or `Exit status: 0 text; 1 text`."""
    behind = text[text.index("Exit status:"):]
    return re.findall(r"^  (\d)  ", behind, re.MULTILINE) or re.findall(r"[:;] (\d) ", behind)


def verbs_of_page(source):
    listed = [line.removeprefix(".Ss ") for line in source[source.index(".Sh VERBS"):].splitlines()
              if line.startswith(".Ss ")]
    shown = {line.split()[1] for line in part(source, "SYNOPSIS", ".Sh") if line.startswith(".Cm ")}
    assert set(listed) == shown
    return listed


def differences(source, helps):
    """Everything in which page and program differ. `helps`: of the program (None) and of each verb."""
    found = []
    if sorted(verbs_of_page(source)) != sorted(verb for verb in helps if verb):
        found.append("verbs")
    for verb, text in helps.items():
        if verb and verb not in verbs_of_page(source):
            continue
        if options_of_page(source, verb) != options_of_help(text):
            found.append(("options", verb))
        if statuses_of_page(source, verb) != statuses_of_help(text):
            found.append(("statuses", verb))
    return found


@pytest.fixture(scope="module")
def helps():
    return {None: HELP_ALL, **{verb: sic(verb, "--help").stdout.decode() for verb in VERBS}}


def test_page_is_in_step_with_the_program(helps):
    assert len(VERBS) == 3 and len(options_of_help(HELP_ALL)) > 25
    assert statuses_of_help(HELP_ALL) == ["0", "1", "2", "3"]
    for verb in VERBS:
        assert options_of_page(SOURCE, verb) == options_of_help(helps[verb])
        assert statuses_of_page(SOURCE, verb) == statuses_of_help(helps[verb])
        assert statuses_of_help(helps[verb]) == ["0", "1", "2"] + ["3"] * (verb == "diff")
    assert options_of_page(SOURCE) == options_of_help(HELP_ALL)
    assert differences(SOURCE, helps) == []


def test_readme_has_the_help():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"```\n{sic('--help').stdout.decode()}```\n" in readme


def test_what_is_missing_in_the_page_is_noticed(helps):
    """Each option and each exit status, taken out of the page."""
    lines = SOURCE.splitlines()
    entries = [i for i, line in enumerate(lines) if re.match(r"\.It (Fl |\d$)", line)]
    assert len(entries) > 45
    for i in entries:
        assert differences("\n".join(lines[:i] + lines[i + 1:]), helps), lines[i]
    for verb in VERBS:
        assert "verbs" in differences(SOURCE, {name: text for name, text in helps.items() if name != verb})


def test_what_is_missing_in_the_help_is_noticed(helps):
    for verb, text in helps.items():
        lines = text.splitlines()
        for i, line in enumerate(lines):
            if re.match(r"^  (-|\d)", line):
                shorter = "\n".join(lines[:i] + lines[i + 1:])
                assert differences(SOURCE, {**helps, verb: shorter}), line
        # An argument of another name.
        assert differences(SOURCE, {**helps, verb: re.sub(r"(\n  --\w+) [A-Z]+", r"\1 OTHER", text, count=1)})
    assert differences(SOURCE, {**helps, "other": helps["symbols"]}) == ["verbs"]


def usages(text):
    """`sic [OPTIONS] IMAGE` and its like, from the lines above the first empty one."""
    return [" ".join(line.removeprefix("Usage:").replace("...", " ...").split())
            for line in text.split("\n\n")[0].splitlines()[1:]]


def test_synopsis_is_that_of_the_helps(helps):
    text = render("mandoc", "-Tascii")
    lines = re.sub(".\x08", "", text[text.index("S\x08SY\x08Y"):text.index("D\x08DE\x08ES")]).splitlines()
    shown = [" ".join(line.split()) for line in lines[1:] if line.strip()]
    assert shown == usages(HELP_ALL)[:1] + [usage for verb in VERBS for usage in usages(helps[verb])]


def render(*command):
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]}")
    answer = subprocess.run([*command, PAGE], capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return answer.stdout


def test_page_is_sound():
    assert render("mandoc", "-Tlint") == ""
    # groff's own warnings; what it prints is what man(1) shows.
    assert "Axel Souchet" in render("groff", "-ww", "-mdoc", "-Tutf8")


def test_examples_are_commands_that_the_program_takes(random_world, tmp_path):
    """Each example line, run with an image of the lab in the place of MEMORY.DMP."""
    examples = [line.removeprefix(".Dl $ ").replace("\\e", "\\") for line in SOURCE.splitlines()
                if line.startswith(".Dl $ sic")]
    assert len(examples) >= 8
    for line in examples:
        words = [word.replace("~", str(tmp_path)).replace("MEMORY.DMP", random_world.image("raw"))
                 for word in shlex.split(re.split(r" [|>] ", line)[0])]
        answer = sic(*words[1:], cwd=tmp_path)
        if "--watch" in words:
            assert b"--watch needs the running Windows" in answer.stderr and answer.returncode == 2
            continue
        assert answer.returncode in (0, 1), (line, answer.stderr)
