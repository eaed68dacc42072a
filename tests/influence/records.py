"""Records as an experiment leaves them, made of differences."""

from __future__ import annotations

from tests.influence.fakes import cases

from sequester.findings.swapped import Control, Effect
from sequester.influence.record import Comparison, Outcome, Record, Series


def record(differences: list[list[float]], scores: list[list[float]] | None = None, *, own: str = "own") -> Record:
    """Prompts with unchanged scores (by default 0, 1, 0, ...) and the differences of so many rounds, all of the same turn."""
    scores = scores or [[float(number % 2)] * 2 for number in range(len(differences))]
    unchanged: list[list[Outcome]] = [[(score,) for score in found] for found in scores]
    series = Series(effect=Effect.CONTENT)
    for number in range(len(differences[0])):
        series.take([Comparison(index, 0, found[number], True) for index, found in enumerate(differences)])
    passes: list[list[Outcome | None]] = [[found[number] for found in unchanged] for number in range(len(scores[0]))]
    made = Record(tuple(cases(len(differences))), len(differences), passes=passes, unchanged=unchanged)
    made.series = {own: series}
    made.control = Control(5, 1)
    return made
