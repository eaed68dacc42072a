"""`swap --out sarif`: findings at the reward function's file and line; what was not assessed as notifications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sequester.findings.rules import RULES
from sequester.findings.swapped import SwapFinding, SwapResult, SwapVerdict
from sequester.report.document import Document
from sequester.report.sarif_log import LEVEL, RANK, Json, log, notification, suppressions, uri
from sequester.report.swap_document import describe_swap, not_assessed
from sequester.report.untrusted import printable

_FINDINGS = "Found"


def render(result: SwapResult) -> str:
    """One SARIF log with one run, as ASCII."""
    codes = sorted({one.rule for one in result.findings})
    document = describe_swap(result)
    return log(
        result.tool,
        codes,
        whole=result.verdict is not SwapVerdict.NOTHING_ASSESSED,
        notifications=notifications_of(result, document),
        results=[result_of(result, one, codes) for one in result.findings],
        properties={
            "verdict": result.verdict.value,
            "exposed": result.exposed,
            "headline": " ".join(printable(one, 2000) for one in document.headline),
            "summary": printable(document.summary, 4000),
            "findings": len(result.findings),
            "waived": result.waived,
        },
    )


def result_of(result: SwapResult, finding: SwapFinding, codes: Sequence[str]) -> Json:
    """One finding; `codes` are the rules of the log it goes into."""
    path = printable(finding.reward_path)
    title = RULES[finding.rule].title if finding.rule in RULES else "A finding of an unknown rule"
    found: Json = {
        "ruleId": printable(finding.rule),
        "ruleIndex": codes.index(finding.rule),
        "kind": "fail",
        "level": LEVEL[finding.severity],
        "rank": RANK[finding.severity],
        "message": {"text": f"{title}: reward path {path}. {printable(finding.message, 2000)}"},
        "locations": [_location(result, path)],
        "partialFingerprints": {"sequesterFinding/v1": printable(finding.id)},
        "properties": {
            "severity": finding.severity.value,
            "class": finding.class_.value,
            "donors": [printable(one) for one in finding.donors],
            "sites": {printable(site): pairs for site, pairs in result.inputs.sites.items()},
        },
    }
    if finding.waiver:
        found["suppressions"] = suppressions([finding.waiver])
    return found


def _location(result: SwapResult, path: str) -> Json:
    file = result.source.rpartition(":")[0]
    place: Json = {"artifactLocation": {"uri": uri(file or result.source)}}
    if result.line is not None:
        place["region"] = {"startLine": result.line}
    return {"physicalLocation": place, "logicalLocations": [{"name": path, "kind": "function"}]}


def notifications_of(result: SwapResult, document: Document) -> Iterator[Json]:
    """What was not assessed, and what else the report says."""
    for what, reason, count, meaning in not_assessed(result):
        text = f"{count:,} {what} not assessed: {printable(reason)}{f' ({meaning})' if meaning else ''}"
        properties = {"what": what, "reason": printable(reason), "count": count}
        yield notification("not-assessed", "warning", text) | {"properties": properties}
    for section in document.sections:
        if section.title != _FINDINGS:
            for sentence in section.sentences:
                yield notification("note", "note", f"{printable(section.title)}: {printable(sentence, 2000)}")
