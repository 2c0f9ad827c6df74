"""Compares what sic says of an image with the truth that the image was built from."""


def number(text):
    return int(text, 16)


def plain_view(view, section):
    """A view with its section, as numbers: the form in which both sides are compared."""
    addresses = ("eprocess", "start", "end", "first_prototype_pte")
    same = ("pid", "process", "protection", "protection_value", "section_offset")
    return {**{key: number(view[key]) for key in addresses}, **{key: view[key] for key in same},
            "control_area": number(section["control_area"]),
            **{key: section[key] for key in ("kind", "name", "size")}}


def readable(section):
    """The section without a name that it has, but that is not in memory."""
    return section if section.get("nameReadable", True) else {**section, "name": None}


def true_view(truth, index):
    view = truth["views"][index]
    return plain_view(view, readable(truth["sections"][view["section"]]))


def answered_view(region, view):
    return plain_view(view, region["section"])


def true_regions(truth):
    return [(number(region["prototype_pte"]), [true_view(truth, index) for index in region["views"]])
            for region in truth["regions"]]


def answered_regions(answer):
    return [(number(region["prototype_pte"]), [answered_view(region, view) for view in region["views"]])
            for region in answer["regions"]]


def true_processes(truth):
    return [(process["pid"], process["process"], number(process["eprocess"]), process["parent"],
             number(process["create_time"]), process["exited"], process["vads"], process["private"],
             process["views"]) for process in truth["processes"]]


def answered_processes(answer):
    return [(process["pid"], process["process"], number(process["eprocess"]), process["parent_pid"],
             number(process["create_time"] or "0"), process["exited"], process["vads"], process["private_vads"],
             process["views"]) for process in answer["processes"]]


def assert_true(truth, answer):
    assert answer["complete"], answer["problems"][:5]
    assert answered_processes(answer) == true_processes(truth)
    assert answered_regions(answer) == true_regions(truth)
    assert answer["kernel"]["build"] == truth["build"]
    assert number(answer["kernel"]["base"]) == number(truth["kernel_base"])
    assert answer["kernel"]["guid_age"] == truth["guid_age"]


def plain_listing(truth):
    """The first SiC's listing, made from the truth alone: views grouped by equal prototype PTE."""
    groups = {}
    for process in truth["processes"]:
        own = [view for view in truth["views"] if view["eprocess"] == process["eprocess"]]
        for view in sorted(own, key=lambda view: number(view["start"])):
            groups.setdefault(number(view["first_prototype_pte"]), []).append(view)
    lines = []
    for pte in sorted(groups):
        if len(groups[pte]) < 2:
            continue
        lines.append(f"ProtoPTE: {pte:016x}\n")
        for view in reversed(groups[pte]):
            start, last_page = number(view["start"]), number(view["end"]) - 0xfff
            lines.append(f"  Name: {view['process'].lower()} (PID: {view['pid']}, EPROCESS: "
                         f"{number(view['eprocess']):016x}) at {start:016x}-{last_page:016x}\n")
    return "".join(lines)
