"""What might be an exposure: what it weighs, and what becomes of it once more is known."""

from sequester.episodes.model import Evidence, Reason
from sequester.exposure.severity import ChainWeight, RunWeight
from sequester.exposure.suspects import CallOutcome, Candidate, Foreign, Suspect
from sequester.findings.model import FindingClass


def candidate(*windows, owner=""):
    runs = tuple(RunWeight(length=40, private=40, windows=window) for window in windows)
    return Candidate(
        FindingClass.CONTENT, "field", ("verbatim",), (), (ChainWeight(40, 0.1, runs, False),), "f" * 32, owner=owner
    )


def test_a_candidate_sums_its_chains_and_never_covers_more_than_all():
    chains = tuple(ChainWeight(40, 0.7, (RunWeight(length=40, private=40, windows=b""),), beside_marker=False) for _ in range(2))
    candidate = Candidate(FindingClass.CONTENT, "field", ("verbatim",), (), chains, "f" * 32)
    assert (candidate.private, candidate.covered) == (80, 1.0)


def test_a_run_is_asked_for_once():
    one = candidate(b"1", b"2", b"")
    assert list(one.asked) == [b"1", b"2"]
    known = one.looked_up({b"2"})
    assert list(known.asked) == []
    assert [run.is_shared for run in known.chains[0].runs] == [False, True, False]
    assert known.looked_up({b"1"}) == known


def test_an_episode_gets_what_is_known_of_others_reasoning_in_its_calls():
    own, other = candidate(b"1"), candidate(owner="e2")
    calls = (
        CallOutcome("judge", Evidence.RECORDED, False, None, (own,)),
        CallOutcome("style", Evidence.RECORDED, False, None),
        CallOutcome("length", Evidence.CONTRACT, True, None),
    )
    suspect = Suspect("e1", None, None, "run.log:1", None, calls)
    assert suspect.with_foreign(Foreign()) == suspect
    found = suspect.with_foreign(Foreign({0: other}, is_searched=False))
    assert [one.candidates for one in found.calls] == [(own, other), (), ()]
    assert [one.reason for one in found.calls] == [Reason.LIMIT, Reason.LIMIT, None]
