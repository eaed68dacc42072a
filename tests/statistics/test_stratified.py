from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, spearmanr

from sequester.statistics.stratified import adjusted_p, associations, detectable_correlation, rank_strata, rejected


def strata_of(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


def test_nothing_in_is_no_evidence():
    [found] = associations(np.empty(0), np.empty((1, 0)), np.empty(0, np.int64), 1)
    assert (found.p, found.correlation, found.strata, found.members) == (1.0, 0.0, 0, 0)


def test_strata_of_one_member_say_nothing():
    [found] = associations(np.arange(30.0), np.arange(30.0)[None], np.arange(30), 1)
    assert (found.p, found.strata) == (1.0, 0)


def test_a_constant_response_says_nothing():
    random = np.random.default_rng(0)
    [found] = associations(np.ones(40), random.random((1, 40)), strata_of([4] * 10), 1)
    assert (found.p, found.correlation, found.strata, found.members) == (1.0, 0.0, 10, 40)


def test_one_stratum_is_spearmans_correlation():
    random = np.random.default_rng(3)
    x, y = random.random(25), random.random(25)
    [found] = associations(y, x[None], np.zeros(25, np.int64), 1)
    known = spearmanr(x, y)
    assert found.correlation == pytest.approx(known.statistic)
    assert found.p == pytest.approx(known.pvalue, abs=0.03)


def test_a_quantity_of_two_values_is_wilcoxons_test():
    random = np.random.default_rng(4)
    y, x = random.random(24), np.repeat([0.0, 1.0], 12)
    [found] = associations(y, x[None], np.zeros(24, np.int64), 1)
    assert found.p == pytest.approx(mannwhitneyu(y[:12], y[12:]).pvalue, abs=0.02)


def test_a_dependence_within_strata_is_found_and_its_sign_kept():
    random = np.random.default_rng(5)
    strata = strata_of([4] * 50)
    x = random.random(200)
    [found] = associations(-x + random.normal(0, 0.2, 200), x[None], strata, 1)
    assert found.p < 0.001
    assert found.correlation < -0.5
    assert found.shift < -0.3


def test_what_only_the_strata_share_is_not_a_dependence():
    random = np.random.default_rng(6)
    strata = strata_of([4] * 100)
    harder = strata / 100
    x, y = harder + random.random(400), -5 * harder + random.random(400)
    assert np.corrcoef(x, y)[0, 1] < -0.5
    [found] = associations(y, x[None], strata, 1)
    assert found.p > 0.01


def test_a_covariate_accounts_for_what_goes_with_it():
    random = np.random.default_rng(7)
    strata = strata_of([5] * 80)
    length = random.random(400)
    headings = length + random.normal(0, 0.3, 400)
    score = length + random.normal(0, 0.3, 400)
    [marginal] = associations(score, headings[None], strata, 1)
    assert marginal.p < 0.001
    assert adjusted_p(score, headings, length, strata, 1) > 0.01
    assert adjusted_p(score, length, headings, strata, 1) < 0.001


def test_a_constant_covariate_accounts_for_nothing():
    random = np.random.default_rng(8)
    strata = strata_of([5] * 40)
    x = random.random(200)
    assert adjusted_p(x + random.normal(0, 0.2, 200), x, np.zeros(200), strata, 1) < 0.001


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12), st.integers(0, 2**32))
def test_ranks_are_centred_and_every_member_of_a_pair_or_more_is_kept(sizes, seed):
    random = np.random.default_rng(seed)
    strata = random.permutation(strata_of(sizes))
    blocks = rank_strata(random.integers(0, 3, len(strata)).astype(float), random.random((2, len(strata))), strata)
    assert sum(block.response.size for block in blocks) == sum(size for size in sizes if size > 1)
    for block in blocks:
        assert np.allclose(block.response.sum(axis=1), 0)
        assert np.allclose(block.quantities.sum(axis=2), 0)


@given(st.integers(0, 2**32))
def test_the_order_of_members_does_not_matter(seed):
    random = np.random.default_rng(seed)
    strata, x, y = strata_of([3, 2, 4]), random.random(9), random.random(9)
    order = random.permutation(9)
    [first], [again] = (associations(y[o], x[o][None], strata[o], 1) for o in (np.arange(9), order))
    assert first.correlation == pytest.approx(again.correlation)
    assert first.shift == pytest.approx(again.shift)


def test_rejections_after_benjamini_and_hochberg():
    # The example of their paper, table of section 3.2.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert sum(rejected(p, 0.05)) == 4
    assert rejected([], 0.05) == []
    assert rejected([0.06], 0.05) == [False]


def test_what_can_be_detected():
    assert detectable_correlation(10, 10, 0.05) is None
    assert detectable_correlation(1, 2, 0.05) == 1.0
    assert detectable_correlation(100, 1100, 0.05) == pytest.approx(3.2415 / 1000**0.5, rel=1e-3)
