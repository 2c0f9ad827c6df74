"""The second judge of differences: slow and plain, over the truths of two worlds alone. It holds every section against
every other, every view against every other. Where several matches are equally good it takes any: worlds that are judged
have to leave it no choice. It shares nothing with what it is held against.

Differences have the form that world_edits.py describes; sections are indexes into the truth of their side, as a pair.
Matched by path, processes that came or went are (path, number before, number after), and what is shown of a view is its
process's path, offset, pages and protection.
"""
import collections
import itertools

import judge

KINDS_OF_VIEWS = ("session", "system")
LEVELS = ["untrusted", "low", "medium", "high", "system"]


def path_of(process):
    return (process["path"] or process["image_file_name"]).casefold()


class Ambiguous(Exception):
    """Several matches are equally good: there is nothing to judge."""


class Side:
    """One world: its sections, each with the views that count."""

    def __init__(self, truth, by_path):
        self.truth, self.by_path = truth, by_path
        self.processes = {process["eprocess"]: process for process in truth["processes"]}
        self.views = {index: [] for index in range(len(truth["sections"]))}
        for view in truth["views"]:
            self.views[view["section"]].append(view)
        # Sections are found through views of processes: of one that only the kernel maps nobody knows.
        self.sections = [index for index in self.views if self.views[index]]
        self.regions = {index: [] for index in self.sections}
        self.region_of = {}
        for prototype_pte, index, views in judge.regions(truth):
            # Those that nobody shares are there for crossings only.
            kernel_views = truth["sections"][index]["kernelViews"]
            is_shared = len(views) > 1 or any(kernel["kind"] != "cache" for kernel in kernel_views)
            first = min(min(judge.pages_of(view, truth["sections"][index])) for view in views)
            last = max(max(judge.pages_of(view, truth["sections"][index])) for view in views)
            if is_shared:
                self.regions[index].append(((first, last - first + 1), views))
            self.region_of[int(prototype_pte, 16)] = (index, (first, last - first + 1))

    def who(self, eprocess):
        """What makes a process the same on both sides."""
        process = self.processes[eprocess]
        return path_of(process) if self.by_path else (process["pid"], process["create_time"])

    def key(self, view):
        """What makes a view the same on both sides."""
        pages = (int(view["end"], 16) + 1 - int(view["start"], 16)) // 0x1000
        place = () if self.by_path else (view["start"],)
        return (self.who(view["eprocess"]), *place, view["section_offset"], pages, view["protection_value"])

    def place(self, view):
        """What makes a view the changed form of another."""
        key = self.key(view)
        return key[:-1] if self.by_path else key[:2]

    def keys(self, index):
        return collections.Counter(self.key(view) for view in self.views[index])

    def places(self, index):
        return collections.Counter(self.place(view) for view in self.views[index])

    def owners(self, index):
        """Of the same path, as many as there are."""
        return collections.Counter(self.who(eprocess) for eprocess in {view["eprocess"] for view in self.views[index]})

    def kernel_views(self, index):
        return collections.Counter((view["kind"], view["session"] if view["kind"] == "session" else None)
                                   for view in self.truth["sections"][index]["kernelViews"]
                                   if view["kind"] in KINDS_OF_VIEWS)

    def names(self, index):
        return {name.casefold() for name in self.truth["sections"][index]["names"]}

    def file(self, index):
        section = self.truth["sections"][index]
        if section["kind"] not in ("file", "image"):
            return None
        return ((section["fullPath"] or (section["device"] or "") + (section["name"] or "")).casefold())

    def shown_process(self, eprocess):
        process = self.processes[eprocess]
        return path_of(process) if self.by_path else process["pid"]

    def shown(self, view):
        if self.by_path:
            return self.key(view)[:-1] + (view["protection"],)
        return (view["pid"], int(view["start"], 16), int(view["end"], 16), view["section_offset"], view["protection"])


