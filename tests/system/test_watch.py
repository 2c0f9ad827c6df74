"""sic --watch on Linux: its options, and its loop in front of images that stand for a live kernel (tests/lab_live)."""
import json
import os
import re
import subprocess

import jsonschema
import pytest

from conftest import ROOT, build_scenario, program, sic

LAB_LIVE = program("SIC_LAB_LIVE", "build/dev/tests/lab-live")
BEFORE = """
process alpha.exe pid=2000
process beta.exe pid=2004
process gamma.exe pid=2008
section data file "\\Data\\shared.db" pages=57
section scratch paging-file pages=4
view 2000 data start=63b0000 protection=rw-
view 2004 data start=1ce98090000 protection=r--
view 2000 scratch
view 2004 scratch
"""
AFTER = BEFORE.replace("process gamma.exe pid=2008", "process delta.exe pid=2012") + """
view 2012 data protection=r--
"""


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
