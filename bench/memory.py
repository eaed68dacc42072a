"""Peak resident memory of `sequester audit` at 1, 4 and 16 times the data; writes `bench/results/memory.json`.

    python -m bench.memory CORPUS [CORPUS ...] [--times 1 4 16]

More data is the same episodes in files of distinct names, given on one command line: bundles as hard links, JSONL with blank lines at
its end.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.corpora import Corpus
from bench.measuring import RESULTS, circumstances

_AUDIT = """
import atexit, pathlib, sys
from sequester.cli.main import main
atexit.register(lambda: sys.stderr.write(pathlib.Path("/proc/self/status").read_text()))
main()
"""


class Peak(Struct, frozen=True):
    """One audit in a child process."""

    form: str
    leaks: float
    """Share of the episodes with a planted leak."""
    times: int
    text_bytes: int
    megabytes: float
    """Peak resident set of the audit's one process."""
    seconds: float


class MemoryReport(Struct, frozen=True):
    circumstances: dict[str, object]
    peaks: list[Peak]


def repeated(path: Path, times: int, directory: Path) -> list[Path]:
    """The input under so many names."""
    found = []
    for number in range(times):
        copy = directory / f"{number:02d}-{path.name}"
        if path.is_dir():
            shutil.copytree(path, copy, copy_function=os.link)
        else:
            # Blank lines make it another file: a copy byte for byte is read once.
            shutil.copyfile(path, copy)
            with copy.open("ab") as file:
                file.write(b"\n" * number)
        found.append(copy)
    return found


def peak(paths: list[Path], workspace: Path) -> tuple[float, float]:
    """Megabytes of resident memory at most, and seconds.

    The audit says itself what it took. Its `ru_maxrss` would be no less than that of this process, which is larger than some audits.
    """
    command = [sys.executable, "-c", _AUDIT, "audit", *map(str, paths), "--jobs", "1", "--quiet", "--out", "json"]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=workspace, check=False)
    seconds = time.perf_counter() - start
    found = re.search(r"^VmHWM:\s+(\d+) kB$", done.stderr, re.M)
    if done.returncode not in (0, 1, 4) or found is None:
        raise SystemExit(f"the audit exited {done.returncode}: {done.stderr}")
    return int(found[1]) / 1024, seconds


def measure(corpus: Corpus, times: list[int]) -> list[Peak]:
    peaks = []
    for form, path in (("Parquet", corpus.bundle.absolute()), ("JSONL", corpus.lines.absolute())):
        for factor in times:
            with tempfile.TemporaryDirectory(dir=path.parent) as directory:
                megabytes, seconds = peak(repeated(path, factor, Path(directory)), Path(directory))
            peaks.append(Peak(form, corpus.facts.leaks, factor, factor * corpus.facts.text_bytes, megabytes, seconds))
            print(peaks[-1], flush=True)
    return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="+")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    given = parser.parse_args()
    corpora = [Corpus(path) for path in given.corpus]
    facts = circumstances(["bench.memory", *sys.argv[1:]], (one.made_by for one in corpora))
    peaks = [found for corpus in corpora for found in measure(corpus, given.times)]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.json").write_bytes(msgspec.json.format(msgspec.json.encode(MemoryReport(facts, peaks))) + b"\n")


if __name__ == "__main__":
    main()
