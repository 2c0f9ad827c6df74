"""docs/protocol.md is right: a saved scan read by it alone says what sic says of the image."""
import re
import struct
import subprocess

import pytest

from conftest import LAYOUTS, ROOT, build_random, build_scenario, sic, sic_json

NONE = 0xffffffff
TABLES = ["Processes", "Views", "Subsections", "Sections"]


def documented_fields(heading):
    """The rows of a table of the page, and the size of an element where the heading gives one."""
    text = (ROOT / "docs/protocol.md").read_text()
    title, body = re.search(rf"^#+ ({heading}[^\n]*)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL).groups()
    size = re.search(r", ([0-9a-f]+) each", title)
    fields = {}
    for at, sizes, names in re.findall(r"^\| ([0-9a-f, ]+) \| ([0-9a-f, ]+?)(?: each)? \| ([a-z_0-9, ]+) \|", body,
                                       re.MULTILINE):
        places, widths, labels = at.split(", "), sizes.split(", "), names.split(", ")
        for place, width, label in zip(places, widths * len(places), labels):
            fields[label] = (int(place, 16), int(width, 16))
    return int(size.group(1), 16) if size else None, fields


class Saved:
    def __init__(self, path):
        self.bytes = path.read_bytes()
        assert self.bytes[:8] == b"SiCscan\x1a"
        version, header_size, size = struct.unpack_from("<IIQ", self.bytes, 8)
        assert (version, header_size, size) == (4, 0x7a0, len(self.bytes))
        self.tables = [struct.unpack_from("<QII", self.bytes, 0x20 + 16 * i) for i in range(17)]
        self.strings = self.tables[15]

    def record(self, fields, at):
        return {name: int.from_bytes(self.bytes[at + place:at + place + width], "little")
                if width <= 8 else self.bytes[at + place:at + place + width]
                for name, (place, width) in fields.items()}

    def rows(self, index):
        size, fields = documented_fields(TABLES[index])
        offset, count, element_size = self.tables[index]
        assert size == element_size
        return [self.record(fields, offset + i * size) for i in range(count)]

    def string(self, value):
        offset, length = value & NONE, value >> 32
        if offset == NONE:
            return None
        start = self.strings[0] + 2 * offset
        return self.bytes[start:start + 2 * length].decode("utf-16-le")

    def origin(self):
        _, fields = documented_fields("Origin")
        return {name: value.rstrip(b"\0").decode() if isinstance(value, bytes) else value
                for name, value in self.record(fields, 0).items()}


def address(value):
    return f"0x{value:016x}"


def check(image, path):
    answer = sic("-q", "--save", path, image)
    assert answer.returncode in (0, 1), answer.stderr.decode()
    document, saved = sic_json(image), Saved(path)
    processes, views, subsections, sections = (saved.rows(i) for i in range(4))
    assert [(p["id"], int(q["eprocess"], 16), saved.string(p["path"]), p["parent_id"], p["node_count"],
             p["private_count"], p["view_count"]) for p, q in zip(processes, document["processes"], strict=True)] == \
        [(q["pid"], int(q["eprocess"], 16), q["path"], q["parent_pid"], q["vads"], q["private_vads"], q["views"])
         for q in document["processes"]]
    assert [address(p["eprocess_va"])[2:] for p in processes] == \
        [q["eprocess"][2:].rjust(16, "0") for q in document["processes"]]
    found = {}
    for view in views:
        process, subsection = processes[view["process"]], subsections[view["subsection"]]
        section = sections[subsection["section"]]
        found[process["id"], view["start_vpn"] << 12] = (
            (view["end_vpn"] << 12) + 0xfff, view["first_prototype_pte"], view["protection"], view["vad_type"],
            section["control_area_va"], section["size"], saved.string(section["name"]))
    shown = {(view["pid"], int(view["start"], 16)): (
        int(view["end"], 16), int(view["first_prototype_pte"], 16), view["protection_value"], view["vad_type"],
        int(region["section"]["control_area"], 16), region["section"]["size"], region["section"]["name"])
        for region in document["regions"] for view in region["views"]}
    assert shown and all(found[key] == value for key, value in shown.items())
    origin = saved.origin()
    kernel = document["kernel"]
    assert (origin["build"], origin["guid_age"], origin["pdb_name"], origin["layout_name"], origin["layout_source"],
            origin["layout_confidence"], origin["container"], origin["missing_pages"]) == (
        kernel["build"], kernel["guid_age"], kernel["pdb"], kernel["layout"]["name"], kernel["layout"]["source"],
        kernel["layout"]["confidence"], document["image"]["container"], document["image"]["missing_pages"])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_random_worlds(tmp_path, layout):
    world = build_random(tmp_path / "world", 72, "--layout", layout, "--format", "kernel")
    check(world.image("kernel.dmp"), tmp_path / "world.sic")


def test_all_features(tmp_path):
    world = build_scenario(ROOT / "tests/scenarios/all-features.scenario", tmp_path / "world", "--format", "kernel")
    check(world.image("kernel.dmp"), tmp_path / "world.sic")


def test_every_documented_field_is_where_the_header_has_it():
    """Names and offsets of include/sic/wire.h, by the compiler."""
    names = {"Processes": "process", "Views": "view", "Subsections": "subsection", "Sections": "section",
             "Notes": "note", "Tokens": "token", "SIDs": "sid", "Names": "name", "Handles": "handle",
             "Kernel views": "kernel_view", "Pages": "page", "The request": "request", "The packed scan": "scan"}
    lines = ['#include "sic/wire.h"']
    for heading, structure in names.items():
        size, fields = documented_fields(heading)
        lines += [f"_Static_assert(offsetof(struct sic_wire_{structure}, {name}) == {place}, \"{name}\");"
                  for name, (place, width) in fields.items() if name != "fields"]
        if size:
            lines.append(f"_Static_assert(sizeof(struct sic_wire_{structure}) == {size}, \"{heading}\");")
    assert len(lines) > 100
    subprocess.run(["gcc", "-fsyntax-only", "-I", str(ROOT / "include"), "-xc", "-"], input="\n".join(lines), text=True,
                   check=True)
