"""Edits of made worlds, each with the exact differences that have to come out.

An edit is a generator: it adds to a world what it needs, gets the copy that is to become the new world, changes it, and
returns its differences. Edits touch sections of their own, so that their differences add up.

Differences are tuples: what, how ("came", "went", "changed"), then
  process   pid before, pid after, what changed
  section   name before, name after, what changed (names: keys of MadeWorld.sections)
  region    section, first page, pages, processes before, processes after
  view      section, view before, view after (View.shown())
  kernel    section, kind, session, number before, number after
  crossing  section, before, after: way, certain, relation, pids of writers, pids of readers ("kernel": the kernel's views)
"""
import dataclasses

from made_world import OTHER_USER, SYSTEM, USER, MadeWorld

PLAIN = range(1000, 1028, 4)
LOW, FREE_PIDS = 2000, 3000
PROTECTIONS = ["r--", "rw-", "rc-", "r-x", "rwx"]
OWNERS, VIEWS, REGIONS = "owners", "views", "regions"
ALL = (OWNERS, REGIONS, VIEWS)
SDDL_PLAIN = f"O:{USER}G:SYD:(A;;0xf001f;;;{USER})"
SDDL_LOW = SDDL_PLAIN + "S:(ML;;NW;;;LW)"


def begin():
    """The machine that all edits need: seven processes of one trust, and one of less."""
    Gadget.used = 0
    base = MadeWorld()
    for pid in PLAIN:
        base.add_process(pid, f"app{pid}.exe")
    base.add_process(LOW, "low.exe", integrity="low")
    return base


class Gadget:
    """A section and what an edit says of it."""
    used = 0

    def __init__(self, base, chance, kind=None, pages=None, **more):
        Gadget.used += 1
        self.base, self.chance = base, chance
        kind = kind or chance.choice(["file", "image", "paging-file", "named"])
        # No two have one size: that is what tells sections without a name apart.
        self.pages = pages or 10 + Gadget.used
        self.identity = f"g{Gadget.used}"
        if kind in ("file", "image"):
            more = {"file": f"\\Data\\{self.identity}.{'dll' if kind == 'image' else 'Dat'}", **more}
        base.add_section(self.identity, "paging-file" if kind == "named" else kind, self.pages, **more)
        if kind == "named":
            base.names.append((self.identity, self.path()))
        self.kind = kind

    def path(self, more=""):
        return f"\\Sessions\\1\\BaseNamedObjects\\{self.identity}{more}"

    def view(self, world, pid, **more):
        if self.kind != "image":
            more.setdefault("protection", self.chance.choice(PROTECTIONS))
        else:
            more.setdefault("protection", "rcx")
        return world.add_view(pid, self.identity, **more)

    def views(self, count):
        return [self.view(self.base, pid) for pid in self.chance.sample(PLAIN, count)]

    def section(self, *changes):
        return "section", "changed", self.identity, self.identity, changes

    def region(self, how, before, after, first=0, pages=None):
        return "region", how, self.identity, first, pages or self.pages, before, after

    def went(self, view):
        return "view", "went", view.section, view.shown(), None

    def came(self, view):
        return "view", "came", view.section, None, view.shown()

    def changed(self, before, after):
        return "view", "changed", self.identity, before.shown(), after.shown()

    def crossing(self, how, before, after):
        return "crossing", how, self.identity, before, after


def owners(count):
    return count if count > 1 else None


# --- views --------------------------------------------------------------------------------------------------------

def unmapped(base, chance):
    gadget, count = Gadget(base, chance), chance.randint(2, 5)
    places = gadget.views(count)
    new = yield
    view = new.views.pop(chance.choice(places))
    how = "changed" if count > 2 else "went"
    return [gadget.section(*ALL), gadget.region(how, count, owners(count - 1)), gadget.went(view)]


