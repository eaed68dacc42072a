"""How much a shared stretch weighs: the thresholds, and that more of anything never weighs less."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.exposure.severity import THRESHOLDS, ChainWeight, RunWeight, Stretch, grade, looked_up, stretch_of, telling_run
from sequester.findings.model import Severity


def stretch(private=0, unshared=None, longest=None, quoting=0, covered=0.0, beside_marker=False, telling=THRESHOLDS.run):
    unshared = private if unshared is None else unshared
    longest = unshared if longest is None else longest
    return Stretch(private, unshared, longest, quoting, covered, beside_marker, telling)


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
        (stretch(31, telling=32), Severity.LOW),
        (stretch(32, telling=32), Severity.MEDIUM),
        (stretch(24, beside_marker=True), Severity.MEDIUM),
        (stretch(24, unshared=0, covered=1.0), Severity.MEDIUM),
        (stretch(24, unshared=0, beside_marker=True), Severity.MEDIUM),
        (stretch(36, quoting=30), Severity.LOW),
        (stretch(36, quoting=31), Severity.MEDIUM),
        (stretch(95, longest=20), Severity.LOW),
        (stretch(96, longest=20), Severity.MEDIUM),
        (stretch(159), Severity.MEDIUM),
        (stretch(160), Severity.HIGH),
        (stretch(399, longest=80), Severity.MEDIUM),
        (stretch(400, longest=80), Severity.HIGH),
        (stretch(39, covered=0.49), Severity.LOW),
        (stretch(39, covered=0.5), Severity.MEDIUM),
        (stretch(63, covered=0.5), Severity.MEDIUM),
        (stretch(64, covered=0.5), Severity.HIGH),
        (stretch(400, unshared=0), Severity.LOW),
        (stretch(160, unshared=0, covered=0.39), Severity.LOW),
        (stretch(160, unshared=0, longest=160, covered=0.40), Severity.MEDIUM),
        (stretch(70, longest=20, covered=0.45), Severity.LOW),
        (stretch(38, longest=23, covered=0.39), Severity.LOW),
        (stretch(38, longest=23, covered=0.50), Severity.MEDIUM),
    ],
)
def test_the_thresholds(facts, severity):
    assert grade(facts) is severity


def test_a_longer_reasoning_asks_for_a_longer_run():
    asked = [telling_run(own) for own in (0, 1, 50, 200, 300, 400, 500, 999, 1000, 10**6)]
    assert asked == [24, 24, 24, 24, 28, 31, 33, 40, 40, 40]


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_what_is_asked_for_never_falls_and_stays_in_bounds(own, more):
    assert THRESHOLDS.report <= telling_run(own) <= telling_run(own + more) <= THRESHOLDS.run


STRETCHES = st.builds(
    lambda private, unshared, longest, quoting, covered, beside, telling: Stretch(
        private,
        min(private, unshared),
        min(private, longest),
        min(private, longest, quoting),
        covered,
        beside,
        telling,
    ),
    st.integers(0, 600),
    st.integers(0, 600),
    st.integers(0, 300),
    st.integers(0, 300),
    st.floats(0, 1),
    st.booleans(),
    st.integers(THRESHOLDS.report, THRESHOLDS.run),
)


@given(
    STRETCHES,
    st.sampled_from(["private", "unshared", "longest", "longest_quoting", "covered", "beside_marker", "telling"]),
    st.integers(0, 200),
)
def test_more_of_anything_never_lowers_the_grade(less, name, amount):
    now = getattr(less, name)
    more = {"covered": min(1.0, now + amount / 200), "beside_marker": True, "telling": now - amount}.get(name, now + amount)
    assert rank(msgspec.structs.replace(less, **{name: more})) >= rank(less)


@given(STRETCHES)
def test_what_others_hold_too_is_never_high(facts):
    assert rank(msgspec.structs.replace(facts, unshared=0)) <= Severity.MEDIUM.rank


@given(STRETCHES)
def test_what_is_short_is_never_reported_and_what_is_long_always(facts):
    assert (grade(facts) is None) == (facts.private < THRESHOLDS.report)


@given(STRETCHES)
def test_shared_text_alone_is_never_more_than_low_unless_it_covers_the_reasoning(facts):
    shared = msgspec.structs.replace(facts, unshared=0, longest=0, longest_quoting=0)
    assert rank(shared) <= Severity.LOW.rank or shared.covered >= THRESHOLDS.never_shared or shared.beside_marker


NAMES = st.binary(min_size=1, max_size=1)
LENGTHS = st.integers(0, 90)
RUNS = st.lists(
    st.builds(lambda private, more, name: RunWeight(private + more, private, name), LENGTHS, LENGTHS, NAMES), max_size=6
)


@given(RUNS, st.sets(NAMES), st.sets(NAMES))
def test_the_more_of_a_chain_is_shared_the_less_it_weighs(runs, few, more):
    chain = ChainWeight(sum(run.private for run in runs), 0.05, tuple(runs), False)
    less, least = (stretch_of(looked_up(chain, names)) for names in (few, few | more))
    assert (less.unshared, less.longest, less.longest_quoting) >= (least.unshared, least.longest, least.longest_quoting)
    assert rank(less) >= rank(least)
    assert less.longest_quoting <= less.longest <= less.unshared <= less.private
