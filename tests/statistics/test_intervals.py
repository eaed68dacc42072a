"""Exact limits against published tables (statistics tables of the design notes, and textbook values)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.errors import UsageError
from sequester.statistics.intervals import clopper_pearson, lower_bound, upper_bound


def test_nothing_drawn_gives_no_number():
    assert clopper_pearson(0, 0) is None
    assert lower_bound(0, 0) is None
    assert upper_bound(0, 0) is None


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(51, 1000, 0.038, 0.067), (80, 1000, 0.064, 0.099), (2, 1000, 0.0002, 0.0072), (0, 3000, 0.0, 0.0012)],
)
def test_two_sided_table(k, n, low, high):
    interval = clopper_pearson(k, n)
    assert interval is not None
    assert interval[0] == pytest.approx(low, abs=0.0006)
    assert interval[1] == pytest.approx(high, abs=0.0006)


@pytest.mark.parametrize(("probes", "rate"), [(1, 0.95), (5, 0.45), (20, 0.14), (59, 0.05), (299, 0.01)])
def test_within_cell_table(probes, rate):
    assert upper_bound(0, probes) == pytest.approx(rate, abs=0.006)


def test_rule_of_three():
    assert upper_bound(0, 10_000) == pytest.approx(3 / 10_000, rel=0.002)


def test_a_recall_of_all_needs_2995_for_a_bound_of_one_in_a_thousand():
    assert upper_bound(0, 2995) < 0.001 < upper_bound(0, 2990)
    assert lower_bound(600, 600) == pytest.approx(0.05 ** (1 / 600))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95, 0.99]))
def test_limits_enclose_the_share_and_mirror(kn, confidence):
    k, n = kn
    low, high = clopper_pearson(k, n, confidence)
    assert 0.0 <= low <= k / n <= high <= 1.0
    assert low <= lower_bound(k, n, confidence)
    assert upper_bound(k, n, confidence) <= high
    assert 1.0 - upper_bound(n - k, n, confidence) == pytest.approx(lower_bound(k, n, confidence), abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (1, 0), (0, -1)])
def test_no_share(k, n):
    with pytest.raises(UsageError, match="is no share"):
        clopper_pearson(k, n)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, float("nan")])
def test_confidence_is_a_share(confidence):
    with pytest.raises(UsageError, match="not between 0 and 1"):
        upper_bound(0, 10, confidence)
