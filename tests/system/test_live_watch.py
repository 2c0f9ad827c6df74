"""sic --watch under Wine: the real program, and the driver of the lab, which serves one machine after the other.

The driver counts its requests from its start on: that the second and the third machine are seen at all shows that it was
loaded once.
"""
import json
import os
import re
import signal
import time

import pytest

from conftest import sic
from watched import TIME, build
from windows_world import WINDOWS, install, lines, on_terminal, serve, wait_for, wine

LAB_DRIVER = "tests/lab_driver/lab-drv.sys"
# Wine calls itself build 18362: the profile nearest to that is this one.
LAYOUT = "18326.535"
# Nothing changed, but crossings rest on object directories and handle tables, of which Wine's kernel tells nothing.
INCOMPLETE = 3
END = "the driver is stopped and removed"


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    return build(tmp_path_factory.mktemp("worlds"), "--layout", LAYOUT)


@pytest.fixture
def program(wine, worlds):
    """Every watch leaves nothing installed, however it ends."""
    wine.path("sic-lab").mkdir(exist_ok=True)
    for file in wine.path("sic-lab").iterdir():
        file.unlink()
    serve(wine, worlds["before"])
    yield install(wine, "watch", LAB_DRIVER)
    assert not wine.has_service()


class Watch:
    """A watch on a terminal of its own, where Ctrl-C is pressed; its output goes to a file."""

    def __init__(self, wine, program, *arguments):
        self.wine = wine
        self.file = wine.path("output.txt")
        self.stream = open(self.file, "wb")
        self.run, self.terminal = on_terminal(wine, program, "--watch", "1", *arguments, stdout=self.stream)

    def output(self):
        return self.file.read_text(encoding="utf-8")

    def rounds(self):
        """Finished ones: what a scan gave is there at once."""
        return re.split(rf"^(?={TIME} |{{)", self.output(), flags=re.MULTILINE)[1:]

    def wait_for_rounds(self, count):
        wait_for(lambda: len(self.rounds()) >= count)

    def press_ctrl_c(self):
        os.write(self.terminal, b"\x03")
        answer = self.run.wait()
        os.close(self.terminal)
        self.stream.close()
        return answer


def has_ended(answer, status, scans):
    """With that status, and with the line that says so.

    Wine's server kills a program that takes a second to go after it ended by itself, as happens on a busy machine; its
    status is lost then. tests/system/test_watch.py holds the statuses on Linux.
    """
    assert answer.returncode in (status, -signal.SIGKILL), answer
    return f"the watch ended after {scans} scan{'' if scans == 1 else 's'}" in lines(answer.stderr)[-1] and \
        lines(answer.stderr)[-1].endswith(END)


def watch(wine, program, rounds, *arguments):
    """The rounds' texts and what the program said, of a watch that is ended after so many of them."""
    run = Watch(wine, program, *arguments)
    run.wait_for_rounds(rounds)
    answer = run.press_ctrl_c()
    return run.rounds(), answer


def differences_of_saved_scans(wine, program, worlds, folder):
    """By `sic diff` on this machine, of what the same driver answers in runs of their own."""
    for name in ("before", "after"):
        serve(wine, worlds[name])
        assert wine.run(program, "-q", "--save", folder / f"{name}.sic").returncode == 0
    answer = sic("diff", "-q", "--json", folder / "before.sic", folder / "after.sic")
    assert answer.returncode == 1
    return json.loads(answer.stdout), sic("diff", "-q", folder / "before.sic", folder / "after.sic").stdout.decode()


def without_origin(document):
    """Saved scans have a file each, and are of a live kernel like those of the watch."""
    for side in ("old", "new"):
        del document[side]["file"]
    return document


def test_differences(wine, program, worlds, tmp_path):
    expected, text = differences_of_saved_scans(wine, program, worlds, tmp_path)
    for number, name in enumerate(("before", "after", "after"), 1):
        serve(wine, worlds[name], number=number)
    rounds, answer = watch(wine, program, 3, "--json")
    documents = [json.loads(line) for line in rounds]
    assert has_ended(answer, 1, len(rounds))
    assert without_origin(documents[1]["difference"]) == without_origin(expected)
    assert not any(document["difference"]["different"] for document in documents[2:])
    # What the scenarios differ by, whoever compares them.
    found = documents[1]["difference"]
    assert found["basis"] == "pid-and-start-time"
    assert [(change["change"], (change["new"] or change["old"])["pid"]) for change in found["processes"]] == \
        [("came", 2012), ("went", 2008)]
    assert [section["new"]["name"] for section in found["sections"]] == ["\\Data\\shared.db"]
    assert [(view["change"], view["new"]["pid"]) for view in found["sections"][0]["views"]] == [("came", 2012)]
    rounds, answer = watch(wine, program, 3)
    assert rounds[1].split("\n", 1)[1] == "".join(text.splitlines(keepends=True)[3:]) + "\n"
    assert "nothing changed" in rounds[2] and has_ended(answer, 1, len(rounds))


def test_another_loading_is_told_apart(wine, program, worlds):
    """Two runs load the driver twice, and never see the second machine."""
    serve(wine, worlds["after"], number=2)
    answers = [wine.run(program, "-q", "--plain") for _ in range(2)]
    assert answers[0].stdout == answers[1].stdout == sic("--plain", worlds["before"].image("raw")).stdout
    assert answers[0].stdout != sic("--plain", worlds["after"].image("raw")).stdout


