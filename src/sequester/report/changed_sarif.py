"""`swap --changed-since REV --out sarif`: the findings of every reward path that was probed, in one run.

One run, because code-scanning services take one for each category. What could not be probed, and what nobody declared, are notifications.
"""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.changed import ChangedResult
from sequester.report.changed_document import called, describe_changed, outcome
from sequester.report.sarif_log import Json, log, notification
from sequester.report.swap_document import describe_swap
from sequester.report.swap_sarif import notifications_of, result_of
from sequester.report.untrusted import printable


def render(result: ChangedResult) -> str:
    """One SARIF log with one run, as ASCII."""
    probed = [path.result for path in result.changed if path.result is not None]
    codes = sorted({one.rule for each in probed for one in each.findings})
    document = describe_changed(result)
    return log(
        result.tool,
        codes,
        whole=not result.undeclared and all(path.error is None or path.episodes for path in result.changed),
        notifications=_notifications(result),
        results=[result_of(each, one, codes) for each in probed for one in each.findings],
        properties={
            "since": printable(result.since),
            "commit": printable(result.commit),
            "declared": result.declared,
            "changed": {printable(called(path)): outcome(path) for path in result.changed},
            "headline": " ".join(printable(one, 2000) for one in document.headline),
            "summary": printable(document.summary, 4000),
        },
    )


def _notifications(result: ChangedResult) -> Iterator[Json]:
    for function in result.undeclared:
        yield notification("not-assessed", "warning", f"not declared, so not probed: {printable(function)}")
    for path in result.changed:
        name = printable(called(path))
        for reason in path.because:
            yield notification("note", "note", f"{name}: {printable(reason, 2000)}")
        if path.error is not None:
            level = "note" if path.episodes else "error"
            yield notification("not-assessed", level, f"{name} could not be probed: {printable(path.error, 2000)}")
        if path.covered_by is not None:
            yield notification("note", "note", f"{name}: covered by the stored result {printable(path.covered_by)}")
        if path.result is not None:
            yield from notifications_of(path.result, describe_swap(path.result))
    for sentence in result.notes:
        yield notification("note", "note", printable(sentence, 2000))
