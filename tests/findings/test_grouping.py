"""Groups: no finding is lost in them, and no episode is counted twice."""

import pytest
from hypothesis import given, settings
from tests.findings.examples import finding
from tests.report.results import findings

from sequester.findings.grouping import Unlisted, group_findings, group_key, key_of
from sequester.findings.model import Severity


def test_no_findings_give_no_groups():
    assert group_findings((), {}) == ()


def test_one_line_for_one_place():
    found = [finding(episode_id=f"e{step}", step=step, field=f"completions[{step}].content") for step in range(3, 40)]
    (line,) = group_findings(found, {("judge", "recorded"): 100})
    assert (line.episodes, line.of, line.field) == (37, 100, "completions[*].content")
    assert (line.first_step, line.last_step) == (3, 39)


def test_an_episode_counts_once():
    (line,) = group_findings([finding(call=0), finding(call=1)], {})
    assert (line.episodes, line.of) == (1, 1)


def test_two_ranks_may_use_the_same_ids():
    (line,) = group_findings([finding(source="rank0.jsonl:1"), finding(source="rank1.jsonl:1")], {})
    assert (line.episodes, line.findings) == (2, 2)


def test_contract_evidence_counts_every_episode_of_the_path():
    (line,) = group_findings([finding(evidence="contract", rule="SQ111")], {("judge", "contract"): 250_000})
    assert (line.episodes, line.of) == (250_000, 250_000)


def test_evidence_kinds_and_low_findings_stay_apart():
    lines = group_findings(
        [finding(), finding(evidence="rebuilt"), finding(severity=Severity.LOW), finding(severity=Severity.MEDIUM)], {}
    )
    assert [(line.severity, line.evidence) for line in lines] == [
        (Severity.HIGH, "rebuilt"),
        (Severity.HIGH, "recorded"),
        (Severity.LOW, "recorded"),
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_the_gravest_finding_is_the_example_wherever_it_stands(turned):
    found = [finding(id="1" * 32, severity=Severity.MEDIUM), finding(id="2" * 32, severity=Severity.HIGH)]
    (line,) = group_findings(reversed(found) if turned else found, {})
    assert (line.severity, line.example) == (Severity.HIGH, "2" * 32)


def test_what_is_counted_and_not_listed_belongs_to_its_group():
    one = finding(severity=Severity.LOW, step=5)
    (line,) = group_findings([one], {("judge", "recorded"): 100}, {group_key(one): Unlisted(30, 20, 2, 9)})
    assert (line.findings, line.episodes, line.of, line.first_step, line.last_step) == (31, 21, 100, 2, 9)


def test_steps_may_be_unknown():
    (line,) = group_findings([finding(step=None)], {})
    assert (line.first_step, line.last_step) == (None, None)


@settings(max_examples=30, deadline=None)
@given(findings())
def test_every_finding_is_in_exactly_one_group(found):
    lines = group_findings(found, {})
    keys = [key_of(line) for line in lines]
    assert sorted(keys) == sorted({group_key(one) for one in found})
    for line, key in zip(lines, keys, strict=True):
        members = [one for one in found if group_key(one) == key]
        assert line.episodes == len({one.episode_id for one in members}) or line.evidence == "contract"
        assert line.findings == len(members)
        assert line.severity.rank == max(one.severity.rank for one in members)
        assert line.example in {one.id for one in members}
