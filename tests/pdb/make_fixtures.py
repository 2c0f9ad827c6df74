"""
Makes PDBs with clang and lld-link, and writes beside them what clang and llvm-pdbutil say of them.

usage: make_fixtures.py STAMP SAMPLES
The files go to the folder pdb_fixtures beside STAMP, which is touched last. Without the tools, which the tests report,
there are no files. SAMPLES is the folder of sample files unless SIC_SAMPLES names another; it may be absent.
"""

import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import generate_source
import msf
import oracles

HERE = pathlib.Path(__file__).parent
COUNT = 300


def tool(name):
    return shutil.which(name) or shutil.which(name + "-14")


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def compile_source(directory, source):
    """Makes the object and returns clang's record layouts."""
    options = [tool("clang"), "--target=x86_64-pc-windows-msvc", "-g", "-gcodeview", "-w", "-fno-rtti",
               "-fstandalone-debug", source]
    run(*options, "-c", "-o", source + ".obj", cwd=directory)
    return run(*options, "-fsyntax-only", "-Xclang", "-fdump-record-layouts", cwd=directory)


def link(directory, name, page_size, *sources):
    run(tool("lld-link"), "/dll", "/noentry", "/debug", f"/pdbpagesize:{page_size}", f"/pdb:{name}.pdb",
        f"/out:{name}.dll", *(s + ".obj" for s in sources), cwd=directory)


def write_expected(directory, name, layouts):
    dump = oracles.Dump(run(tool("llvm-pdbutil"), "dump", "--types", f"{name}.pdb", cwd=directory)).all()
    text = run(tool("llvm-pdbutil"), "dump", "--publics", "--section-headers", f"{name}.pdb", cwd=directory)
    for suffix, rows in (("dump", [r for rows in dump.values() for r in rows]),
                         ("layouts", [r for rows in layouts.values() for r in rows]),
                         ("publics", oracles.publics(text))):
        (directory / f"{name}.{suffix}").write_text("\n".join(rows) + "\n")


def repack(directory, name):
    streams = msf.read((directory / f"{name}.pdb").read_bytes())
    for size in (512, 1024, 2048, 4096, 16384, 65536):
        (directory / f"{name}-{size}.pdb").write_bytes(msf.write(streams, size, size))
    run(tool("llvm-pdbutil"), "dump", "--summary", f"{name}-512.pdb", cwd=directory)
    streams[2] = msf.newer_records(streams[2])
    (directory / f"{name}-newer.pdb").write_bytes(msf.write(streams, 1024, 1))


def generate(directory, name, seed, count, members, extra):
    source = generate_source.Source(seed).all(count, members)
    (directory / f"{name}.c").write_text("\n".join(source) + "\n")
    layouts = oracles.from_layouts(compile_source(directory, f"{name}.c"))
    for file in extra:
        layouts.update(oracles.from_layouts(compile_source(directory, file)))
    link(directory, name, 4096, f"{name}.c", *extra)
    write_expected(directory, name, layouts)


def describe_sample(directory, samples):
    """Only what is said of the sample stays, not the sample."""
    sample = samples / "ntdll.pdb"
    if not sample.exists():
        return
    copy = directory / "sample.pdb"
    shutil.copyfile(sample, copy)
    write_expected(directory, "sample", {})
    copy.unlink()


def make_all(directory, samples):
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    shutil.copy(HERE / "classes.cc", directory)
    generate(directory, "many", 1, COUNT, 3000, ["classes.cc"])
    repack(directory, "many")
    for page_size in (8192, 16384, 32768):
        link(directory, f"many-lld-{page_size}", page_size, "many.c", "classes.cc")
    generate(directory, "small", 2, 8, 3, [])
    describe_sample(directory, samples)


def main():
    stamp = pathlib.Path(sys.argv[1]).absolute()
    missing = [name for name in ("clang", "lld-link", "llvm-pdbutil") if tool(name) is None]
    if missing:
        print(f"no PDBs are made for the tests: {', '.join(missing)} missing")
    else:
        make_all(stamp.parent / "pdb_fixtures", pathlib.Path(os.environ.get("SIC_SAMPLES", sys.argv[2])))
    stamp.touch()


if __name__ == "__main__":
    main()
