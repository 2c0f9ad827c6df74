"""Security descriptors, read from text (SDDL) and from bytes, so that both can be compared. Neither way knows the lab's
or SiC's: the tables are those of Microsoft's published description of the language and of the structures (MS-DTYP)."""
import re
import struct
import uuid

ACCOUNTS = {
    "WD": "S-1-1-0", "CO": "S-1-3-0", "CG": "S-1-3-1", "OW": "S-1-3-4", "NU": "S-1-5-2", "IU": "S-1-5-4", "SU": "S-1-5-6",
    "AN": "S-1-5-7", "PS": "S-1-5-10", "AU": "S-1-5-11", "RC": "S-1-5-12", "SY": "S-1-5-18", "LS": "S-1-5-19",
    "NS": "S-1-5-20", "BA": "S-1-5-32-544", "BU": "S-1-5-32-545", "BG": "S-1-5-32-546", "AC": "S-1-15-2-1",
    "WR": "S-1-5-33", "LW": "S-1-16-4096", "ME": "S-1-16-8192", "MP": "S-1-16-8448", "HI": "S-1-16-12288",
    "SI": "S-1-16-16384", "UD": "S-1-5-84-0-0-0-0-0"}
TYPES = {"A": 0, "D": 1, "AU": 2, "AL": 3, "OA": 5, "OD": 6, "XA": 9, "XD": 10, "ML": 17, "RA": 18, "SP": 19, "TL": 20}
FLAGS = {"OI": 1, "CI": 2, "NP": 4, "IO": 8, "ID": 16, "SA": 64, "FA": 128}
RIGHTS = {
    "GA": 1 << 28, "GX": 1 << 29, "GW": 1 << 30, "GR": 1 << 31, "SD": 1 << 16, "RC": 1 << 17, "WD": 1 << 18,
    "WO": 1 << 19, "CC": 1, "DC": 2, "LC": 4, "SW": 8, "RP": 16, "WP": 32, "DT": 64, "LO": 128, "CR": 256,
    "NW": 1, "NR": 2, "NX": 4}
CONTROL = {"D": {"AR": 0x100, "AI": 0x400, "P": 0x1000}, "S": {"AR": 0x200, "AI": 0x800, "P": 0x2000}}
PRESENT = {"D": 4, "S": 16}


def _pairs(text, table):
    assert len(text) % 2 == 0, text
    value = 0
    for i in range(0, len(text), 2):
        value |= table[text[i:i + 2]]
    return value


def _sid(text):
    return ACCOUNTS.get(text, text)


def _ace(text):
    kind, flags, rights, this, inherited, sid, *condition = text.split(";", 6)
    mask = int(rights, 0) if rights[:1].isdigit() else _pairs(rights, RIGHTS)
    return (TYPES[kind], _pairs(flags, FLAGS), mask, this or None, inherited or None, _sid(sid),
            condition[0] if condition else None)


def _aces(text):
    aces, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        if letter == "(":
            depth += 1
            start = i + 1 if depth == 1 else start
        elif letter == ")":
            depth -= 1
            if depth == 0:
                aces.append(_ace(text[start:i]))
    assert depth == 0, text
    return aces


def parse(text):
    """{"control", "O", "G", "D", "S"}: SIDs as S-1-…, lists of ACEs, None where there is none."""
    pieces = re.split(r"([OGDS]):", text)
    assert pieces[0] == "", text
    result = {"control": 0x8000, "O": None, "G": None, "D": None, "S": None}
    for letter, rest in zip(pieces[1::2], pieces[2::2]):
        if letter in "OG":
            result[letter] = _sid(rest)
            continue
        result["control"] |= PRESENT[letter]
        flags, parenthesis, aces = rest.partition("(")
        if flags == "NO_ACCESS_CONTROL":
            continue
        for match in re.findall("AR|AI|P", flags):
            result["control"] |= CONTROL[letter][match]
        result[letter] = _aces(parenthesis + aces)
    return result


def _sid_at(data, at):
    revision, count = data[at], data[at + 1]
    assert revision == 1 and count <= 15
    authority = int.from_bytes(data[at + 2:at + 8], "big")
    parts = struct.unpack_from(f"<{count}I", data, at + 8)
    return "-".join(map(str, ("S", 1, authority, *parts))), 8 + 4 * count


def _condition_of(data):
    """What (Exists NAME) and (Not_Exists NAME) become."""
    if not data:
        return None
    assert data[:5] == b"artx\xf8"
    size = struct.unpack_from("<I", data, 5)[0]
    operator = {0x87: "Exists", 0x8d: "Not_Exists"}[data[9 + size]]
    assert not any(data[10 + size:])
    return f"({operator} {data[9:9 + size].decode('utf-16-le')})"


def _ace_at(data):
    kind, flags, size, mask = struct.unpack_from("<BBHI", data)
    assert size == len(data)
    at, guids = 8, [None, None]
    if kind in (5, 6):
        present = struct.unpack_from("<I", data, at)[0]
        at += 4
        for i in range(2):
            if present >> i & 1:
                guids[i] = str(uuid.UUID(bytes_le=data[at:at + 16]))
                at += 16
    sid, length = _sid_at(data, at)
    return (kind, flags, mask, *guids, sid, _condition_of(data[at + length:]))


def _acl_at(data, at):
    _, _, size, count, _ = struct.unpack_from("<BBHHH", data, at)
    end, at, aces = at + size, at + 8, []
    for _ in range(count):
        length = struct.unpack_from("<H", data, at + 2)[0]
        aces.append(_ace_at(data[at:at + length]))
        at += length
        assert at <= end
    return aces


def decode(data):
    """The same of the bytes of a self-relative descriptor."""
    revision, _, control, owner, group, sacl, dacl = struct.unpack_from("<BBHIIII", data)
    assert revision == 1
    return {"control": control, "O": _sid_at(data, owner)[0] if owner else None,
            "G": _sid_at(data, group)[0] if group else None,
            "D": _acl_at(data, dacl) if control & 4 and dacl else None,
            "S": _acl_at(data, sacl) if control & 16 and sacl else None}
