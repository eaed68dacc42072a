"""`swap --logged --out sarif`: hints by reward path; what was not assessed and what is assumed as notifications."""

from __future__ import annotations

from collections.abc import Iterator

from sequester.findings.associated import AssociationFinding, AssociationResult, AssociationVerdict
from sequester.findings.rules import RULES
from sequester.report.association_document import describe_association
from sequester.report.document import Document
from sequester.report.sarif_log import LEVEL, RANK, Json, log, notification, suppressions
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
        results=[_result(one, codes.index(one.rule)) for one in result.findings],
        properties={
            "verdict": result.verdict.value,
            "headline": " ".join(printable(one, 2000) for one in document.headline),
            "summary": printable(document.summary, 4000),
            "findings": len(result.findings),
            "waived": result.waived,
        },
    )


def _result(finding: AssociationFinding, index: int) -> Json:
    path = printable(finding.reward_path)
    title = RULES[finding.rule].title if finding.rule in RULES else "A finding of an unknown rule"
    found: Json = {
        "ruleId": printable(finding.rule),
        "ruleIndex": index,
        "kind": "fail",
        "level": LEVEL[finding.severity],
        "rank": RANK[finding.severity],
        "message": {"text": f"{title}: reward path {path}. {printable(finding.message, 2000)}"},
        "locations": [{"logicalLocations": [{"name": path, "kind": "function"}]}],
        "partialFingerprints": {"sequesterFinding/v1": printable(finding.id)},
        "properties": {
            "severity": finding.severity.value,
            "class": finding.class_.value,
            "feature": printable(finding.feature),
        },
    }
    if finding.waiver:
        found["suppressions"] = suppressions([finding.waiver])
    return found


def _notifications(result: AssociationResult, document: Document) -> Iterator[Json]:
    for reason, count in result.not_assessed.items():
        properties = {"what": "episodes", "reason": printable(reason), "count": count}
        text = f"{count:,} episodes not assessed: {printable(reason)}"
        yield notification("not-assessed", "warning", text) | {"properties": properties}
    for section in document.sections:
        if section.title != _FINDINGS:
            for sentence in section.sentences:
                yield notification("note", "note", f"{printable(section.title)}: {printable(sentence, 2000)}")
