"""Pairs of random worlds that have much in common: each takes its part of the same processes, sections and views."""
from made_world import BEGIN, OTHER_USER, SECOND, SYSTEM, MadeWorld
from world_boots import another_boot
from world_edits import SDDL_LOW, SDDL_PLAIN

PACKAGE = "S-1-15-2-1-2-3-4-5-6-7"
TRUSTS = {"svchost": {"user": SYSTEM, "session": 0, "integrity": "system"}, "app": {}, "tab": {"integrity": "low"},
          "admin": {"integrity": "high"}, "guard": {"user": SYSTEM, "session": 0, "integrity": "system", "protection": 0x31},
          "store": {"integrity": "low", "package": PACKAGE}, "guest": {"user": OTHER_USER, "session": 2}}
PROTECTIONS = ["r--", "rw-", "rc-", "r-x", "rwx", "---"]


class Universe:
    """All that may be in a world of the pair. What is at a place is always the same; some of it has a second form."""

    def __init__(self, chance, addresses):
        self.chance, self.addresses = chance, addresses
        self.processes = {1000 + 4 * i: (self.name(i), trust) for i, trust in
                          enumerate(chance.choices(list(TRUSTS), weights=[4, 5, 3, 2, 1, 2, 2], k=14))}
        self.sections = {f"s{i}": self.section(i) for i in range(26)}
        self.views = [view for identity in self.sections for view in self.candidates(identity)]
        self.handles = [(pid, identity, chance.choice([4, 6])) for identity in self.sections
                        for pid in chance.sample(list(self.processes), chance.choice([0, 0, 1, 2]))]

    def name(self, i):
        """Some processes have a path in common; they are of one trust."""
        return "" if self.chance.random() < 0.6 else f"-{i}"

    def section(self, i):
        kind = self.chance.choice(["file", "image", "paging-file", "paging-file", "named", "named"])
        more = {"file": f"\\Data\\s{i}.dat"} if kind in ("file", "image") else {}
        # Sizes tell sections without a name apart.
        return ("paging-file" if kind == "named" else kind, kind == "named", 10 + i, more)

    def candidates(self, identity):
        """Processes of one path show the same pages with one of two protections, so that nobody has to guess."""
        kind, pages = self.sections[identity][0], self.sections[identity][2]
        forms, chance = {}, self.chance
        for pid in chance.sample(list(self.processes), chance.randint(1, 6)):
            offset = 0 if kind == "image" or chance.random() < 0.7 else chance.randrange(pages - 1)
            count = pages - offset if kind == "image" or chance.random() < 0.7 else chance.randint(1, pages - offset)
            protections = ("rcx", "rcx") if kind == "image" else chance.sample(PROTECTIONS, 2)
            form = forms.setdefault(self.processes[pid], (offset, count, protections))
            yield pid, identity, form

    def world(self, chance):
        world = MadeWorld()
        for pid, (name, trust) in self.processes.items():
            if chance.random() < 0.8:
                # Which of several of a path it was nobody could say.
                exited = name != "" and chance.random() < 0.1
                # Of a pid that was given away again, the other process.
                world.add_process(pid, f"{trust}{name}.exe", exited=exited, **TRUSTS[trust],
                                  created=BEGIN + pid * SECOND + (chance.random() < 0.1))
        for identity, (kind, named, pages, more) in self.sections.items():
            if chance.random() < 0.85:
                self.add_section(world, chance, identity, kind, named, pages, more)
        for number, (pid, identity, form) in enumerate(self.views):
            if (pid in world.processes and not world.processes[pid].exited and identity in world.sections
                    and chance.random() < 0.7):
                self.add_view(world, chance, number, pid, identity, form)
        world.handles = [(pid, identity, access) for pid, identity, access in self.handles
                         if pid in world.processes and identity in world.sections and chance.random() < 0.7
                         and not world.processes[pid].exited]
        return world

    def add_section(self, world, chance, identity, kind, named, pages, more):
        grown = named and chance.random() < 0.2
        world.add_section(identity, kind, pages + grown, **more)
        if named and chance.random() < 0.9:
            path = f"\\Sessions\\1\\BaseNamedObjects\\{identity}"
            world.names.append((identity, path))
            if chance.random() < 0.5:
                world.security[path] = chance.choice([SDDL_PLAIN, SDDL_LOW])
        if kind != "image" and chance.random() < 0.1:
            world.kernel_views.append((identity, chance.choice(["session=1", "system"])))

    def add_view(self, world, chance, number, pid, identity, form):
        offset, count, protections = form
        if self.addresses and count > 1 and chance.random() < 0.1:
            count -= 1
        world.used = number
        world.add_view(pid, identity, count, offset=offset, protection=chance.choice(protections))


def pair(chance, by_path):
    universe = Universe(chance, not by_path)
    old, new = universe.world(chance), universe.world(chance)
    return (old, another_boot(new, chance)) if by_path else (old, new)
