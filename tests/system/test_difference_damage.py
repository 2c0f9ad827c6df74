"""Differences of worlds that could not be read as a whole: what is missing on a side may still be there."""
import os
import random
import subprocess

import pytest

import world_edits
from conftest import LAB
from differences import all_items, assert_same, diff, exchanged, in_one_order
from test_damage_scenarios import HEAD, random_statement
from test_difference_cases import build_text, compare_made, compare_texts, twins

# Those in which something was once certain that was not, and more.
DAMAGED_WORLDS = [0, 1, 3, 5, 8, 10, 11, 22, 23, 57, 211, 214, 245,
                  *range(1000, 1000 + int(os.environ.get("SIC_DAMAGED_WORLDS", "0")))]


def uncertain(document):
    return [item for item in all_items(document) if not item["certain"]]


def damaged(*statements):
    return HEAD + "".join(f"damage {statement}\n" for statement in statements)


def test_process_that_cannot_be_read(tmp_path):
    """Its views may well be there: the answer says so of each; what else went is certain."""
    text = HEAD.replace("view 2012 big start=600000\n", "")
    for this, that, how in ((HEAD, text + "damage root 2008 unmapped\n", "went"),
                            (text + "damage root 2008 unmapped\n", HEAD, "came")):
        document, items = compare_texts(tmp_path, this, that)
        assert not [item for item in items if item[0] == "process"]
        views = [view for section in document["sections"] for view in section["views"]]
        side = "old" if how == "went" else "new"
        assert {(view["change"], view[side]["pid"], view["certain"]) for view in views} == \
            {(how, 2008, False), (how, 2012, True)}
        certain = [section for section in document["sections"] if section["certain"]]
        # Of the section that has both, one part is certain.
        assert [section["change"] for section in certain] == ["changed"]
        assert {view[side]["pid"] for view in certain[0]["views"]} == {2008, 2012}
        assert not document["complete"]


def test_process_list_cut(tmp_path):
    """A process that the list no longer leads to: found through what it shares, or else perhaps still there."""
    text = HEAD.replace("process e.exe", "process quiet.exe pid=2500 peb=0\nprocess e.exe")
    cut = text + "damage list 2012 next=unmapped\ndamage list 2016 previous=unmapped\n"
    document, items = compare_texts(tmp_path, text, cut)
    assert_same(items, [("process", "went", 2500, None, ())])
    assert not document["processes"][0]["certain"] and not document["complete"]
    cut = text + "damage list 2004 next=unmapped\ndamage list 2012 previous=unmapped\n"
    document, items = compare_texts(tmp_path, text, cut)
    assert_same(items, [("process", "changed", 2008, 2008, ("listed",))])
    assert not document["complete"] and not document["processes"][0]["certain"]


def test_process_hidden(tmp_path):
    """Taken out of a list that is sound: the difference that gives a rootkit away."""
    document, items = compare_texts(tmp_path, HEAD, damaged("list 2008 unlink"))
    assert_same(items, [("process", "changed", 2008, 2008, ("listed",))])
    assert document["complete"] and not uncertain(document)


def test_section_that_cannot_be_read(tmp_path):
    document, _ = compare_texts(tmp_path, HEAD, damaged("absent control-area/lib"))
    assert document["sections"] and not document["complete"]
    assert not [item for item in all_items(document) if item["certain"]]


@pytest.mark.parametrize("way, statement", [
    ("handle", "absent handles/2000"), ("handle", "absent token/2000 level=2"), ("name", "absent token/2000 level=2"),
    ("name", "absent directory/\\BaseNamedObjects")])
def test_crossing_that_cannot_be_judged(tmp_path, way, statement):
    """That it went is not certain where handles, tokens or names were not read."""
    old = twins((1000, "first", 0x1000000), (1004, "first", 0x1000000))
    old.add_process(2000, "low.exe", integrity="low")
    if way == "handle":
        old.handles.append((2000, "first", 6))
    else:
        old.names.append(("first", "\\BaseNamedObjects\\map"))
        old.security["\\BaseNamedObjects\\map"] = world_edits.SDDL_LOW
    new = old.copy()
    new.lines.append(f"damage {statement}")
    document, _ = compare_made(tmp_path, old, new)
    went = [crossing for crossing in document["crossings"] if crossing["change"] == "went"]
    assert went and all(crossing["old"]["way"] == way for crossing in went)
    assert [item for item in all_items(document) if item["certain"]] == []


@pytest.mark.parametrize("statements", [("root 2008 unmapped",), ("absent process/2008",), ("absent subsection/pool",)])
def test_equal_damage_is_no_difference(tmp_path, statements):
    """None was found, but that is not to say that there is none: status 3."""
    document, _ = compare_texts(tmp_path, damaged(*statements), damaged(*statements))
    assert not document["different"] and not document["complete"]


def hides_only(statement):
    """Not what is overwritten with something sound, or hidden without a trace: that cannot be told from the truth."""
    sound = (" start=", "=process/", "=control-area/", "=node/", "self", "=of/", " process/", " control-area/", " node/")
    return statement.startswith("absent") or not any(word in statement for word in sound)


def build_harmed(folder, text, chance, count):
    """With damage by chance; the lab refuses to harm what is absent already."""
    for _ in range(20):
        statements = [statement for statement in (random_statement(chance, text.splitlines()) for _ in range(40))
                      if hides_only(statement)][:count]
        statements.sort(key=lambda statement: statement.startswith("absent"))
        lines_ = [f"damage {statement}" for statement in statements]
        try:
            return build_text("\n".join([text.rstrip("\n"), *lines_]) + "\n", folder / "harmed"), lines_
        except subprocess.CalledProcessError:
            continue
    raise AssertionError("the lab refuses all of it")


@pytest.mark.parametrize("seed", DAMAGED_WORLDS)
def test_damage_alone_makes_no_certain_difference(tmp_path, seed):
    """What only damage hides is never said to have gone. Exchanged, what came is what went."""
    text = subprocess.run([LAB, "random", "--seed", str(500 + seed), "--processes", "12", "--views", "60"], check=True,
                          capture_output=True, text=True).stdout
    # A view that its section does not count makes up for one of the kernel's, which nobody looks for then.
    text = text.replace(" unlisted", "")
    whole = build_text(text, tmp_path / "whole")
    harmed, statements = build_harmed(tmp_path, text, random.Random(seed), 1 + seed % 3)
    for arguments in (("--by-path",), ()):
        document = diff(whole.image("kernel.dmp"), harmed.image("kernel.dmp"), *arguments)
        certain = [item for item in all_items(document) if item["certain"]]
        assert not certain, (statements, arguments, certain)
    back = diff(harmed.image("kernel.dmp"), whole.image("kernel.dmp"))
    assert in_one_order(back) == exchanged(document)
