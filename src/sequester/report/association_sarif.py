"""`swap --logged --out sarif`: hints by reward path; what was not assessed and what is assumed as notifications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sequester.findings.associated import AssociationFinding, AssociationResult, AssociationVerdict
from sequester.report.association_document import describe_association
from sequester.report.document import Document
from sequester.report.sarif_log import Json, finding, log, notification, title
from sequester.report.untrusted import printable

_FINDINGS = "Found"


def render(result: AssociationResult) -> str:
    """One SARIF log with one run, as ASCII."""
    codes = sorted({one.rule for one in result.findings})
    document = describe_association(result)
    return log(
        result.tool,
        codes,
        whole=result.verdict is not AssociationVerdict.NOTHING_ASSESSED,
        notifications=_notifications(result, document),
        results=[_result(one, codes) for one in result.findings],
        properties={
            "verdict": result.verdict.value,
            "headline": " ".join(printable(one, 2000) for one in document.headline),
            "summary": printable(document.summary, 4000),
            "findings": len(result.findings),
            "waived": result.waived,
        },
    )


def _result(one: AssociationFinding, codes: Sequence[str]) -> Json:
    path = printable(one.reward_path)
    return finding(
        one,
        codes,
        text=f"{title(one.rule)}: reward path {path}. {printable(one.message, 2000)}",
        location={"logicalLocations": [{"name": path, "kind": "function"}]},
        properties={"feature": printable(one.feature)},
    )


def _notifications(result: AssociationResult, document: Document) -> Iterator[Json]:
    for reason, count in result.not_assessed.items():
        properties = {"what": "episodes", "reason": printable(reason), "count": count}
        text = f"{count:,} episodes not assessed: {printable(reason)}"
        yield notification("not-assessed", "warning", text) | {"properties": properties}
    for section in document.sections:
        if section.title != _FINDINGS:
            for sentence in section.sentences:
                yield notification("note", "note", f"{printable(section.title)}: {printable(sentence, 2000)}")
