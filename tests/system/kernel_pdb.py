"""A kernel that no profile knows: made-up rows, a PDB that clang and lld-link make of them, and the lab's data for it.

The rows are those of a known layout with members and bits moved. The PDB's offsets are then clang's doing, its GUID and
the addresses of its symbols are read with llvm-pdbutil: nothing here comes from SiC.
"""
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/pdb"))
import msf

BUILD = "10.0.31337.42"
LAYOUT = "31337.42"
BASE = "19041.264"
PDB = "ntkrnlmp.pdb"
# Structures and from which offset on their members move, and how far.
MOVES = {"_EPROCESS": (0x440, 0x28), "_MMVAD_SHORT": (0x24, 8), "_MMVAD": (0x40, 8), "_CONTROL_AREA": (0x28, 8),
         "_SUBSECTION": (0x8, 0x10), "_SEGMENT": (0x8, 8), "_FILE_OBJECT": (0x50, 0x10),
         "_MI_SYSTEM_INFORMATION": (0x1000, 0x40)}
BIT_MOVES = {"_MMVAD_FLAGS.VadType": 1, "_MMVAD_FLAGS.Protection": 1, "_MMVAD_FLAGS.PrivateMemory": 3}
TREES = {
    "balanced": ("struct _RTL_BALANCED_NODE {{ struct _RTL_BALANCED_NODE *Left, *Right; union {{ unsigned char Red : 1; "
                 "unsigned long long ParentValue; }}; }};",
                 "struct _RTL_BALANCED_NODE VadNode;"),
    "avl-node": ("struct _MM_AVL_NODE {{ union {{ long long Balance : 2; struct _MM_AVL_NODE *Parent; }} u1; "
                 "struct _MM_AVL_NODE *LeftChild, *RightChild; }};",
                 "struct _MM_AVL_NODE VadNode;"),
    "avl": ("", "union {{ long long Balance : 2; struct _MMVAD *Parent; }} u1; struct _MMVAD *LeftChild, *RightChild;"),
}


def tool(name):
    return shutil.which(name) or shutil.which(name + "-14")


def is_possible():
    return all(tool(name) for name in ("clang", "lld-link", "llvm-pdbutil"))


