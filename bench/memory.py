"""Peak resident memory of `sequester audit` at 1, 4 and 16 times the data; writes `bench/results/memory.json`.

    python -m bench.memory INPUT [INPUT ...] [--times 1 4 16]

An input is a corpus that `bench.corpus` wrote, or a JSONL file such as `bench.real_episodes` writes. More data is the same episodes in
files of distinct names, given on one command line: bundles as hard links, JSONL with blank lines at its end.
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
from collections.abc import Iterator
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

    corpus: str
    """What was audited, in words."""
    form: str
    times: int
    text_bytes: int
    """Of a JSONL file: its size."""
    findings: int
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


class Source(Struct, frozen=True):
    """One input in one form."""

    corpus: str
    form: str
    path: Path
    text_bytes: int


def sources(path: Path) -> Iterator[Source]:
    """The forms in which an input is there."""
    if path.is_file():
        yield Source(path.stem, "JSONL", path.absolute(), path.stat().st_size)
        return
    corpus = Corpus(path.absolute())
    name = f"made, {corpus.facts.leaks:.0%} planted"
    for form, held in (("Parquet", corpus.bundle), ("JSONL", corpus.lines)):
        yield Source(name, form, held, corpus.facts.text_bytes)


def peak(source: Source, times: int) -> Peak:
    """One audit of an input so many times.

    The audit says itself what it took. Its `ru_maxrss` would be no less than that of this process, which is larger than some audits.
    """
    with tempfile.TemporaryDirectory(dir=source.path.parent) as directory:
        paths, report = repeated(source.path, times, Path(directory)), Path(directory, "report.json")
        command = [sys.executable, "-c", _AUDIT, "audit", *map(str, paths), "--jobs", "1", "--quiet", "--out", f"json={report}"]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, cwd=directory, check=False)
        seconds = time.perf_counter() - start
        found = re.search(r"^VmHWM:\s+(\d+) kB$", done.stderr, re.M)
        if done.returncode not in (0, 1, 4) or found is None:
            raise SystemExit(f"the audit exited {done.returncode}: {done.stderr}")
        findings = len(msgspec.json.decode(report.read_bytes())["findings"])
    return Peak(source.corpus, source.form, times, times * source.text_bytes, findings, int(found[1]) / 1024, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", type=Path, nargs="+")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 4, 16])
    given = parser.parse_args()
    made_by = (Corpus(path).made_by for path in given.input if path.is_dir())
    facts = circumstances(["bench.memory", *sys.argv[1:]], made_by)
    peaks = []
    for source in (source for path in given.input for source in sources(path)):
        for times in given.times:
            peaks.append(peak(source, times))
            print(peaks[-1], flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "memory.json").write_bytes(msgspec.json.format(msgspec.json.encode(MemoryReport(facts, peaks))) + b"\n")


if __name__ == "__main__":
    main()
