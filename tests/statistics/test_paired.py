"""Bounds and power over clusters. First: nothing in is no bound."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.errors import UsageError
from sequester.statistics import paired

MEANS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


def test_nothing_seen_bounds_nothing() -> None:
    assert paired.cluster_means([]) == {}
    assert paired.mean_limits([], 1.0) is None
    assert paired.mean_limits([0.0], 1.0) is None
    assert paired.mean_upper([1.0], 1.0) is None
    assert paired.pooled_sd([]) is None
    assert paired.pooled_sd([[1.0], [2.0]]) is None
    assert paired.differing([1.0]) is None
    assert paired.drift_p([]) is None
    assert paired.drift_p([[1.0], [2.0]]) is None
    assert paired.share_upper(0, 0) is None
    assert paired.turned_upper([0.0], 0.0) is None
    assert paired.minimum_detectable(0, 1) == math.inf


def test_clusters_count_once_each() -> None:
    assert paired.cluster_means([("a", 1.0), ("b", 5.0), ("a", 3.0)]) == {"a": 2.0, "b": 5.0}


@settings(deadline=None)
@given(MEANS)
def test_limits_hold_the_mean_and_one_side_is_nearer_than_two(means: list[float]) -> None:
    limits, upper = paired.mean_limits(means, 1e6), paired.mean_upper(means, 1e6)
    assert limits is not None
    assert upper is not None
    centre = math.fsum(means) / len(means)
    assert limits[0] <= centre <= upper <= limits[1] + 1e-9 * abs(limits[1])


def test_all_zero_is_bounded_by_the_rule_of_three() -> None:
    assert paired.mean_upper([0.0] * 5, 10.0) == pytest.approx(10.0 * (1 - 0.05**0.2))
    assert paired.mean_limits([0.0] * 5, 1.0) == pytest.approx((-(1 - 0.025**0.2), 1 - 0.025**0.2))


@pytest.mark.parametrize("clusters", [5, 30])
def test_limits_of_a_mean_cover_it_at_every_look(clusters: int) -> None:
    rng, missed = random.Random(2), 0
    for _ in range(300):
        means = [rng.gauss(0.3, 1.0) for _ in range(3 * clusters)]
        looks = [paired.mean_limits(means[:count], 1.0) or (0, 0) for count in range(clusters, 3 * clusters + 1)]
        missed += any(not low <= 0.3 <= high for low, high in looks)
    assert missed <= 0.05 * 300 + 3 * math.sqrt(0.05 * 0.95 * 300)


def test_deviations_are_taken_within_groups() -> None:
    assert paired.pooled_sd([[0.0, 2.0], [100.0, 102.0], [7.0]]) == pytest.approx(math.sqrt(2.0))


def test_share_of_pairs_that_differ() -> None:
    assert paired.differing([1, 1, 1]) == 0.0
    assert paired.differing([1, 1, 2, 2]) == pytest.approx(4 / 6)


def test_drift_is_told_from_noise() -> None:
    rng = random.Random(3)
    noise = [[rng.gauss(item, 1.0) for item in range(20)] for _ in range(3)]
    later = [[score + 2.0 * number for score in scores] for number, scores in enumerate(noise)]
    assert (paired.drift_p(noise) or 0) > 0.01
    assert (paired.drift_p(later) or 0) < 1e-6
    assert paired.drift_p([[1.0, 2.0], [1.0, 2.0]]) == 1.0
    assert paired.drift_p([[1.0, 2.0], [2.0, 3.0]]) == 0.0


@given(st.floats(-1e6, 1e6), st.integers(2, 5), st.integers(2, 40))
def test_scores_that_are_all_equal_neither_drift_nor_spread(score, rounds, items):
    assert paired.drift_p([[score] * items] * rounds) == 1.0
    assert paired.pooled_sd([[score] * items] * rounds) == 0.0
    assert paired.drift_p([[score, *([score + 1.0] * items)]] * rounds) == 1.0


def test_a_trend_that_items_share_is_told_from_noise() -> None:
    assert paired.trend_p([]) is None
    assert paired.trend_p([[1.0], [2.0, 2.0, 2.0]]) is None
    rng = random.Random(3)
    noise = [[rng.gauss(item, 1.0) for _ in range(15)] for item in range(20)]
    later = [[score + 0.1 * place for place, score in enumerate(scores)] for scores in noise]
    assert (paired.trend_p(noise) or 0) > 0.01
    assert (paired.trend_p(later) or 1) < 1e-4
    assert paired.trend_p(later) == pytest.approx(paired.trend_p([scores[::-1] for scores in later]))


def test_a_trend_is_found_by_chance_no_more_often_than_it_says() -> None:
    rng = random.Random(4)
    p = [paired.trend_p([[float(rng.random() < 0.1) for _ in range(6)] for _ in range(8)]) for _ in range(2000)]
    assert sum(each is not None and each < 0.05 for each in p) / len(p) < 0.06


def test_verdicts_turned_over_are_bounded_beyond_the_noise() -> None:
    assert paired.turned_upper([0.0] * 60, 0.14) == pytest.approx((1 - 0.05 ** (1 / 60)) / 0.72)
    assert paired.turned_upper([0.5] * 60, 0.14) == pytest.approx((0.5 + 1 - 0.05 ** (1 / 60)) / 0.72)
    assert paired.turned_upper([0.0] * 60, 0.5) is None
    assert paired.turned_upper([-0.5] * 60, 0.1) is None  # pairs that share a batch differ less than unchanged inputs that do not


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=60), st.floats(0.0, 0.5))
def test_a_share_of_prompts_is_never_bounded_below_the_rule_of_three(excess: list[float], noise: float) -> None:
    limit = paired.turned_upper(excess, noise)
    assert limit is None or 1 - 0.05 ** (1 / len(excess)) <= limit + 1e-12 <= 1.0 + 1e-12


@pytest.mark.parametrize(("share", "effect"), [(0.02, -5.0), (0.05, -1.0), (0.1, -1.0)])
def test_limits_hold_where_few_prompts_carry_the_mean(share: float, effect: float) -> None:
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(400):
        limits = paired.mean_limits(np.where(rng.random(40) < share, effect, 0.0).tolist(), abs(effect))
        assert limits is not None
        missed += not limits[0] <= share * effect <= limits[1]
    assert missed <= 20


def test_pairs_needed_meet_the_promises() -> None:
    assert paired.pairs_needed(0.1, 1) <= 3500
    assert paired.pairs_needed(0.5, 1, smallest=0.5) < paired.pairs_needed(0.5, 1) <= 200
    assert paired.pairs_needed(0.1, 1) < paired.pairs_needed(0.1, 1, smallest=0.5) < 5000
    assert paired.pairs_needed(0.5, 9) > paired.pairs_needed(0.5, 1)
    assert paired.pairs_needed(7.0, 1) == paired.pairs_needed(1.0, 1)
    with pytest.raises(UsageError):
        paired.pairs_needed(0.05, 1)
    with pytest.raises(UsageError):
        paired.pairs_needed(math.nan, 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 10_000), st.integers(1, 20))
def test_a_shift_said_to_be_detectable_needs_no_more_pairs(pairs: int, donors: int) -> None:
    shift = paired.minimum_detectable(pairs, donors)
    if shift < math.inf:
        assert paired.pairs_needed(shift, donors) <= pairs
        assert paired.minimum_detectable(pairs + 1, donors) <= shift


def test_a_shift_made_of_rare_jumps_needs_more_pairs() -> None:
    assert paired.pairs_needed(0.5, 1, jump=7.0) > 1.5 * paired.pairs_needed(0.5, 1)
    assert paired.minimum_detectable(300, 1, jump=7.0) > paired.minimum_detectable(300, 1)