def test_ctrl_c_between_scans(wine, program):
    begun = time.monotonic()
    run = Watch(wine, program)
    run.wait_for_rounds(3)
    assert wine.has_service()
    pressed = time.monotonic()
    answer = run.press_ctrl_c()
    rounds = run.rounds()
    assert re.match(rf"{TIME} first scan: \d+ processes, 2 regions", rounds[0])
    for text in rounds[1:]:
        assert re.fullmatch(rf"{TIME} nothing changed since {TIME}\n", text)
    assert has_ended(answer, INCOMPLETE, len(rounds))
    assert pressed - begun > 2


def test_ctrl_c_in_a_long_pause(wine, program):
    run, terminal = on_terminal(wine, program, "--watch", "86400")
    wait_for(lambda: b"kernel" in run.read()[1])
    time.sleep(1)
    begun = time.monotonic()
    os.write(terminal, b"\x03")
    answer = run.wait()
    os.close(terminal)
    assert time.monotonic() - begun < 20
    assert has_ended(answer, INCOMPLETE, 1)


def test_ctrl_c_in_a_scan(wine, program, worlds):
    """The second scan takes its time; it is no failed one."""
    serve(wine, worlds["before"], delay=4000, number=2)
    run = Watch(wine, program)
    run.wait_for_rounds(1)
    time.sleep(2.5)
    answer = run.press_ctrl_c()
    assert has_ended(answer, INCOMPLETE, 1) and not any("failed" in line for line in lines(answer.stderr))
    assert len(run.rounds()) == 1


def test_ctrl_c_in_the_first_scan(wine, program, worlds):
    serve(wine, worlds["before"], delay=4000)
    run = Watch(wine, program)
    wait_for(wine.has_service)
    time.sleep(0.5)
    answer = run.press_ctrl_c()
    assert answer.returncode in (2, -signal.SIGKILL) and run.output() == ""
    assert lines(answer.stderr)[-1] == f"sic: cancelled; {END}"


def tell_console_event(wine, event):
    assert wine.run(WINDOWS / "tests/lab_driver/console_event.exe", "sic.exe", event).returncode == 0


@pytest.mark.parametrize("event", [2, 5, 6])
def test_console_closed(wine, program, event):
    run = Watch(wine, program)
    run.wait_for_rounds(1)
    tell_console_event(wine, event)
    run.run.wait()
    os.close(run.terminal)
    assert not wine.has_service()


@pytest.fixture
def full_pipe():
    """A pipe into which nobody can write any more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        while True:
            os.write(writing, b" " * 4096)
    except BlockingIOError:
        os.set_blocking(writing, True)
    yield writing
    os.close(writing)
    os.close(reading)


def wait_until_it_hangs(wine, run):
    wait_for(lambda: b"VAD nodes" in run.read()[1])
    time.sleep(1)
    assert wine.has_service() and run.process.poll() is None


def test_console_closed_while_nobody_reads(wine, program, full_pipe):
    """The program hangs in a write; Windows would kill it after five seconds, with the driver loaded."""
    run = wine.start(program, "--watch", "1", stdout=full_pipe)
    wait_until_it_hangs(wine, run)
    tell_console_event(wine, 2)
    wait_for(lambda: not wine.has_service())
    run.process.kill()
    run.wait()


def test_ctrl_c_while_nobody_reads(wine, program, full_pipe):
    """The first removes the driver, the second ends the program."""
    run, terminal = on_terminal(wine, program, "--watch", "1", stdout=full_pipe)
    wait_until_it_hangs(wine, run)
    os.write(terminal, b"\x03")
    wait_for(lambda: not wine.has_service())
    assert run.process.poll() is None
    os.write(terminal, b"\x03")
    # The low byte of what Ctrl-C has every program end with.
    assert run.wait().returncode == 0x3a
    os.close(terminal)


def test_reader_gone(wine, program):
    """An output that nobody takes any more ends the watch."""
    reading, writing = os.pipe()
    run = wine.start(program, "--watch", "1", stdout=writing)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    answer = run.wait()
    assert answer.returncode == 2 and "could not be written" in "".join(lines(answer.stderr))


def test_a_scan_fails(wine, program, worlds):
    """It is said, and the next is compared with the one before it."""
    serve(wine, worlds["before"], number=2)
    wine.path("sic-lab", "memory-2.raw").unlink()
    serve(wine, worlds["before"], number=3)
    rounds, answer = watch(wine, program, 3, "--json")
    documents = [json.loads(text) for text in rounds]
    assert "the driver failed with status" in documents[1]["error"] and documents[1]["difference"] is None
    assert [document["error"] for document in documents[2:]] == [None] * (len(documents) - 2)
    assert documents[1]["since"] == documents[2]["since"] == documents[0]["time"]
    said = [line for line in lines(answer.stderr) if "failed: " in line]
    assert len(said) == 1 and documents[1]["time"] in said[0] and has_ended(answer, INCOMPLETE, len(rounds) - 1)


def test_the_first_scan_fails(wine, program):
    wine.path("sic-lab", "memory.raw").unlink()
    answer = wine.run(program, "-q", "--watch", "1")
    assert answer.returncode == 2 and answer.stdout == b""
    assert len(lines(answer.stderr)) == 1 and "the driver failed with status" in lines(answer.stderr)[0]


def test_others_wait(wine, program):
    run = Watch(wine, program)
    run.wait_for_rounds(1)
    answer = wine.run(program, "-q")
    assert answer.returncode == 2 and "another sic.exe" in lines(answer.stderr)[0]
    assert wine.has_service()
    assert has_ended(run.press_ctrl_c(), INCOMPLETE, len(run.rounds()))
