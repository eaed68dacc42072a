"""`lint --out sarif`: one result for each finding, with its region; what was not assessed as notifications.

Paths are relative to SRCROOT, the folder that lint was run in, unless they were given as absolute ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sequester.findings.linted import LintFinding, LintResult, LintVerdict
from sequester.report.lint_document import REASONS, describe_lint
from sequester.report.sarif_log import Json, finding, log, notification, uri
from sequester.report.untrusted import printable


def render(result: LintResult) -> str:
    """One SARIF log with one run, as ASCII."""
    codes = sorted({one.rule for one in result.findings})
    document = describe_lint(result)
    return log(
        result.tool,
        codes,
        whole=result.verdict is not LintVerdict.NOTHING_ASSESSED and not sum(result.not_assessed.values()),
        notifications=_notifications(result),
        results=[_result(one, codes) for one in result.findings],
        properties={
            "verdict": result.verdict.value,
            "headline": " ".join(printable(one, 2000) for one in document.headline),
            "summary": printable(document.summary, 4000),
            "files": dict(result.files),
            "subjects": dict(result.subjects),
            "findings": len(result.findings),
            "waived": result.waived,
        },
    )


def _result(one: LintFinding, codes: Sequence[str]) -> Json:
    subject = printable(one.subject)
    text = f"{subject}: {printable(one.message, 2000)}"
    return finding(one, codes, text=text, location=_location(one, subject), properties={"confidence": one.confidence.value})


def _location(one: LintFinding, subject: str) -> Json:
    address = uri(one.path)
    file: Json = {"uri": address} if address.startswith("file:") else {"uri": address, "uriBaseId": "SRCROOT"}
    region = {
        "startLine": one.line,
        "startColumn": one.column,
        "endLine": one.end_line,
        "endColumn": one.end_column,
    }
    return {"physicalLocation": {"artifactLocation": file, "region": region}, "logicalLocations": [{"name": subject}]}


def _notifications(result: LintResult) -> Iterator[Json]:
    for reason, count in sorted(result.not_assessed.items()):
        if count:
            text = f"{count:,} of {result.files.get('seen', 0):,} files not assessed: {printable(reason)}"
            meaning = f" ({REASONS[reason]})" if reason in REASONS else ""
            properties = {"what": "files", "reason": printable(reason), "count": count}
            yield notification("not-assessed", "warning", text + meaning) | {"properties": properties}
    if result.verdict is LintVerdict.NOTHING_ASSESSED:
        yield notification("not-assessed", "warning", describe_lint(result).headline[0])
    for note in result.notes:
        yield notification("note", "note", printable(note, 2000))
