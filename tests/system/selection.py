"""Plain re-implementations, over --json, of what sic decides: selection, and what memory is. Slow and simple."""
import fnmatch
import re

KNOWN = {"ApiSetMap": "API set map", "ReadOnlySharedMemoryBase": "CSRSS shared memory",
         "SharedData": "silo shared data", "ReadOnlyStaticServerData": "CSRSS shared memory",
         "AnsiCodePageData": "NLS tables", "OemCodePageData": "NLS tables", "UnicodeCaseTableData": "NLS tables",
         "GdiSharedHandleTable": "GDI handle table", "pShimData": "application compatibility (shim) data",
         "ActivationContextData": "activation contexts", "SystemDefaultActivationContextData": "activation contexts",
         "ProcessAssemblyStorageMap": "assembly storage map", "SystemAssemblyStorageMap": "assembly storage map",
         "LeapSecondData": "leap second data"}
# An address in csrss.exe, not in the owner.
FOREIGN = {"CsrServerReadOnlySharedMemoryBase"}
PER_SESSION = {"GdiSharedHandleTable", "ReadOnlySharedMemoryBase", "ReadOnlyStaticServerData",
               "SystemDefaultActivationContextData", "SystemAssemblyStorageMap"}
PRIVATE = {"activation contexts", "assembly storage map", "application compatibility (shim) data"}
SYSTEM_NAMES = {r"(\\Sessions\\\d+)?\\NLS\\NlsSection.*": "NLS tables",
                r"(\\Sessions\\\d+)?\\Windows\\SharedSection": "CSRSS shared memory"}


def number(text):
    return int(text, 16)


def matches(pattern, text):
    """fnmatch without its brackets."""
    return fnmatch.fnmatchcase(text.lower(), pattern.lower().replace("[", "[[]"))


def texts(region):
    section = region["section"]
    return [text for text in [section["name"], section["full_path"], region["memory"]["name"], *(section["names"] or []),
                             *section["names_outside_root"]]
            if text is not None]


def is_kind(section, kind):
    if section["kind"] == "unknown":
        return False
    return section["large_pages"] if kind == "large-page" else section["kind"] == kind


def passes(region, kinds=(), writable=False, named=False, minimum=0, names=(), filters=()):
    if kinds and not any(is_kind(region["section"], kind) for kind in kinds):
        return False
    if writable and not (region["section"]["shared_writable"] if region["section"]["kind"] == "image" else
                         any(view["protection"][1] == "w" for view in region["views"])):
        return False
    if named and not region["section"]["names"] and not region["section"]["names_outside_root"]:
        return False
    if len({view["eprocess"] for view in region["views"]}) < minimum:
        return False
    if names and not any(matches(pattern, part) for pattern in names for text in texts(region)
                         for part in (text, text.rsplit("\\", 1)[-1])):
        return False
    return not filters or any(text.lower() in view["process"].lower() or text == str(view["pid"])
                              for text in filters for view in region["views"])


def holds(view, pointer):
    return number(view["start"]) <= number(pointer) <= number(view["end"])


def scope(process, field):
    return process["session"] if field in PER_SESSION else "machine"


def elect(document):
    """By field and scope: the section that most processes' pointers lead to; None where two have as many."""
    ballots = {}
    for process in document["processes"]:
        for field, pointer in (process["peb_pointers"] or {}).items():
            for mapping in process["mappings"] if field not in FOREIGN else []:
                if holds(mapping, pointer):
                    ballots.setdefault((field, scope(process, field)), []).append(mapping["control_area"])
    counts = {key: sorted(((votes.count(section), section) for section in set(votes)), reverse=True)
              for key, votes in ballots.items()}
    return {key: best[0][1] if len(best) == 1 or best[0][0] > best[1][0] else None for key, best in counts.items()}


def pointing(region, processes):
    """By field: the owners that point into their views of the region, and those that point elsewhere."""
    found = {}
    for eprocess in {view["eprocess"] for view in region["views"]}:
        own = [view for view in region["views"] if view["eprocess"] == eprocess
               and (region["section"]["kind"] == "image" or view["protection"][1] != "w")]
        for field, pointer in (processes[eprocess]["peb_pointers"] or {}).items():
            here = field not in FOREIGN and any(holds(view, pointer) for view in own)
            found.setdefault(field, ([], []))[not here].append(processes[eprocess])
    return {field: sides for field, sides in found.items() if sides[0]}


def proofs(region, processes):
    """By field: how many owners point into their views of the region, and how many elsewhere."""
    return {field: (len(here), len(elsewhere)) for field, (here, elsewhere) in pointing(region, processes).items()}


def can_be(section, name):
    """Of well-known memory only NLS tables are files, and none is an image."""
    if section["kind"] == "file":
        return name == "NLS tables" and (section["name"] is None or section["name"].lower().endswith(".nls"))
    return section["kind"] != "image"


def is_believed(region, processes, elected, field, here, elsewhere):
    owners = {view["eprocess"] for view in region["views"]}
    if 2 * len(here) < sum(processes[eprocess]["peb_pointers"] is not None for eprocess in owners):
        return False
    agreeing = [process for process in here
                if elected[field, scope(process, field)] == region["section"]["control_area"]]
    return KNOWN[field] in PRIVATE or len(here) > len(elsewhere) and 2 * len(agreeing) > len(here)


def judge(region, processes, elected):
    """The name and the source of the conclusion."""
    section = region["section"]
    believed = {}
    for field, (here, elsewhere) in pointing(region, processes).items():
        if is_believed(region, processes, elected, field, here, elsewhere) and can_be(section, KNOWN[field]):
            believed[KNOWN[field]] = max(len(here), believed.get(KNOWN[field], 0))
    best = [name for name, here in believed.items() if here == max(believed.values())]
    if len(best) == 1:
        return best[0], "peb"
    for path in section["names"] or []:
        for pattern, name in SYSTEM_NAMES.items():
            if re.fullmatch(pattern, path, re.IGNORECASE | re.DOTALL):
                return name, "system-name"
    if section["names"] or section["names_outside_root"]:
        return None, "object-name"
    return None, "file" if section["kind"] in ("file", "image") else "unknown"