def mapped(base, chance):
    gadget, count = Gadget(base, chance), chance.randint(1, 4)
    gadget.views(count)
    free = [pid for pid in PLAIN if not any(view.pid == pid and view.section == gadget.identity
                                            for view in base.views.values())]
    new = yield
    view = new.views[gadget.view(new, chance.choice(free))]
    how = "changed" if count > 1 else "came"
    return [gadget.section(*ALL), gadget.region(how, owners(count), count + 1), gadget.came(view)]


def mapped_twice(base, chance):
    """A second view of one process: no other owners."""
    gadget = Gadget(base, chance)
    places = gadget.views(2)
    new = yield
    view = new.views[gadget.view(new, new.views[places[0]].pid)]
    return [gadget.section(REGIONS, VIEWS), gadget.region("changed", 2, 2), gadget.came(view)]


def moved(base, chance):
    gadget, count = Gadget(base, chance), chance.randint(2, 4)
    place = chance.choice(gadget.views(count))
    new = yield
    old = new.views[place]
    new.views[place] = dataclasses.replace(old, start=old.start + 0x100000)
    return [gadget.section(REGIONS, VIEWS), gadget.region("changed", count, count), gadget.went(old),
            gadget.came(new.views[place])]


def moved_to_the_others_place(base, chance):
    """Two views of one process change their places: nothing but addresses; they hold different pages."""
    gadget = Gadget(base, chance, "file", 12)
    pid, other = chance.sample(PLAIN, 2)
    gadget.view(base, other, protection="r--")
    first = gadget.view(base, pid, pages=4, protection="r--")
    second = gadget.view(base, pid, pages=4, offset=8, protection="r--")
    new = yield
    before, after = new.views[first], new.views[second]
    new.views[first] = dataclasses.replace(before, start=after.start)
    new.views[second] = dataclasses.replace(after, start=before.start)
    return [gadget.section(REGIONS, VIEWS), gadget.region("changed", 2, 2),
            gadget.changed(before, new.views[second]), gadget.changed(after, new.views[first])]


def protected(base, chance):
    gadget, count = Gadget(base, chance, chance.choice(["file", "paging-file", "named"])), chance.randint(2, 4)
    place = chance.choice(gadget.views(count))
    new = yield
    old = new.views[place]
    new.views[place] = dataclasses.replace(
        old, protection=chance.choice([letters for letters in PROTECTIONS if letters != old.protection]))
    return [gadget.section(REGIONS, VIEWS), gadget.region("changed", count, count),
            gadget.changed(old, new.views[place])]


def grown(base, chance):
    """A view has more pages, at the same place."""
    gadget = Gadget(base, chance, "file", 12)
    places = [gadget.view(base, PLAIN[0]), gadget.view(base, PLAIN[1], pages=5)]
    new = yield
    old = new.views[places[1]]
    new.views[places[1]] = dataclasses.replace(old, pages=12)
    return [gadget.section(REGIONS, VIEWS), gadget.region("changed", 2, 2), gadget.changed(old, new.views[places[1]])]


def bridged(base, chance):
    """A view over two regions makes one of them."""
    gadget = Gadget(base, chance, "paging-file", 120)
    for pid, offset in ((PLAIN[0], 0), (PLAIN[1], 0), (PLAIN[2], 112), (PLAIN[3], 112)):
        gadget.view(base, pid, offset=offset, pages=8)
    new = yield
    view = new.views[gadget.view(new, PLAIN[4])]
    return [gadget.section(*ALL), gadget.region("went", 2, None, 0, 8), gadget.region("went", 2, None, 112, 8),
            gadget.region("came", None, 5, 0, 120), gadget.came(view)]


def owner_changed(base, chance):
    gadget, count = Gadget(base, chance), chance.randint(2, 4)
    place = chance.choice(gadget.views(count))
    free = [pid for pid in PLAIN if not any(view.pid == pid and view.section == gadget.identity
                                            for view in base.views.values())]
    new = yield
    old = new.views.pop(place)
    view = new.views[gadget.view(new, chance.choice(free))]
    return [gadget.section(*ALL), gadget.region("changed", count, count), gadget.went(old), gadget.came(view)]


# --- sections -----------------------------------------------------------------------------------------------------

