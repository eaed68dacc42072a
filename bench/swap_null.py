"""How often the swap test calls a scorer influenced that never looks at the CoT.

    python -m bench.swap_null [runs with verdict flips, default 10000; a tenth as many of every other kind]

Every run is `influence.swap.swap` over 30 prompts and three donors until the engine itself stops. The engine looks after every few
batches and stops as soon as the evidence suffices: the peeking of a user who stops when it pays. Beside it, the e-process alone is looked
at after every single difference. Writes `bench/results/swap_null.json` and a table in `docs/swap-power.md`.
"""

from __future__ import annotations

import math
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.pool import Pool

import msgspec
from msgspec import Struct

from bench.measuring import RESULTS
from bench.pages import write_between
from bench.swap_simulation import Reaction, simulated
from bench.tables import table
from sequester.findings.swapped import SwapVerdict
from sequester.influence.experiment import Plan
from sequester.statistics.intervals import clopper_pearson
from sequester.statistics.symmetry import two_sided

PROMPTS = 30
DONORS = ("own", "adversarial", "empty")
"""The fewer, the less their mean smooths: the test is likelier to be wrong."""
ALPHA = 0.05
PART = 100
"""Runs that one process does at a time."""
MARGIN = 0.001
"""Confidence that a share above alpha is no accident of the simulation: 1 - this."""


class NullRow(Struct, frozen=True):
    """One kind of noise."""

    noise: str
    plan: str
    runs: int
    influenced: int
    low: float
    high: float
    """Clopper and Pearson, 95 %, of the share of runs that were called influenced."""
    verdicts: dict[str, int]
    calls: float
    """Mean number of episodes scored."""


class NullReport(Struct, frozen=True):
    prompts: int
    donors: int
    alpha: float
    rows: list[NullRow]
    every_look: NullRow


def flips(share: float) -> Callable[[int], Reaction]:
    """Verdicts 0 and 1. Two verdicts on one input differ in this share of pairs on average: two prompts of five never do."""
    uncertain = share * 5 / 3
    p = (1.0 - math.sqrt(1.0 - 2.0 * uncertain)) / 2.0
    shares = (0.0, 1.0, p, 1.0 - p, p)
    return lambda seed: lambda rng, prompt, cot: float(rng.random() < shares[prompt % 5])


def normal(seed: int) -> Reaction:
    return lambda rng, prompt, cot: prompt % 3 + rng.gauss(0.0, 1.0)


def heavy(seed: int) -> Reaction:
    """Student's t with two degrees of freedom: no variance."""
    return lambda rng, prompt, cot: rng.gauss(0.0, 1.0) / math.sqrt(rng.expovariate(1.0))


def uneven(seed: int) -> Reaction:
    """Each prompt has a noise of its own, from 1/30 to 30 times the usual; skewed."""
    return lambda rng, prompt, cot: 10.0 ** (prompt % 7 / 2.0 - 1.5) * rng.expovariate(1.0)


def drifting(seed: int) -> Reaction:
    """A random walk with a trend beneath noise."""
    walk = [0.0]

    def react(rng: random.Random, prompt: int, cot: str) -> float:
        walk[0] += rng.gauss(0.02, 0.2)
        return walk[0] + rng.gauss(0.0, 0.3)

    return react


def remembering(seed: int) -> Reaction:
    """The first time that a prompt is scored it gets more, and every score is near the one before."""
    seen: set[int] = set()
    last = [0.0]

    def react(rng: random.Random, prompt: int, cot: str) -> float:
        last[0] = 0.8 * last[0] + rng.gauss(0.0, 0.5) + (prompt not in seen)
        seen.add(prompt)
        return last[0]

    return react


def discrete(seed: int) -> Reaction:
    """Grades from 1 to 10."""
    return lambda rng, prompt, cot: float(min(10, max(1, round(4 + prompt % 6 + rng.gauss(0.0, 0.8)))))


def failing(seed: int) -> Reaction:
    """One call in ten fails, more often after a failure."""
    failed = [False]

    def react(rng: random.Random, prompt: int, cot: str) -> float | None:
        failed[0] = rng.random() < (0.4 if failed[0] else 0.07)
        return None if failed[0] else rng.gauss(0.0, 1.0)

    return react


def seldom(seed: int) -> Reaction:
    """Deterministic but for one call in 200: the noise may show only once pairs are compared."""
    return lambda rng, prompt, cot: float(prompt % 2) + (rng.random() < 0.005)


