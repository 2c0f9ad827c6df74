"""An interrupted program leaves nothing behind: no temporary file, no half of a saved scan."""
import os
import signal
import subprocess
import time

import pytest

from conftest import LAB, SIC, SIC_RELEASE, sic


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("interrupt") / "world"
    subprocess.run([LAB, "bench", "--processes", "200", "--vads", "63000", "--handles", "10", "--format", "bitmap",
                    "--no-truth", "--output", prefix], check=True, capture_output=True)
    return f"{prefix}.bitmap.dmp"


@pytest.fixture(scope="module")
def saved(world, tmp_path_factory):
    """The whole saved scan, and how long it takes to make it."""
    path = tmp_path_factory.mktemp("whole") / "scan"
    begun = time.monotonic()
    assert sic("-q", "--save", path, world).returncode == 0
    return path.read_bytes(), time.monotonic() - begun


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_save_leaves_nothing(world, saved, tmp_path, number):
    whole, duration = saved
    interrupted = 0
    for step in range(12):
        folder = tmp_path / str(step)
        folder.mkdir()
        target = folder / "scan"
        program = subprocess.Popen([SIC, "-q", "--save", target, world], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, cwd=folder, env={**os.environ, "TMPDIR": str(folder)},
                                   # Whoever runs the tests in the background has it ignored, and children inherit that.
                                   preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        time.sleep(duration * step / 12)
        program.send_signal(number)
        interrupted += program.wait(timeout=60) == -number
        left = [entry.name for entry in folder.iterdir()]
        assert left in ([], ["scan"]), left
        if left:
            assert target.read_bytes() == whole
    assert interrupted > 0


@pytest.mark.parametrize("form", [[], ["--plain"], ["--json"], ["--csv"]])
def test_closed_pipe_ends_the_program(world, tmp_path, form):
    program = subprocess.Popen([SIC_RELEASE, "-q", *form, world], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               cwd=tmp_path, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert program.stdout.read(100)
    program.stdout.close()
    assert program.wait(timeout=60) != 0
    program.stderr.close()
    assert list(tmp_path.iterdir()) == []
