"""Betting on signs: fair under symmetry whatever the sizes, quick where signs agree."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.statistics.symmetry import SHARES, SHIFTS, one_sided, two_sided, weights

SIZES = st.lists(st.floats(1e-150, 1e99) | st.integers(0, 10).map(float), min_size=1, max_size=7)
PLANS = st.sampled_from([0.1, 0.5, 3.0])


def test_nothing_seen_is_no_evidence() -> None:
    assert two_sided().e_value == two_sided().after([]).e_value == one_sided().e_value == 1.0


@given(st.floats(0.1, 1e6))
def test_the_whole_stake_is_divided(smallest: float) -> None:
    assert math.fsum(weights(smallest)) == pytest.approx(1.0)
    assert len(SHIFTS) == len(SHARES) == len(weights(smallest))
    assert all(weight >= share for weight, share in zip(weights(smallest), SHARES, strict=True))


def test_most_of_the_stake_is_on_the_smallest_shift_of_interest() -> None:
    assert [max(range(len(SHIFTS)), key=weights(smallest).__getitem__) for smallest in (0.1, 0.3, 0.5, 1.0, 7.0)] == [
        0,
        1,
        2,
        3,
        4,
    ]


@settings(max_examples=30, deadline=None)
@given(SIZES, PLANS)
def test_no_gain_on_average_over_all_signs(sizes: list[float], smallest: float) -> None:
    for start in (two_sided(smallest), one_sided(smallest)):
        stakes = [
            start.after([size * sign for size, sign in zip(sizes, signs, strict=True)]).e_value
            for signs in itertools.product((1.0, -1.0), repeat=len(sizes))
        ]
        assert math.fsum(stakes) / len(stakes) == pytest.approx(1.0)


@settings(max_examples=30, deadline=None)
@given(SIZES, SIZES)
def test_no_gain_on_average_after_any_past(past: list[float], sizes: list[float]) -> None:
    known = two_sided().after(past)
    stakes = [
        known.after([size * sign for size, sign in zip(sizes, signs, strict=True)]).e_value
        for signs in itertools.product((1.0, -1.0), repeat=len(sizes))
    ]
    assert math.fsum(stakes) / len(stakes) == pytest.approx(known.e_value)


@settings(deadline=None)
@given(st.lists(st.floats(-1e99, 1e99), max_size=30))
def test_both_signs_are_treated_alike(differences: list[float]) -> None:
    mirrored = two_sided().after([-value for value in differences])
    assert mirrored.log_e == pytest.approx(two_sided().after(differences).log_e)


@settings(deadline=None)
@given(st.integers(0, 500))
def test_ties_bet_nothing(ties: int) -> None:
    assert two_sided().after([0.0, -0.0] * ties).e_value == 1.0


def test_of_verdicts_that_mostly_agree_the_rest_is_bet_on_more_boldly() -> None:
    """A shift of so many standard deviations of all differences takes as many pairs, however few of them differ."""

    def shown(agreeing: int, changed: int, back: int) -> float:
        rounds = [0.0] * agreeing + [1.0] * changed + [-1.0] * back
        stake = two_sided()
        for _ in range(20):
            stake = stake.after(rounds)
        return stake.log_e

    half, tenth = shown(50, 28, 22), shown(90, 6, 4)  # z = 3.8 and 2.8
    assert half > 3.0
    assert tenth > 0.8
    assert shown(0, 6, 4) < shown(90, 6, 4)  # given their number, rare changes are a larger part of what a CoT could do


@given(
    st.lists(st.floats(-1e3, 1e3).filter(lambda value: abs(value) > 1e-3), max_size=30),
    st.sampled_from([1e-120, 1e-3, 7.0, 1e90]),
)
def test_the_unit_of_the_score_plays_no_part(differences: list[float], unit: float) -> None:
    assert two_sided().after([value * unit for value in differences]).log_e == pytest.approx(two_sided().after(differences).log_e)


@pytest.mark.parametrize("size", [1e-300, 1e-9, 1.0, 1e100])
def test_equal_differences_almost_double_the_stake_each(size: float) -> None:
    stake, values = two_sided(), []
    for _ in range(20):
        stake = stake.after([size])
        values.append(stake.e_value)
    assert next(number for number, value in enumerate(values, 1) if value >= 20) <= 10
    assert all(1.9 < later / earlier < 2.0 for earlier, later in itertools.pairwise(values[8:]))


def test_one_sided_does_not_gain_by_negative_differences() -> None:
    assert one_sided().after([-1.0] * 50).e_value < 0.1
    assert one_sided().after([1.0] * 9).e_value > 20


def test_a_stake_neither_overflows_nor_ends_at_a_loss() -> None:
    rich = two_sided().after([1.0] * 5000)
    assert rich.e_value == math.exp(700.0)
    assert two_sided().after([1.0, -1.0] * 5000).e_value > 0.0


def test_the_stake_of_a_fair_game_seldom_grows() -> None:
    rng, reached = random.Random(1), 0
    for _ in range(400):
        stake = two_sided()
        for _ in range(10):
            stake = stake.after([rng.gauss(0.0, 1.0) ** 3 for _ in range(20)])
            if stake.e_value >= 20:
                reached += 1
                break
    assert reached <= 20 + 3 * math.sqrt(19)
