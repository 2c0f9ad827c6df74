"""The archive for Windows: what is in it, what is not, and that it is the same each time."""
import hashlib
import re
import shutil
import struct
import subprocess
import zipfile

import pytest

from conftest import ROOT
from windows_world import WINDOWS

TOOLS = ["mandoc", "openssl", "osslsigncode", "zip"]
# Fields of a PE file's optional header for x64: the checksum, and the directory entry of the signature.
CHECKSUM, SECURITY = 0x40, 0x90


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    if not all(map(shutil.which, TOOLS)) or not (WINDOWS / "sic-drv.sys").exists():
        pytest.skip("no " + ", ".join(TOOLS) + ", or no Windows build")
    folder = tmp_path_factory.mktemp("dist")
    answer = {}
    for name, key in (("first", "a"), ("again", "a"), ("other", "b")):
        subprocess.run([ROOT / "packaging/dist", WINDOWS, folder / key, folder / f"{name}.zip"], check=True,
                       capture_output=True)
        answer[name] = folder / f"{name}.zip"
    return answer


def content(archive):
    with zipfile.ZipFile(archive) as file:
        return {name.split("/", 1)[1]: file.read(name) for name in file.namelist()}


def optional_header(image):
    return struct.unpack_from("<I", image, 0x3c)[0] + 0x18


def checksum(image):
    """The PE checksum: 16-bit words added with their carries, the checksum's own field left out, plus the size."""
    at = optional_header(image) + CHECKSUM
    image = image[:at] + bytes(4) + image[at + 4:] + bytes(len(image) % 2)
    total = sum(struct.unpack(f"<{len(image) // 2}H", image))
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return total


def unsigned(image):
    """The file without its signature, and with nothing in the fields that signing changes."""
    header = optional_header(image)
    at, size = struct.unpack_from("<II", image, header + SECURITY)
    assert size > 0 and at + size == len(image)
    image = bytearray(image[:at])
    image[header + CHECKSUM:header + CHECKSUM + 4] = bytes(4)
    image[header + SECURITY:header + SECURITY + 8] = bytes(8)
    return bytes(image)


def test_what_is_in_it(archives):
    files = content(archives["first"])
    assert sorted(files) == ["HOWTO.txt", "LICENSE.txt", "MANUAL.txt", "shareme.exe", "sic-drv.sys",
                             "sic-test-signing.cer", "sic.exe"]
    for name in ("sic.exe", "shareme.exe"):
        assert files[name] == (WINDOWS / name).read_bytes()
    assert b"testsigning on" in files["HOWTO.txt"] and b"untried" in files["HOWTO.txt"]
    assert b"\r\n     sic symbols [OPTIONS] IMAGE\r\n" in files["MANUAL.txt"] and b"\b" not in files["MANUAL.txt"]


def test_no_private_key(archives, tmp_path):
    files = content(archives["first"])
    key = (archives["first"].parent / "a" / "key.pem").read_text()
    modulus = subprocess.run(["openssl", "rsa", "-noout", "-text"], input=key, check=True, capture_output=True,
                             text=True).stdout
    exponent = re.search(r"privateExponent:\n((?: {4}[0-9a-f:]+\n)+)", modulus).group(1)
    secret = bytes.fromhex(re.sub(r"[^0-9a-f]", "", exponent)).lstrip(b"\0")
    assert len(secret) > 300
    for name, data in files.items():
        assert b"PRIVATE KEY" not in data and secret not in data, name


def test_the_driver_is_the_built_one(archives):
    """With its signature taken away it is the file that was built; the lab's driver is another one."""
    signed = content(archives["first"])["sic-drv.sys"]
    built = bytearray((WINDOWS / "sic-drv.sys").read_bytes())
    header = optional_header(built)
    built[header + CHECKSUM:header + CHECKSUM + 4] = bytes(4)
    # Signing fills the file up to a multiple of 8 bytes.
    assert unsigned(signed).rstrip(b"\0") == bytes(built).rstrip(b"\0")
    lab = (WINDOWS / "tests/lab_driver/lab-drv.sys").read_bytes()
    assert b"s\0i\0c\0-\0l\0a\0b\0" in lab and b"s\0i\0c\0-\0l\0a\0b\0" not in signed


def test_checksum_is_right_after_signing(archives):
    signed = content(archives["first"])["sic-drv.sys"]
    assert struct.unpack_from("<I", signed, optional_header(signed) + CHECKSUM)[0] == checksum(signed) + len(signed)


def test_signature(archives, tmp_path):
    files = content(archives["first"])
    (tmp_path / "signed.sys").write_bytes(files["sic-drv.sys"])
    pem = subprocess.run(["openssl", "x509", "-inform", "DER"], input=files["sic-test-signing.cer"], check=True,
                         capture_output=True).stdout
    (tmp_path / "ca.pem").write_bytes(pem)
    verify = ["osslsigncode", "verify", "-CAfile", tmp_path / "ca.pem", tmp_path / "signed.sys"]
    assert subprocess.run(verify, capture_output=True).returncode == 0
    damaged = bytearray(files["sic-drv.sys"])
    damaged[0x500] ^= 1
    (tmp_path / "signed.sys").write_bytes(damaged)
    assert subprocess.run(verify, capture_output=True).returncode != 0


def test_same_each_time(archives):
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in archives.items()}
    assert digests["first"] == digests["again"]
    first, other = content(archives["first"]), content(archives["other"])
    assert {name for name in first if first[name] != other[name]} == {"sic-drv.sys", "sic-test-signing.cer"}
    assert unsigned(first["sic-drv.sys"]) == unsigned(other["sic-drv.sys"])
