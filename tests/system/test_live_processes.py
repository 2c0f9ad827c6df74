"""The agent's own reader of processes under Wine: a real child's PEB and shared memory, read from outside."""
import json
import struct

import pytest

from windows_world import WINDOWS, Wine

# Of _PEB, x64, as published headers have them.
PEB_FIELDS = {"ApiSetMap": 0x68, "ReadOnlySharedMemoryBase": 0x88, "SharedData": 0x90, "ReadOnlyStaticServerData": 0x98,
              "AnsiCodePageData": 0xa0, "OemCodePageData": 0xa8, "UnicodeCaseTableData": 0xb0,
              "GdiSharedHandleTable": 0xf8, "pShimData": 0x2d8, "ActivationContextData": 0x2f8,
              "ProcessAssemblyStorageMap": 0x300, "SystemDefaultActivationContextData": 0x308,
              "SystemAssemblyStorageMap": 0x310, "CsrServerReadOnlySharedMemoryBase": 0x380, "LeapSecondData": 0x7b8}
PEB_READ, PEB_UNREADABLE = 0x400, 0x800
CHILD, OWN, WRONG_TIME, NEVER, NO_PEB = range(5)


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    wine = Wine(tmp_path_factory.mktemp("processes"))
    try:
        result = wine.run(WINDOWS / "tests/lab_driver/read_processes.exe")
    finally:
        wine.stop()
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_who_is_read(answer):
    assert answer["flags"] == [PEB_READ, PEB_READ, PEB_UNREADABLE, PEB_UNREADABLE, 0]


def test_pointers_of_the_child(answer):
    peb = bytes.fromhex(answer["childPeb"])
    expected = {name: struct.unpack_from("<Q", peb, offset)[0] for name, offset in PEB_FIELDS.items()}
    expected = {name: value for name, value in expected.items() if value}
    assert len(expected) >= 3, "Wine's PEB has no pointers to hold the answer against"
    assert {name: value for process, name, value in answer["pointers"] if process == CHILD} == expected
    assert {process for process, _, _ in answer["pointers"]} == {CHILD, OWN}


def test_first_bytes(answer):
    shared = b"shared by a test".hex()
    assert answer["pages"] == [shared, shared, "", ""]
