"""Counting: an episode is counted once in each respect, and in parts, merged in any order, as at once."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exposure.test_lows import STEPS, low_at

from sequester.episodes.model import Evidence, Reason
from sequester.exposure.counts import SKIPPED_SHOWN, Counts, Handover, Mass
from sequester.exposure.lows import Reach, count_lows
from sequester.exposure.suspects import CallOutcome

NAMES = st.sampled_from(["audited", "malformed", "limit", "judge"])
COUNTS = st.dictionaries(NAMES, st.integers(1, 9), max_size=3)
NOWHERE = None, None


def outcome(reason=None, by_contract=False, path="judge", evidence=Evidence.RECORDED):
    return CallOutcome(path, evidence, by_contract, reason)


def lows():
    """Findings below `medium`, each with a place of its own."""
    place = st.tuples(st.sampled_from(["judge", "style"]), st.integers(24, 30), st.integers(0, 10**9))
    return place.map(lambda drawn: low_at(*drawn))


@st.composite
def counted(draw):
    """Counts of some units, with whatever may have been counted in them."""
    counts = Counts(seen=draw(st.integers(0, 99)), without_cot=draw(st.integers(0, 9)))
    for counter in (
        counts.records,
        counts.episodes,
        counts.echo,
        counts.limits,
    ):
        counter.update(draw(COUNTS))
    for path, count in draw(COUNTS).items():
        # Whole numbers: sums of fractions depend on their order in the last digit.
        mass = Mass(float(draw(st.integers(0, 9))), draw(st.integers(0, 9)))
        counts.add_episodes((outcome(path=path),), draw(st.sampled_from([frozenset(), frozenset({0})])), {(None, 3): count}, mass)
    for name in draw(st.lists(NAMES, max_size=2)):
        counts.handovers.setdefault(Handover(name, "completion_ids"), Reach()).add(draw(STEPS))
        count_lows(counts.lows, draw(STEPS), draw(st.lists(lows(), max_size=3)))
    counts.steps = draw(st.dictionaries(NAMES, st.sets(st.integers(0, 9))))
    counts.shards = draw(st.dictionaries(NAMES, st.sets(NAMES)))
    counts.groups.update({(name, count): count for name, count in draw(COUNTS).items()})
    counts.echo_episodes, counts.echo_of = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    counts.skipped = draw(st.lists(NAMES, max_size=SKIPPED_SHOWN))
    return counts


def merged(*parts):
    whole = Counts()
    for part in parts:
        whole.merge(deepcopy(part))
    return whole


def facts(counts):
    """All that a result may depend on; which malformed records are named first is told by the order of units."""
    return {**vars(counts), "skipped": len(counts.skipped)}


def test_merging_nothing_counts_nothing():
    assert merged() == Counts()
    assert merged(Counts(), Counts()) == Counts()


@given(counted())
def test_an_empty_tally_changes_nothing(one):
    assert facts(merged(one)) == facts(one)
    assert facts(merged(one, Counts())) == facts(merged(Counts(), one)) == facts(one)


@given(counted(), counted())
def test_the_order_of_units_does_not_matter(one, other):
    assert facts(merged(one, other)) == facts(merged(other, one))


@given(counted(), counted(), counted())
def test_parts_can_be_merged_in_any_grouping(one, two, three):
    assert merged(merged(one, two), three) == merged(one, merged(two, three)) == merged(one, two, three)


def test_a_merge_does_not_change_what_it_takes_from():
    one, other = Counts(seen=1), Counts(seen=2, handovers={Handover("judge", "ids"): Reach(1, 3, 3)})
    one.merge(other)
    one.merge(Counts(handovers={Handover("judge", "ids"): Reach(5, 0, 9)}))
    assert other == Counts(seen=2, handovers={Handover("judge", "ids"): Reach(1, 3, 3)})


@pytest.mark.parametrize(
    ("calls", "exposed", "status", "shown"),
    [
        ((), (), "no_reward_call", 0),
        ((outcome(),), (), "audited", 0),
        ((outcome(), outcome(Reason.INPUT_NOT_LOGGED, path="format")), (), "input_not_logged", 0),
        ((outcome(), outcome(Reason.INPUT_NOT_LOGGED, path="format")), (0,), "input_not_logged", 1),
        ((outcome(Reason.LIMIT),), (0,), "audited", 1),
        ((outcome(by_contract=True, evidence=Evidence.CONTRACT),), (), "audited", 1),
        ((outcome(Reason.REBUILT_ONLY), outcome(Reason.LIMIT)), (), "rebuilt_only", 0),
    ],
)
def test_an_episode_is_audited_if_every_call_was_assessed(calls, exposed, status, shown):
    counts = Counts()
    counts.add_episodes(calls, frozenset(exposed), {NOWHERE: 1}, Mass())
    assert dict(counts.episodes) == {status: 1}
    assert sum(counts.exposed.values()) == shown
    assert sum(counts.calls.values()) == len(calls)


def test_one_place_counts_an_episode_once_however_many_calls_it_had_there():
    counts = Counts()
    calls = (outcome(), outcome(Reason.LIMIT), outcome())
    counts.add_episodes(calls, frozenset({2}), {("harbours", 3): 1}, Mass())
    assert [(place.path, status, count) for (place, status), count in counts.places.items()] == [("judge", "exposed", 1)]


def test_kinds_of_evidence_are_counted_apart():
    """A contract shows nothing for the recorded calls beside it, and an input that was not logged is no evidence."""
    counts = Counts()
    calls = (
        outcome(Reason.INPUT_NOT_LOGGED, by_contract=True, evidence=Evidence.CONTRACT),
        outcome(Reason.LIMIT),
        outcome(Reason.INPUT_NOT_LOGGED, evidence=Evidence.REBUILT),
    )
    counts.add_episodes(calls, frozenset(), {(None, 3): 1}, Mass())
    assert counts.exposed_by == {"contract": 1}
    assert counts.with_evidence == {"contract": 1, "recorded": 1}
    assert +counts.unassessed_with == {"recorded": 1}
    places = {place.evidence: status for place, status in counts.places}
    assert places == {"contract": "exposed by contract", "recorded": "limit", "": "input_not_logged"}


def test_reward_mass_is_the_absolute_advantage_of_audited_episodes():
    counts = Counts()
    for advantage, reason in ((2.0, None), (-1.0, Reason.LIMIT), (None, None)):
        counts.add_episodes((outcome(reason),), frozenset(), {NOWHERE: 1}, Mass().plus(advantage))
    assert (counts.mass, counts.mass_observed, counts.mass_episodes) == (3.0, 2.0, 2)


@given(counted(), st.sampled_from([None, Reason.LIMIT]))
def test_what_is_taken_back_was_never_counted(counts, reason):
    before = merged(counts)
    for times, advantage in ((2, 3.0), (-2, -3.0)):
        counts.add_episodes(
            (outcome(reason, path="elsewhere"),), frozenset({0}), {("harbours", 77): times}, Mass(advantage, times)
        )
    assert vars(merged(counts)) == vars(before)