def run(*command, cwd=None):
    done = subprocess.run(list(map(str, command)), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def read_rows(layout):
    """{name: (offset, first bit, bits)} of a layout of data/layouts.txt; no bits: 0."""
    rows, inside = {}, False
    for line in (ROOT / "data/layouts.txt").read_text().splitlines():
        words = line.split()
        if words[:1] == ["layout"]:
            inside = words[1] == layout
        elif inside and words and words[0].startswith("_"):
            first, bits = map(int, words[2].split(":")) if len(words) > 2 else (0, 0)
            rows[words[0]] = (int(words[1], 16), first, bits)
    return rows


def moved_rows(base=BASE):
    rows = {}
    for name, (offset, first, bits) in read_rows(base).items():
        start, distance = MOVES.get(name.split(".")[0], (1 << 32, 0))
        if offset >= start:
            offset += distance
        # Up to 7601 the flags are the highest of 64 bits: there is no room above them.
        rows[name] = (offset, first + (BIT_MOVES.get(name, 0) if first < 32 else 0), bits)
    return rows


def format_row(name, row):
    return f"{name} 0x{row[0]:x}" + (f" {row[1]}:{row[2]}" if row[2] else "")


def bit_unit(size, members):
    """One storage unit whose bits are named where `members` [(first, bits, name)] say."""
    integer = {1: "unsigned char", 2: "unsigned short", 4: "unsigned int", 8: "unsigned long long"}[size]
    text, at = "", 0
    for first, bits, name in sorted(members):
        text += f"{integer} : {first - at}; " if first > at else ""
        text += f"{integer} {name} : {bits}; "
        at = first + bits
    return text + (f"{integer} : {8 * size - at};" if at < 8 * size else "")


def member(path, size):
    """A member, or the structures around a dotted one."""
    outer, _, inner = path.partition(".")
    return f"struct {{ {member(inner, size)} }} {outer};" if inner else f"char {path}[{size}];"


def structure(name, fields, size, tree):
    """The C text of one structure; `fields` {path: row}."""
    before, links = TREES[tree]
    places = {}
    for path, (offset, first, bits) in fields.items():
        places.setdefault(offset, []).append((first, bits, path))
    text, at = f"struct {name} {{\n", 0
    if name == "_MMVAD_SHORT":
        text = before.format() + "\n" + text + f"    {links.format()}\n"
        for offset in (0, 8, 16):
            del places[offset]
        at = 24
    offsets = sorted(places)
    end = size or max(offsets, default=at) + 8
    for offset, following in zip(offsets, offsets[1:] + [end]):
        if offset > at:
            text += f"    char _gap{at:x}[{offset - at}];\n"
        members = places[offset]
        if members[0][1]:
            unit = max(u for u in (1, 2, 4, 8) if u <= following - offset)
            text += f"    {bit_unit(unit, members)}\n"
            at = offset + unit
        else:
            assert len(members) == 1, (name, members)
            text += f"    {member(members[0][2], following - offset)}\n"
            at = following
    if end > at:
        text += f"    char _end[{end - at}];\n"
    return text + "};\n"


def global_lines(names, addresses, before):
    """The globals, 8 KiB each; or each at its address of a real kernel, counted from the first."""
    if not addresses:
        return [f"char before[{before}];"] + [f"char {name}[0x2000];" for name in names]
    order = sorted(names, key=addresses.get)
    ends = [addresses[name] for name in order[1:]] + [addresses[order[-1]] + 8]
    text = [f"__attribute__((aligned(1))) char before[{before}];"]
    for name, end in zip(order, ends):
        text.append(f"__attribute__((aligned(1))) char {name}[{end - addresses[name]}];")
    return text


def source(rows, globals_, tree, addresses=None, before=0x400000):
    structures, sizes = {}, {}
    for name, row in rows.items():
        head, _, path = name.partition(".")
        if path == "sizeof":
            sizes[head] = row[0]
        else:
            structures.setdefault(head, {})[path] = row
    text = ["#pragma pack(push, 1)"]
    names = list(structures) + [name for name in sizes if name not in structures]
    text += [structure(name, structures.get(name, {}), sizes.get(name), tree) for name in names]
    text += [f"struct {name} use{name};" for name in names]
    # The first MiB of the image stays free for what the lab puts there.
    text += global_lines(globals_, addresses, before)
    return "\n".join(text) + "\n"


def columns():
    for line in (ROOT / "data/kernels.txt").read_text().splitlines():
        if line.startswith("guid_age"):
            return line.split()[4:]


def compile_pdb(folder, rows, name="kernel", tree="balanced", addresses=None, before=0x400000):
    """Makes the PDB; returns (path, GUIDAGE, {global: RVA}). `addresses` {global: RVA}: so far apart are the globals."""
    names = list(addresses) if addresses else [column for column in columns() if column != "ObHeaderCookie"]
    (folder / f"{name}.c").write_text(source(rows, names, tree, addresses, before))
    run(tool("clang"), "--target=x86_64-pc-windows-msvc", "-g", "-gcodeview", "-w", "-fstandalone-debug", "-c",
        f"{name}.c", "-o", f"{name}.obj", cwd=folder)
    run(tool("lld-link"), "/dll", "/noentry", "/debug", f"/pdb:{name}.pdb", f"/out:{name}.dll", f"{name}.obj",
        cwd=folder)
    summary = run(tool("llvm-pdbutil"), "dump", "--summary", f"{name}.pdb", cwd=folder)
    guid = re.search(r"GUID: \{([0-9A-F-]+)\}", summary).group(1).replace("-", "")
    text = run(tool("llvm-pdbutil"), "dump", "--publics", "--section-headers", f"{name}.pdb", cwd=folder)
    sections = [int(a, 16) for a in re.findall(r"([0-9A-F]+) virtual address", text)]
    rvas = {symbol: sections[int(segment) - 1] + int(offset) for symbol, segment, offset in
            re.findall(r"S_PUB32 \[size = \d+\] `(.*)`\n.*addr = (\d+):(\d+)", text) if symbol in names}
    assert set(rvas) == set(names)
    return folder / f"{name}.pdb", guid + "1", rvas


def compile_pdb_at(folder, rows, name, addresses):
    """A PDB whose globals lie at just these RVAs: compiled twice, the second time with what was too much taken off."""
    _, _, rvas = compile_pdb(folder, rows, name, addresses=addresses)
    first = min(addresses, key=addresses.get)
    before = 0x400000 + addresses[first] - rvas[first]
    pdb, guid_age, rvas = compile_pdb(folder, rows, name, addresses=addresses, before=before)
    assert rvas == addresses
    return pdb, guid_age


def write_data(folder, rows, guid_age, rvas, pdb=PDB):
    """The lab's data for this one kernel."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "layouts.txt").open("w") as file:
        file.write(f"layout {LAYOUT} {BUILD}-{BUILD} full\n")
        file.writelines(format_row(name, row) + "\n" for name, row in rows.items())
    cells = [f"{rvas[name]:x}" if name in rvas else "-" for name in columns()]
    with (folder / "kernels.txt").open("w") as file:
        file.write(f"guid_age pdb build layout {' '.join(columns())}\n")
        file.write(f"{guid_age} {pdb} {BUILD} {LAYOUT} {' '.join(cells)}\n")


def edit(pdb, output, change):
    """A copy of a PDB whose streams `change` has altered."""
    streams = [bytearray(stream) for stream in msf.read(pathlib.Path(pdb).read_bytes())]
    change(streams)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(msf.write([bytes(stream) for stream in streams], 4096, 1))
    return output


def with_age(pdb, output, age):
    def change(streams):
        streams[3][8:12] = age.to_bytes(4, "little")
    return edit(pdb, output, change)


def with_guid(pdb, output):
    def change(streams):
        streams[1][12:16] = bytes(value ^ 0x55 for value in streams[1][12:16])
    return edit(pdb, output, change)


def with_broken_types(pdb, output):
    def change(streams):
        streams[2][60:] = bytes(0xff for _ in streams[2][60:])
    return edit(pdb, output, change)


def without_types(pdb, output):
    """A public PDB whose types were stripped."""
    def change(streams):
        header = streams[2][:56]
        header[8:12] = header[12:16] = (0x1000).to_bytes(4, "little")
        header[12:16] = header[8:12]
        header[16:20] = bytes(4)
        streams[2][:] = header
    return edit(pdb, output, change)
