"""A machine before and after: what tests of --watch have it see."""
from conftest import build_scenario

BEFORE = """
process alpha.exe pid=2000
process beta.exe pid=2004
process gamma.exe pid=2008
section data file "\\Data\\shared.db" pages=57
section scratch paging-file pages=4
view 2000 data start=63b0000 protection=rw-
view 2004 data start=1ce98090000 protection=r--
view 2000 scratch
view 2004 scratch
"""
# Gamma ends, delta starts and maps the file.
AFTER = BEFORE.replace("process gamma.exe pid=2008", "process delta.exe pid=2012") + """
view 2012 data protection=r--
"""
# Of beta the first view is not in memory.
TORN = BEFORE + "damage absent node/2004/0\n"
# The record of System is not in memory.
HEADLESS = AFTER + "damage absent process/4\n"
# Of beta the token is not.
TOKENLESS = BEFORE + "damage absent token/2004 level=1\n"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def build(folder, *arguments):
    """The worlds, as raw images."""
    worlds = {}
    for name, text in (("before", BEFORE), ("after", AFTER), ("torn", TORN), ("headless", HEADLESS),
                       ("tokenless", TOKENLESS)):
        (folder / f"{name}.scenario").write_text(text)
        worlds[name] = build_scenario(folder / f"{name}.scenario", folder / name, "--format", "raw", *arguments)
    return worlds
