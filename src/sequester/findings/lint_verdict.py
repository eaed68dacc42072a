"""What lint's counts say as a whole, and what its process exits with. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from sequester.findings.linted import LintResult, LintVerdict
from sequester.findings.model import ExitCode, Severity
from sequester.findings.verdict import Allowances, within

UNASSESSED = ("syntax_error", "too_large", "too_deep", "not_utf8", "unreadable")
"""Why a file was not assessed: what `--allow-unassessed REASON=SHARE` of `lint` may name."""


def verdict(found: int, linted: int, not_assessed: Mapping[str, int]) -> LintVerdict:
    """The verdict of this many findings, waived ones included, in this many files that held something to lint."""
    if found:
        return LintVerdict.FOUND
    if not linted:
        return LintVerdict.NOTHING_ASSESSED
    return LintVerdict.INCOMPLETE if sum(not_assessed.values()) else LintVerdict.NONE_FOUND


def unassessed_shares(result: LintResult) -> dict[str, Fraction]:
    """For each reason, its share of the files seen."""
    seen = max(1, result.files.get("seen", 0))
    return {reason: min(Fraction(1), Fraction(count, seen)) for reason, count in result.not_assessed.items() if count}


def exit_code(result: LintResult, fail_on: Severity, allowed: Allowances, *, allow_nothing: bool = False) -> ExitCode:
    """Findings win; then files that could not be read; then that there was nothing to lint, unless that is allowed."""
    if any(one.waiver is None and one.severity.at_least(fail_on) for one in result.findings):
        return ExitCode.FINDINGS
    if result.verdict is LintVerdict.NOTHING_ASSESSED and not allow_nothing:
        return ExitCode.NOTHING_ASSESSED
    return ExitCode.OK if within(unassessed_shares(result), allowed) else ExitCode.INCOMPLETE
