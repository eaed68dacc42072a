"""Findings below `medium`: all are counted, also in parts, and the largest are listed."""

from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.model import Evidence
from sequester.exposure.lows import LISTED, Lows, Reach, count_lows, low
from sequester.exposure.severity import ChainWeight
from sequester.exposure.suspects import Candidate, Sighting
from sequester.findings.model import FindingClass

STEPS = st.none() | st.integers(0, 50)


def low_at(path, private, record):
    chains = (ChainWeight(private, 0.01, (), beside_marker=False),)
    candidate = Candidate(FindingClass.CONTENT, "field", (), (), chains, f"{record:032}")
    source = f"run.jsonl:{record}"
    made = Sighting(candidate, f"e{record}", None, None, source, path, Evidence.RECORDED, 0)
    return low(candidate, path, Evidence.RECORDED, source, 0, lambda: made)


def joined(*parts):
    """The findings of one group, counted in parts."""
    whole = Lows()
    for part in parts:
        for lows in part.values():
            whole.join(lows)
    return whole


def test_nothing_found_is_nothing_counted():
    by_group = {}
    count_lows(by_group, 1, [])
    assert by_group == {}
    assert joined() == Lows()


@given(st.lists(st.integers(24, 40), min_size=1, max_size=60), st.integers(0, 60))
def test_of_findings_below_medium_all_are_counted_and_the_largest_listed(privates, cut):
    found = [low_at("judge", private, record) for record, private in enumerate(privates)]
    parts = {}, {}
    for part, some in zip(parts, (found[:cut], found[cut:]), strict=True):
        for one in some:
            count_lows(part, 1, [one])
    counted, reversely = joined(*parts), joined(*reversed(parts))
    assert (counted.findings, counted.reach.episodes) == (len(privates), len(privates))
    listed = [sighting.candidate.private for _, sighting in counted.listed]
    assert listed == sorted(privates, reverse=True)[:LISTED]
    assert counted == reversely


def test_an_episode_with_several_findings_below_medium_counts_once_in_each_group():
    by_group = {}
    count_lows(by_group, 3, [low_at("judge", 30, 1), low_at("judge", 31, 1), low_at("style", 30, 1)])
    assert [(one.findings, one.reach) for one in by_group.values()] == [(2, Reach(1, 3, 3)), (1, Reach(1, 3, 3))]


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
