"""Speed and recall, in one run on one machine; writes `bench/results/speed.json`, which `bench.tables` prints.

    python -m bench.speed CORPUS [--quiet-corpus CORPUS] [--rounds N] [--sample N]

CORPUS comes from `bench.corpus`; the quiet one has no planted leaks (`--leaks 0`), as a run that is in order.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.corpora import Corpus
from bench.end_to_end import Detection, Throughput, detection, throughput
from bench.engines import Floor, Sample, compare_engines, kernel_against_parsing
from bench.measuring import RESULTS, ROUNDS, circumstances, on_cores


class SpeedReport(Struct, frozen=True):
    """Everything that one run of this measured."""

    circumstances: dict[str, object]
    kernel: Floor
    engines: Sample
    end_to_end: list[Throughput]
    detection: Detection
    help_seconds: float


def help_seconds() -> float:
    """`sequester --help` in a fresh process: median of five."""
    command = [sys.executable, "-c", "from sequester.cli.main import main; main()", "--help"]
    times = []
    for number in range(ROUNDS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        if number:
            times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--quiet-corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of the end-to-end runs")
    parser.add_argument("--sample", type=int, default=4000, help="episodes that the kernel is timed on")
    given = parser.parse_args()
    corpora = [Corpus(path) for path in (given.corpus, given.quiet_corpus) if path]
    facts = circumstances(["bench.speed", *sys.argv[1:]], (one.made_by for one in corpora))
    corpus = corpora[0]
    with on_cores(1):
        kernel = kernel_against_parsing(corpus, given.sample)
        print({name: round(speed) for name, speed in kernel.mb_per_s.items()}, flush=True)
        engines = compare_engines(corpus)
        for row in engines.rows:
            print(f"{row.engine:40} {row.input:15} {row.mb_per_s:8.1f} MB/s  recall {row.recall:.3f}", flush=True)
    runs = [throughput(one, given.rounds) for one in corpora]
    for run in runs:
        print(run.floors, run.audit, flush=True)
    report = SpeedReport(facts, kernel, engines, runs, detection(corpus), help_seconds())
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "speed.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


if __name__ == "__main__":
    main()
