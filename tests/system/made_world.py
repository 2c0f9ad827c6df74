"""Worlds as data that tests can copy and edit, told to the lab as the text of a scenario.

Everything that a comparison looks at is said outright: pids, start times, addresses of views. What it must not look at
differs from building to building: the order of all statements, the seed, where the pools lie.
"""
import copy
import dataclasses
import random
import subprocess
from typing import Optional

from conftest import LAB, World

USER, OTHER_USER, SYSTEM = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002", "S-1-5-18"
FOLDER = r"\Device\HarddiskVolume2\Programs" + "\\"
BEGIN, SECOND = 0x01D64F3000000000, 10000000
LEVELS = ["untrusted", "low", "medium", "high", "system"]


@dataclasses.dataclass
class Process:
    pid: int
    name: str
    created: int = BEGIN
    path: Optional[str] = None
    user: str = USER
    session: int = 1
    integrity: str = "medium"
    protection: int = 0
    package: Optional[str] = None
    exited: bool = False
    exiting: bool = False

    def text(self):
        words = [f"process {self.name} pid={self.pid} created={self.created:x} user={self.user} session={self.session}",
                 f"integrity={self.integrity} protection={self.protection:x} handles=2"]
        if self.pid != 4:
            words.append(f'path="{self.path or FOLDER + self.name}"')
        if self.package:
            words.append(f"package={self.package} capabilities=S-1-15-3-1")
        if self.exited:
            words.append(f"exited={self.created + 60 * SECOND:x}")
        return " ".join(words + ["exiting"] * self.exiting)


@dataclasses.dataclass
class Section:
    kind: str
    pages: int
    file: Optional[str] = None
    size: Optional[int] = None
    frame: Optional[int] = None
    device: Optional[str] = None

    def text(self, identity):
        words = [f"section {identity} {self.kind}"]
        if self.file:
            words.append(f'"{self.file}"')
        words.append(f"pages={self.pages}")
        if self.size:
            words.append(f"size={self.size}")
        if self.frame:
            words.append(f"frame={self.frame:x}")
        if self.device:
            words.append(f"device={self.device}")
        return " ".join(words)


@dataclasses.dataclass(frozen=True)
class View:
    pid: int
    section: str
    start: int
    pages: int
    offset: int = 0
    protection: str = "rw-"

    def text(self):
        return (f"view {self.pid} {self.section} start={self.start:x} offset={self.offset} pages={self.pages} "
                f"protection={self.protection}")

    def shown(self):
        """As a comparison shows it."""
        return self.pid, self.start, self.start + self.pages * 0x1000 - 1, self.offset * 0x1000, self.protection


class MadeWorld:
    """`views` are kept by any name; names of sections, handles and views of the kernel are lists of pairs and such."""

    def __init__(self):
        self.kernel_base, self.system_created = 0xFFFFF80451E00000, BEGIN
        self.processes, self.sections, self.views = {}, {}, {}
        self.names, self.handles, self.kernel_views, self.security, self.lines = [], [], [], {}, []
        self.used = 0

    def copy(self):
        return copy.deepcopy(self)

    def add_process(self, pid, name, **more):
        self.processes[pid] = Process(pid, name, **{"created": BEGIN + pid * SECOND, **more})
        return pid

    def add_section(self, identity, kind, pages, **more):
        self.sections[identity] = Section(kind, pages, **more)
        return identity

    def add_view(self, pid, section, pages=None, **more):
        """At a place where nothing else of any process is."""
        self.used += 1
        place = (pid, section, self.used)
        start = more.pop("start", 0x10000000 + self.used * 0x1000000)
        whole = self.sections[section].pages - more.get("offset", 0)
        self.views[place] = View(pid, section, start, pages or whole, **more)
        return place

    def text(self, chance, layout):
        """The scenario, and the sections in its order."""
        order = list(self.sections)
        chance.shuffle(order)
        system = Process(4, "System", self.system_created, user=SYSTEM, session=0, integrity="system", protection=0x72)
        processes = [process.text() for process in self.processes.values()]
        views = [view.text() for view in self.views.values()]
        facts = [f"handle {pid} {section} access={access:x}" for pid, section, access in self.handles]
        facts += [f'name {section} "{path}"' for section, path in self.names]
        for lines in (processes, views, facts):
            chance.shuffle(lines)
        lines = [f"layout {layout}", f"kernel-base {self.kernel_base:x}", f"seed {chance.getrandbits(32):x}",
                 "companions off", f"nonpaged-pool {0xffff880000000000 + (chance.randrange(4, 0x3800) << 30):x}"
                 if not layout.endswith("-la57") and int(layout.split(".")[0]) >= 9600 else "",
                 system.text(), *processes, *(self.sections[identity].text(identity) for identity in order), *views,
                 *facts, *(f"kernel-view {section} {what}" for section, what in self.kernel_views),
                 *(f'security "{path}" {sddl}' for path, sddl in self.security.items()), *self.lines]
        return "\n".join(lines) + "\n", order


class BuiltWorld(World):
    """A made world's images and truth; `sections` names them in the truth's order, `identities` by control area."""

    def __init__(self, prefix, order):
        super().__init__(prefix)
        self.sections = order
        self.identities = {section["control_area"]: identity
                           for section, identity in zip(self.truth["sections"], order)}


def build(made, prefix, seed, container="kernel.dmp", layout="19041.264"):
    text, order = made.text(random.Random(seed), layout)
    scenario = f"{prefix}.scenario"
    with open(scenario, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run([LAB, "build", scenario, "--output", str(prefix), "--format", container.split(".")[0]], check=True,
                   stdout=subprocess.DEVNULL)
    return BuiltWorld(prefix, order)
