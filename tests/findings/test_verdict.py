"""The verdict and the exit code: nothing seen is never a pass, and no option changes the verdict."""

import shlex

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.findings.examples import finding
from tests.report.results import result, results

from sequester.episodes.model import Reason
from sequester.errors import UsageError
from sequester.findings.model import CallCounts, EpisodeCounts, ExitCode, InputFile, Severity, Verdict, WaiverNote
from sequester.findings.verdict import (
    Allowances,
    accepting_options,
    bounds,
    exit_code,
    parse_allowances,
    rate,
    unassessed_shares,
    verdict,
)


def episodes(seen=0, without_cot=0, audited=0, exposed=0, **not_assessed):
    return EpisodeCounts(seen, without_cot, audited, exposed, not_assessed)


def calls(seen=0, audited=0, exposed=0, **not_assessed):
    return CallCounts(seen, audited, exposed, {"recorded": seen, "rebuilt": 0, "contract": 0}, not_assessed)


@pytest.mark.parametrize(
    ("counted", "called", "expected"),
    [
        (episodes(), calls(), Verdict.NOTHING_ASSESSED),
        (episodes(seen=5, without_cot=5), calls(), Verdict.NOTHING_ASSESSED),
        (episodes(seen=5, malformed=5), calls(), Verdict.NOTHING_ASSESSED),
        (episodes(seen=5, audited=5), calls(seen=5, audited=5), Verdict.NONE_FOUND),
        (episodes(seen=5, without_cot=1, audited=4), calls(seen=4, audited=4), Verdict.NONE_FOUND),
        (episodes(seen=5, audited=4, limit=1), calls(seen=5, audited=5), Verdict.INCOMPLETE),
        (episodes(seen=5, audited=5), calls(seen=5, audited=4, limit=1), Verdict.INCOMPLETE),
        (episodes(seen=5, audited=4, exposed=1, limit=1), calls(seen=5, audited=5, exposed=1), Verdict.EXPOSED),
        (episodes(seen=5, exposed=5, rebuilt_only=5), calls(seen=5, exposed=5), Verdict.EXPOSED),
        (episodes(seen=5), calls(exposed=1), Verdict.EXPOSED),
    ],
)
def test_verdict(counted, called, expected):
    assert verdict(counted, called, ()) is expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (InputFile("a", "jsonl", 5, 5), Verdict.NONE_FOUND),
        (InputFile("a", "jsonl", None, 5), Verdict.NONE_FOUND),
        (InputFile("a", "jsonl", 6, 5), Verdict.INCOMPLETE),
        (InputFile("a", "jsonl", None, 5, "truncated"), Verdict.INCOMPLETE),
    ],
)
def test_an_input_not_read_to_its_end_leaves_something_unassessed(file, expected):
    assert verdict(episodes(seen=5, audited=5), calls(seen=5, audited=5), (file,)) is expected


@pytest.mark.parametrize(
    ("found", "missing", "seen", "expected"),
    [(0, 0, 0, (None, None)), (0, 0, 4, (0.0, 0.0)), (1, 1, 4, (0.25, 0.5)), (4, 4, 4, (1.0, 1.0))],
)
def test_bounds(found, missing, seen, expected):
    assert bounds(found, missing, seen) == expected


def test_a_full_scan_has_bounds_and_no_interval():
    names = ("episodes exposed", "episodes with CoT", "all")
    assert (rate(names, 0, 0, 0).low, rate(names, 0, 0, 0).ci95) == (None, None)
    found = rate(names, 5, 100, 10)
    assert (found.low, found.high, found.ci95, found.bound) == (0.05, 0.15, None, "lower")


def test_nothing_seen_exits_with_3_whatever_is_allowed():
    assert exit_code(result(), allowed=parse_allowances(["1"])) is ExitCode.NOTHING_ASSESSED


def test_clean_counts_exit_with_0():
    assert exit_code(result(episodes=episodes(seen=5, audited=5), reward_calls=calls(seen=5, audited=5))) is ExitCode.OK


@pytest.mark.parametrize(
    ("severity", "fail_on", "expected"),
    [("low", "low", 1), ("low", "medium", 0), ("medium", "medium", 1), ("medium", "high", 0), ("high", "high", 1)],
)
def test_threshold(severity, fail_on, expected):
    found = result(episodes(seen=5, audited=5), calls(seen=5, audited=5), (finding(severity=Severity(severity)),))
    assert exit_code(found, Severity(fail_on)) == expected


