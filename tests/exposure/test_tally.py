"""Counting in parts: whatever is merged with whatever, in any order, equals counting at once."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.model import Evidence
from sequester.exposure.severity import ChainWeight, RunWeight
from sequester.exposure.tally import SKIPPED_SHOWN, Candidate, Handover, Place, Reach, Suspect, Tally
from sequester.findings.model import FindingClass

NAMES = st.sampled_from(["audited", "malformed", "limit", "judge"])
STEPS = st.none() | st.integers(0, 50)
COUNTS = st.dictionaries(NAMES, st.integers(1, 9), max_size=3)


@st.composite
def tallies(draw):
    """A tally of some units, with whatever may have been counted in it."""
    tally = Tally(seen=draw(st.integers(0, 99)), without_cot=draw(st.integers(0, 9)))
    for counter in (
        tally.records,
        tally.episodes,
        tally.exposed,
        tally.exposed_by,
        tally.with_evidence,
        tally.echo,
        tally.limits,
    ):
        counter.update(draw(COUNTS))
    tally.calls.update({(Evidence.RECORDED.value, name): count for name, count in draw(COUNTS).items()})
    tally.scored.update({(name, Evidence.REBUILT.value): count for name, count in draw(COUNTS).items()})
    tally.places.update({(Place(None, name, draw(STEPS)), name): count for name, count in draw(COUNTS).items()})
    for name in draw(st.lists(NAMES, max_size=2)):
        tally.suspects.append(Suspect(name, None, None, "run.jsonl:1", None, ()))
        tally.handovers.setdefault(Handover(name, "completion_ids"), Reach()).add(draw(STEPS))
    tally.steps = draw(st.dictionaries(NAMES, st.sets(st.integers(0, 9))))
    tally.shards = draw(st.dictionaries(NAMES, st.sets(NAMES)))
    tally.groups.update({(name, count): count for name, count in draw(COUNTS).items()})
    tally.echo_episodes, tally.echo_of = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    # Whole numbers: sums of fractions depend on their order in the last digit.
    tally.mass, tally.mass_observed = float(draw(st.integers(0, 9))), float(draw(st.integers(0, 9)))
    tally.mass_known = draw(st.booleans())
    tally.skipped = draw(st.lists(NAMES, max_size=SKIPPED_SHOWN))
    return tally


def merged(*parts):
    whole = Tally()
    for part in parts:
        whole.merge(deepcopy(part))
    return whole


def facts(tally):
    """All that a result may depend on; which malformed records are named first is told by the order of units."""
    return {**vars(tally), "suspects": sorted(one.episode_id for one in tally.suspects), "skipped": len(tally.skipped)}


def test_merging_nothing_counts_nothing():
    assert merged() == Tally()
    assert merged(Tally(), Tally()) == Tally()


@given(tallies())
def test_an_empty_tally_changes_nothing(one):
    assert merged(one) == one
    assert merged(one, Tally()) == merged(Tally(), one) == one


@given(tallies(), tallies())
def test_the_order_of_units_does_not_matter(one, other):
    assert facts(merged(one, other)) == facts(merged(other, one))


@given(tallies(), tallies(), tallies())
def test_parts_can_be_merged_in_any_grouping(one, two, three):
    assert merged(merged(one, two), three) == merged(one, merged(two, three)) == merged(one, two, three)


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
    chains = tuple(ChainWeight(40, 0.7, (RunWeight(length=40, private=40, windows=()),), beside_marker=False) for _ in range(2))
    candidate = Candidate(FindingClass.CONTENT, "field", ("verbatim",), (), chains, "f" * 32)
    assert (candidate.private, candidate.covered) == (80, 1.0)
