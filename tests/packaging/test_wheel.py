"""The package as a user gets it: built from its source distribution, installed without development dependencies, with and without
a compiler."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parents[2]
PARTS = ("src", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md")
DEMO = ROOT / "examples" / "demo"
BUILT = shutil.ignore_patterns("*.so", "*.egg-info", "__pycache__")


class Distribution(NamedTuple):
    sdist: Path
    wheel: Path


class Environment(NamedTuple):
    """A virtual environment that holds the package and its core dependencies, nothing else."""

    bin: Path

    def run(self, *command: str, code: int = 0, **variables: str) -> str:
        """Run a program of the environment, from a folder that holds none of our sources, and return what it wrote to stdout."""
        program, *arguments = command
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SEQUESTER", "COV"))}
        done = subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.bin,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == code, f"{command}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def audit_demo(self) -> dict[str, object]:
        """The demo's result."""
        written = self.run(
            "sequester", "audit", str(DEMO / "completions"), "--map", str(DEMO / "graders.toml"), "--out", "json", code=1
        )
        result: dict[str, object] = json.loads(written)
        return result


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    """Built from a copy, so that nothing is written into the tree and nothing that was built there is picked up."""
    folder = tmp_path_factory.mktemp("tree")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=BUILT)
        else:
            shutil.copy(source, folder / part)
    done = subprocess.run([sys.executable, "-m", "build", str(folder)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    return Distribution(sdist, wheel)


@pytest.fixture(scope="module")
def environment(distribution: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, timeout=300)
    made = Environment(folder / "bin")
    made.run("pip", "install", "--quiet", str(distribution.wheel))
    return made


def test_the_wheel_holds_what_it_needs_at_run_time_and_no_c_source(distribution: Distribution) -> None:
    with zipfile.ZipFile(distribution.wheel) as wheel:
        names = set(wheel.namelist())
    files = [path for path in (ROOT / "src" / "sequester").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    wanted = {path.relative_to(ROOT / "src").as_posix() for path in files if path.suffix not in (".c", ".h", ".so")}
    assert {"sequester/py.typed", "sequester/findings/pages/SQ101.md", "sequester/exposure/stock.txt"} <= wanted
    assert wanted <= names
    assert not [name for name in names if name.endswith((".c", ".h"))]
    assert [name for name in names if name.endswith("_kernel.abi3.so")]


def test_the_source_distribution_holds_the_kernel(distribution: Distribution) -> None:
    with tarfile.open(distribution.sdist) as sdist:
        names = {Path(name).name for name in sdist.getnames()}
    kernel = {path.name for path in (ROOT / "src" / "sequester" / "exposure").glob("_kernel*.[ch]")}
    assert "_kernel.c" in kernel
    assert kernel <= names


def test_it_works_without_development_dependencies(environment: Environment) -> None:
    assert "audit" in environment.run("sequester", "--help")
    assert "matcher" in environment.run("sequester", "doctor")
    assert environment.audit_demo()["verdict"] == "exposed"
    named = "from importlib.metadata import entry_points; print(entry_points(group='pytest11')['sequester'].value)"
    assert environment.run("python", "-c", named).strip() == "sequester.cli.pytest_plugin"


def test_without_a_compiler_it_installs_says_so_and_finds_the_same(distribution: Distribution, environment: Environment) -> None:
    with_kernel = environment.audit_demo()
    environment.run(
        "pip",
        "install",
        "--quiet",
        "--force-reinstall",
        "--no-deps",
        "--no-cache-dir",
        str(distribution.sdist),
        CC="/nonexistent/cc",
    )
    assert "pure Python" in environment.run("sequester", "doctor")
    without = environment.audit_demo()
    assert "python" in str(without.pop("tool"))
    assert "python" not in str(with_kernel.pop("tool"))
    assert _comparable(without) == _comparable(with_kernel)


def _comparable(result: dict[str, object]) -> object:
    """A one-off audit has a throw-away fingerprint key, so ids differ from run to run; everything else must not."""
    for finding in result["findings"]:  # type: ignore[attr-defined]
        finding.pop("id")
    for group in result["groups"]:  # type: ignore[attr-defined]
        group.pop("example")
    result["findings"].sort(key=json.dumps)  # type: ignore[attr-defined]
    return result
