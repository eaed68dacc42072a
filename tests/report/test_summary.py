"""The sentences: denominators always, nothing ever called clean, and the same words in every format."""

import re

import pytest
from hypothesis import given, settings
from msgspec.structs import replace
from tests.findings.examples import finding
from tests.report.results import result, results

from sequester.episodes.model import Reason
from sequester.findings.model import (
    Breakdown,
    CallCounts,
    EpisodeCounts,
    InputFile,
    RewardMass,
    Scope,
    Severity,
    SkippedRecord,
    Verdict,
)
from sequester.report import summary


def test_nothing_seen_says_that_nothing_was_assessed():
    empty = result(inputs=())
    assert summary.headline(empty) == (
        "Nothing was assessed: of 0 episodes seen of the files given, 0 without CoT, none could be audited. "
        "This is no statement about exposure."
    )
    assert "n/a to n/a of 0" in summary.summary_line(empty)


@pytest.mark.parametrize(
    ("counts", "verdict", "said"),
    [
        (
            EpisodeCounts(1000, 100, 850, 45, {"limit": 50}),
            Verdict.EXPOSED,
            "in 45 of 900 episodes with CoT of the run: at least 5.0%, at most 10.6%",
        ),
        (
            EpisodeCounts(1000, 100, 900, 0, {}),
            Verdict.NONE_FOUND,
            "in 900 of 900 episodes with CoT of the run. That is evidence",
        ),
        (
            EpisodeCounts(1000, 100, 850, 0, {"limit": 50}),
            Verdict.INCOMPLETE,
            "50 episodes left out. The share exposed lies between 0% and 5.6%",
        ),
        (EpisodeCounts(1000, 1000, 0, 0, {}), Verdict.NOTHING_ASSESSED, "of 1,000 episodes seen of the run, 1,000 without CoT"),
    ],
)
def test_headline(counts, verdict, said):
    calls = CallCounts(900, counts.audited, counts.exposed, {"recorded": 900}, {})
    told = result(counts, calls, scope=Scope.RUN)
    assert told.verdict is verdict
    assert said in summary.headline(told)


def test_none_found_beside_findings_of_low_weight_says_so():
    counts, calls = EpisodeCounts(9, 0, 9, 0, {}), CallCounts(9, 9, 0, {"recorded": 9}, {})
    told = result(counts, calls, [finding(severity=Severity.LOW), finding(severity=Severity.LOW)], scope=Scope.RUN)
    assert told.verdict is Verdict.NONE_FOUND
    assert "weighs medium or more was found" in summary.headline(told)
    assert "(2, listed)" in summary.headline(told)