def section_gone(base, chance):
    gadget, count = Gadget(base, chance), chance.randint(1, 4)
    places = gadget.views(count)
    new = yield
    old = [new.views.pop(place) for place in places]
    del new.sections[gadget.identity]
    new.names = [name for name in new.names if name[0] != gadget.identity]
    return [("section", "went", gadget.identity, None, ()), *([gadget.region("went", count, None)] if count > 1 else []),
            *map(gadget.went, old)]


def section_new(base, chance):
    new = yield
    gadget, count = Gadget(new, chance), chance.randint(1, 4)
    views = [new.views[place] for place in gadget.views(count)]
    return [("section", "came", None, gadget.identity, ()), *([gadget.region("came", None, count)] if count > 1 else []),
            *map(gadget.came, views)]


def named(base, chance):
    gadget = Gadget(base, chance, "paging-file")
    gadget.views(chance.randint(1, 4))
    new = yield
    new.names.append((gadget.identity, gadget.path()))
    return [gadget.section("name")]


def unnamed(base, chance):
    gadget = Gadget(base, chance, "named")
    gadget.views(chance.randint(1, 4))
    new = yield
    new.names.remove((gadget.identity, gadget.path()))
    return [gadget.section("name")]


def another_name(base, chance):
    """It has one name more, or less; or a file's section gets one."""
    gadget = Gadget(base, chance, chance.choice(["named", "file"]))
    gadget.views(chance.randint(1, 4))
    more = gadget.identity, gadget.path(chance.choice(["-a", "_more"]))
    takes = chance.random() < 0.5
    if takes:
        base.names.append(more)
    new = yield
    if takes:
        new.names.remove(more)
    else:
        new.names.append(more)
    return [gadget.section("name")]


def resized(base, chance):
    gadget = Gadget(base, chance, chance.choice(["file", "named"]))
    gadget.views(chance.randint(1, 4))
    new = yield
    new.sections[gadget.identity].pages += chance.randint(1, 9)
    return [gadget.section("size")]


def replaced(base, chance):
    """Another section of the same file, with another size and other owners: it is still that file's."""
    gadget = Gadget(base, chance, chance.choice(["file", "named"]), pages=8)
    old = [gadget.view(base, pid) for pid in PLAIN[:2]]
    new = yield
    old = [new.views.pop(place) for place in old]
    new.sections[gadget.identity].pages = 5
    views = [new.views[gadget.view(new, pid)] for pid in PLAIN[2:5]]
    return [gadget.section(OWNERS, REGIONS, "size", VIEWS), gadget.region("went", 2, None),
            gadget.region("came", None, 3, 0, 5), *map(gadget.went, old), *map(gadget.came, views)]


def replaced_unnamed(base, chance):
    """Equal size, no name, other owners: another section."""
    old = Gadget(base, chance, "paging-file")
    places = [old.view(base, pid) for pid in PLAIN[:2]]
    new = yield
    other = Gadget(new, chance, "paging-file", pages=old.pages)
    views = [new.views[other.view(new, pid)] for pid in PLAIN[2:4]]
    went = [new.views.pop(place) for place in places]
    del new.sections[old.identity]
    return [("section", "went", old.identity, None, ()), ("section", "came", None, other.identity, ()),
            old.region("went", 2, None), other.region("came", None, 2), *map(old.went, went), *map(other.came, views)]


def other_case(base, chance):
    """Names of files are the same in any case."""
    gadget = Gadget(base, chance, "file")
    gadget.views(chance.randint(1, 4))
    new = yield
    new.sections[gadget.identity].file = new.sections[gadget.identity].file.upper()
    return []


def kernel_view(base, chance):
    """The kernel maps what processes write: they are less trusted."""
    gadget = Gadget(base, chance, "paging-file")
    places = [gadget.view(base, pid, protection=letters) for pid, letters in ((PLAIN[1], "rw-"), (PLAIN[0], "r--"))]
    new = yield
    what = chance.choice([("session=1", "session", 1), ("system", "system", None)])
    new.kernel_views.append((gadget.identity, what[0]))
    return [gadget.section(VIEWS), ("kernel", "came", gadget.identity, *what[1:], 0, 1),
            gadget.crossing("came", None, ("view", False, "less", (new.views[places[0]].pid,), "kernel"))]


