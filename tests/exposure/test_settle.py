"""From tallies to a result: severity by what the run shares, gaps against what was declared, and contract findings by path."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.exposure import cases

from sequester.episodes.model import Evidence, Reason
from sequester.episodes.readers.interface import Declared
from sequester.exposure.counts import PATHS_COMPARED, Handover
from sequester.exposure.gaps import Input
from sequester.exposure.lows import Reach
from sequester.exposure.settle import Settlement, Terms
from sequester.exposure.severity import ChainWeight, RunWeight
from sequester.exposure.suspects import CallOutcome, Candidate, Suspect
from sequester.exposure.tally import Stretch, Tally
from sequester.findings.model import FindingClass, RewardMass, Scope, Severity, SkippedRecord, Span, Tool, Verdict
from sequester.findings.verdict import unassessed_shares
from sequester.findings.waivers import Waiver, WaiverClass, Waivers
from sequester.report.summary import headline

NO_WAIVERS = Waivers()
TOOL = Tool("0.1.0", "lexical/1", {})
FILE = Input("run.jsonl", "jsonl", Declared())


def settled(tally, *inputs, shared=lambda runs: frozenset(), waivers=NO_WAIVERS):
    tally.look_up(shared, Stretch(0, len(tally.suspects), 0, 0))
    settlement = Settlement()
    settlement.add(tally)
    return settlement.result(inputs or (FILE,), TOOL, Terms(cases.KEY, waivers, cases.TODAY))


def counted(audited=0, **keys):
    tally = Tally(seen=audited, **keys)
    tally.episodes["audited"] += audited
    tally.calls[Evidence.RECORDED.value, "audited"] += audited
    tally.records["run.jsonl"] += audited
    return tally


def candidate(length=60, covered=0.02, runs=1, name="f" * 32, windows=b"windows"):
    weights = tuple(RunWeight(length=length // runs, private=length // runs, windows=windows) for _ in range(runs))
    chain = ChainWeight(length, covered, weights, beside_marker=False)
    return Candidate(FindingClass.CONTENT, "transcript", ("verbatim",), (), (chain,), name)


def suspect(*candidates, number=1, step=None, reason=None, path="judge"):
    outcome = CallOutcome(path, Evidence.RECORDED, False, reason, tuple(candidates))
    return Suspect(f"e{number}", None, step, f"run.jsonl:{number}", None, (outcome,))


def with_suspects(*suspects):
    return Tally(seen=len(suspects), suspects=list(suspects), records=Counter({"run.jsonl": len(suspects)}))


def test_no_tally_and_no_input_is_nothing_assessed():
    for result in (Settlement().result((), TOOL, Terms(cases.KEY, Waivers(), cases.TODAY)), settled(Tally())):
        assert result.verdict is Verdict.NOTHING_ASSESSED
        assert result.scope is Scope.FILES_GIVEN
        assert all(rate.low is None for rate in result.rates)


def test_a_finding_says_how_many_of_its_spans_are_listed():
    spans = (Span((0, 60), (0, 60)),)
    (found,) = settled(with_suspects(suspect(replace(candidate(), spans=spans, unlisted=4)))).findings
    assert found.note == "1 of 5 spans are listed"


def test_audited_episodes_and_nothing_else_is_none_found():
    assert settled(counted(3)).verdict is Verdict.NONE_FOUND


def test_an_unshared_run_is_exposure():
    result = settled(with_suspects(suspect(candidate())))
    assert result.verdict is Verdict.EXPOSED
    assert (result.episodes.exposed, result.episodes.audited) == (1, 1)
    assert [(one.rule, one.severity, one.note) for one in result.findings] == [("SQ101", Severity.MEDIUM, "")]


def test_a_run_that_others_share_is_low_says_so_and_exposes_nothing():
    result = settled(with_suspects(suspect(candidate())), shared=frozenset)
    assert result.verdict is Verdict.NONE_FOUND
    assert (result.episodes.exposed, result.below_threshold) == (0, 1)
    assert result.findings[0].severity is Severity.LOW
    assert "stand in other episodes" in result.findings[0].note


def test_of_findings_below_medium_the_largest_are_listed_and_all_are_counted():
    few = [suspect(candidate(24 + at, name=f"{at:032}"), number=at, step=at) for at in range(15)]
    result = settled(with_suspects(suspect(candidate(90), number=99), *few))
    low = [one for one in result.findings if one.severity is Severity.LOW]
    assert sorted(one.private_chars for one in low) == list(range(29, 39))
    assert (result.below_threshold, result.unlisted, result.found) == (15, 5, 16)
    (_, group) = result.groups
    assert (group.findings, group.episodes, group.of, group.first_step, group.last_step) == (15, 15, 16, 0, 14)
    assert group.example in {one.id for one in low}
    assert any("5 findings below medium" in note for note in result.notes)


def test_a_low_finding_clears_nothing_that_was_not_searched():
    result = settled(with_suspects(suspect(candidate(), reason=Reason.LIMIT)), shared=frozenset)
    assert result.verdict is Verdict.NOTHING_ASSESSED
    assert result.episodes.not_assessed == {"limit": 1}


def test_a_chain_is_worth_what_of_it_is_not_shared():
    """Two runs of 50: with one of them shared, the other still is medium; of 30, neither."""
    for length, severity in ((100, Severity.MEDIUM), (60, Severity.LOW)):
        half = length // 2
        runs = tuple(RunWeight(length=half, private=half, windows=at) for at in (b"1", b"2"))
        found = Candidate(FindingClass.CONTENT, "f", ("verbatim",), (), (ChainWeight(length, 0.02, runs, False),), "f" * 32)
        assert settled(with_suspects(suspect(found)), shared=lambda runs: {b"1"}).findings[0].severity is severity


def test_a_candidate_too_short_to_report_is_none():
    result = settled(with_suspects(suspect(candidate(20))))
    assert result.findings == ()
    assert result.verdict is Verdict.NONE_FOUND


@given(st.permutations(range(6)))
def test_the_order_of_suspects_does_not_matter(order):
    made = [suspect(candidate(30 + 40 * at, name=f"{at:032}"), number=at, step=at) for at in range(6)]
    whole = settled(with_suspects(*made))
    assert settled(with_suspects(*(made[at] for at in order))) == whole
    assert [one.severity.rank for one in whole.findings] == sorted((one.severity.rank for one in whole.findings), reverse=True)


@pytest.mark.parametrize(
    ("declared", "missing"),
    [
        (Declared(rows=3), 0),
        (Declared(rows=5), 2),
        (Declared(steps=(0, 2)), 0),
        (Declared(step_set=frozenset({0, 2})), 0),
        (Declared(steps=(0, 4), step_set=frozenset({0, 2})), 0),
        (Declared(ranks=2), 0),
        (Declared(rows=8, counts_all=True, rows_of_run=True, steps=(0, 4), ranks=4), 5),
        (Declared(rows=5, counts_all=True, ranks_counted=4, ranks=4), 2),
        (Declared(group_size=3), 0),
        (Declared(group_size=8), 5),
    ],
)
def test_what_was_declared_and_not_seen_is_not_assessed(declared, missing):
    tally = counted(3, steps={"run.jsonl": {0, 1, 2}}, shards={"run.jsonl": {"0", "1"}}, groups=Counter({("run.jsonl", 7): 3}))
    result = settled(tally, Input("run.jsonl", "bundle", declared))
    assert result.episodes.not_assessed == ({"missing_part": missing} if missing else {})
    assert result.episodes.seen == 3 + missing
    assert result.verdict is (Verdict.INCOMPLETE if missing else Verdict.NONE_FOUND)
    assert bool(result.notes) == bool(missing)
    assert not declared.counts_all or result.rates[0].high == missing / (3 + missing)


@pytest.mark.parametrize(
    "declared",
    [
        Declared(steps=(0, 4)),
        Declared(steps=(0, 4 * 10**18)),
        Declared(steps=(-7, 1)),
        Declared(step_set=frozenset({0, 7})),
        Declared(step_set=frozenset({0, 7}), steps_inferred=True),
        Declared(ranks=4),
        Declared(steps=(0, 9), ranks=8),
        Declared(rows=3, rows_of_run=True, steps=(0, 4)),
        Declared(rows=4, rows_of_run=True, steps=(0, 4)),
        Declared(rows=20, steps=(0, 4)),
        Declared(rows=20, ranks_counted=3, ranks=4),
        Declared(rows=4, uncounted=1),
    ],
)
def test_of_parts_whose_size_nobody_knows_nothing_is_bounded(declared):
    tally = counted(3, steps={"run.jsonl": {0, 1, 2}}, shards={"run.jsonl": {"0", "1"}})
    result = settled(tally, Input("run.jsonl", "bundle", declared))
    known = 0 if declared.rows is None else declared.rows - declared.uncounted - 3
    assert (result.episodes.seen, sum(result.episodes.not_assessed.values())) == (3 + known, known)
    assert result.verdict is Verdict.INCOMPLETE
    assert {rate.high for rate in result.rates} == {1.0}
    assert unassessed_shares(result)["unread_input"] == 1
    assert "unknown number of episodes is missing" in headline(result)
    assert "how many episodes that is, is unknown" in result.notes[-1]


@given(st.tuples(st.integers(-9, 9), st.integers(0, 18)), st.sets(st.integers(-12, 30), min_size=1))
def test_absent_steps_are_those_of_the_interval_that_were_not_seen(interval, seen):
    first, last = interval[0], sum(interval)
    tally = counted(3, steps={"run.jsonl": seen})
    notes = settled(tally, Input("run.jsonl", "bundle", Declared(steps=(first, last)))).notes
    absent = sorted(set(range(first, last + 1)) - seen)
    assert bool(notes) == bool(absent)
    assert not absent or f"no episode of {len(absent)} declared step(s), the first of them {absent[0]};" in notes[0]


def test_steps_that_nobody_declared_are_not_said_to_be_declared():
    gap = Declared(rows=3, step_set=frozenset({0, 1}), steps_inferred=True)
    result = settled(counted(3, steps={"run.jsonl": {0}}), Input("run.jsonl", "trl", gap))
    assert "declared" not in "".join((*result.notes, result.inputs[0].error or ""))


def test_another_input_does_not_fill_the_gaps_of_this_one():
    tally = counted(3, steps={"run.jsonl": {0, 1}, "other.jsonl": {2}})
    tally.records["other.jsonl"] = 1
    tally.records["run.jsonl"] = 2
    inputs = Input("run.jsonl", "bundle", Declared(rows=3)), Input("other.jsonl", "jsonl", Declared())
    assert settled(tally, *inputs).verdict is Verdict.INCOMPLETE
    steps = Input("run.jsonl", "bundle", Declared(steps=(0, 2))), Input("other.jsonl", "jsonl", Declared())
    assert [one.error is None for one in settled(tally, *steps).inputs] == [False, True]


def test_the_scope_is_the_run_only_where_all_inputs_are_closed_and_nothing_is_missing():
    closed = Input("run", "bundle", Declared(rows=0, closed=True))
    assert settled(Tally(), closed).scope is Scope.RUN
    assert settled(Tally(), closed, FILE).scope is Scope.FILES_GIVEN
    assert settled(Tally(), Input("run", "bundle", Declared(rows=1, closed=True))).scope is Scope.FILES_GIVEN


def test_an_input_with_an_error_keeps_the_verdict_from_none_found():
    damaged = Input("other.jsonl", "", Declared(), "is empty. check it")
    result = settled(counted(3), FILE, damaged)
    assert result.verdict is Verdict.INCOMPLETE
    assert [one.error for one in result.inputs] == [None, "is empty. check it"]
    tally = counted(3)
    tally.errors["run.jsonl"] = "the page is damaged"
    assert settled(tally).verdict is Verdict.INCOMPLETE


def test_an_error_of_a_file_below_a_directory_is_the_directory_s():
    tally = counted(3)
    tally.errors["run/part.jsonl"] = "the page is damaged"
    mine, other = (frozenset({f"{run}/part.jsonl"}) for run in ("run", "run2"))
    result = settled(tally, Input("run", "trl", Declared(), units=mine), Input("run2", "trl", Declared(), units=other))
    assert [one.error for one in result.inputs] == ["the page is damaged", None]


def test_a_contract_is_one_finding_for_a_path_and_reaches_all_its_episodes():
    tally = counted(0, handovers={Handover("accuracy", "completion_ids"): Reach(250_000, 3, 90)})
    tally.calls["contract", "exposed by contract"] = 250_000
    tally.scored["accuracy", "contract"] = 250_000
    (found,) = settled(tally).findings
    assert (found.rule, found.class_, found.evidence, found.episode_id) == ("SQ111", FindingClass.IDS, "contract", "")
    assert "250000" in found.note
    assert "swap" in found.note


def test_the_affected_section_is_all_steps_of_an_exposed_path():
    clean = suspect(candidate(20), number=1, step=2)
    exposed = suspect(candidate(), number=2, step=5)
    other = suspect(candidate(20), number=3, step=90, path="format")
    result = settled(with_suspects(clean, exposed, other))
    assert (result.affected.first_step, result.affected.last_step) == (2, 5)


def test_steps_that_are_known_for_some_episodes_only_are_no_error():
    result = settled(with_suspects(suspect(candidate(), number=1, step=3), suspect(candidate(), number=2)))
    assert [(cell.step, cell.episodes) for cell in result.heat] == [(3, 1)]


def test_a_waived_finding_keeps_the_verdict_and_every_numerator():
    name = "a" * 32
    waiver = Waiver(
        fingerprint=name,
        class_=WaiverClass.ALIGNED,
        reason="declared",
        owner="ada",
        approver="grace",
        since=date(2026, 2, 1),
        until=date(2026, 4, 1),
    )
    result = settled(with_suspects(suspect(candidate(name=name))), waivers=Waivers((waiver,)))
    assert (result.verdict, result.waived, result.episodes.exposed) == (Verdict.EXPOSED, 1, 1)


def test_limits_and_malformed_records_are_told():
    record = SkippedRecord("run.jsonl:7", "malformed", "step: expected `int`")
    tally = counted(1, skipped=[record])
    tally.limits["inflated"] = 2
    notes = settled(tally).notes
    assert settled(tally).skipped == (record,)
    assert any("`inflated`" in note and "2" in note for note in notes)


def test_where_records_are_unreadable_the_bounds_of_calls_speak_of_those_that_were_read():
    """Of ten records two are unreadable: what calls they held, nobody knows, so a share of calls cannot be one of the run."""
    tally = counted(8, unreadable=2)
    tally.seen += 2
    tally.episodes["malformed"] = 2
    tally.with_evidence[Evidence.RECORDED.value] = 8
    episodes, calls = settled(tally).rates
    assert (episodes.denominator, episodes.of, episodes.high) == ("episodes that hold or may hold CoT", 10, 0.2)
    assert (calls.denominator, calls.of, calls.high) == ("recorded reward calls of the records read", 8, 0.0)
    whole = counted(8)
    whole.with_evidence[Evidence.RECORDED.value] = 8
    assert [one.denominator for one in settled(whole).rates] == ["episodes with CoT", "recorded reward calls"]


@pytest.mark.parametrize(
    ("known", "unreadable", "mass"),
    [(0, 0, None), (4, 0, RewardMass(2.0, 2.0, 0)), (1, 0, RewardMass(2.0, 2.0, 3)), (3, 2, RewardMass(2.0, 2.0, 3))],
)
def test_episodes_without_an_advantage_are_counted(known, unreadable, mass):
    tally = Tally(seen=4 + unreadable, episodes=Counter(audited=4), mass=2.0, mass_observed=2.0, mass_episodes=known)
    assert settled(tally).reward_mass == mass


@pytest.mark.parametrize(
    ("ids", "said"),
    [
        ({}, None),
        ({"a": {1, 2}, "b": {3}}, None),
        ({"a": {1, 2}, "b": {2, 3}}, "a and b name episodes alike"),
        ({"a": {1}, "b": {2}, "c": {1}, "d": {2}}, "a and c and 1 more inputs name episodes alike"),
    ],
)
def test_inputs_that_name_the_same_episodes_are_said_to(ids, said):
    notes = [note for note in settled(Tally(ids=ids)).notes if "alike" in note]
    assert len(notes) == (said is not None)
    assert all(note.startswith(said) for note in notes)


def test_only_so_many_inputs_are_compared():
    tallies = [Tally(ids={f"run{number}.jsonl": {number}}) for number in range(PATHS_COMPARED + 5)]
    settlement = Settlement()
    for tally in tallies:
        settlement.add(tally)
    assert len(settlement.counts.ids) == PATHS_COMPARED
