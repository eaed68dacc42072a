"""Counting: an episode is counted once in each respect, and in parts, merged in any order, as at once."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.model import Evidence, Reason
from sequester.exposure.severity import ChainWeight, RunWeight
from sequester.exposure.tally import (
    LISTED,
    SKIPPED_SHOWN,
    CallOutcome,
    Candidate,
    Handover,
    Reach,
    Sighting,
    Suspect,
    Tally,
    count_episode,
    count_lows,
    low,
)
from sequester.findings.model import FindingClass

NAMES = st.sampled_from(["audited", "malformed", "limit", "judge"])
STEPS = st.none() | st.integers(0, 50)
COUNTS = st.dictionaries(NAMES, st.integers(1, 9), max_size=3)


def lows():
    """Findings below `medium`, each with a place of its own."""
    place = st.tuples(st.sampled_from(["judge", "style"]), st.integers(24, 30), st.integers(0, 10**9))
    return place.map(lambda drawn: low_at(*drawn))


def low_at(path, private, record):
    chains = (ChainWeight(private, 0.01, (), beside_marker=False),)
    candidate = Candidate(FindingClass.CONTENT, "field", (), (), chains, f"{record:032}")
    source = f"run.jsonl:{record}"
    made = Sighting(candidate, f"e{record}", None, None, source, path, Evidence.RECORDED, 0)
    return low(candidate, path, Evidence.RECORDED, source, 0, lambda: made)


@st.composite
def tallies(draw):
    """A tally of some units, with whatever may have been counted in it."""
    tally = Tally(seen=draw(st.integers(0, 99)), without_cot=draw(st.integers(0, 9)))
    for counter in (
        tally.records,
        tally.episodes,
        tally.echo,
        tally.limits,
    ):
        counter.update(draw(COUNTS))
    for path, count in draw(COUNTS).items():
        # Whole numbers: sums of fractions depend on their order in the last digit.
        advantage = draw(st.none() | st.integers(0, 9).map(float))
        tally.unsuspicious[(outcome(path=path),)].add(None, draw(STEPS), count, advantage)
    for name in draw(st.lists(NAMES, max_size=2)):
        tally.suspects.append(Suspect(name, None, None, "run.jsonl:1", None, ()))
        tally.handovers.setdefault(Handover(name, "completion_ids"), Reach()).add(draw(STEPS))
        count_lows(tally, draw(STEPS), draw(st.lists(lows(), max_size=3)))
    tally.steps = draw(st.dictionaries(NAMES, st.sets(st.integers(0, 9))))
    tally.shards = draw(st.dictionaries(NAMES, st.sets(NAMES)))
    tally.groups.update({(name, count): count for name, count in draw(COUNTS).items()})
    tally.echo_episodes, tally.echo_of = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    tally.skipped = draw(st.lists(NAMES, max_size=SKIPPED_SHOWN))
    return tally


def merged(*parts):
    whole = Tally()
    for part in parts:
        whole.merge(deepcopy(part))
    return whole


def facts(tally):
    """All that a result may depend on; which malformed records are named first is told by the order of units."""
    waiting = sorted(one.episode_id for one in deepcopy(tally).take_suspects())
    return {**vars(tally), "suspects": waiting, "packed": None, "skipped": len(tally.skipped)}


@given(st.lists(st.integers(24, 40), min_size=1, max_size=60), st.integers(0, 60))
def test_of_findings_below_medium_all_are_counted_and_the_largest_listed(privates, cut):
    found = [low_at("judge", private, record) for record, private in enumerate(privates)]
    parts = Tally(), Tally()
    for part, some in zip(parts, (found[:cut], found[cut:]), strict=True):
        for one in some:
            count_lows(part, 1, [one])
    (counted,) = merged(*parts).lows.values()
    assert (counted.findings, counted.reach.episodes) == (len(privates), len(privates))
    listed = [sighting.candidate.private for _, sighting in counted.listed]
    assert listed == sorted(privates, reverse=True)[:LISTED]
    assert merged(*parts) == merged(*reversed(parts))


def test_an_episode_with_several_findings_below_medium_counts_once_in_each_group():
    tally = Tally()
    count_lows(tally, 3, [low_at("judge", 30, 1), low_at("judge", 31, 1), low_at("style", 30, 1)])
    assert [(one.findings, one.reach) for one in tally.lows.values()] == [(2, Reach(1, 3, 3)), (1, Reach(1, 3, 3))]


def test_merging_nothing_counts_nothing():
    assert merged() == Tally()
    assert merged(Tally(), Tally()) == Tally()


@given(tallies(), tallies())
def test_packing_the_suspects_of_a_part_changes_nothing(one, other):
    packed = deepcopy(other)
    packed.pack()
    assert not packed.suspects
    assert facts(merged(one, packed)) == facts(merged(one, other))


@given(tallies())
def test_an_empty_tally_changes_nothing(one):
    assert facts(merged(one)) == facts(one)
    assert facts(merged(one, Tally())) == facts(merged(Tally(), one)) == facts(one)


@given(tallies(), tallies())
def test_the_order_of_units_does_not_matter(one, other):
    assert facts(merged(one, other)) == facts(merged(other, one))


@given(tallies(), tallies(), tallies())
def test_parts_can_be_merged_in_any_grouping(one, two, three):
    assert merged(merged(one, two), three) == merged(one, merged(two, three)) == merged(one, two, three)


@given(tallies(), tallies())
def test_a_suspect_is_taken_once_whatever_was_merged(one, other):
    whole = merged(one, other)
    names = [suspect.episode_id for tally in (one, other) for suspect in tally.suspects]
    assert sorted(suspect.episode_id for suspect in whole.take_suspects()) == sorted(names)
    assert not list(whole.take_suspects())


@given(st.lists(STEPS, max_size=8), st.integers(0, 8))
def test_reach_over_parts_is_reach_at_once(steps, cut):
    whole, left, right = Reach(), Reach(), Reach()
    for step in steps:
        whole.add(step)
    for step in steps[:cut]:
        left.add(step)
    for step in steps[cut:]:
        right.add(step)
    left.join(right)
    assert left == whole
    known = [step for step in steps if step is not None]
    assert (whole.episodes, whole.first_step, whole.last_step) == (len(steps), min(known, default=None), max(known, default=None))


def test_a_merge_does_not_change_what_it_takes_from():
    one, other = Tally(seen=1), Tally(seen=2, handovers={Handover("judge", "ids"): Reach(1, 3, 3)})
    one.merge(other)
    one.merge(Tally(handovers={Handover("judge", "ids"): Reach(5, 0, 9)}))
    assert other == Tally(seen=2, handovers={Handover("judge", "ids"): Reach(1, 3, 3)})


def test_a_candidate_sums_its_chains_and_never_covers_more_than_all():
    chains = tuple(ChainWeight(40, 0.7, (RunWeight(length=40, private=40, windows=b""),), beside_marker=False) for _ in range(2))
    candidate = Candidate(FindingClass.CONTENT, "field", ("verbatim",), (), chains, "f" * 32)
    assert (candidate.private, candidate.covered) == (80, 1.0)


def outcome(reason=None, by_contract=False, path="judge", evidence=Evidence.RECORDED):
    return CallOutcome(path, evidence, by_contract, reason)


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
    tally = Tally()
    count_episode(tally, Suspect("e1", None, None, "run.log:1", None, calls), frozenset(exposed))
    assert dict(tally.episodes) == {status: 1}
    assert sum(tally.exposed.values()) == shown
    assert sum(tally.calls.values()) == len(calls)


def test_one_place_counts_an_episode_once_however_many_calls_it_had_there():
    tally = Tally()
    calls = (outcome(), outcome(Reason.LIMIT), outcome())
    count_episode(tally, Suspect("e1", "harbours", 3, "run.log:1", None, calls), frozenset({2}))
    assert [(place.path, status, count) for (place, status), count in tally.places.items()] == [("judge", "exposed", 1)]


def test_kinds_of_evidence_are_counted_apart():
    """A contract shows nothing for the recorded calls beside it, and an input that was not logged is no evidence."""
    tally = Tally()
    calls = (
        outcome(Reason.INPUT_NOT_LOGGED, by_contract=True, evidence=Evidence.CONTRACT),
        outcome(Reason.LIMIT),
        outcome(Reason.INPUT_NOT_LOGGED, evidence=Evidence.REBUILT),
    )
    count_episode(tally, Suspect("e1", None, 3, "run.log:1", None, calls), frozenset())
    assert tally.exposed_by == {"contract": 1}
    assert tally.with_evidence == {"contract": 1, "recorded": 1}
    assert +tally.unassessed_with == {"recorded": 1}
    places = {place.evidence: status for place, status in tally.places}
    assert places == {"contract": "exposed by contract", "recorded": "limit", "": "input_not_logged"}


def test_reward_mass_is_the_absolute_advantage_of_audited_episodes():
    tally = Tally()
    for advantage, reason in ((-2.0, None), (1.0, Reason.LIMIT)):
        count_episode(tally, Suspect("e1", None, None, "run.log:1", advantage, (outcome(reason),)), frozenset())
    assert (tally.mass, tally.mass_observed, tally.mass_known) == (3.0, 2.0, True)


def test_an_unsuspicious_episode_becomes_a_suspect_once():
    tally, calls = Tally(), (outcome(),)
    tally.unsuspicious[calls].add(None, 3, 2, 5.0)
    one = Suspect("e1", None, 3, "run.log:1", -2.0, calls)
    assert tally.suspect_later(one)
    assert not tally.suspect_later(Suspect("e2", None, 4, "run.log:2", -2.0, calls)), "no such episode was counted"
    assert list(tally.take_suspects()) == [one]
    tally.settle_unsuspicious()
    assert (dict(tally.episodes), tally.mass) == ({"audited": 1}, 3.0)
    tally.settle_unsuspicious()
    assert dict(tally.episodes) == {"audited": 1}
    other = Tally()
    other.unsuspicious[calls].add(None, 3, 1, None)
    assert other.suspect_later(one)
    assert not other.suspect_later(one)
    other.settle_unsuspicious()
    assert not other.episodes
