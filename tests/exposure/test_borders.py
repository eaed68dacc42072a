"""Borders: units come out in the order in which they came in, each after it was compared with both neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

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
        self.met: list[tuple[str, str]] = []

    def _compare(self, one: Scan, following: Scan) -> None:
        self.met.append((one[0].unit.path, following[0].unit.path))


def units(count: int) -> Iterator[Scan]:
    return ((Task("jsonl", Unit(f"{number}.jsonl")), Tally()) for number in range(count))


def test_no_unit_and_one_unit_have_no_neighbour() -> None:
    for count in (0, 1):
        borders = Recorded()
        assert len(list(borders.compared(units(count)))) == count
        assert borders.met == []


@given(st.integers(2, 9))
def test_every_two_neighbours_meet_once_before_the_earlier_is_given_on(count: int) -> None:
    borders, given_on = Recorded(), []
    names = [task.unit.path for task, _ in units(count)]
    for task, _ in borders.compared(units(count)):
        given_on.append(task.unit.path)
        concerned = [pair for pair in pairwise(names) if task.unit.path in pair]
        assert set(concerned) <= set(borders.met)
    assert given_on == names
    assert borders.met == [*pairwise(names)]
