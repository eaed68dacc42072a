"""What `swap --changed-since` exits with. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sequester.findings.changed import ChangedResult
from sequester.findings.influence import exit_code
from sequester.findings.model import ExitCode, Severity

_WORST_FIRST = (ExitCode.FINDINGS, ExitCode.ERROR, ExitCode.INCOMPLETE, ExitCode.NOTHING_ASSESSED)


def changed_exit_code(result: ChangedResult, fail_on: Severity) -> ExitCode:
    """The worst of what was probed, could not be probed or was not declared; 0 where nothing changed."""
    return worst(_codes(result, fail_on))


def worst(codes: Iterable[int]) -> ExitCode:
    """Of several exit codes the one to exit with: findings win over an error, that over incomplete, that over nothing assessed."""
    given = set(codes)
    return next((code for code in _WORST_FIRST if code in given), ExitCode.OK)


def _codes(result: ChangedResult, fail_on: Severity) -> Iterator[ExitCode]:
    for path in result.changed:
        if path.result is not None:
            yield exit_code(path.result, fail_on)
        elif path.covered_by is None:
            yield ExitCode.ERROR
    if result.undeclared:
        yield ExitCode.INCOMPLETE
