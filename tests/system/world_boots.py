"""A made world after the machine was started again, and what is left of an edit's differences then."""
import dataclasses

from made_world import FOLDER, SECOND


def another_boot(world, chance):
    """The same world after the machine was started again: other pids, start times and addresses."""
    pids = dict(zip(world.processes, chance.sample(range(1000, 9000, 4), len(world.processes))))
    other = world.copy()
    other.system_created += 86400 * SECOND
    other.processes = {pids[pid]: dataclasses.replace(process, pid=pids[pid], created=other.system_created + pids[pid])
                       for pid, process in world.processes.items()}
    places = chance.sample(range(0x1000, 0x7000), len(world.views))
    other.views = {key: dataclasses.replace(view, pid=pids[view.pid], start=0x10000000 + place * 0x1000000)
                   for (key, view), place in zip(world.views.items(), places)}
    other.handles = [(pids[pid], section, access) for pid, section, access in world.handles]
    return other


def as_by_path(differences, old, new):
    """What remains of an edit's differences when nobody knows pids and addresses."""
    def path(world, pid):
        process = world.processes[pid]
        return (process.path or FOLDER + process.name).casefold()

    def view(world, shown):
        pid, start, end, offset, protection = shown
        return path(world, pid), offset, (end + 1 - start) // 0x1000, protection

    def side(world, crossing):
        way, certain, relation, writers, readers = crossing
        named = [who if who == "kernel" else tuple(sorted(path(world, pid) for pid in who)) for who in (writers, readers)]
        return way, certain, relation, *named

    views, others = [], []
    for what, how, *rest in differences:
        if what == "view":
            before, after = (shown and view(world, shown) for world, shown in zip((old, new), rest[1:]))
            # Only with the same pages of the same path it is one view that changed.
            views += ([(what, how, rest[0], before, after)] if how == "changed" and before[:3] == after[:3] else
                      [(what, "went", rest[0], before, None)] * (before is not None) +
                      [(what, "came", rest[0], None, after)] * (after is not None))
        elif what == "crossing":
            others.append((what, how, rest[0], *(shown and side(world, shown)
                                                 for world, shown in zip((old, new), rest[1:]))))
        elif what == "process" and how == "changed":
            others.append((what, how, path(old, rest[0]), path(new, rest[1]), rest[2]))
        elif what == "process":
            others.append((what, how, path(old, rest[0]), 1, 0) if how == "went" else
                          (what, how, path(new, rest[1]), 0, 1))
        else:
            others.append((what, how, *rest))
    for went in [one for one in views if one[1] == "went"]:
        came = ("view", "came", went[2], None, went[3])
        if came in views:
            views.remove(went)
            views.remove(came)
    seen = {one[2] for one in views} | {one[2] for one in others if one[0] == "kernel"}
    return views + [one for one in others if is_seen(one, seen)]


def is_seen(one, seen):
    """Whether a section that only showed other addresses has anything to show now."""
    what, how, identity = one[:3]
    if what == "region" and how == "changed":
        return identity in seen
    return not (what == "section" and how == "changed" and "views" in one[4] and identity not in seen)