def cache_view(base, chance):
    """What every read of a file leaves behind says nothing."""
    gadget = Gadget(base, chance, "file")
    gadget.views(chance.randint(1, 4))
    new = yield
    new.kernel_views.append((gadget.identity, "cache page=0 pages=2"))
    return []


# --- processes ----------------------------------------------------------------------------------------------------

def free_pid():
    """One that no process has had."""
    Gadget.used += 1
    return FREE_PIDS + 4 * Gadget.used


def process_for(world, name, **more):
    pid = free_pid()
    return world.add_process(pid, f"{name}{pid}.exe", **more)


def owned_by(base, chance, pid):
    """A section of the process and two others, and one of its own; the view of each, which the base has."""
    shared, alone = Gadget(base, chance), Gadget(base, chance)
    shared.views(2)
    return [(shared, shared.view(base, pid)), (alone, alone.view(base, pid))]


def lost(world, gadgets):
    """What goes with the views of a process that is no more."""
    (shared, first), (alone, second) = gadgets
    del world.sections[alone.identity]
    world.names = [name for name in world.names if name[0] != alone.identity]
    return [shared.section(*ALL), shared.region("changed", 3, 2), shared.went(world.views.pop(first)),
            ("section", "went", alone.identity, None, ()), alone.went(world.views.pop(second))]


def ends(base, chance):
    pid = process_for(base, "end")
    gadgets = owned_by(base, chance, pid)
    new = yield
    del new.processes[pid]
    return [("process", "went", pid, None, ()), *lost(new, gadgets)]


def exits(base, chance):
    """It ended, but something holds its record: it has no views any more."""
    pid = process_for(base, "exit")
    gadgets = owned_by(base, chance, pid)
    new = yield
    new.processes[pid].exited = True
    return [("process", "changed", pid, pid, ("exited",)), *lost(new, gadgets)]


def starts(base, chance):
    shared = Gadget(base, chance)
    shared.views(2)
    new = yield
    pid = process_for(new, "start")
    alone = Gadget(new, chance)
    views = [new.views[gadget.view(new, pid)] for gadget in (shared, alone)]
    return [("process", "came", None, pid, ()), shared.section(*ALL), shared.region("changed", 2, 3),
            shared.came(views[0]), ("section", "came", None, alone.identity, ()), alone.came(views[1])]


def another_of_its_pid(base, chance):
    """The pid is another process's now, and what it maps lies where it lay."""
    pid = process_for(base, "first")
    gadget = Gadget(base, chance)
    gadget.views(2)
    view = base.views[gadget.view(base, pid)]
    new = yield
    new.processes[pid] = dataclasses.replace(new.processes[pid], name=f"second{pid}.exe",
                                             created=new.processes[pid].created + 1)
    return [("process", "went", pid, None, ()), ("process", "came", None, pid, ()), gadget.section(*ALL),
            gadget.region("changed", 3, 3), gadget.went(view), gadget.came(view)]


def token(base, chance):
    """One more trusted than all others, whose token or protection is another now."""
    package = "S-1-15-2-1-2-3-4-5-6-7"
    what, before, after = chance.choice([
        ("integrity", {}, {"integrity": "system"}), ("protection", {}, {"protection": 0x31}),
        ("app_container", {}, {"package": package}), ("app_container", {"package": package}, {}),
        ("user", {}, {"user": OTHER_USER}), ("session", {}, {"session": 2}), ("exiting", {}, {"exiting": True}),
        ("integrity", {"integrity": "system", "user": SYSTEM}, {"integrity": "high", "user": SYSTEM})])
    pid = process_for(base, "token", **{"integrity": "high", **before})
    new = yield
    new.processes[pid] = dataclasses.replace(new.processes[pid], **{"integrity": "high", "package": None, **after})
    return [("process", "changed", pid, pid, (what,))]


