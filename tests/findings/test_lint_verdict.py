"""Lint's verdict and exit code: nothing looked at is never a pass, and what could not be read is never silent."""

from datetime import date
from fractions import Fraction

import pytest
from tests.findings.lint_results import NOQA, finding, nothing, result

from sequester.errors import UsageError
from sequester.findings.lint_verdict import UNASSESSED, accepting_options, exit_code, unassessed_shares, verdict, with_waivers
from sequester.findings.linted import LintVerdict
from sequester.findings.model import Severity
from sequester.findings.verdict import Allowances, parse_allowances
from sequester.findings.waivers import Waiver, WaiverClass, Waivers

NONE = Allowances()
HALF = parse_allowances(["0.5"])


def test_nothing_in_is_nothing_assessed():
    assert verdict(0, 0, {}) is LintVerdict.NOTHING_ASSESSED
    assert exit_code(nothing(), Severity.MEDIUM, NONE) == 3


@pytest.mark.parametrize(
    ("found", "linted", "left_out", "says"),
    [
        (0, 0, {"syntax_error": 1}, LintVerdict.NOTHING_ASSESSED),
        (0, 3, {}, LintVerdict.NONE_FOUND),
        (0, 3, {"syntax_error": 0}, LintVerdict.NONE_FOUND),
        (0, 3, {"too_large": 1}, LintVerdict.INCOMPLETE),
        (1, 3, {"too_large": 1}, LintVerdict.FOUND),
    ],
)
def test_verdicts(found, linted, left_out, says):
    assert verdict(found, linted, left_out) is says


INCOMPLETE = result(verdict=LintVerdict.INCOMPLETE, findings=())
QUIET = result(verdict=LintVerdict.NONE_FOUND, findings=(), not_assessed={})


@pytest.mark.parametrize(
    ("of", "fail_on", "allowed", "allow_nothing", "code"),
    [
        (result(), "medium", NONE, False, 1),
        (result(), "high", NONE, False, 4),
        (result(), "high", HALF, False, 0),
        (result(findings=(finding(severity=Severity.LOW),)), "low", HALF, False, 1),
        (result(findings=(finding(waiver=NOQA),), waived=1), "low", HALF, False, 0),
        (INCOMPLETE, "medium", NONE, False, 4),
        (INCOMPLETE, "medium", NONE, True, 4),
        (INCOMPLETE, "medium", HALF, False, 0),
        (INCOMPLETE, "medium", parse_allowances(["syntax_error=0.2"], UNASSESSED), False, 0),
        (QUIET, "medium", NONE, False, 0),
        (nothing(), "medium", HALF, False, 3),
        (nothing(), "medium", NONE, True, 0),
        (nothing(not_assessed={"not_utf8": 1}), "medium", NONE, True, 4),
        (nothing(not_assessed={"not_utf8": 1}), "medium", HALF, True, 0),
    ],
)
def test_exit_codes(of, fail_on, allowed, allow_nothing, code):
    assert exit_code(of, Severity(fail_on), allowed, allow_nothing=allow_nothing) == code


def test_shares_are_of_the_files_seen():
    assert unassessed_shares(result()) == {"syntax_error": Fraction(1, 9)}


def test_a_reason_that_lint_does_not_have_is_refused():
    with pytest.raises(UsageError, match="unknown reason 'split_failed'"):
        parse_allowances(["split_failed=0.5"], UNASSESSED)


TODAY = date(2026, 3, 15)


def waivers(**target):
    entry = Waiver(
        **target,
        class_=WaiverClass.ORTHOGONAL,
        reason="declared",
        owner="ada",
        approver="grace",
        since=date(2026, 3, 1),
        until=date(2026, 3, 31),
    )
    return Waivers((entry,))


def test_no_waiver_covers_nothing():
    assert with_waivers(nothing(), waivers(fingerprint="0" * 24), TODAY) == nothing()
    assert with_waivers(result(), Waivers(), TODAY) == result()


def test_a_waiver_covers_its_finding_and_the_verdict_stays():
    other = finding(id="1" * 24)
    covered = with_waivers(result(findings=(other, finding())), waivers(fingerprint="0" * 24), TODAY)
    assert [one.waiver is not None for one in covered.findings] == [False, True]
    assert (covered.waived, covered.verdict) == (1, LintVerdict.FOUND)


def test_what_a_comment_waives_stays_as_it_is():
    noted = result(findings=(finding(waiver=NOQA), finding(id="1" * 24)), waived=1)
    covered = with_waivers(noted, waivers(reward_path=finding().subject), TODAY)
    assert [one.waiver.owner for one in covered.findings] == ["noqa", "ada"]
    assert covered.waived == 2


def test_an_expired_waiver_is_named():
    lapsed = with_waivers(result(), waivers(fingerprint="0" * 24), date(2026, 4, 1))
    assert lapsed.waived == 0
    assert "expired on 2026-03-31" in lapsed.notes[-1]


def test_what_would_accept_the_rest():
    assert accepting_options(nothing()) == ""
    assert accepting_options(result(not_assessed={"too_large": 1, "syntax_error": 2})) == (
        "--allow-unassessed syntax_error=0.2223 --allow-unassessed too_large=0.1112"
    )
