"""Borders: whatever the order in which units come back, every two neighbours are compared once, the earlier one first."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.readers.interface import Options, Unit
from sequester.exposure.borders import Borders
from sequester.exposure.samples import Edges
from sequester.exposure.tally import Tally
from sequester.exposure.workers import Task
from sequester.findings.fingerprint import FingerprintKey

KEY = FingerprintKey(b"a key for tests, of 32 bytes ....")


class Recorded(Borders):
    """Notes what is compared instead of comparing it."""

    def __init__(self) -> None:
        super().__init__({}, Options(), KEY)
        self.met: list[tuple[int, int]] = []

    def _compare(self, task: Task, edges: Edges, following: Task, beyond: Edges, tally: Tally) -> None:
        assert (edges.episodes, beyond.episodes) == (task.number, following.number)
        self.met.append((task.number, following.number))


def came(order: list[int]) -> Recorded:
    borders, tally = Recorded(), Tally()
    for number in order:
        borders.add(Task("jsonl", Unit("run.jsonl"), number=number), Edges(episodes=number), tally)
    return borders


def test_one_unit_has_no_neighbour() -> None:
    assert came([]).met == []
    assert came([0]).met == []
    assert came([0, 2, 4]).met == []


@given(st.integers(1, 9).flatmap(lambda count: st.permutations(range(count))))
def test_every_two_neighbours_meet_once_and_the_earlier_is_first(order: list[int]) -> None:
    borders = came(order)
    assert sorted(borders.met) == [*pairwise(range(len(order)))]
    assert len(borders._waiting) == 1  # the last unit's end, behind which nothing comes


@given(st.permutations(range(6)), st.integers(0, 5))
def test_as_many_wait_as_came_out_of_order(order: list[int], seen: int) -> None:
    """Memory: of a unit whose neighbours both came, nothing is kept."""
    borders = came(order[:seen])
    done = {number for number in order[:seen] if {number - 1, number + 1} - {-1} <= set(order[:seen])}
    assert not done & {task.number for task, _ in borders._waiting.values()}
