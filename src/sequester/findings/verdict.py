"""From counts to a verdict, and from a verdict to an exit code. Pure functions.

    exposed           a reward call has a finding at or above `medium`, waived or not
    none_found        nothing found, something audited, and nothing at all left unassessed
    incomplete        nothing found, something audited, something left unassessed
    nothing_assessed  nothing found and not one reward call audited; nothing seen is nothing assessed

Options change the exit code, never the verdict. There is no way from "not assessed" to "none found", and none from an
empty input to 0.

Denominators: episodes without CoT are counted apart and enter none. So a rate of episodes has `episodes.seen -
episodes.without_cot` below the line, and its bounds are

    low = found / seen          high = (found + not assessed) / seen

What is missing enters them where its size is known. A part of unknown size is counted nowhere: the low figure is then that of the
records seen, the high figure is 1, and the input counts as unread.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct

from sequester.episodes.model import Reason
from sequester.errors import UsageError
from sequester.findings.model import CallCounts, EpisodeCounts, ExitCode, InputFile, Rate, Result, Severity, Verdict

UNREAD_INPUT = "unread_input"
"""Reason for inputs that were not seen whole: a share of the inputs, since nobody knows how many records they held."""
EXPOSED_EPISODES, EXPOSED_CALLS = "exposed episodes", "exposed reward calls"
"""What the rates of a result count."""
_OPTION = "--allow-unassessed"
ALLOWABLE = (*(reason.value for reason in Reason), UNREAD_INPUT)
"""Reasons that `--allow-unassessed REASON=SHARE` may name."""


def verdict(episodes: EpisodeCounts, calls: CallCounts, inputs: Sequence[InputFile]) -> Verdict:
    """The verdict that these counts allow."""
    if episodes.exposed or calls.exposed:
        return Verdict.EXPOSED
    if not episodes.audited and not calls.audited:
        return Verdict.NOTHING_ASSESSED
    left_out = sum(episodes.not_assessed.values()) + sum(calls.not_assessed.values())
    return Verdict.INCOMPLETE if left_out or any(map(is_unread, inputs)) else Verdict.NONE_FOUND


def is_unread(file: InputFile) -> bool:
    """Whether records of this input may have been missed."""
    return file.error is not None or (file.rows_declared is not None and file.rows_read < file.rows_declared)


def is_uncounted(file: InputFile) -> bool:
    """Whether nobody knows how many records of this input were missed."""
    return is_unread(file) and file.rows_declared is None


def with_cot(episodes: EpisodeCounts) -> int:
    """Episodes that may hold CoT: the denominator of every rate of episodes."""
    return episodes.seen - episodes.without_cot


def cot_unknown(episodes: EpisodeCounts) -> Mapping[str, int]:
    """What is not assessed and not even known to hold CoT, in words, and how many of each; empty if all are known to."""
    counts = {
        "unreadable": episodes.unreadable,
        "missing": episodes.not_assessed.get(Reason.MISSING_PART, 0),
        "showing no reasoning": episodes.not_assessed.get(Reason.AMBIGUOUS, 0),
    }
    return {what: count for what, count in counts.items() if count}


def outside_breakdown(episodes: EpisodeCounts) -> int:
    """Records that are counted and were not read: no reward path, no reward call and no kind of evidence counts them."""
    return episodes.unreadable + episodes.not_assessed.get(Reason.MISSING_PART, 0)


def denominator(episodes: EpisodeCounts) -> str:
    """What `with_cot` counts, in words that are true of these episodes."""
    return "episodes that hold or may hold CoT" if episodes.undelimited or cot_unknown(episodes) else "episodes with CoT"


def bounds(found: int, not_assessed: int, seen: int) -> tuple[float | None, float | None]:
    """Low and high share; (None, None) when nothing was seen.

    An episode can be found exposed on one path and be unassessed on another, so the sum is cut at 1.
    """
    if seen <= 0:
        return None, None
    return found / seen, min(1.0, (found + not_assessed) / seen)


def rate(names: tuple[str, str, str], count: int, of: int, not_assessed: int) -> Rate:
    """A share with its numerator, denominator and section (`names`, in words).

    `bound` says what the low figure is: a full scan counts at least what is there, within the detector's limits, and has
    no sampling error, so it gets no interval.
    """
    low, high = bounds(count, not_assessed, of)
    numerator, denominator, section = names
    return Rate(
        numerator=numerator,
        denominator=denominator,
        section=section,
        count=count,
        of=of,
        low=low,
        high=high,
        ci95=None,
        bound="lower",
    )


class Allowances(Struct, frozen=True):
    """What `--allow-unassessed` accepts: shares of what was seen."""

    total: Fraction = Fraction(0)
    """For all reasons together that have no share of their own."""
    by_reason: Mapping[str, Fraction] = {}


def parse_allowances(values: Iterable[str], known: Collection[str] = ALLOWABLE) -> Allowances:
    """The values of every `--allow-unassessed [REASON=]SHARE`; a later one replaces an earlier one. `known` are the reasons.

    Raises UsageError.
    """
    total = Fraction(0)
    by_reason: dict[str, Fraction] = {}
    for value in values:
        reason, separator, number = value.rpartition("=")
        try:
            share = float(number)
        except ValueError:
            share = math.nan
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"{value}: a share lies between 0 and 1", where=_OPTION, hint="one in twenty is written 0.05")
        exact = Fraction(repr(share))
        if not separator:
            total = exact
        elif reason in known:
            by_reason[reason] = exact
        else:
            raise UsageError(f"{value}: unknown reason {reason!r}", where=_OPTION, hint=f"known: {', '.join(known)}")
    return Allowances(total, by_reason)


def unassessed_shares(result: Result) -> dict[str, Fraction]:
    """For each reason, the greater of its share of the episodes with CoT and its share of the reward calls."""
    shares: dict[str, Fraction] = {}
    for counts, seen in (
        (result.episodes.not_assessed, with_cot(result.episodes)),
        (result.reward_calls.not_assessed, result.reward_calls.seen),
    ):
        for reason, count in counts.items():
            if count:
                shares[reason] = max(shares.get(reason, Fraction(0)), min(Fraction(1), Fraction(count, max(1, seen))))
    unread = sum(map(is_unread, result.inputs))
    if unread:
        shares[UNREAD_INPUT] = Fraction(unread, len(result.inputs))
    return shares


def within(shares: Mapping[str, Fraction], allowed: Allowances) -> bool:
    """Whether what is left unassessed is accepted."""
    rest = sum((share for reason, share in shares.items() if reason not in allowed.by_reason), Fraction(0))
    return rest <= allowed.total and all(shares.get(reason, 0) <= share for reason, share in allowed.by_reason.items())


def accepting_options(result: Result) -> str:
    """The options that would accept what this result leaves unassessed; empty if it leaves nothing."""
    shares = sorted(unassessed_shares(result).items())
    return " ".join(f"--allow-unassessed {reason}={math.ceil(share * 10_000) / 10_000:g}" for reason, share in shares)


def exit_code(result: Result, fail_on: Severity = Severity.MEDIUM, allowed: Allowances | None = None) -> ExitCode:
    """What the process exits with. Findings win over everything; nothing assessed cannot be allowed."""
    if any(finding.waiver is None and finding.severity.at_least(fail_on) for finding in result.findings):
        return ExitCode.FINDINGS
    if fail_on is Severity.LOW and result.unlisted:
        return ExitCode.FINDINGS
    if result.verdict is Verdict.EXPOSED and not any(finding.severity.at_least(Severity.MEDIUM) for finding in result.findings):
        return ExitCode.FINDINGS  # exposure that no finding explains cannot have been waived
    if result.verdict is Verdict.NOTHING_ASSESSED:
        return ExitCode.NOTHING_ASSESSED
    if not within(unassessed_shares(result), allowed or Allowances()):
        return ExitCode.INCOMPLETE
    return ExitCode.OK
