"""
What other programs say of the structures: clang's record layouts and llvm-pdbutil's dump, in one form.

A line is `STRUCTURE.PATH BIT BITS SIZE`: the position in bits, the width of a bit-field or 0, the size in bytes or -.
A structure's own line is `STRUCTURE - - SIZE`.
"""

import re

LAYOUT = re.compile(r"^ *(?:(\d+)(?::(?:(\d+)-(\d+)|-))?)? \|( +)(.*)$")
RECORD = re.compile(r"^ +0x([0-9A-F]+) \| (LF_\w+) \[size = \d+\](?: `(.*)`)?")
MEMBER = re.compile(r"- LF_MEMBER \[name = `(.*?)`, Type = 0x([0-9A-F]+).*?, offset = (\d+),|"
                    r"- LF_BCLASS\s+type = 0x([0-9A-F]+).*?, offset = (\d+),")
BASIC = {0x03: 0, 0x08: 4, 0x10: 1, 0x20: 1, 0x70: 1, 0x30: 1, 0x7c: 1, 0x11: 2, 0x21: 2, 0x71: 2, 0x7a: 2, 0x12: 4,
         0x22: 4, 0x74: 4, 0x75: 4, 0x40: 4, 0x7b: 4, 0x13: 8, 0x23: 8, 0x76: 8, 0x77: 8, 0x41: 8}


def member_name(text):
    """The name behind a type in a record layout; None for padding, "" for what is flattened."""
    if text.endswith("(base)") or text.endswith("(primary base)"):
        return ""
    if text.endswith("vftable pointer)"):
        return None
    if text.endswith(" "):
        return "" if re.search(r"(anonymous|unnamed) at", text) else None
    return text.rsplit(" ", 1)[1].lstrip("*")


def from_layouts(text):
    """{structure: [lines]} of clang -fdump-record-layouts, in the order of declaration."""
    found = {}
    for block in text.split("*** Dumping AST Record Layout\n")[1:]:
        lines = block.split("\n")
        root = re.match(r" *0 \| (?:struct|union|class) ([\w:]+)(?: \(empty\))?$", lines[0])
        if root is None:
            continue
        found[root.group(1)] = rows = []
        prefixes = {0: root.group(1) + "."}
        for line in lines[1:]:
            size = re.match(r" +\| \[sizeof=(\d+),", line)
            if size:
                rows.insert(0, f"{root.group(1)} - - {size.group(1)}")
                break
            offset, low, high, spaces, text = LAYOUT.match(line).groups()
            depth, name = (len(spaces) - 1) // 2, member_name(text)
            prefix = prefixes[depth - 1]
            prefixes[depth] = prefix if not name else f"{prefix}{name}."
            if name:
                bits = int(high) - int(low) + 1 if low else 0
                rows.append(f"{prefix}{name} {8 * int(offset) + int(low or 0)} {bits} -")
    return found


class Dump:
    """The types of llvm-pdbutil dump --types."""

    def __init__(self, text):
        self.records = {}
        for line in text.split("\n"):
            head = RECORD.match(line)
            if head:
                current = self.records[int(head.group(1), 16)] = [head.group(2), head.group(3), []]
            elif self.records:
                current[2].append(line)

    def number(self, index, pattern, base=16):
        match = re.search(pattern, "\n".join(self.records[index][2]))
        return int(match.group(1), base) if match else 0

    def definition(self, index):
        forward = self.number(index, r"forward ref \(-> 0x([0-9A-F]+)\)")
        return forward or index

    def is_forward(self, index):
        return "forward ref" in "\n".join(self.records[index][2])

    def describe(self, index):
        """(size, bit position, bits, definition or 0)"""
        if index < 0x1000:
            return (8 if index & 0xf00 == 0x600 else BASIC[index & 0xff], 0, 0, 0)
        kind = self.records[index][0]
        if kind == "LF_MODIFIER":
            return self.describe(self.number(index, r"referent = 0x([0-9A-F]+)"))
        if kind == "LF_BITFIELD":
            size = self.describe(self.number(index, r"type = 0x([0-9A-F]+)"))[0]
            return (size, self.number(index, r"bit offset = (\d+)", 10), self.number(index, r"# bits = (\d+)", 10), 0)
        if kind == "LF_POINTER":
            return (4 if "ptr32" in "".join(self.records[index][2]) else 8, 0, 0, 0)
        if kind == "LF_ARRAY":
            return (self.number(index, r"size: (\d+)", 10), 0, 0, 0)
        if kind == "LF_ENUM":
            return (self.describe(self.number(index, r"underlying type: 0x([0-9A-F]+)"))[0], 0, 0, 0)
        if kind in ("LF_STRUCTURE", "LF_CLASS", "LF_UNION"):
            index = self.definition(index)
            return (self.number(index, r"sizeof (\d+)", 10), 0, 0, index)
        return (0, 0, 0, 0)

    def members(self, list_index):
        while list_index:
            for match in MEMBER.finditer("\n".join(self.records[list_index][2])):
                name, member, offset, base, base_offset = match.groups()
                yield name or "", int(member or base, 16), int(offset or base_offset)
            list_index = self.number(list_index, r"LF_INDEX continuation = 0x([0-9A-F]+)")

    def rows(self, prefix, index, base):
        for name, type_index, offset in self.members(self.number(index, r"field list: 0x([0-9A-F]+)")):
            size, bit, bits, definition = self.describe(type_index)
            inner = f"{prefix}{name}." if name else prefix
            if name:
                yield f"{prefix}{name} {8 * (base + offset) + bit} {bits} {size}"
            if definition and not self.is_forward(definition):
                yield from self.rows(inner, definition, base + offset)

    def all(self):
        """{structure: [lines]} of every structure whose name is defined once."""
        found, doubtful = {}, set()
        for index, (kind, name, _) in self.records.items():
            if kind not in ("LF_STRUCTURE", "LF_CLASS", "LF_UNION") or self.is_forward(index):
                continue
            if name in found:
                doubtful.add(name)
            size = self.number(index, r"sizeof (\d+)", 10)
            found[name] = [f"{name} - - {size}"] + list(self.rows(name + ".", index, 0))
        return {name: rows for name, rows in found.items() if name not in doubtful and "<" not in name}


def publics(text):
    """Lines `NAME RVA` of llvm-pdbutil dump --publics --section-headers; - where there is no section."""
    sections = [int(a, 16) for a in re.findall(r"([0-9A-F]+) virtual address", text)]
    rows = []
    for name, segment, offset in re.findall(r"S_PUB32 \[size = \d+\] `(.*)`\n.*addr = (\d+):(\d+)", text):
        inside = 0 < int(segment) <= len(sections)
        rows.append(f"{name} {sections[int(segment) - 1] + int(offset)}" if inside else f"{name} -")
    return rows
