"""A kernel that no profile knows, answered with its PDB from wherever it lies, and refused helpfully without."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

import kernel_pdb
import truth as oracle
from conftest import LAB, ROOT, SIC, World, sample
from symbol_server import Server


class Kernel:
    """The machine and its PDB, and PDBs that are almost it."""

    def __init__(self, folder):
        self.rows = kernel_pdb.moved_rows()
        self.pdb, self.guid_age, self.rvas = kernel_pdb.compile_pdb(folder, self.rows)
        kernel_pdb.write_data(folder / "data", self.rows, self.guid_age, self.rvas)
        self.store_path = f"{kernel_pdb.PDB}/{self.guid_age}/{kernel_pdb.PDB}"
        self.older = kernel_pdb.with_age(self.pdb, folder / "older.pdb", 2)
        self.other = kernel_pdb.with_guid(self.pdb, folder / "other.pdb")
        self.broken = kernel_pdb.with_broken_types(self.pdb, folder / "broken.pdb")
        self.stripped = kernel_pdb.without_types(self.pdb, folder / "stripped.pdb")
        (folder / "image").mkdir()
        command = [LAB, "random", "--seed", "21", "--data", folder / "data", "--guid", self.guid_age, "--format",
                   "kernel,raw", "--output", folder / "image/machine"]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
        self.world = World(folder / "image/machine")
        self.image = self.world.image("kernel.dmp")

    def copy(self, target, source=None):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source or self.pdb, target)
        return target


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    if not kernel_pdb.is_possible():
        pytest.skip("clang, lld-link or llvm-pdbutil is missing")
    return Kernel(tmp_path_factory.mktemp("kernel"))


@pytest.fixture
def server(kernel):
    running = Server({kernel.store_path: kernel.pdb.read_bytes()}, kernel.other.read_bytes())
    yield running
    running.stop()


@pytest.fixture
def environment(tmp_path):
    """Nothing of the tester's own symbols or proxies gets in."""
    kept = {name: value for name, value in os.environ.items()
            if not name.lower().endswith("_proxy") and name != "_NT_SYMBOL_PATH"}
    return dict(kept, XDG_CACHE_HOME=str(tmp_path / "cache"))


@pytest.fixture
def run(environment):
    def call(*arguments, binary=SIC, cwd=None, **variables):
        return subprocess.run([str(binary), *map(str, arguments)], capture_output=True, timeout=120, cwd=cwd,
                              env=dict(environment, **variables))
    return call


def cached(tmp_path):
    return sorted(path for path in (tmp_path / "cache").rglob("*") if path.is_file())


def check_answer(kernel, answer, source="pdb"):
    assert answer.returncode == 0, answer.stderr.decode()
    document = json.loads(answer.stdout)
    oracle.assert_true(kernel.world.truth, document)
    assert document["kernel"]["layout"]["source"] == source
    return document


def check_refusal(kernel, answer):
    """One sentence, after notes: the PDB's name, GUID and age, where it was looked for, what to do."""
    assert answer.returncode == 2 and answer.stdout == b""
    last = answer.stderr.decode().splitlines()[-1]
    digits = kernel.guid_age
    for word in ("no built-in profile agrees", "31337", kernel_pdb.PDB, digits, "age 1", "the image's folder",
                 "{" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])) + "}"):
        assert word in last, last
    assert "--download" in last or "sic symbols IMAGE" in last
    return answer.stderr.decode()


# --- places ---------------------------------------------------------------------------------------------------------

def test_refused_without_a_pdb(kernel, run):
    check_refusal(kernel, run("--json", kernel.image))
    check_refusal(kernel, run("--layout", kernel.world.image("raw")))


@pytest.mark.parametrize("place", [
    "flat/{name}", "flat/NTKRNLMP.PDB", "store/{name}/{guid}/{name}", "store/{name}/{lower}/{name}",
    "store/nt/{name}/{guid}/{name}"])
def test_folders(kernel, run, tmp_path, place):
    text = place.format(name=kernel_pdb.PDB, guid=kernel.guid_age, lower=kernel.guid_age.lower())
    kernel.copy(tmp_path / text)
    folder = tmp_path / text.split("/")[0]
    for path in (folder, f"{tmp_path}/nowhere;;  {folder} ", f"srv*{folder}", f"SRV*{tmp_path}/none*{folder}",
                 f"symsrv*symsrv.dll*{folder}", f"cache*{folder}"):
        document = check_answer(kernel, run("--json", "--symbols", path, kernel.image))
        assert document["kernel"]["layout"]["origin"].startswith(str(folder))
    check_answer(kernel, run("--json", kernel.image, _NT_SYMBOL_PATH=str(folder)))
    # --symbols takes the place of the variable.
    check_refusal(kernel, run("--json", "--symbols", tmp_path / "nowhere", kernel.image, _NT_SYMBOL_PATH=str(folder)))


