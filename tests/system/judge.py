"""The second judge of crossings: slow and plain, over the truth of a world alone. It goes from process to process and
from page to page; what is unknown it tries in every way. It shares nothing with what it is held against."""
import itertools

import sddl

KERNEL = "kernel"
YES, NO, UNKNOWN = "yes", "no", "unknown"
MAP_WRITE = {"bits": 0x2 | 1 << 30 | 1 << 28, "writes": True}
TRAVERSE = {"bits": 0x2 | 1 << 31 | 1 << 29 | 1 << 28, "writes": False}
LEVELS = ["untrusted", "low", "medium", "high", "system"]
GRANTS, DENIALS, PLAIN = {0, 5, 9}, {1, 6, 10}, {0, 1}
LOW, MEDIUM = 0x1000, 0x2000
# Guesses: a package that no entry names, one that every entry names.
SOME, EVERY = "some package", "every package"


def is_protected(process):
    """None: kernels before 8.1 keep it elsewhere."""
    return None if process["protection"] is None else process["protection"] & 7 != 0


def trust(process):
    """Protected, level, in a container, whether user and session are known; None: unknown."""
    if process == KERNEL:
        return (KERNEL,)
    protected = is_protected(process)
    if process["user"] is None:
        return (protected, None, None, False)
    level = None if process["integrity"] is None else min(process["integrity"] // 0x1000, 4)
    return (protected, level, process["package"] is not None if process["packagesKnown"] else None, True)


def relation(writer, reader):
    """"less", "apart", "unknown"; None: the reader has nothing to fear."""
    if reader == KERNEL:
        return None if writer["pid"] == 4 else "less"
    mine, theirs = trust(writer), trust(reader)
    for low, high in ((mine[0], theirs[0]), (mine[1], theirs[1]), (not mine[2], not theirs[2])):
        if mine[0] is None or theirs[0] is None:
            return "unknown" if writer is not reader else None
        if mine[0] != theirs[0]:
            return "less" if theirs[0] else None
        if mine[1] is None or theirs[1] is None:
            return "unknown" if writer is not reader else None
        if low != high:
            return "less" if low < high else None
    same = (writer["user"], writer["session"]) == (reader["user"], reader["session"])
    return None if same else "apart"


# --- pages ------------------------------------------------------------------------------------------------------------

def pages_of(view, section):
    first = view["section_offset"] // 0x1000
    count = (int(view["end"], 16) + 1 - int(view["start"], 16)) // 0x1000
    return {page for page in range(first, first + count) if page < section["pages"]}


def written_and_shown(view, section):
    pages = pages_of(view, section)
    if section["kind"] == "image":
        # Of images with one view in the trees nobody reads the parts (docs/crossings.md).
        if section["found"] < 2:
            return set(), set()
        shared = {page for part in section["sharedParts"] for page in range(part["page"], part["page"] + part["pages"])}
        return pages & shared, pages & shared
    kind = view["protection_value"] & 7
    return pages if kind in (4, 6) else set(), pages if kind != 0 else set()


# --- tokens and descriptors -------------------------------------------------------------------------------------------

def groups(process, deny):
    found = set()
    for i, group in enumerate(process["groups"]):
        deny_only, enabled = group["attributes"] & 0x10, group["attributes"] & 4 or i == 0
        if deny if deny_only else enabled:
            found.add(group["sid"])
    return found


def is_in_container_as(process, sid):
    return sid in packages(process) or (process["package"] == EVERY and sid.startswith("S-1-15-"))


def packages(process):
    found = {process["package"], "S-1-15-2-2", *process["capabilities"]}
    return found if process["lowPrivilege"] else found | {"S-1-15-2-1"}


def walk(process, aces, owner, wish, restricted, believed):
    """One way through a list. `believed` says of each uncertain entry whether it counts."""
    granted, contained = False, restricted or process["package"] is None
    for i, (kind, flags, mask, _, _, sid, _) in enumerate(aces):
        if granted and contained:
            break
        if flags & 8 or not mask & wish["bits"] or kind not in GRANTS | DENIALS or not believed.get(i, True):
            continue
        sid = owner if sid == "S-1-3-4" else sid
        anybody = kind in (5, 6)
        mine = set(process["restricted"]) if restricted else groups(process, kind in DENIALS)
        if kind in GRANTS:
            if anybody or sid in mine:
                granted = True
            if anybody or (not restricted and sid not in mine and process["package"] and is_in_container_as(process, sid)):
                contained = True
        elif not granted and (anybody or sid in mine):
            return False
    return granted and contained


def passes_dacl(process, descriptor, wish, believed):
    aces, owner = descriptor["D"], descriptor["O"]
    if aces is None:
        return process["package"] is None
    belongs = any(kind == 0 and not flags & 8 and sid.startswith("S-1-15-2-") and sid.count("-") >= 10
                  for kind, flags, _, _, _, sid, _ in aces)
    if belongs and process["package"] is None and process["integrity"] == LOW:
        return False
    if not walk(process, aces, owner, wish, False, believed):
        return False
    if not process["restricted"] or (process["writeRestricted"] and not wish["writes"]):
        return True
    return walk(process, aces, owner, wish, True, believed)


def label(descriptor):
    for kind, flags, mask, _, _, sid, _ in descriptor["S"] or []:
        if kind == 17 and not flags & 8:
            return int(sid.split("-")[-1]), mask
    return MEDIUM, 1


def is_left_below(descriptor, wish):
    mask = label(descriptor)[1]
    return not mask & 1 if wish["writes"] else not mask & 2 or not mask & 4


def passes_label(process, descriptor, wish):
    level = label(descriptor)[0]
    return (is_left_below(descriptor, wish) or process["integrity"] >= level or not process["mandatoryPolicy"] & 1 or
            (process["package"] is not None and level <= MEDIUM))


def trust_label(process, descriptor, wish):
    for kind, flags, mask, _, _, _, _ in descriptor["S"] or []:
        if kind == 20 and not flags & 8:
            if mask & wish["bits"]:
                return YES
            return NO if is_protected(process) is False else UNKNOWN
    return YES


def weakest(answers):
    return NO if NO in answers else UNKNOWN if UNKNOWN in answers else YES


def guesses(process):
    """What the token may be: older kernels have no labels, policies or packages, or keep them elsewhere."""
    levels = [0, LOW, MEDIUM, 0x4000] if process["integrity"] is None else [process["integrity"]]
    policies = [0, 1] if process["mandatoryPolicy"] is None else [process["mandatoryPolicy"]]
    packages_ = [process["package"]] if process["packagesKnown"] else [None, SOME, EVERY]
    # The bit that says so told of administrators before policies came.
    writes = {process["writeRestricted"], process["writeRestricted"] and process["mandatoryPolicy"] is not None}
    for level, policy, package, write in itertools.product(levels, policies, packages_, writes):
        yield {**process, "integrity": level, "mandatoryPolicy": policy, "package": package, "writeRestricted": write,
               "lowPrivilege": package == SOME if process["lowPrivilege"] is None else process["lowPrivilege"]}


def agreed(answers):
    return UNKNOWN if len(answers) == 2 else YES if True in answers else NO


def check_without_token(process, descriptor, wish):
    may = any(kind in GRANTS and not flags & 8 and mask & wish["bits"] and not (sid == "S-1-3-4" and not descriptor["O"])
              for kind, flags, mask, _, _, sid, _ in descriptor["D"] or [])
    return weakest([trust_label(process, descriptor, wish), UNKNOWN if may or descriptor["D"] is None else NO])


def is_in_question(process, ace):
    """An uncertain entry that could count for this token."""
    return ace[0] in (GRANTS | DENIALS) - PLAIN


def check(process, entry, wish):
    if not entry["readable"]:
        return UNKNOWN
    if entry["sddl"] is None:
        return YES
    descriptor = sddl.parse(entry["sddl"])
    if process["user"] is None:
        return check_without_token(process, descriptor, wish)
    uncertain = [i for i, ace in enumerate(descriptor["D"] or []) if is_in_question(process, ace)]
    dacl = {passes_dacl(guess, descriptor, wish, dict(zip(uncertain, choice))) for guess in guesses(process)
            for choice in itertools.product((False, True), repeat=len(uncertain))}
    levels = {passes_label(guess, descriptor, wish) for guess in guesses(process)}
    return weakest([trust_label(process, descriptor, wish), agreed(levels), agreed(dacl)])


def passes_fast(process, entry):
    if not entry["readable"] or entry["sddl"] is None:
        return False
    aces = sddl.parse(entry["sddl"])["D"]
    if aces is None:
        return True
    # Tokens of AppContainers are filtered ones (TOKEN_IS_FILTERED).
    if process["user"] is None or process["restricted"] or process["package"]:
        return False
    for kind, flags, mask, _, _, sid, _ in aces:
        if flags & 8 or not mask & TRAVERSE["bits"]:
            continue
        if kind in DENIALS:
            return False
        if kind == 0 and sid == "S-1-1-0":
            return True
    return False


def traverse(process, path, security):
    if process["traverse"]:
        return YES
    can_bypass = process["traverse"] is None and process["user"] is not None
    parts = path.split("\\")[1:-1]
    folders = ["\\"] + ["\\" + "\\".join(parts[:i + 1]) for i in range(len(parts))]
    answers = [YES if passes_fast(process, security[folder]) else check(process, security[folder], TRAVERSE)
               for folder in folders]
    answer = weakest(answers)
    return UNKNOWN if answer == NO and (can_bypass or process["user"] is None) else answer


def may_open(process, path, security):
    answer = check(process, security[path], MAP_WRITE)
    return answer if answer == NO else weakest([answer, traverse(process, path, security)])


# --- regions ----------------------------------------------------------------------------------------------------------

class Region:
    """One region: what each process writes, shows, holds and could open."""

    def __init__(self, truth, section, views, security):
        self.section = truth["sections"][section]
        self.written, self.shown = {}, {}
        self.views = [(view["eprocess"], view["start"], *written_and_shown(view, self.section)) for view in views]
        self.processes = {process["eprocess"]: process for process in truth["processes"] if not process["exited"]}
        for view in views:
            writes, shows = written_and_shown(view, self.section)
            self.written.setdefault(view["eprocess"], set()).update(writes)
            self.shown.setdefault(view["eprocess"], set()).update(shows)
        self.handles = {(eprocess, handle["value"]) for eprocess, process in self.processes.items()
                        for handle in process["handles"] if handle["section"] == section and handle["access"] & 2}
        reachable = any(self.shown.values()) or any(self.written.values())
        # Where the kernel counts as many views as the trees have, nobody looks for others (docs/crossings.md).
        is_looked_at = self.section["mappedViews"] != self.section["found"]
        self.has_kernel = (is_looked_at and any(view["kind"] != "cache" for view in self.section["kernelViews"]) and
                           (reachable or self.section["kind"] != "image"))
        if not reachable and not self.has_kernel:
            self.handles = set()
        self.opens = {}
        for eprocess, process in self.processes.items():
            for path in self.section["names"] if reachable or self.has_kernel else []:
                self.opens[eprocess, path] = may_open(process, path, security)

    def best(self, eprocess):
        answers = {answer for (who, _), answer in self.opens.items() if who == eprocess}
        return YES if YES in answers else UNKNOWN if UNKNOWN in answers else NO

    def ways(self, writer, reader, kind):
        """All ways in which one process can or could write what another shows, the strongest first."""
        shown = {None} if reader == KERNEL else self.shown.get(reader, set())
        if not shown:
            return
        if reader != KERNEL and self.written.get(writer, set()) & shown:
            yield "view", kind != "unknown"
        if any(who == writer for who, _ in self.handles):
            yield "handle", kind != "unknown"
        if kind == "unknown":
            return
        best = self.best(writer)
        if best == YES:
            yield "name", True
        if reader == KERNEL and self.written.get(writer):
            yield "view", False
        if best == UNKNOWN:
            yield "name", False
        if self.section["kind"] == "file" and self.shown.get(writer):
            yield "file", False


ORDER = [("view", True), ("handle", True), ("name", True), ("view", False), ("handle", False), ("name", False),
         ("file", False)]


def gap(writers, readers, processes, kind):
    """The width's parts: kernel, protection, levels, container, user, session; None: unknown."""
    if kind == "unknown":
        return None
    mine = trust(processes[min(writers)])
    theirs = (True, 4, False) if readers == {KERNEL} else trust(processes[min(readers)])
    known = mine[1] is not None and theirs[1] is not None
    told = [] if readers == {KERNEL} else [
        (processes[here], processes[there]) for here in writers for there in readers
        if processes[here]["user"] is not None and processes[there]["user"] is not None]
    return (readers == {KERNEL}, mine[0] is False and theirs[0], max(theirs[1] - mine[1], 0) if known else 0,
            bool(known and mine[2] and theirs[2] is False), any(here["user"] != there["user"] for here, there in told),
            any(here["session"] != there["session"] for here, there in told))


def views_of(region, way, pairs):
    """The views that tell of it: those that reach the pages; else what the readers show; the kernel's are not listed."""
    found = set()
    for writer, reader in pairs:
        for who, start, written, shown in region.views:
            if way == "view" and reader != KERNEL:
                if who == writer and written & region.shown[reader] or who == reader and shown & region.written[writer]:
                    found.add((who, start))
            elif who == (writer if reader == KERNEL else reader) and (written if reader == KERNEL else shown):
                found.add((who, start))
    return sorted(found)


def judge_region(region):
    """{(writers' trust, readers' trust): the crossing}"""
    pairs = {}
    readers = list(region.shown) + ([KERNEL] if region.has_kernel else [])
    for writer, process in region.processes.items():
        for reader in readers:
            other = region.processes.get(reader, KERNEL)
            kind = relation(process, other)
            if kind is None:
                continue
            for way in region.ways(writer, reader, kind):
                pairs.setdefault((trust(process), trust(other), kind), {}).setdefault(way, set()).add((writer, reader))
    for (mine, theirs, kind), ways in pairs.items():
        way = min(ways, key=ORDER.index)
        writers, others = {writer for writer, _ in ways[way]}, {reader for _, reader in ways[way]}
        pages = set()
        if way[0] == "view" and others != {KERNEL}:
            for writer, reader in ways[way]:
                pages |= region.written[writer] & region.shown[reader]
        names = {}
        for (who, path), answer in region.opens.items():
            if trust(region.processes[who]) == mine:
                names.setdefault(path, []).append(answer)
        best = {path: YES if YES in answers else UNKNOWN if UNKNOWN in answers else NO
                for path, answers in names.items()}
        yield {"way": way[0], "certain": way[1], "relation": kind, "writers": sorted(writers),
               "readers": [] if others == {KERNEL} else sorted(others), "kernel": others == {KERNEL},
               "pages": len(pages) or None, "gap": gap(writers, others, region.processes, kind),
               "views": views_of(region, way[0], ways[way]),
               "handles": sorted((who, value) for who, value in region.handles if who in writers),
               "names": sorted((path, answer, names[path].count(answer)) for path, answer in best.items())}


def regions(truth):
    """Prototype PTE, section and views of each: one view is enough, as others may hold a handle or know a name."""
    together = set()
    for region in truth["regions"]:
        together.update(region["views"])
        yield region["prototype_pte"], region["section"], [truth["views"][index] for index in region["views"]]
    for index, view in enumerate(truth["views"]):
        section = truth["sections"][view["section"]]
        if index not in together and section["kind"] != "physical":
            yield view["first_prototype_pte"], view["section"], [view]


def crossings(truth):
    """All crossings of a world, in no order."""
    for process in truth["processes"]:
        process["packagesKnown"] = truth["build"] >= 9200
    for index, section in enumerate(truth["sections"]):
        section["found"] = sum(view["section"] == index for view in truth["views"])
    security = {entry["path"]: entry for entry in truth["security"]}
    for prototype_pte, section, views in regions(truth):
        region = Region(truth, section, views, security)
        for crossing in judge_region(region):
            yield {"prototype_pte": int(prototype_pte, 16), **crossing}
