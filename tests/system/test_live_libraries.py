"""Which dbghelp.dll is loaded, and which PDB it finds: under Wine, whose dbghelp.dll is the one in System32.

symsrv.dll, the Windows SDK's debuggers and Microsoft's signatures are not to be had here.
"""
import re
import shutil
import subprocess

import pytest

from conftest import ROOT
from windows_world import WINDOWS, wine

FIXTURES = ROOT / "build/dev/tests/pdb_fixtures"
SDK = ("Program Files (x86)", "Windows Kits", "10", "Debuggers", "x64")


@pytest.fixture
def program(wine):
    target = wine.path("find")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    shutil.copy(WINDOWS / "tests/lab_driver/find_pdb.exe", target)
    return target / "find_pdb.exe"


@pytest.fixture(scope="module")
def pdb():
    """A PDB of the tests of the PDB reader, and what an independent reader says its GUID is."""
    path = FIXTURES / "many-1024.pdb"
    if not path.exists() or not shutil.which("llvm-pdbutil"):
        pytest.skip("no PDB fixtures, or no llvm-pdbutil")
    summary = subprocess.run(["llvm-pdbutil", "dump", "--summary", path], check=True, capture_output=True,
                             text=True).stdout
    return path, re.search(r"GUID: {([0-9A-F-]+)}", summary).group(1).replace("-", "") + "1"


def windows_path(path):
    return "Z:" + str(path).replace("/", "\\")


def find(wine, program, pdb, *arguments):
    path, guid_age = pdb
    return wine.run(program, path.name, guid_age, *arguments)


def notes(answer):
    return [line for line in answer.stderr.decode().splitlines() if line.startswith("note: ")]


def test_found_in_a_folder(wine, program, pdb):
    answer = find(wine, program, pdb, windows_path(FIXTURES))
    assert answer.returncode == 0, answer
    assert answer.stdout.decode().strip() == windows_path(pdb[0])
    wine.environment["_NT_SYMBOL_PATH"] = "C:\\nowhere;" + windows_path(FIXTURES)
    try:
        assert find(wine, program, pdb).stdout == answer.stdout
    finally:
        del wine.environment["_NT_SYMBOL_PATH"]


def test_another_guid_or_age_is_not_taken(wine, program, pdb):
    path, guid_age = pdb
    for other in ("0" * 32 + "1", guid_age[:-1] + "2"):
        answer = find(wine, program, (path, other), windows_path(FIXTURES))
        assert answer.returncode == 2 and answer.stdout == b"" and other.encode() in answer.stderr


def test_identities_that_are_none(wine, program, pdb):
    for wrong in ("", "x" * 33, "1234"):
        answer = find(wine, program, (pdb[0], wrong), windows_path(FIXTURES))
        assert answer.returncode == 2 and b"which PDB it needs" in answer.stderr


def test_libraries_beside_the_program(wine, program, pdb, tmp_path):
    """Neither those of nobody, nor one that calls its signer Microsoft."""
    original = wine.path("windows", "system32", "dbghelp.dll")
    beside = program.parent
    shutil.copy(original, beside / "dbghelp.dll")
    answer = find(wine, program, pdb, windows_path(FIXTURES))
    assert answer.returncode == 0 and len(notes(answer)) == 1 and "it needs Microsoft's symsrv.dll" in notes(answer)[0]
    shutil.copy(original, beside / "symsrv.dll")
    answer = find(wine, program, pdb, windows_path(FIXTURES))
    assert answer.returncode == 0 and "symsrv.dll: not loaded" in notes(answer)[0]
    if not shutil.which("osslsigncode"):
        pytest.skip("no osslsigncode")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj",
                    "/C=US/O=Microsoft Corporation/CN=Microsoft Corporation", "-addext",
                    "extendedKeyUsage=codeSigning", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"],
                   check=True, capture_output=True)
    for name in ("symsrv.dll", "dbghelp.dll"):
        (beside / name).unlink()
        subprocess.run(["osslsigncode", "sign", "-certs", tmp_path / "cert.pem", "-key", tmp_path / "key.pem", "-in",
                        WINDOWS / "sic-drv.sys", "-out", beside / name], check=True, capture_output=True)
    answer = find(wine, program, pdb, windows_path(FIXTURES))
    assert answer.returncode == 0 and "symsrv.dll: not loaded" in notes(answer)[0]


def test_copied_from_the_sdk(wine, program, pdb):
    sdk = wine.path(*SDK)
    sdk.mkdir(parents=True)
    try:
        for name in ("dbghelp.dll", "symsrv.dll"):
            (sdk / name).write_bytes(b"the SDK's " + name.encode())
        (program.parent / "dbghelp.dll").write_bytes(b"there already")
        answer = find(wine, program, pdb, windows_path(FIXTURES))
    finally:
        shutil.rmtree(wine.path(SDK[0], SDK[1]))
    assert answer.returncode == 0 and "symsrv.dll: copied" in notes(answer)[0]
    assert (program.parent / "symsrv.dll").read_bytes() == b"the SDK's symsrv.dll"
    assert (program.parent / "dbghelp.dll").read_bytes() == b"there already"
