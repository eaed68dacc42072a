"""The real audit, from files to a result: its speed beside decode-only, and what it finds by leak class and kind of negative."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

from msgspec import Struct

from bench.corpora import MIN_PRIVATE, Corpus
from bench.corpus import Label
from bench.decode_only import floors
from bench.measuring import medians, on_cores
from sequester.episodes.readers.registry import load_readers
from sequester.exposure.audit import Effort, audit
from sequester.exposure.inputs import Formats
from sequester.exposure.settle import Terms
from sequester.findings.fingerprint import ephemeral_key
from sequester.findings.model import Result, Severity
from sequester.findings.waivers import Waivers

MISSED_SHOWN = 20


class Throughput(Struct, frozen=True):
    """MB of text per second; `floors` are decode-only on one core, `audit` is by form and number of jobs."""

    episodes: int
    leaks: float
    text_bytes: int
    rounds: int
    floors: dict[str, float]
    audit: dict[str, dict[int, float]]


class ClassRow(Struct, frozen=True):
    """A leak class: plants, those at medium or above, those found at all, and those too short to count."""

    leak: str
    plants: int
    medium: int
    too_short: int


class NegativeRow(Struct, frozen=True):
    """Episodes without a leak: how many have a finding, by its highest severity. Lower ones are counted by group, not by episode."""

    kind: str
    episodes: int
    medium: int
    high: int


class Detection(Struct, frozen=True):
    classes: list[ClassRow]
    negatives: list[NegativeRow]
    missed: list[str]
    """Ids of the first plants without a finding at medium or above."""
    rows_declared: int
    rows_read: int


def _negatives(label: Label) -> str:
    """The row in which an episode without a leak counts."""
    if label.kind == "natural":
        return f"natural negatives, {'one reference for the group' if label.group_reference else 'a reference for each'}"
    return f"{label.kind} negatives"


def run_audit(path: Path, jobs: int) -> Result:
    """`sequester audit` without its command line."""
    return audit([path], Formats(load_readers()), Terms(ephemeral_key(), Waivers(), date.today()), Effort(jobs))


def throughput(corpus: Corpus, rounds: int) -> Throughput:
    """Decode-only and audit take turns; one core for `jobs=1`, two for `jobs=2`."""
    size = corpus.facts.text_bytes
    forms = {"Parquet": corpus.bundle, "JSONL": corpus.lines}
    works: dict[str, Callable[[], object]] = {name: _pinned(work) for name, work in floors(corpus).items()}
    works |= {f"{form}|1": _pinned(partial(run_audit, path, 1)) for form, path in forms.items()}
    works |= {f"{form}|2": partial(run_audit, path, 2) for form, path in forms.items()}
    speeds = {name: size / seconds / 1e6 for name, seconds in medians(works, rounds).items()}
    return Throughput(
        corpus.facts.episodes,
        corpus.facts.leaks,
        size,
        rounds,
        {name: speed for name, speed in speeds.items() if "|" not in name},
        {form: {jobs: speeds[f"{form}|{jobs}"] for jobs in (1, 2)} for form in forms},
    )


def _pinned(work: Callable[[], object]) -> Callable[[], object]:
    def on_one_core() -> object:
        with on_cores(1):
            return work()

    return on_one_core


def detection(corpus: Corpus) -> Detection:
    """One audit of the bundle, against the labels."""
    result = run_audit(corpus.bundle, 2)
    worst: dict[str, Severity] = {}
    for finding in result.findings:
        before = worst.get(finding.episode_id)
        if before is None or finding.severity.rank > before.rank:
            worst[finding.episode_id] = finding.severity
    classes: dict[str, Counter[str]] = {}
    negatives: dict[str, Counter[str]] = {}
    missed = []
    for label in corpus.labels:
        severity = worst.get(label.episode_id)
        if label.leak is None:
            kind = _negatives(label)
            negatives.setdefault(kind, Counter()).update({"episodes": 1, severity.value if severity else "none": 1})
        elif (label.private or 0) < MIN_PRIVATE:
            classes.setdefault(label.leak, Counter())["too_short"] += 1
        else:
            found = severity is not None and severity.at_least(Severity.MEDIUM)
            classes.setdefault(label.leak, Counter()).update({"plants": 1, "medium": int(found)})
            if not found:
                missed.append(f"{label.episode_id} {label.leak} {label.private}")
    return Detection(
        [ClassRow(name, row["plants"], row["medium"], row["too_short"]) for name, row in sorted(classes.items())],
        [NegativeRow(name, row["episodes"], row["medium"], row["high"]) for name, row in sorted(negatives.items())],
        missed[:MISSED_SHOWN],
        sum(file.rows_declared or 0 for file in result.inputs),
        sum(file.rows_read for file in result.inputs),
    )
