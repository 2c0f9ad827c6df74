"""The programs under test, and images that sic-lab builds for them.

Paths come from tests/run; the defaults serve a developer who calls pytest by hand.
"""
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(variable, default):
    path = pathlib.Path(os.environ.get(variable, ROOT / default))
    if not path.exists():
        raise SystemExit(f"{path} is not built: run ./dev test")
    return str(path)


SIC = program("SIC", "build/dev/sic")
SIC_RELEASE = program("SIC_RELEASE", "build/native/sic")
LAB = program("SIC_LAB", "build/native/lab/sic-lab")
LAYOUTS = [line.split()[0] for line in
           subprocess.run([LAB, "kernels"], check=True, capture_output=True, text=True).stdout.splitlines()]
CONTAINERS = ["raw", "full.dmp", "bitmap.dmp", "kernel.dmp"]


def sample(name):
    """A real file of the samples folder; the test is skipped where the folder is absent."""
    path = pathlib.Path(os.environ.get("SIC_SAMPLES", ROOT.parent / "shared" / "samples")) / name
    if not path.exists():
        pytest.skip(f"no sample {path}")
    return str(path)


def sic(*arguments, binary=SIC, **options):
    """Runs sic; the answer has returncode, stdout and stderr as bytes."""
    return subprocess.run([binary, *map(str, arguments)], capture_output=True, timeout=300, **options)


def sic_json(image, *arguments):
    answer = sic("--json", *arguments, image)
    assert answer.returncode in (0, 1, 3), answer.stderr.decode()
    return json.loads(answer.stdout)


def schema_validator(name):
    """Of docs/NAME, which may refer to its neighbours."""
    path = ROOT / "docs" / name
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema, resolver=jsonschema.RefResolver(path.as_uri(), schema))


class World:
    """Images and the truth of one machine."""

    def __init__(self, prefix):
        self.prefix = str(prefix)
        with open(self.prefix + ".truth.json", encoding="utf-8") as file:
            self.truth = json.load(file)

    def image(self, container):
        return f"{self.prefix}.{container}"

    def remove(self):
        for container in CONTAINERS + ["truth.json"]:
            pathlib.Path(self.image(container)).unlink(missing_ok=True)


def build_scenario(scenario, prefix, *arguments):
    subprocess.run([LAB, "build", str(scenario), "--output", str(prefix), *arguments], check=True,
                   stdout=subprocess.DEVNULL)
    return World(prefix)


def build_random(prefix, seed, *arguments):
    subprocess.run([LAB, "random", "--seed", str(seed), "--output", str(prefix), *arguments], check=True,
                   stdout=subprocess.DEVNULL)
    return World(prefix)


@pytest.fixture(scope="session")
def seed_world(tmp_path_factory):
    """The machine of the two listings that SiC began with."""
    return build_scenario(ROOT / "tests/scenarios/seed.scenario", tmp_path_factory.mktemp("seed") / "seed")


@pytest.fixture(scope="session")
def random_world(tmp_path_factory):
    return build_random(tmp_path_factory.mktemp("random") / "world", 1001, "--layout", "19041.264")
