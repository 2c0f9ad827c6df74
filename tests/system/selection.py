"""Plain re-implementations, over --json, of what sic decides: selection, and what memory is. Slow and simple."""
import fnmatch
import re

KNOWN = {"ApiSetMap": "API set map", "ReadOnlySharedMemoryBase": "CSRSS shared memory",
         "SharedData": "silo shared data", "ReadOnlyStaticServerData": "CSRSS shared memory",
         "AnsiCodePageData": "NLS tables", "OemCodePageData": "NLS tables", "UnicodeCaseTableData": "NLS tables",
         "GdiSharedHandleTable": "GDI handle table", "pShimData": "application compatibility (shim) data",
         "ActivationContextData": "activation contexts", "SystemDefaultActivationContextData": "activation contexts",
         "ProcessAssemblyStorageMap": "assembly storage map", "SystemAssemblyStorageMap": "assembly storage map",
         "CsrServerReadOnlySharedMemoryBase": "CSRSS shared memory", "LeapSecondData": "leap second data"}
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
    return [text for text in [section["name"], section["full_path"], region["memory"]["name"], *(section["names"] or [])]
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
    if named and not region["section"]["names"]:
        return False
    if len({view["eprocess"] for view in region["views"]}) < minimum:
        return False
    if names and not any(matches(pattern, part) for pattern in names for text in texts(region)
                         for part in (text, text.rsplit("\\", 1)[-1])):
        return False
    return not filters or any(text.lower() in view["process"].lower() or text == str(view["pid"])
                              for text in filters for view in region["views"])


def proofs(region, processes):
    """By field: how many owners point into their views of the region, and how many elsewhere."""
    found = {}
    for eprocess in {view["eprocess"] for view in region["views"]}:
        own = [view for view in region["views"] if view["eprocess"] == eprocess]
        for field, pointer in (processes[eprocess]["peb_pointers"] or {}).items():
            here = any(number(view["start"]) <= number(pointer) <= number(view["end"]) for view in own)
            counts = found.setdefault(field, [0, 0])
            counts[not here] += 1
    return {field: tuple(counts) for field, counts in found.items() if counts[0]}


def judge(region, processes):
    """The name and the source of the conclusion."""
    section = region["section"]
    believed = {}
    for field, (here, elsewhere) in proofs(region, processes).items():
        if KNOWN[field] in PRIVATE or here >= elsewhere:
            believed[KNOWN[field]] = max(here, believed.get(KNOWN[field], 0))
    best = [name for name, here in believed.items() if here == max(believed.values())]
    if section["kind"] != "image" and len(best) == 1:
        return best[0], "peb"
    for path in section["names"] or []:
        for pattern, name in SYSTEM_NAMES.items():
            if re.fullmatch(pattern, path, re.IGNORECASE | re.DOTALL):
                return name, "system-name"
    if section["names"]:
        return None, "object-name"
    return None, "file" if section["kind"] in ("file", "image") else "unknown"
