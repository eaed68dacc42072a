"""What lint's counts say as a whole, what the waiver file covers, and what the process exits with. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from msgspec.structs import replace

from sequester.findings.linted import LintResult, LintVerdict
from sequester.findings.model import ExitCode, Severity
from sequester.findings.verdict import Allowances, within
from sequester.findings.waivers import LookedAt, Waivers, apply

UNASSESSED = ("syntax_error", "too_large", "too_deep", "not_utf8", "unreadable")
"""Why a file was not assessed: what `--allow-unassessed REASON=SHARE` of `lint` may name."""


def verdict(found: int, linted: int, not_assessed: Mapping[str, int]) -> LintVerdict:
    """The verdict of this many findings, waived ones included, in this many files that held something to lint."""
    if found:
        return LintVerdict.FOUND
    if not linted:
        return LintVerdict.NOTHING_ASSESSED
    return LintVerdict.INCOMPLETE if sum(not_assessed.values()) else LintVerdict.NONE_FOUND


def with_waivers(result: LintResult, waivers: Waivers, today: date) -> LintResult:
    """The result with what the waiver file covers on `today`; what a comment on its line waives is left as it is.

    That a waiver fits no finding says nothing here: the file is for other verbs too.
    """
    applied = apply(waivers, (one for one in result.findings if one.waiver is None), today, LookedAt.NOTHING)
    settled = iter(applied.findings)
    return replace(
        result,
        findings=tuple(next(settled) if one.waiver is None else one for one in result.findings),
        waived=result.waived + applied.waived,
        notes=(*result.notes, *applied.notes),
    )


def accepting_options(result: LintResult) -> str:
    """The options that would accept the files that could not be read; empty if there are none."""
    shares = sorted(unassessed_shares(result).items())
    return " ".join(f"--allow-unassessed {reason}={math.ceil(share * 10_000) / 10_000:g}" for reason, share in shares)


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
