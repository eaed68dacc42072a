"""Several scores of one episode: a panel of graders, a rubric, a score and the one that a filter reads.

Trainers weigh them, each in its own way, so none stands for the others: a panel's outcome is their mean and then each of them, at the same
place all through an experiment. Opposite moves cancel in the mean alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from zlib import crc32

MOST = 16
"""Places. Further scores share them, each with a weight of its own, so that two which move seldom cancel."""
ABSENT = math.inf
"""Stands where an episode has no such score; no score is as large."""


class Panel:
    """Where each score of an episode stands, by name: in order of first appearance."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def placed(self, members: Mapping[str, float]) -> tuple[float, ...]:
        """Scores at their places, those that are absent at the end left out."""
        sums: dict[int, float] = {}
        for name, score in members.items():
            weight = 1.0
            if name not in self._places and len(self._places) < MOST:
                self._places[name] = len(self._places)
            place = self._places.get(name)
            if place is None:
                hashed = crc32(name.encode("utf-8", "surrogatepass"))
                place, weight = hashed % MOST, 0.5 + hashed / 2.0**32
            sums[place] = sums.get(place, 0.0) + weight * score
        return tuple(sums.get(place, ABSENT) for place in range(max(sums, default=-1) + 1))


def changes(before: Sequence[float], after: Sequence[float]) -> tuple[float, ...]:
    """Second less first, place by place; 1 or -1 where only one of them has a score there."""
    return tuple(_change(one, other) for one, other in zip_longest(before, after, fillvalue=ABSENT))


def _change(before: float, after: float) -> float:
    if before == after:
        return 0.0
    if ABSENT in (before, after):
        return 1.0 if before == ABSENT else -1.0
    return after - before