def test_the_file_itself(kernel, run):
    document = check_answer(kernel, run("--json", "--symbols", kernel.pdb, kernel.image))
    assert document["kernel"]["layout"]["origin"] == str(kernel.pdb)


@pytest.mark.parametrize("layout, name", [("20348.288-la57", "ntkrla57.pdb"), ("7601.24540", "ntkrnlmp.pdb"),
                                          ("9200.16384", "ntkrnlmp.pdb")])
def test_kernels_of_other_trees(run, tmp_path, layout, name):
    """Unknown ones with five levels of page tables, and with trees of _MM_AVL_TABLE."""
    if not kernel_pdb.is_possible():
        pytest.skip("clang, lld-link or llvm-pdbutil is missing")
    rows = kernel_pdb.moved_rows(layout)
    pdb, guid_age, rvas = kernel_pdb.compile_pdb(tmp_path, rows, tree=tree_of(layout))
    kernel_pdb.write_data(tmp_path / "data", rows, guid_age, rvas, name)
    subprocess.run([LAB, "random", "--seed", "22", "--data", tmp_path / "data", "--guid", guid_age, "--format", "raw,kernel",
                    "--output", tmp_path / "machine"], check=True, stdout=subprocess.DEVNULL)
    world = World(tmp_path / "machine")
    refused = run("--json", world.image("raw"))
    assert refused.returncode == 2 and name in refused.stderr.decode().splitlines()[-1], refused.stderr
    store = tmp_path / "store" / name / guid_age / name
    store.parent.mkdir(parents=True)
    shutil.copyfile(pdb, store)
    for container in ("raw", "kernel.dmp"):
        answer = run("--json", "--symbols", tmp_path / "store", world.image(container))
        assert answer.returncode == 0, answer.stderr.decode()
        document = json.loads(answer.stdout)
        oracle.assert_true(world.truth, document)
        assert document["kernel"]["layout"]["source"] == "pdb" and document["kernel"]["pdb"] == name


def test_a_saved_scan_says_where_its_layout_came_from(kernel, run, tmp_path):
    """A path may hold bytes that are no text."""
    folder = tmp_path / "søk \udcff\x07"
    kernel.copy(folder / kernel_pdb.PDB)
    saved = tmp_path / "machine.sic"
    assert run("-q", "--symbols", folder, "--save", saved, kernel.image).returncode == 0
    for form in ([], ["--plain"], ["--json"], ["--layout"]):
        answer = run(*form, "--symbols", folder, kernel.image)
        again = run(*form, saved)
        assert (again.returncode, again.stdout) == (answer.returncode, answer.stdout) and again.stdout
    origin = json.loads(run("--json", saved).stdout)["kernel"]["layout"]["origin"]
    assert origin.startswith(str(tmp_path)) and "s\\u{c3}\\u{b8}k \\u{ff}\\u{7}" in origin
    refused = run("--profile", tmp_path / "any.txt", saved)
    assert refused.returncode == 2 and refused.stdout == b"" and b"--profile is for images" in refused.stderr


def test_beside_the_image(kernel, run, tmp_path):
    shutil.copyfile(kernel.image, tmp_path / "machine.dmp")
    kernel.copy(tmp_path / kernel_pdb.PDB)
    check_answer(kernel, run("--json", tmp_path / "machine.dmp"))
    check_answer(kernel, run("--json", "machine.dmp", cwd=tmp_path))


def test_beside_the_program(kernel, run, tmp_path):
    program = tmp_path / "bin/sic"
    program.parent.mkdir()
    shutil.copy(SIC, program)
    check_refusal(kernel, run("--json", kernel.image, binary=program))
    kernel.copy(tmp_path / "bin" / kernel_pdb.PDB)
    check_answer(kernel, run("--json", kernel.image, binary=program))


def test_in_the_default_cache(kernel, run, tmp_path):
    kernel.copy(tmp_path / "cache/sic/symbols" / kernel.store_path)
    check_answer(kernel, run("--json", kernel.image))
    check_answer(kernel, run("--json", "--symbols", "srv*", kernel.image))


def test_every_container(kernel, run):
    answer = run("--json", "--symbols", kernel.pdb, kernel.world.image("raw"))
    check_answer(kernel, answer)


# --- what is refused ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("which, words", [
    ("older", "GUID and age"), ("other", "GUID and age"), ("broken", "layout: "), ("stripped", "does not have")])
