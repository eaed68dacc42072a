"""What `swap --changed-since` exits with. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction

from sequester.findings.changed import ChangedResult
from sequester.findings.influence import exit_code
from sequester.findings.model import ExitCode, Severity
from sequester.findings.verdict import Allowances, within

NOT_DECLARED = "not_declared"
"""Why a reward function was not probed: what `--allow-unassessed REASON=SHARE` may name with `--changed-since`."""
_WORST_FIRST = (ExitCode.FINDINGS, ExitCode.ERROR, ExitCode.INCOMPLETE, ExitCode.NOTHING_ASSESSED)


def changed_exit_code(result: ChangedResult, fail_on: Severity, allowed: Allowances) -> ExitCode:
    """The worst of what was probed, could not be probed or was not declared; 0 where nothing changed."""
    return worst(_codes(result, fail_on, allowed))


def accepting_share(result: ChangedResult) -> float:
    """The share to allow so that what is not declared is accepted."""
    return math.ceil(_undeclared_share(result) * 10_000) / 10_000


def _undeclared_share(result: ChangedResult) -> Fraction:
    """Of the reward functions that are declared or stand in changed files, the share that is not declared."""
    return Fraction(len(result.undeclared), max(1, result.declared + len(result.undeclared)))


def worst(codes: Iterable[int]) -> ExitCode:
    """Of several exit codes the one to exit with: findings win over an error, that over incomplete, that over nothing assessed.

    One that none of ours is, such as that of a process that was killed, is an error.
    """
    given = {code if code in _WORST_FIRST or code == ExitCode.OK else ExitCode.ERROR for code in codes}
    return next((code for code in _WORST_FIRST if code in given), ExitCode.OK)


def _codes(result: ChangedResult, fail_on: Severity, allowed: Allowances) -> Iterator[ExitCode]:
    for path in result.changed:
        if path.episodes:
            # Code that changed may need what the earlier episodes do not have: that nothing could be shown with them says nothing.
            if path.result is not None and exit_code(path.result, fail_on, allowed) is ExitCode.FINDINGS:
                yield ExitCode.FINDINGS
        elif path.result is not None:
            yield exit_code(path.result, fail_on, allowed)
        elif path.covered_by is None:
            yield ExitCode.ERROR
    if result.undeclared and not within({NOT_DECLARED: _undeclared_share(result)}, allowed):
        yield ExitCode.INCOMPLETE