# --- crossings ----------------------------------------------------------------------------------------------------

def handle_given(base, chance):
    gadget = Gadget(base, chance, "paging-file")
    readers = sorted(base.views[place].pid for place in gadget.views(2))
    new = yield
    new.handles.append((LOW, gadget.identity, 6))
    return [gadget.crossing("came", None, ("handle", True, "less", (LOW,), tuple(readers)))]


def handle_of_no_use(base, chance):
    """A handle that only reads, and one of a process as trusted as the others."""
    gadget = Gadget(base, chance, "paging-file")
    gadget.views(2)
    new = yield
    new.handles += [(LOW, gadget.identity, 4), (PLAIN[0], gadget.identity, 0xF001F)]
    return []


def label_changed(base, chance):
    gadget = Gadget(base, chance, "named")
    readers = sorted(base.views[place].pid for place in gadget.views(2))
    before, after = chance.choice([(SDDL_PLAIN, SDDL_LOW), (SDDL_LOW, SDDL_PLAIN)])
    base.security[gadget.path()] = before
    new = yield
    new.security[gadget.path()] = after
    crossing = ("name", True, "less", (LOW,), tuple(readers))
    if before == SDDL_LOW:
        return [gadget.crossing("went", crossing, None)]
    return [gadget.crossing("came", None, crossing)]


def descriptor_unread(base, chance):
    """Who could open it is no longer known: a crossing that is certain no more."""
    gadget = Gadget(base, chance, "named")
    readers = tuple(sorted(base.views[place].pid for place in gadget.views(2)))
    base.security[gadget.path()] = SDDL_LOW
    new = yield
    new.security[gadget.path()] = "unreadable"
    return [gadget.crossing("changed", *(("name", certain, "less", (LOW,), readers) for certain in (True, False)))]


def writes_now(base, chance):
    """It held a handle, and now has a view that writes: the same crossing, by another way."""
    gadget = Gadget(base, chance, "paging-file")
    place = gadget.view(base, LOW, protection="r--")
    readers = tuple(sorted(base.views[view].pid for view in gadget.views(2)))
    base.handles.append((LOW, gadget.identity, 6))
    new = yield
    old = new.views[place]
    new.views[place] = dataclasses.replace(old, protection="rw-")
    return [gadget.section(REGIONS, VIEWS), gadget.region("changed", 3, 3), gadget.changed(old, new.views[place]),
            gadget.crossing("changed", ("handle", True, "less", (LOW,), readers),
                            ("view", True, "less", (LOW,), readers))]


def reader_joins(base, chance):
    """One more process shows what a less trusted one writes."""
    gadget = Gadget(base, chance, "paging-file")
    gadget.view(base, LOW, protection="rw-")
    gadget.view(base, PLAIN[0], protection="r--")
    new = yield
    view = new.views[gadget.view(new, PLAIN[1], protection="r--")]
    return [gadget.section(*ALL), gadget.region("changed", 2, 3), gadget.came(view),
            gadget.crossing("changed", ("view", True, "less", (LOW,), (PLAIN[0],)),
                            ("view", True, "less", (LOW,), (PLAIN[0], PLAIN[1])))]


KINDS = [unmapped, mapped, mapped_twice, moved, moved_to_the_others_place, protected, grown, bridged, owner_changed,
         section_gone, section_new, named, unnamed, another_name, resized, replaced, replaced_unnamed, other_case,
         kernel_view, cache_view, ends, exits, starts, another_of_its_pid, token, handle_given, handle_of_no_use,
         label_changed, descriptor_unread, writes_now, reader_joins]


def edit(chance, kinds, form=lambda differences, old, new: differences):
    """Two worlds, and the differences between them."""
    base = begin()
    begun = [kind(base, chance) for kind in kinds]
    for one in begun:
        next(one)
    new, differences = base.copy(), []
    for one in begun:
        try:
            one.send(new)
        except StopIteration as end:
            differences += form(end.value, base, new)
    return base, new, differences