def test_wrong_pdbs_are_refused_with_a_note(kernel, run, tmp_path, which, words):
    kernel.copy(tmp_path / "bad" / kernel_pdb.PDB, getattr(kernel, which))
    text = check_refusal(kernel, run("--json", "--symbols", tmp_path / "bad", kernel.image)) \
        if which in ("older", "other") else run("--json", "--symbols", tmp_path / "bad", kernel.image).stderr.decode()
    assert words in text and str(tmp_path / "bad") in text
    quiet = run("-q", "--symbols", tmp_path / "bad", kernel.image)
    assert quiet.returncode == 2 and quiet.stderr.count(b"\n") == 1
    if which in ("older", "other"):
        # The right one behind it is still found.
        kernel.copy(tmp_path / "good" / kernel_pdb.PDB)
        check_answer(kernel, run("--json", "--symbols", f"{tmp_path}/bad;{tmp_path}/good", kernel.image))


@pytest.mark.parametrize("size", [0, 10, 4096, 40000])
def test_cut_pdbs_are_refused(kernel, run, tmp_path, size):
    target = tmp_path / "bad" / kernel_pdb.PDB
    target.parent.mkdir()
    target.write_bytes(kernel.pdb.read_bytes()[:size])
    text = check_refusal(kernel, run("--json", "--symbols", target.parent, kernel.image))
    assert str(target) in text


def test_damaged_pdbs_never_give_a_wrong_answer(kernel, run, tmp_path):
    """One byte in a hundred is changed: refused, or the answer is true."""
    import random
    body = kernel.pdb.read_bytes()
    answered = 0
    for seed in range(12):
        rng = random.Random(seed)
        damaged = bytearray(body)
        for _ in range(len(body) // 100 if seed else 3):
            damaged[rng.randrange(len(body))] = rng.randrange(256)
        target = tmp_path / kernel_pdb.PDB
        target.write_bytes(damaged)
        answer = run("--json", "--symbols", target, kernel.image)
        assert answer.returncode in (0, 2), answer.stderr.decode()
        if answer.returncode == 0:
            answered += 1
            assert oracle.answered_regions(json.loads(answer.stdout)) == oracle.true_regions(kernel.world.truth)
    assert answered < 12


@pytest.mark.parametrize("name, words", [
    (b"../../ev.pdb", "its PDB ev.pdb"), (b"a\x1b[31mb.pdb", "it names a?[31mb.pdb"), (b"..\0n.pdb", "it names .."),
    (b"\0", "does not say which PDB")])
def test_hostile_names(kernel, run, tmp_path, name, words):
    """What the image calls its PDB leads to no other folder and to no terminal."""
    body = pathlib.Path(kernel.world.image("raw")).read_bytes()
    assert body.count(kernel_pdb.PDB.encode() + b"\0") == 1
    (tmp_path / "hostile.raw").write_bytes(body.replace(kernel_pdb.PDB.encode(), name.ljust(12, b"\0")))
    for arguments in ([], ["symbols"]):
        answer = run(*arguments, tmp_path / "hostile.raw")
        assert answer.returncode == (1 if arguments and "its PDB" in words else 2)
        assert b"\x1b" not in answer.stderr + answer.stdout
        if not arguments:
            assert words in answer.stderr.decode()


def test_layout_that_the_structures_contradict(kernel, run, tmp_path):
    """A PDB with the right GUID and other offsets: the proof stays in force."""
    rows = kernel_pdb.read_rows(kernel_pdb.BASE)
    pdb, _, _ = kernel_pdb.compile_pdb(tmp_path, rows, "lies")
    guid = kernel_pdb.msf.read(kernel.pdb.read_bytes())[1][12:28]

    def change(streams):
        streams[1][12:28] = guid
    target = kernel_pdb.edit(pdb, tmp_path / "bad" / kernel_pdb.PDB, change)
    answer = run("--json", "--symbols", target, kernel.image)
    assert answer.returncode == 2 and b"disagree" in answer.stderr


def test_compressed_pdb_is_refused_by_name(kernel, run, tmp_path):
    target = tmp_path / "store" / f"{kernel_pdb.PDB}/{kernel.guid_age}/ntkrnlmp.pd_"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"MSCF" + bytes(100))
    text = check_refusal(kernel, run("--symbols", tmp_path / "store", kernel.image))
    assert "ntkrnlmp.pd_" in text and "compressed" in text and "cabextract" in text


def test_pointer_file_is_named(kernel, run, tmp_path):
    target = tmp_path / "store" / f"{kernel_pdb.PDB}/{kernel.guid_age}/file.ptr"
    target.parent.mkdir(parents=True)
    target.write_text("PATH:\\\\server\\share\\ntkrnlmp.pdb")
    assert "file.ptr" in check_refusal(kernel, run("--symbols", tmp_path / "store", kernel.image))


@pytest.mark.parametrize("path, words", [
    ("nonsense*here", "means nothing"), ("srv*http://a.example/*/tmp", "nothing can follow"),
    ("/tmp;" * 300, "more than"), ("x" * 70000, "longer")])
