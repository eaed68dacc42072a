from datetime import date

import pytest
from msgspec.structs import replace
from tests.findings.association_results import ABSENT, FOUND, NOTHING, UNDERPOWERED, path, result_of

from sequester.findings.associated import AssociationVerdict
from sequester.findings.association import exit_code, with_ids
from sequester.findings.fingerprint import is_keyed
from sequester.findings.model import ExitCode, FindingClass, Severity
from sequester.findings.waivers import Waiver, WaiverClass, Waivers

DAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("result", "fail_on", "code"),
    [
        (NOTHING, Severity.LOW, ExitCode.NOTHING_ASSESSED),
        (UNDERPOWERED, Severity.LOW, ExitCode.INCOMPLETE),
        (ABSENT, Severity.LOW, ExitCode.OK),
        (FOUND, Severity.MEDIUM, ExitCode.FINDINGS),
        (FOUND, Severity.HIGH, ExitCode.OK),
        (replace(ABSENT, unread=("log.jsonl: is empty",)), Severity.LOW, ExitCode.INCOMPLETE),
    ],
)
def test_exit_codes(result, fail_on, code):
    assert exit_code(result, fail_on) is code


def test_a_hint_below_the_threshold_does_not_hide_a_path_of_which_too_little_is_known():
    more = path("judge", AssociationVerdict.UNDERPOWERED, reasons=("too_few_prompts",))
    result = result_of(*FOUND.paths, more, verdict=AssociationVerdict.FOUND)
    assert exit_code(result, Severity.HIGH) is ExitCode.INCOMPLETE


def test_a_hint_is_of_length_and_format_and_fails_as_usual():
    [finding] = FOUND.findings
    assert (finding.rule, finding.class_, finding.severity) == ("SQ321", FindingClass.LENGTH_FORMAT, Severity.MEDIUM)


def test_ids_are_stable_and_need_no_key():
    [once], [again] = (with_ids(FOUND, Waivers(), DAY).findings for _ in range(2))
    assert not is_keyed(once.id) and once == again


def test_a_declared_length_signal_is_waived_by_its_path():
    waiver = Waiver(
        reward_path="dapo",
        class_=WaiverClass.ORTHOGONAL,
        reason="a budget",
        owner="ada",
        approver="grace",
        since=DAY,
        until=date(2026, 7, 1),
    )
    result = with_ids(FOUND, Waivers((waiver,)), DAY)
    assert (result.waived, result.verdict) == (1, AssociationVerdict.FOUND)
    assert exit_code(result, Severity.LOW) is ExitCode.OK
    assert exit_code(replace(result, paths=()), Severity.LOW) is ExitCode.OK
