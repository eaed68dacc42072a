"""Permutation tests: nothing in never tells anything apart, and p is never 0."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from sequester.statistics.permutation import columns_differ, sides_differ

VALUES = st.lists(st.floats(-5, 5), max_size=4)


def test_nothing_tells_nothing_apart() -> None:
    assert columns_differ([]) == columns_differ([[1.0, 2.0]]) == columns_differ([[1.0], [2.0]]) == 1.0
    assert sides_differ([]) == sides_differ([([1.0], [])]) == 1.0


def test_columns_that_differ_beyond_the_noise_are_told_apart_and_equal_ones_are_not() -> None:
    rng = random.Random(1)
    apart = [[column + rng.gauss(0, 1) for column in (0, 4, 8, 0, 4, 8)] for _ in range(3)]
    alike = [[rng.gauss(0, 1) for _ in range(6)] for _ in range(3)]
    assert columns_differ(apart) < 0.01 < columns_differ(alike)


def test_sides_that_differ_in_either_direction_are_told_apart() -> None:
    rng = random.Random(1)
    pairs = [([rng.gauss(0, 1) for _ in range(3)], [rng.gauss(6 * (-1) ** n, 1) for _ in range(3)]) for n in range(8)]
    assert sides_differ(pairs) < 0.01
    assert sides_differ([(one, one[::-1]) for one, _ in pairs]) > 0.05


def test_equal_values_are_no_evidence() -> None:
    assert columns_differ([[1.0] * 5] * 3) == 1.0
    assert sides_differ([([2.0, 2.0], [2.0])] * 5) == 1.0


def test_p_is_no_smaller_than_it_may_be_under_the_null() -> None:
    rng = random.Random(5)
    found = [columns_differ([[rng.random() < 0.5 for _ in range(12)] for _ in range(3)], seed) <= 0.05 for seed in range(200)]
    assert sum(found) <= 20


@given(st.lists(st.tuples(VALUES, VALUES), max_size=4))
def test_p_lies_between_0_and_1(pairs: list[tuple[list[float], list[float]]]) -> None:
    assert 0.0 < sides_differ(pairs) <= 1.0