def test_mistakes_in_the_path(kernel, run, path, words):
    answer = run("--symbols", path, kernel.image)
    assert answer.returncode == 2 and words in answer.stderr.decode() and answer.stderr.count(b"\n") == 1
    # In the environment they are a note.
    assert words in check_refusal(kernel, run("--json", kernel.image, _NT_SYMBOL_PATH=path))


def test_paths_of_windows_are_passed_over(kernel, run, tmp_path):
    text = check_refusal(kernel, run("--symbols", "C:\\Symbols;symsrv*other.dll*x", kernel.image, cwd=tmp_path))
    assert "C:\\Symbols: passed over" in text and "symsrv.dll" in text
    assert not (tmp_path / "C:\\Symbols").exists()


def test_a_known_kernel_needs_no_pdb(run, random_world, tmp_path, server):
    answer = run("--json", "--symbols", f"srv*{tmp_path}/store*{server.url('ok')}", random_world.image("raw"))
    assert json.loads(answer.stdout)["kernel"]["layout"]["source"] == "exact"
    assert server.requests == [] and not (tmp_path / "store").exists()


# --- servers --------------------------------------------------------------------------------------------------------

def test_nothing_is_downloaded_unasked(kernel, run, tmp_path, server):
    """Without a server in the path and without --download nobody is asked, not even a proxy."""
    proxy = {name: server.url("ok") for name in ("http_proxy", "https_proxy", "all_proxy")}
    for path in ([], ["--symbols", tmp_path], ["--symbols", f"srv*{tmp_path}/store"]):
        check_refusal(kernel, run(*path, kernel.image, **proxy))
    assert server.requests == [] and not (tmp_path / "cache").exists()


@pytest.mark.parametrize("form", ["srv*{store}*{url}", "symsrv*symsrv.dll*{store}*{url}/", "cache*{store};srv*{url}",
                                  "cache*{store};{url}", "srv*{store}*{store}/second*{url}"])
def test_download(kernel, run, tmp_path, server, form):
    store = tmp_path / "store"
    path = form.format(store=store, url=server.url("ok"))
    check_answer(kernel, run("--json", "--symbols", path, kernel.image))
    assert (store / kernel.store_path).read_bytes() == kernel.pdb.read_bytes()
    assert [path for path in store.rglob("*") if path.is_file()] == [store / kernel.store_path]
    assert [request[1] for request in server.requests] == [f"/ok/{kernel.store_path}"]
    # The second time it lies in the cache.
    check_answer(kernel, run("--json", "--symbols", path, kernel.image))
    assert len(server.requests) == 1


def test_download_without_a_named_store(kernel, run, tmp_path, server):
    check_answer(kernel, run("--json", "--symbols", f"srv*{server.url('ok')}", kernel.image))
    assert cached(tmp_path) == [tmp_path / "cache/sic/symbols" / kernel.store_path]
    check_answer(kernel, run("--json", kernel.image))


def test_download_into_a_store_of_three_tiers(kernel, run, tmp_path, server):
    (tmp_path / "store").mkdir()
    (tmp_path / "store/index2.txt").touch()
    check_answer(kernel, run("--json", "--symbols", f"srv*{tmp_path}/store*{server.url('ok')}", kernel.image))
    assert (tmp_path / "store/nt" / kernel.store_path).exists()


def test_redirects_are_followed(kernel, run, tmp_path, server):
    check_answer(kernel, run("--json", "--symbols", f"srv*{server.url('redirect')}", kernel.image))
    assert len(server.requests) == 2


def test_a_late_answer_is_awaited(kernel, run, server):
    check_answer(kernel, run("--json", "--timeout", "5", "--symbols", f"srv*{server.url('late')}", kernel.image))


@pytest.mark.parametrize("how, words", [
    ("404", "HTTP 404"), ("503", "HTTP 503"), ("cut", "not downloaded"), ("cut-unseen", "cut short"),
    ("wrong", "GUID and age"), ("page", "not a program database"), ("empty", "empty"), ("huge", "512 MiB"),
    ("loop", "not downloaded"), ("to-file", "not downloaded"), ("compressed", "compressed"),
    ("slow", "not downloaded")])
def test_servers_that_fail(kernel, run, tmp_path, server, how, words):
    if how == "404":
        server.files.clear()
    url = server.url(how)
    text = check_refusal(kernel, run("--json", "--timeout", "1", "--symbols", f"srv*{url}", kernel.image))
    assert words in text and url in text, text
    assert cached(tmp_path) == []
    assert server.requests
    # The next server of the path is asked.
    if how not in ("404", "slow"):
        check_answer(kernel, run("--json", "--symbols", f"srv*{url};srv*{server.url('ok')}", kernel.image))


