"""A running kernel that no profile knows: its PDB beside sic.exe or along the symbol path, under Wine.

The driver is the one of the lab; the PDB is compiled by clang and lld-link. Nothing is fetched: symsrv.dll is
Microsoft's, and not here.
"""
import json

import pytest

import kernel_pdb
import truth as oracle
from test_symbols import Kernel
from windows_world import Wine, install, kernel_file, lines, serve

LAB_DRIVER = "tests/lab_driver/lab-drv.sys"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    if not kernel_pdb.is_possible():
        pytest.skip("clang, lld-link or llvm-pdbutil is missing")
    return Kernel(tmp_path_factory.mktemp("kernel"))


@pytest.fixture(scope="module")
def wine(tmp_path_factory, kernel):
    wine = Wine(tmp_path_factory.mktemp("live"))
    wine.path("windows", "system32", "ntoskrnl.exe").write_bytes(kernel_file(kernel.guid_age))
    serve(wine, kernel.world)
    yield wine
    wine.stop()


@pytest.fixture
def program(wine):
    yield install(wine, "lab", LAB_DRIVER)
    wine.environment.pop("_NT_SYMBOL_PATH", None)
    assert not wine.has_service()


def check_answer(kernel, answer):
    assert answer.returncode == 0, answer.stderr
    document = json.loads(answer.stdout)
    # The build is Wine's own, all else the lab's.
    assert oracle.answered_processes(document) == oracle.true_processes(kernel.world.truth)
    assert oracle.answered_regions(document) == oracle.true_regions(kernel.world.truth)
    assert document["kernel"]["layout"]["source"] == "pdb"
    assert document["kernel"]["guid_age"] == kernel.guid_age


def test_no_pdb(wine, kernel, program):
    answer = wine.run(program, "--json")
    assert answer.returncode == 2 and answer.stdout == b""
    last = lines(answer.stderr)[-1]
    assert "contradicts every layout" in last and kernel.guid_age in last
    # Unasked, Microsoft's server would be, if symsrv.dll were there.
    assert any("msdl.microsoft.com" in line and "not asked" in line for line in lines(answer.stderr))


def test_beside_the_program(wine, kernel, program):
    kernel.copy(program.parent / kernel_pdb.PDB)
    check_answer(kernel, wine.run(program, "--json"))


def test_along_the_symbol_path(wine, kernel, program, tmp_path):
    kernel.copy(tmp_path / kernel.store_path)
    wine.environment["_NT_SYMBOL_PATH"] = "Z:" + str(tmp_path).replace("/", "\\")
    check_answer(kernel, wine.run(program, "--json"))


def test_wrong_pdb_beside_the_program(wine, kernel, program):
    kernel.copy(program.parent / kernel_pdb.PDB, kernel.other)
    answer = wine.run(program, "--json")
    assert answer.returncode == 2 and answer.stdout == b""
