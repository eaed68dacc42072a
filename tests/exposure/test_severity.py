"""How much a shared stretch weighs: the thresholds, and that more of anything never weighs less."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.exposure.severity import THRESHOLDS, ChainWeight, RunWeight, Stretch, grade, stretch_of
from sequester.findings.model import Severity


def stretch(private=0, unshared=None, longest=None, quoting=0, covered=0.0, beside_marker=False):
    unshared = private if unshared is None else unshared
    longest = unshared if longest is None else longest
    return Stretch(private, unshared, longest, quoting, covered, beside_marker, covered * longest / max(1, private))


def rank(one):
    found = grade(one)
    return -1 if found is None else found.rank


def test_nothing_shared_is_nothing_to_report():
    assert grade(stretch()) is None


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (stretch(23, covered=1.0), None),
        (stretch(24), Severity.LOW),
        (stretch(39), Severity.LOW),
        (stretch(40), Severity.MEDIUM),
        (stretch(24, covered=0.09), Severity.LOW),
        (stretch(24, covered=0.10), Severity.MEDIUM),
        (stretch(24, unshared=0, covered=0.29), Severity.LOW),
        (stretch(24, beside_marker=True), Severity.MEDIUM),
        (stretch(24, unshared=0, covered=1.0), Severity.MEDIUM),
        (stretch(24, unshared=0, beside_marker=True), Severity.MEDIUM),
        (stretch(36, quoting=30), Severity.LOW),
        (stretch(36, quoting=31), Severity.MEDIUM),
        (stretch(127, longest=20), Severity.LOW),
        (stretch(128, longest=20), Severity.MEDIUM),
        (stretch(159), Severity.MEDIUM),
        (stretch(160), Severity.HIGH),
        (stretch(39, covered=0.5), Severity.MEDIUM),
        (stretch(40, covered=0.5), Severity.HIGH),
        (stretch(400, unshared=0), Severity.LOW),
        (stretch(160, unshared=0, covered=0.39), Severity.LOW),
        (stretch(160, unshared=0, covered=0.40), Severity.HIGH),
        (stretch(38, longest=23, covered=0.39), Severity.LOW),
        (stretch(38, longest=23, covered=0.50), Severity.MEDIUM),
        (msgspec.structs.replace(stretch(39, covered=0.3), longest_covered=0.0), Severity.LOW),
    ],
)
def test_the_thresholds(facts, severity):
    assert grade(facts) is severity


STRETCHES = st.builds(
    lambda private, unshared, longest, quoting, covered, beside, longest_covered: Stretch(
        private,
        min(private, unshared),
        min(private, unshared, longest),
        min(private, unshared, longest, quoting),
        covered,
        beside,
        min(covered, longest_covered),
    ),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(0, 300),
    st.floats(0, 1),
    st.booleans(),
    st.floats(0, 1),
)


@given(
    STRETCHES,
    st.sampled_from(["private", "unshared", "longest", "longest_quoting", "covered", "beside_marker", "longest_covered"]),
    st.integers(0, 200),
)
def test_more_of_anything_never_lowers_the_grade(less, name, amount):
    now = getattr(less, name)
    share = min(1.0, now + amount / 200)
    more = {"covered": share, "longest_covered": share, "beside_marker": True}.get(name, now + amount)
    assert rank(msgspec.structs.replace(less, **{name: more})) >= rank(less)


@given(STRETCHES)
def test_what_is_short_is_never_reported_and_what_is_long_always(facts):
    assert (grade(facts) is None) == (facts.private < THRESHOLDS.report)


@given(STRETCHES)
def test_shared_text_alone_is_never_more_than_low_unless_it_covers_the_reasoning(facts):
    shared = msgspec.structs.replace(facts, unshared=0, longest=0, longest_quoting=0)
    assert rank(shared) <= Severity.LOW.rank or shared.covered >= THRESHOLDS.never_shared or shared.beside_marker


RUNS = st.lists(
    st.builds(lambda private, more, name: RunWeight(private + more, private, (name,)), *[st.integers(0, 90)] * 3), max_size=6
)


@given(RUNS, st.sets(st.integers(0, 90)), st.sets(st.integers(0, 90)))
def test_the_more_of_a_chain_is_shared_the_less_it_weighs(runs, few, more):
    chain = ChainWeight(sum(run.private for run in runs), 0.05, tuple(runs), False)
    less, least = (stretch_of(chain, lambda windows, names=names: windows[0] in names) for names in (few, few | more))
    assert (less.unshared, less.longest, less.longest_quoting) >= (least.unshared, least.longest, least.longest_quoting)
    assert rank(less) >= rank(least)
    assert less.longest_quoting <= less.longest <= less.unshared <= less.private