def test_what_is_counted_and_not_listed_is_said_and_never_left_out_of_a_total():
    counts, calls = EpisodeCounts(9, 0, 9, 0, {}), CallCounts(9, 9, 0, {"recorded": 9}, {})
    told = replace(result(counts, calls, [finding(severity=Severity.LOW)]), below_threshold=7)
    assert "(7, the largest listed)" in summary.headline(told)
    assert "findings 7 (0 waived, 7 below medium)" in summary.summary_line(told)
    assert "6 more" in summary.unlisted(told)


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "n/a"),
        (0.0, "0%"),
        (1e-9, "<0.0001%"),
        (1.5e-5, "0.0015%"),
        (0.004, "0.4%"),
        (0.051, "5.1%"),
        (0.9994, ">99.9%"),
        (0.99999, ">99.9%"),
        (1.0, "100%"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(share, said):
    assert summary.percent(share) == said


def test_every_reason_has_a_meaning():
    assert {reason.value for reason in Reason} | {"unread_input"} == {str(reason) for reason in summary.REASONS}


def test_weak_evidence_names_the_next_step():
    weak = finding(evidence="contract", rule="SQ111", reward_path="accuracy_reward")
    steps = summary.next_steps(result(findings=(weak,)))
    assert '"reward_calls": [{"reward_path": "accuracy_reward"' in steps[0]
    assert "sequester audit FILE.jsonl" in steps[0]
    assert "sequester swap FILE.py:accuracy_reward --episodes FILE.jsonl" in steps[1]
    assert "comes with a later release" in steps[1]


def test_several_weak_paths_share_their_lines():
    weak = [finding(evidence="contract", rule="SQ111", reward_path=f"r{number}") for number in range(7)]
    steps = summary.next_steps(result(findings=weak))
    assert '"reward_path": "REWARD_PATH"' in steps[0]
    assert len(steps) == 2
    assert "the score of r0, r1, r2, r3, r4 and 2 more moves with the reasoning" in steps[1]
    assert "sequester swap FILE.py:FUNCTION " in steps[1]


def test_what_was_handed_over_was_not_therefore_read():
    weak = finding(evidence="contract", rule="SQ111")
    counts = EpisodeCounts(2, 0, 2, 2, {})
    said = summary.headline(result(counts, findings=(weak,)))
    assert said.startswith("Private reasoning was handed to a scorer in 2 of 2 episodes")
    assert "reached" not in said


def test_the_breakdown_begins_with_the_most_exposed():
    rows = [
        Breakdown(None, name, None, 10, exposed, exposed / 10, high)
        for name, exposed, high in (("a", 0, 0.0), ("b", 0, 1.0), ("c", 9, 0.9))
    ]
    assert [row.reward_path for row in summary.breakdown(result(by=tuple(rows)))] == ["c", "b", "a"]


def test_causes_of_unread_records_are_listed_and_the_rest_counted():
    records = tuple(SkippedRecord(f"a.jsonl:{number}", "malformed", "no key 'x'") for number in range(1, 21))
    told = result(EpisodeCounts(99, 0, 0, 0, {"malformed": 99}), skipped=records)
    assert list(summary.skipped(told, 2)) == [
        "a.jsonl:1: no key 'x' (malformed)",
        "a.jsonl:2: no key 'x' (malformed)",
        "… and 97 more",
    ]
    kept = result(EpisodeCounts(20, 0, 0, 0, {"malformed": 20}), skipped=records)
    assert list(summary.skipped(kept, 19))[-1] == "… and 1 more; all of them: --out json"
    assert list(summary.skipped(result(), 5)) == []


def test_nothing_assessed_says_what_was_left_out():
    unread = result(inputs=(InputFile("a", "", None, 0, "is empty"),))
    assert summary.why_nothing(unread) == "1 of 1 inputs not read to the end."
    assert summary.why_nothing(result(inputs=())) is None


def test_a_long_list_is_bounded():
    assert summary.bounded(["a", "b"], 2) == ["a", "b"]
    assert summary.bounded(["a", "b", "c"], 1) == ["a", "… and 2 more; all of them: --out json"]


def test_a_path_that_is_no_function_name_is_not_put_into_a_command():
    weak = finding(evidence="rebuilt", reward_path="x; rm -rf .")
    assert "swap FILE.py:FUNCTION " in summary.next_steps(result(findings=(weak,)))[1]


def test_recorded_evidence_needs_no_next_step():
    assert summary.next_steps(result(findings=(finding(),))) == ()
    assert summary.exposure_evidence(result(findings=(finding(),))) == "Shown by recorded inputs on 1 reward path."
    assert summary.exposure_evidence(result(findings=(finding(severity=Severity.LOW),))) is None


@settings(max_examples=20, deadline=None)
@given(results())
def test_the_line_of_counts_is_one_line_and_whole(any_result):
    line = summary.summary_line(any_result)
    assert "\n" not in line
    for counts in (any_result.episodes.not_assessed, any_result.reward_calls.not_assessed):
        for reason, count in counts.items():
            assert f"{reason} {count:,}" in line
        assert f"{sum(counts.values()):,} not assessed" in line
    assert f"findings {any_result.found:,}" in line


@settings(max_examples=20, deadline=None)
@given(results())
def test_scope_and_claims_are_always_said(any_result):
    scope = "of the run" if any_result.scope is Scope.RUN else "of the files given"
    assert scope in summary.headline(any_result)
    limits = " ".join(summary.limits(any_result))
    assert "outside the claim" in limits
    assert "never its absence" in limits
    assert not re.search(r"\b(clean|safe|secure|no exposure)\b", " ".join((summary.headline(any_result), limits)))


def test_the_outcome_of_an_input_does_not_repeat_its_path():
    assert summary.outcome(InputFile("a.jsonl", "jsonl", None, 1)) == "read"
    assert summary.outcome(InputFile("a.jsonl", "", None, 0, "a.jsonl: is damaged")) == "is damaged"


def test_no_advantage_and_advantages_of_nought_are_told_apart():
    assert summary.reward_mass(result(reward_mass=None)) == "Reward mass: unknown, no record that was read holds an advantage."
    assert summary.reward_mass(result(reward_mass=RewardMass(0.0, 0.0))) == "Reward mass: none, every advantage in the log is 0."
