"""What a chain weighs by itself, before it is known what other scorer inputs hold: its substantial runs, without what is stock text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sequester.exposure import matching
from sequester.exposure.severity import THRESHOLDS, ChainWeight, RunWeight, grade, stretch_of
from sequester.exposure.subject import Subject
from sequester.findings.model import Severity

Windows = Callable[[matching.Run], bytes]
"""The windows by which a run is looked up in other scorer inputs."""


def own_bytes(subject: Subject, run: matching.Run) -> int:
    """Private bytes of a run that are no stock text."""
    return max(0, run.private - subject.stock(run.cot_start, run.length))


def weigh(subject: Subject, chain: matching.Chain, windows: Windows = lambda run: b"") -> ChainWeight:
    """The weight of a chain of the subject's reasoning; without windows as though nothing of it could be shared."""
    per_byte, own, telling = subject.scale
    runs, stock = [], 0
    for run in chain.runs:
        if run.private >= THRESHOLDS.substantial:
            left = own_bytes(subject, run)
            common = run.private - left
            stock += common
            if left >= THRESHOLDS.substantial:
                runs.append(RunWeight(round((run.length - common) * per_byte), round(left * per_byte), windows(run)))
    private = round((chain.private - stock) * per_byte)
    return ChainWeight(private, min(1.0, private / max(1, own)), tuple(runs), beside_marker=False, telling=telling)


def weighs_little(weight: ChainWeight) -> bool:
    """Whether a chain comes to `low` or to nothing without a marker beside it, also where no other input shares it."""
    return grade(stretch_of(weight)) in (None, Severity.LOW)


def said_once(runs: Iterable[tuple[int, int, int]]) -> float:
    """Of the private characters of some runs, counted run by run, the share that is left if each character counts once.

    A run is its start in the reasoning, its length and how much of it is private. Where two overlap in part, what the second adds is taken
    to be private as far as it can be.
    """
    counted = once = end = 0
    for start, length, private in sorted(runs):
        counted += private
        if start + length > end:
            once += min(private, start + length - max(start, end))
            end = start + length
    return once / counted if counted else 1.0