def grade(old, new, before, after):
    """How well two sections match; None: they are not the same."""
    mine, theirs = old.truth["sections"][before], new.truth["sections"][after]
    same_size = mine["size"] == theirs["size"]
    views = (old.keys(before) & new.keys(after)).total()
    places, owners = (old.places(before) & new.places(after)).total(), (old.owners(before) & new.owners(after)).total()
    whole = same_size and old.keys(before) == new.keys(after)
    if mine["kind"] != theirs["kind"]:
        return None
    if old.file(before) is not None:
        key = old.file(before) == new.file(after)
    else:
        key = bool(old.names(before) & new.names(after))
        both_unnamed = not old.names(before) and not new.names(after)
        if not key and not (same_size and owners):
            return None
        if not key:
            # Nameless both, or one has lost its name: by that its views do not move.
            one_unnamed = not old.names(before) or not new.names(after)
            in_place = both_unnamed or places
            return (1 if both_unnamed else 0, whole, views, places, owners) if one_unnamed and in_place else None
    if not key:
        return None
    return (2, whole, views, places, owners, same_size)


def forbid_rivals(graded, best, before, after, left, right):
    """Where another match of one of the two is as good, either would be right."""
    for grade_, mine, theirs in graded:
        if grade_ == best and (mine == before) != (theirs == after) and mine in left and theirs in right:
            raise Ambiguous


def match_sections(old, new):
    """Pairs, the best first; an index without a partner has None."""
    graded = [(grade(old, new, before, after), before, after)
              for before, after in itertools.product(old.sections, new.sections)]
    graded = sorted((one for one in graded if one[0] is not None), key=lambda one: one[0], reverse=True)
    pairs, left, right = [], set(old.sections), set(new.sections)
    for one, before, after in graded:
        if before in left and after in right:
            forbid_rivals(graded, one, before, after, left, right)
            pairs.append((before, after))
            left.remove(before)
            right.remove(after)
    return pairs + [(before, None) for before in sorted(left)] + [(None, after) for after in sorted(right)]


# --- processes ----------------------------------------------------------------------------------------------------

def trust_facts(process):
    return {"exited": process["exited"], "exiting": process["exiting"] and not process["exited"],
            "integrity": process["integrity"], "protection": process["protection"],
            "app_container": process["package"] is not None, "user": process["user"], "session": process["session"]}


def compare_facts(old, new, who, shown):
    facts, others = (trust_facts(next(process for eprocess, process in side.processes.items()
                                      if side.who(eprocess) == who)) for side in (old, new))
    # What is not known of one side is no change.
    changes = tuple(sorted(fact for fact in facts if None not in (facts[fact], others[fact]) and
                           facts[fact] != others[fact]))
    if changes:
        yield "process", "changed", *shown, changes


def compare_processes(old, new):
    if old.by_path:
        before = collections.Counter(path_of(process) for process in old.processes.values())
        after = collections.Counter(path_of(process) for process in new.processes.values())
        for path in before.keys() | after.keys():
            if before[path] != after[path]:
                yield "process", "went" if before[path] > after[path] else "came", path, before[path], after[path]
            elif before[path] == 1:
                yield from compare_facts(old, new, path, (path, path))
        return
    before = {old.who(eprocess): process for eprocess, process in old.processes.items()}
    after = {new.who(eprocess): process for eprocess, process in new.processes.items()}
    for key in before.keys() - after.keys():
        yield "process", "went", before[key]["pid"], None, ()
    for key in after.keys() - before.keys():
        yield "process", "came", None, after[key]["pid"], ()
    for key in before.keys() & after.keys():
        yield from compare_facts(old, new, key, (before[key]["pid"], after[key]["pid"]))


# --- views, regions, sections -------------------------------------------------------------------------------------

def take(views, wanted, of):
    for view in views:
        if of(view) == wanted:
            views.remove(view)
            return view
    return None


def compare_views(old, new, pair):
    before = list(old.views[pair[0]]) if pair[0] is not None else []
    after = list(new.views[pair[1]]) if pair[1] is not None else []
    for view in list(before):
        if take(after, old.key(view), new.key):
            before.remove(view)
    for view in list(before):
        other = take(after, old.place(view), new.place)
        if other:
            before.remove(view)
            yield view, other
    for view in before:
        yield view, None
    for view in after:
        yield None, view


def how(before, after):
    return "came" if before is None else "went" if after is None else "changed"


def processes_of(views):
    return len({view["eprocess"] for view in views})