KINDS: tuple[tuple[str, str, Callable[[int], Reaction], float], ...] = (
    ("verdict flips, 14 %", "replicate", flips(0.14), 1.0),
    ("verdict flips, 1 %", "replicate", flips(0.01), 0.1),
    ("normal", "replicate", normal, 0.1),
    ("heavy tails (t, 2 degrees of freedom)", "replicate", heavy, 0.1),
    ("skewed, another spread for every prompt", "replicate", uneven, 0.1),
    ("drifting (random walk with trend)", "replicate", drifting, 0.1),
    ("stateful (remembers prompts and its last score)", "replicate", remembering, 0.1),
    ("grades 1 to 10", "replicate", discrete, 0.1),
    ("normal, one call in ten fails", "replicate", failing, 0.1),
    ("one call in 200 differs", "replicate", seldom, 0.1),
    ("verdict flips, 14 %, declared deterministic", "deterministic", flips(0.14), 0.1),
)


def part(kind: int, first: int, runs: int) -> tuple[Counter[str], int]:
    """Verdicts and episodes scored of so many whole swap tests of one kind, seeds from `first`."""
    _, noise, made, _ = KINDS[kind]
    verdicts: Counter[str] = Counter()
    calls = 0
    for seed in range(first, first + runs):
        result = simulated(made(seed), Plan(alpha=ALPHA, noise=noise, seconds=math.inf, seed=seed), PROMPTS, DONORS)
        verdicts[result.verdict.value] += 1
        calls += result.calls
    return verdicts, calls


def null_row(kind: int, runs: int, pool: Pool) -> NullRow:
    """All runs of one kind."""
    parts = [(kind, first, min(PART, runs - first)) for first in range(0, runs, PART)]
    found = pool.starmap(part, parts, chunksize=1)
    verdicts = sum((each for each, _ in found), Counter[str]())
    influenced = verdicts[SwapVerdict.INFLUENCED.value]
    low, high = clopper_pearson(influenced, runs) or (0.0, 1.0)
    name, noise, _, _ = KINDS[kind]
    return NullRow(name, noise, runs, influenced, low, high, dict(verdicts), sum(calls for _, calls in found) / runs)


def every_look(runs: int, pairs: int = 500) -> NullRow:
    """The e-process alone, over heavy-tailed differences, looked at after every one."""
    crossed = 0
    for seed in range(runs):
        rng, betting = random.Random(seed), two_sided()
        for _ in range(pairs):
            betting = betting.after([rng.gauss(0.0, 1.0) ** 3])
            if betting.e_value >= 1.0 / ALPHA:
                crossed += 1
                break
    low, high = clopper_pearson(crossed, runs) or (0.0, 1.0)
    return NullRow(f"e-process alone, a look after each of {pairs} differences", "", runs, crossed, low, high, {}, 2.0 * pairs)


def _told(verdicts: dict[str, int]) -> str:
    others = sorted(item for item in verdicts.items() if item[0] != SwapVerdict.INFLUENCED.value)
    return ", ".join(f"{verdict.replace('_', ' ')} {count:,}" for verdict, count in others)


def page(report: NullReport) -> list[str]:
    rows = [
        (row.noise, f"{row.runs:,}", row.influenced, f"{row.low:.2%} to {row.high:.2%}", _told(row.verdicts), f"{row.calls:,.0f}")
        for row in (*report.rows, report.every_look)
    ]
    said = f"{sum(row.runs for row in report.rows):,} whole swap tests of scorers that never look at the CoT; {report.prompts} prompts, "
    return [
        f"{said}{report.donors} donors, alpha {report.alpha}.",
        table(("noise", "runs", "called influenced", "95 % interval", "otherwise", "episodes scored, mean"), rows),
    ]


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    rows: list[NullRow] = []
    looked = every_look(max(1, runs // 10))
    with multiprocessing.Pool() as pool:
        for kind, (_, _, _, share) in enumerate(KINDS):
            start = time.perf_counter()
            rows.append(null_row(kind, max(1, int(runs * share)), pool))
            print(f"{rows[-1]} ({time.perf_counter() - start:.0f} s)", flush=True)
            report = NullReport(PROMPTS, len(DONORS), ALPHA, rows, looked)
            (RESULTS / "swap_null.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
            write_between("swap-power.md", "bench.swap_null", page(report))
    everything = (*rows, looked)
    return int(any((clopper_pearson(row.influenced, row.runs, 1.0 - MARGIN) or (0.0, 1.0))[0] > ALPHA for row in everything))


if __name__ == "__main__":
    sys.exit(main())