def test_connection_refused(kernel, run, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        text = check_refusal(kernel, run("--symbols", f"srv*{url}", kernel.image))
    assert "not downloaded" in text and cached(tmp_path) == []


def test_store_that_cannot_be_written(kernel, run, tmp_path, server):
    (tmp_path / "store").write_text("a file")
    text = check_refusal(kernel, run("--symbols", f"srv*{tmp_path}/store*{server.url('ok')}", kernel.image))
    assert "cannot be" in text


def test_killed_download_leaves_no_file(kernel, environment, tmp_path, server):
    process = subprocess.Popen([SIC, "--symbols", f"srv*{server.url('slow')}", kernel.image], env=environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert server.stalled.wait(30)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert cached(tmp_path) == []


def test_progress_on_a_terminal(kernel, environment, server):
    reader, writer = os.openpty()
    command = [SIC, "--timeout", "3", "--symbols", f"srv*{server.url('slow')}", kernel.image]
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=writer, timeout=60)
    os.close(writer)
    text = b""
    try:
        while piece := os.read(reader, 65536):
            text += piece
    except OSError:  # Linux says so at the end of a terminal
        pass
    os.close(reader)
    assert done.returncode == 2 and b"downloading the PDB: 0.0 of 0.1 MB" in text


def test_proxy_of_the_environment(kernel, run, server):
    answer = run("--json", "--symbols", "srv*http://symbols.example/ok", kernel.image, http_proxy=server.url(""))
    check_answer(kernel, answer)
    assert server.requests == [("GET", f"http://symbols.example/ok/{kernel.store_path}")]


def test_download_option_asks_microsoft(kernel, run, server):
    """Through a proxy that refuses: the server that would be asked is the one that the documents name."""
    answer = run("--download", kernel.image, https_proxy=server.url(""))
    text = check_refusal(kernel, answer)
    assert "https://msdl.microsoft.com/download/symbols/" + kernel.store_path in text and "not downloaded" in text
    assert server.requests == [("CONNECT", "msdl.microsoft.com:443")]


# --- what is said ---------------------------------------------------------------------------------------------------

def test_verbose_tells_each_step(kernel, run, tmp_path):
    kernel.copy(tmp_path / "good" / kernel_pdb.PDB)
    text = run("--verbose", "--symbols", f"{tmp_path}/none;{tmp_path}/good", kernel.image).stderr.decode()
    steps = ["no built-in profile is for", f"{tmp_path}/none", f"looking in {tmp_path}/good",
             f"read from {tmp_path}/good/{kernel_pdb.PDB}, proved"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


def test_layout_says_where_it_is_from(kernel, run):
    text = run("--layout", "--symbols", kernel.pdb, kernel.image).stdout.decode()
    assert str(kernel.pdb) in text and "from this kernel's PDB" in text
    rows = dict(line.split(None, 1) for line in text.splitlines() if line.startswith("_"))
    assert len(rows) > 40
    for name, row in rows.items():
        if row == "unknown":
            assert name not in kernel.rows
        else:
            assert f"{name} {row}" == kernel_pdb.format_row(name, kernel.rows[name])


def test_symbols_verb(kernel, run, tmp_path, server):
    missing = run("symbols", kernel.image)
    assert missing.returncode == 1
    told = dict(line.split(None, 1) for line in missing.stdout.decode().splitlines())
    assert told["pdb"] == kernel_pdb.PDB and told["age"] == "1" and told["found"] == "no" and told["profile"] == "no"
    assert told["path"] == kernel.store_path and told["url"].endswith("/download/symbols/" + kernel.store_path)
    assert told["guid"].strip("{}").replace("-", "") == kernel.guid_age[:32]
    there = run("symbols", "--symbols", kernel.pdb, kernel.image)
    assert there.returncode == 0 and f"found     {kernel.pdb}" in there.stdout.decode()
    fetched = run("symbols", "--symbols", f"srv*{server.url('ok')}", kernel.image)
    assert fetched.returncode == 0 and f"url       {server.url('ok')}/{kernel.store_path}" in fetched.stdout.decode()
    assert cached(tmp_path)
    # The URL is where the server has it.
    assert run("symbols", tmp_path / "nothing").returncode == 2


def test_symbols_verb_on_known_kernel(run, random_world):
    answer = run("symbols", random_world.image("kernel.dmp"))
    assert answer.returncode == 0 and b"profile   19041.264" in answer.stdout


def test_files_named_like_verbs(kernel, run, tmp_path):
    for name in ("symbols", "profile"):
        shutil.copyfile(kernel.image, tmp_path / name)
        check_answer(kernel, run("--json", "--symbols", kernel.pdb, f"./{name}", cwd=tmp_path))
        assert run(name, "--help").stdout.startswith(b"Tell which" if name == "symbols" else b"Print the profile")
        assert run(name).returncode == 2 and run(name, "--nonsense").returncode == 2


# --- globals --------------------------------------------------------------------------------------------------------

def without_export(kernel, target):
    """The raw image, whose kernel no longer exports PsInitialSystemProcess."""
    body = pathlib.Path(kernel.world.image("raw")).read_bytes()
    assert body.count(b"PsInitialSystemProcess\0") == 1
    target.write_bytes(body.replace(b"PsInitialSystemProcess\0", b"PsInitialSystemProcesX\0"))
    return target


def test_global_finds_the_process_list(kernel, run, tmp_path):
    blind = without_export(kernel, tmp_path / "blind.raw")
    answer = run("--json", blind)
    assert answer.returncode == 2 and b"list of processes" in answer.stderr
    check_answer(kernel, run("--json", "--symbols", kernel.pdb, blind))


def test_global_unmasks_pages_in_transition(kernel, run, tmp_path):
    """Pages of the pools whose PTEs are swizzled with a bit that every frame number has: only MiState tells which."""
    text = subprocess.run([LAB, "random", "--seed", "8"], check=True, capture_output=True, text=True).stdout
    text = re.sub(r"(?m)^(swizzle|transition|nonpaged-transition|kernel|layout|guid)\b.*\n", "", text)
    (tmp_path / "scenario").write_text("swizzle on mask=8000\ntransition 60\nnonpaged-transition 60\n" + text)
    command = [LAB, "build", tmp_path / "scenario", "--data", kernel.pdb.parent / "data", "--guid", kernel.guid_age,
               "--format", "raw", "--output", tmp_path / "swizzled"]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    world = World(tmp_path / "swizzled")
    answer = run("--json", "--symbols", kernel.pdb, world.image("raw"))
    assert answer.returncode == 0, answer.stderr.decode()
    oracle.assert_true(world.truth, json.loads(answer.stdout))
    # The same rows without the global do not do.
    rows = "".join(kernel_pdb.format_row(name, row) + "\n" for name, row in kernel.rows.items())
    (tmp_path / "own").write_text(f"layout mine {kernel_pdb.BUILD}-{kernel_pdb.BUILD} full\n{rows}")
    assert run("--json", "--profile", tmp_path / "own", world.image("raw")).returncode in (2, 3)


# --- profiles -------------------------------------------------------------------------------------------------------

def parse_profile(text):
    rows = {line.split()[0]: line.strip() for line in text.splitlines() if line.startswith("_")}
    lines = text.splitlines()
    heading = next(i for i, line in enumerate(lines) if line.startswith("guid_age"))
    kernels = [dict(zip(lines[heading].split(), line.split())) for line in lines[heading + 1:]]
    return rows, kernels


def test_profile_prints_the_rows(kernel, run, tmp_path):
    pdb = kernel.copy(tmp_path / kernel_pdb.PDB)
    answer = run("profile", "--build", kernel_pdb.BUILD, pdb)
    assert answer.returncode == 0, answer.stderr
    rows, kernels = parse_profile(answer.stdout.decode())
    assert rows == {name: kernel_pdb.format_row(name, row) for name, row in kernel.rows.items()}
    data = (kernel.pdb.parent / "data/kernels.txt").read_text().splitlines()
    assert kernels == [dict(zip(data[0].split(), data[1].split()))]
    assert f"layout {kernel_pdb.LAYOUT} {kernel_pdb.BUILD}-{kernel_pdb.BUILD} full\n" in answer.stdout.decode()
    assert "Equals no built-in layout" in answer.stdout.decode()
    # The rows serve as a profile, and as the lab's data.
    (tmp_path / "own.txt").write_bytes(answer.stdout)
    document = check_answer(kernel, run("--json", "--profile", tmp_path / "own.txt", kernel.image), "file")
    assert document["kernel"]["layout"]["name"] == kernel_pdb.LAYOUT


def tree_of(layout):
    """How releases name the links of VAD nodes."""
    build = int(layout.split(".")[0].split("-")[0])
    return "avl" if build < 9200 else "avl-node" if build < 9600 else "balanced"


@pytest.mark.parametrize("layout", ["3790.3959", "6001.18000", "7601.24540", "9200.16384", "9600.20302", "14393.0",
                                    "17763.107", "18326.535", "19041.264", "20348.2400",
                                    "20348.288-la57"])
def test_profile_tells_which_layout_it_equals(run, tmp_path, layout):
    if not kernel_pdb.is_possible():
        pytest.skip("clang, lld-link or llvm-pdbutil is missing")
    rows = kernel_pdb.read_rows(layout)
    tree = tree_of(layout)
    pdb, guid_age, _ = kernel_pdb.compile_pdb(tmp_path, rows, tree=tree)
    answer = run("profile", pdb)
    assert f"Equals the built-in layout {layout}:" in answer.stdout.decode()
    printed, kernels = parse_profile(answer.stdout.decode())
    assert printed == {name: kernel_pdb.format_row(name, row) for name, row in rows.items()}
    assert kernels[0]["guid_age"] == guid_age and kernels[0]["layout"] == layout
    # Two that change places: one that is not aligned could be no member.
    root, hint = "_EPROCESS.VadRoot", "_EPROCESS.VadHint" if "_EPROCESS.VadHint" in rows else "_EPROCESS.Peb"
    pdb, _, _ = kernel_pdb.compile_pdb(tmp_path, dict(rows, **{root: rows[hint], hint: rows[root]}), "moved", tree)
    assert "Equals no built-in layout" in run("profile", pdb).stdout.decode()


def test_profile_of_older_trees(run, kernel, tmp_path):
    pdb, _, _ = kernel_pdb.compile_pdb(tmp_path, kernel.rows, "older", "avl")
    rows, _ = parse_profile(run("profile", pdb).stdout.decode())
    assert [rows[f"_MMVAD_SHORT.{name}"].split()[1] for name in ("Parent", "Left", "Right")] == ["0x0", "0x8", "0x10"]


def test_profile_of_several(run, kernel):
    answer = run("profile", kernel.pdb, kernel.older)
    _, kernels = parse_profile(answer.stdout.decode())
    assert [row["guid_age"] for row in kernels] == [kernel.guid_age, kernel.guid_age[:-1] + "2"]


@pytest.mark.parametrize("which", ["broken", "stripped"])
def test_profile_refuses(run, kernel, which):
    answer = run("profile", getattr(kernel, which))
    assert answer.returncode == 2 and answer.stdout == b"" and answer.stderr.count(b"\n") == 1


def test_profile_of_a_real_pdb_that_is_no_kernel(run):
    answer = run("profile", sample("ntdll.pdb"))
    assert answer.returncode == 2 and b"does not have _MMVAD_SHORT" in answer.stderr


def test_profile_file_with_globals(kernel, run, tmp_path):
    """Globals by RVA or by address; the table of kernels is not needed."""
    rows = "".join(kernel_pdb.format_row(name, row) + "\n" for name, row in kernel.rows.items())
    head = f"layout mine {kernel_pdb.BUILD}-{kernel_pdb.BUILD} full\n{rows}"
    base = int(kernel.world.truth["kernel_base"], 16)
    rva = kernel.rvas["PsActiveProcessHead"]
    for value in (f"0x{rva:x}", f"0x{base + rva:x}"):
        (tmp_path / "own").write_text(head + f"global PsActiveProcessHead {value}\n")
        check_answer(kernel, run("--json", "--profile", tmp_path / "own", kernel.image), "file")
    # A global at which no list begins is not believed.
    (tmp_path / "own").write_text(head + f"global PsActiveProcessHead 0x{rva + 0x40:x}\n")
    check_answer(kernel, run("--json", "--profile", tmp_path / "own", kernel.image), "file")
    # Where no export and no header tells the list, the global does, and only the right one.
    blind = without_export(kernel, tmp_path / "blind.raw")
    for value, status in ((f"0x{rva:x}", 0), (f"0x{base + rva:x}", 0), ("0", 2), (f"0x{rva + 0x40:x}", 2)):
        (tmp_path / "own").write_text(head + f"global PsActiveProcessHead {value}\n")
        answer = run("--json", "--profile", tmp_path / "own", blind)
        assert answer.returncode == status, answer.stderr.decode()


@pytest.mark.parametrize("text, words", [
    ("nonsense\n", "line 1"), ("", "empty"), ("# nothing\n", "no layout"), ("layout x 1-2 full\n_EPROCESS.VadRoot zz\n", "line 2"),
    ("layout x 1-2 full\n_EPROCESS.VadRoot 0x8\n", "no layout of the file fits"),
    ("layout x 1-2 full\nglobal MiState 0x123456789\n", "line 2")])
def test_profile_files_that_are_wrong(kernel, run, tmp_path, text, words):
    (tmp_path / "own").write_text(text)
    answer = run("--profile", tmp_path / "own", kernel.image)
    assert answer.returncode == 2 and words in answer.stderr.decode() and answer.stderr.count(b"\n") == 1


def test_own_profile_is_not_replaced_by_another(kernel, run, tmp_path, random_world):
    """When the user names a profile, a built-in one is not taken instead."""
    rows = "".join(kernel_pdb.format_row(name, row) + "\n" for name, row in kernel.rows.items())
    (tmp_path / "own").write_text(f"layout mine {kernel_pdb.BUILD}-{kernel_pdb.BUILD} full\n{rows}")
    answer = run("--json", "--profile", tmp_path / "own", random_world.image("raw"))
    assert answer.returncode == 2 and b"disagree" in answer.stderr


def builtin_kernel():
    """A line of data/kernels.txt: (GUIDAGE, layout, {global: RVA}), with the RVAs far enough up for a section."""
    for line in (ROOT / "data/kernels.txt").read_text().splitlines():
        cells = line.split()
        if " 10.0.19041." in line:
            rvas = {name: int(cell, 16) for name, cell in zip(kernel_pdb.columns(), cells[4:]) if cell != "-"}
            return cells[0], cells[3], rvas
    raise AssertionError("no kernel of build 19041 in data/kernels.txt")


def take_identity(guid_age):
    """A change of streams that gives a PDB the identity of another."""
    guid = bytes.fromhex(guid_age[:32])
    stored = guid[3::-1] + guid[5:3:-1] + guid[7:5:-1] + guid[8:]

    def change(streams):
        streams[1][12:28] = stored
        streams[3][8:12] = int(guid_age[32:], 16).to_bytes(4, "little")
    return change


def test_profile_check(kernel, run, tmp_path):
    """The built-in rows and globals against PDBs that have the identity of a built-in kernel."""
    guid_age, layout, rvas = builtin_kernel()
    rows = kernel_pdb.read_rows(layout)
    pdb, _ = kernel_pdb.compile_pdb_at(tmp_path, rows, "same", rvas)
    kernel_pdb.edit(pdb, tmp_path / f"store/ntkrnlmp.pdb/{guid_age}/ntkrnlmp.pdb", take_identity(guid_age))
    kernel.copy(tmp_path / "store/other/ntkrnlmp.pdb")
    answer = run("profile", "--check", tmp_path / "store")
    assert answer.returncode == 0, answer.stdout.decode() + answer.stderr.decode()
    assert answer.stdout.decode().endswith("1 PDBs of built-in kernels compared, 1 of others; 0 differences\n")
    # One row and one global that differ.
    row = ("_EPROCESS.VadRoot", "_MMVAD_FLAGS.Protection")
    moved = dict(rows, **{row[0]: (rows[row[0]][0] + 4, 0, 0), row[1]: (0, 8, 5)})
    last = max(rvas, key=rvas.get)
    pdb, _ = kernel_pdb.compile_pdb_at(tmp_path, moved, "moved", dict(rvas, **{last: rvas[last] + 8}))
    kernel_pdb.edit(pdb, tmp_path / "store/flat.pdb", take_identity(guid_age))
    answer = run("profile", "--check", tmp_path / "store")
    text = answer.stdout.decode()
    assert answer.returncode == 2 and answer.stderr.count(b"\n") == 1
    for line in (f"{row[0]}: built in 0x{rows[row[0]][0]:x}, in the PDB 0x{moved[row[0]][0]:x}",
                 f"{row[1]}: built in 0x0 7:5, in the PDB 0x0 8:5",
                 f"{last}: built in {rvas[last]:x}, in the PDB {rvas[last] + 8:x}", "; 3 differences"):
        assert line in text, text
    # A PDB that cannot be read, and a folder in which nothing can be checked.
    (tmp_path / "broken/a.pdb").parent.mkdir()
    (tmp_path / "broken/a.pdb").write_bytes(b"no PDB")
    assert run("profile", "--check", tmp_path / "broken").returncode == 2
    answer = run("profile", "--check", tmp_path / "store/other")
    assert answer.returncode == 1 and b"no built-in kernel" in answer.stdout
    assert run("profile", "--check", tmp_path / "nowhere").returncode == 2


def test_profile_of_a_built_in_kernel(run, tmp_path):
    """Its line is the one that data/kernels.txt has, but for the name of the file."""
    if not kernel_pdb.is_possible():
        pytest.skip("clang, lld-link or llvm-pdbutil is missing")
    guid_age, layout, rvas = builtin_kernel()
    pdb, _ = kernel_pdb.compile_pdb_at(tmp_path, kernel_pdb.read_rows(layout), "same", rvas)
    target = kernel_pdb.edit(pdb, tmp_path / "own/ntkrnlmp.pdb", take_identity(guid_age))
    line = run("profile", target).stdout.decode().splitlines()[-1]
    assert line in (ROOT / "data/kernels.txt").read_text().splitlines()


def test_schema_of_other_sources(kernel, run, tmp_path):
    import jsonschema
    schema = json.loads((ROOT / "docs/sic-listing.schema.json").read_text())
    document = json.loads(run("--json", "--symbols", kernel.pdb, kernel.image).stdout)
    jsonschema.Draft7Validator(schema).validate(document)