def compare_regions(old, new, pair, views):
    before = dict(old.regions[pair[0]]) if pair[0] is not None else {}
    after = dict(new.regions[pair[1]]) if pair[1] is not None else {}
    touched = [id(view) for both in views for view in both if view]
    for place in before.keys() | after.keys():
        mine, theirs = before.get(place), after.get(place)
        if mine and theirs and not any(id(view) in touched for view in mine + theirs):
            continue
        yield ("region", how(mine, theirs), pair, *place, processes_of(mine) if mine else None,
               processes_of(theirs) if theirs else None)


def compare_kernel_views(old, new, pair):
    before = old.kernel_views(pair[0]) if pair[0] is not None else collections.Counter()
    after = new.kernel_views(pair[1]) if pair[1] is not None else collections.Counter()
    for kind, session in before.keys() | after.keys():
        counts = before[kind, session], after[kind, session]
        if counts[0] != counts[1]:
            yield "kernel", "changed" if all(counts) else "came" if counts[1] else "went", pair, kind, session, *counts


def section_changes(old, new, pair):
    mine, theirs = old.truth["sections"][pair[0]], new.truth["sections"][pair[1]]
    if mine["size"] != theirs["size"]:
        yield "size"
    if old.names(pair[0]) != new.names(pair[1]):
        yield "name"
    if old.owners(pair[0]) != new.owners(pair[1]):
        yield "owners"


def compare_section(old, new, pair):
    views = list(compare_views(old, new, pair))
    kernel = list(compare_kernel_views(old, new, pair))
    regions = list(compare_regions(old, new, pair, views))
    for before, after in views:
        yield ("view", how(before, after), pair, old.shown(before) if before else None,
               new.shown(after) if after else None)
    yield from kernel
    yield from regions
    if None in pair:
        yield "section", how(*pair), *pair, ()
        return
    changes = set(section_changes(old, new, pair))
    if views or kernel:
        changes.add("views")
    if regions:
        changes.add("regions")
    if changes:
        yield "section", "changed", *pair, tuple(sorted(changes))


# --- crossings ----------------------------------------------------------------------------------------------------

def crossings_of(side):
    """Each with what makes it the same on both sides but its section."""
    for crossing in judge.crossings(side.truth):
        section, place = side.region_of[crossing["prototype_pte"]]
        processes = side.processes
        writers = crossing["writers"]
        identity = (crossing["relation"], judge.trust(processes[writers[0]]),
                    judge.KERNEL if crossing["kernel"] else judge.trust(processes[crossing["readers"][0]]))
        readers = ("kernel" if crossing["kernel"] else
                   tuple(sorted(map(side.shown_process, crossing["readers"]))))
        who = [collections.Counter(side.who(eprocess) for eprocess in crossing[part]) for part in ("writers", "readers")]
        yield {"section": section, "place": place, "identity": identity, "who": who,
               "shown": (crossing["way"], crossing["certain"], crossing["relation"],
                         tuple(sorted(map(side.shown_process, writers))), readers)}


def forbid_choice(before, after):
    if any(max(before.count(one), after.count(one)) > 1 for one in before if one in after):
        raise Ambiguous


def compare_crossings(old, new, pair):
    before = [one for one in crossings_of(old) if one["section"] == pair[0]] if pair[0] is not None else []
    after = [one for one in crossings_of(new) if one["section"] == pair[1]] if pair[1] is not None else []
    both = []
    for of in (lambda one: (one["identity"], one["place"]), lambda one: one["identity"]):
        forbid_choice([of(one) for one in before], [of(one) for one in after])
        for crossing in list(before):
            other = take(after, of(crossing), of)
            if other:
                before.remove(crossing)
                both.append((crossing, other))
    for mine, theirs in both:
        if mine["who"] != theirs["who"] or mine["shown"][:2] != theirs["shown"][:2]:
            yield "crossing", "changed", pair, mine["shown"], theirs["shown"]
    for mine in before:
        yield "crossing", "went", pair, mine["shown"], None
    for theirs in after:
        yield "crossing", "came", pair, None, theirs["shown"]


def differences(old_truth, new_truth, by_path=False):
    old, new = Side(old_truth, by_path), Side(new_truth, by_path)
    yield from compare_processes(old, new)
    for pair in match_sections(old, new):
        yield from compare_section(old, new, pair)
        yield from compare_crossings(old, new, pair)