def test_findings_that_are_not_listed_count_for_the_threshold_low():
    low = finding(severity=Severity.LOW, waiver=WaiverNote("o", "r", "2026-05-30"))
    some = result(episodes=episodes(seen=5, audited=5), reward_calls=calls(seen=5, audited=5), findings=[low])
    more = msgspec.structs.replace(some, below_threshold=7)
    assert exit_code(some, Severity.LOW) is ExitCode.OK
    assert exit_code(more, Severity.LOW) is ExitCode.FINDINGS
    assert exit_code(more) is ExitCode.OK


def test_a_waived_finding_changes_the_exit_code_and_not_the_verdict():
    waived = finding(waiver=WaiverNote("ada", "r", "2026-05-30"))
    held = result(episodes(seen=5, audited=5, exposed=1), calls(seen=5, audited=5, exposed=1), (waived,))
    assert (held.verdict, exit_code(held)) == (Verdict.EXPOSED, ExitCode.OK)


@pytest.mark.parametrize("others", [(), (finding(severity=Severity.LOW),)], ids=["none", "low"])
@pytest.mark.parametrize("fail_on", Severity)
def test_exposure_that_no_finding_explains_is_never_a_pass(others, fail_on):
    """Nobody can have waived what is not listed."""
    held = result(episodes(seen=5, audited=5, exposed=1), calls(seen=5, audited=5, exposed=1), others)
    assert (held.verdict, exit_code(held, fail_on)) == (Verdict.EXPOSED, ExitCode.FINDINGS)


def test_findings_win_over_incomplete():
    both = result(episodes(seen=5, audited=4, exposed=1, limit=1), calls(seen=5, audited=5, exposed=1), (finding(),))
    assert exit_code(both) is ExitCode.FINDINGS


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ExitCode.INCOMPLETE),
        (["0.19"], ExitCode.INCOMPLETE),
        (["0.3"], ExitCode.OK),
        (["limit=0.2"], ExitCode.INCOMPLETE),
        (["limit=0.2", "not_logged=0.1"], ExitCode.OK),
        (["limit=0.2", "0.1"], ExitCode.OK),
        (["limit=0.19", "1"], ExitCode.INCOMPLETE),
    ],
)
def test_allowances(options, expected):
    partly = result(episodes(seen=10, audited=7, limit=2, not_logged=1), calls(seen=10, audited=10))
    assert exit_code(partly, allowed=parse_allowances(options)) is expected


@settings(max_examples=30, deadline=None)
@given(results())
def test_the_line_that_is_printed_is_accepted(any_result):
    options = shlex.split(accepting_options(any_result))[1::2]
    allowed = exit_code(any_result, allowed=parse_allowances(options))
    assert allowed is not ExitCode.INCOMPLETE
    if not options:
        assert exit_code(any_result) is not ExitCode.INCOMPLETE


@settings(max_examples=30, deadline=None)
@given(results(), st.sampled_from(Severity))
def test_only_what_was_assessed_whole_exits_with_0(any_result, fail_on):
    if exit_code(any_result, fail_on) is ExitCode.OK:
        assert any_result.episodes.audited > 0 or any_result.episodes.exposed > 0
        assert not unassessed_shares(any_result)


@pytest.mark.parametrize("value", ["", "x", "-0.1", "1.1", "nan", "limit=", "limit=2"])
def test_a_share_lies_between_0_and_1(value):
    with pytest.raises(UsageError, match="between 0 and 1"):
        parse_allowances([value])


def test_an_unknown_reason_is_refused():
    with pytest.raises(UsageError, match="unknown reason 'limits'") as caught:
        parse_allowances(["limits=0.1"])
    assert "limit" in caught.value.hint


def test_every_reason_can_be_allowed():
    values = [f"{reason}=0.5" for reason in (*Reason, "unread_input")]
    assert len(parse_allowances(values).by_reason) == len(Reason) + 1
    assert Allowances() == parse_allowances([])


def test_an_unread_input_is_a_share_of_the_inputs():
    files = (InputFile("a", "jsonl", None, 5), InputFile("b", "jsonl", None, 0, "truncated"))
    partly = msgspec.structs.replace(result(episodes(seen=5, audited=5), calls(seen=5, audited=5)), inputs=files)
    assert accepting_options(partly) == "--allow-unassessed unread_input=0.5"
