"""The order of renditions is drawn by lot; differences are taken between the right two."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.influence.fakes import Swaps, case, cot_of, rendition

from sequester.findings.swapped import Effect
from sequester.influence.layout import Block, Layout, chunks, difference, shown_sides
from sequester.influence.model import Pair
from sequester.influence.panel import ABSENT
from sequester.influence.record import Comparison

OUTCOMES = st.lists(st.floats(-9, 9), min_size=3, max_size=3).map(tuple)


def block(number: int, *names: str) -> Block:
    episode = case(number)
    pairs = {name: (5, made) for name in names if isinstance(made := Swaps(*names).pair(episode, name, 5), Pair)}
    return Block(number, rendition(episode, episode.answer), pairs)


def test_nothing_laid_out_is_nothing_read() -> None:
    layout = Layout([], random.Random(0))
    assert (layout.sessions, *layout.read([], True)) == ([[]], [], [], [], [], [])
    assert Layout([], random.Random(0), apart=True).sessions == []


def test_donors_share_the_logged_original() -> None:
    layout = Layout([block(0, "a", "b")], random.Random(0))
    assert sorted(cot_of(given) for _, given in layout.sessions[0]) == ["a 5", "b 5", "thought 0"]


def test_a_donor_that_changes_both_sides_has_an_original_of_its_own() -> None:
    episode = case(0)
    bare = Pair("bare", Effect.CONTENT, rendition(episode, "0", "bare"), rendition(episode, "0", "other"))
    shared = block(0, "a", "b")
    layout = Layout([Block(0, shared.original, {"bare": (0, bare), **shared.pairs})], random.Random(0))
    assert len(layout.sessions[0]) == 5
    scores = {"bare": 1.0, "other": 4.0, "thought 0": 10.0, "a 5": 10.0, "b 5": 12.0}
    reading = layout.read([[(scores[cot_of(given)],) for _, given in layout.sessions[0]]], True)
    assert {name: found.difference for name, found in reading.comparisons} == {"bare": 3.0, "a": 0.0, "b": 2.0}
    assert reading.unchanged == [(0, (10.0,))]


def test_every_place_is_as_likely_the_originals() -> None:
    rng, places = random.Random(1), Counter[int]()
    for _ in range(3000):
        trials = Layout([block(0, "a", "b")], rng).sessions[0]
        places[[cot_of(given) for _, given in trials].index("thought 0")] += 1
    assert all(900 < places[place] < 1100 for place in range(3))


def test_cases_stay_together_and_differences_are_their_own() -> None:
    layout = Layout([block(number, "a", "b") for number in range(4)], random.Random(2))
    assert [index for index, _ in layout.sessions[0]] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    outcomes = [(10.0 * index + (cot_of(given) == "a 5"),) for index, given in layout.sessions[0]]
    reading = layout.read([outcomes], planned=False)
    assert [found for name, found in reading.comparisons if name == "a"] == [
        Comparison(n, 5, 1.0, False, sides=(10.0 * n, 10.0 * n + 1)) for n in range(4)
    ]
    assert all(not found.difference for name, found in reading.comparisons if name == "b")


def test_apart_no_session_has_two_renditions_of_a_case() -> None:
    layout = Layout([block(0, "a", "b"), block(1, "a"), block(2, "a", "b")], random.Random(4), apart=True)
    assert len(layout.sessions) == 3
    assert all(len({index for index, _ in session}) == len(session) for session in layout.sessions)
    outcomes = [[(10.0 * index + (cot_of(given) == "a 5"),) for index, given in session] for session in layout.sessions]
    reading = layout.read(outcomes, planned=True)
    assert [found for name, found in reading.comparisons if name == "a"] == [
        Comparison(n, 5, 1.0, True, sides=(10.0 * n, 10.0 * n + 1)) for n in range(3)
    ]
    assert [index for index, _ in reading.unchanged] == [0, 1, 2]
    assert layout.read(outcomes[:1], planned=True).comparisons == []


def test_apart_every_session_is_as_likely_the_originals() -> None:
    rng, places = random.Random(1), Counter[tuple[int, int]]()
    for _ in range(6000):
        sessions = Layout([block(0, "a"), block(1, "a", "b")], rng, apart=True).sessions
        where = {cot_of(given): number for number, session in enumerate(sessions) for index, given in session if not index}
        places[where["thought 0"], where["a 5"]] += 1
    assert len(places) == 6
    assert all(850 < count < 1150 for count in places.values())


def test_failures_are_named_and_missing_outcomes_left_out() -> None:
    layout = Layout([block(0, "a"), block(1, "a")], random.Random(3))
    outcomes = ["timeout" if cot_of(given) == "a 5" else (1.0,) for _, given in layout.sessions[0]]
    assert layout.read([outcomes], True).failed == [("a", "timeout")] * 2
    early = layout.read([outcomes[:2]], True)
    assert (early.failed, early.unchanged) == ([("a", "timeout")], [(0, (1.0,))])


@given(OUTCOMES, OUTCOMES)
def test_the_sides_that_are_shown_make_the_difference(before: tuple[float, ...], after: tuple[float, ...]) -> None:
    one, other = shown_sides(before, after)
    if one is not None and other is not None:
        assert other - one == difference(before, after)
    else:
        assert before == after == () or abs(difference(before, after)) == 1


def test_of_a_panel_the_first_number_that_differs_is_shown() -> None:
    assert shown_sides((0.5, 0.0, 1.0), (0.5, 1.0, 0.0)) == (0.0, 1.0)
    assert shown_sides((0.5, ABSENT), (0.5, 1.0)) == (None, 1.0)
    assert shown_sides((), (2.0,)) == (None, 2.0)
    assert shown_sides((), ()) == (None, None)


@given(OUTCOMES, OUTCOMES)
def test_a_difference_changes_sign_with_its_sides(before: tuple[float, ...], after: tuple[float, ...]) -> None:
    assert difference(before, after) == -difference(after, before)
    assert bool(difference(before, after)) == (before != after)


@pytest.mark.parametrize(("most", "sizes"), [(1, [1, 1, 1]), (4, [2, 1]), (99, [3])])
def test_chunks_hold_all_blocks_in_order(most: int, sizes: list[int]) -> None:
    blocks = [block(number, "a") for number in range(3)]
    found = list(chunks(blocks, most))
    assert [len(chunk) for chunk in found] == sizes
    assert [each.case for chunk in found for each in chunk] == [0, 1, 2]
    assert list(chunks([], most)) == []


def test_chunks_may_double() -> None:
    found = list(chunks((block(number, "a") for number in range(20)), 2, 8))
    assert [len(chunk) for chunk in found] == [1, 2, 4, 4, 4, 4, 1]
