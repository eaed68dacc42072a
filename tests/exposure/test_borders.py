"""Borders: every two neighbours are compared once, and no unit is passed on before both of its own were."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sequester.episodes.readers.interface import Options, Unit
from sequester.exposure.borders import Borders, Scan
from sequester.exposure.tally import Tally
from sequester.exposure.workers import Task
from sequester.findings.fingerprint import FingerprintKey

KEY = FingerprintKey(b"a key for tests, of 32 bytes ....")


class Recorded(Borders):
    """Notes what is compared instead of comparing it."""

    def __init__(self) -> None:
        super().__init__({}, Options(), KEY)
        self.met: list[tuple[int, int]] = []

    def _compare(self, one: Scan, following: Scan) -> None:
        self.met.append((one[1].seen, following[1].seen))


def units(count: int) -> list[Scan]:
    return [(Task("jsonl", Unit("run.jsonl")), Tally(seen=number)) for number in range(count)]


def test_no_unit_has_no_neighbour() -> None:
    borders = Recorded()
    assert list(borders.compared([])) == []
    assert borders.met == []


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_two_neighbours_meet_once_before_either_is_passed_on_for_good(count: int) -> None:
    borders, given = Recorded(), units(count)
    for number, unit in enumerate(borders.compared(given)):
        assert unit is given[number]
        assert borders.met == [*pairwise(range(min(count, number + 2)))]
    assert borders.met == [*pairwise(range(count))]
