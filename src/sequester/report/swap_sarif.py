"""`swap --out sarif`: findings at the reward function's file and line; what was not assessed as notifications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sequester.findings.influence import INPUT
from sequester.findings.swapped import SwapFinding, SwapResult, SwapVerdict
from sequester.report.document import Document
from sequester.report.sarif_log import Json, finding, log, notification, title, uri
from sequester.report.swap_document import describe_swap
from sequester.report.swap_examples import TITLE, such_as, told
from sequester.report.swap_reasons import not_assessed
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


def result_of(result: SwapResult, one: SwapFinding, codes: Sequence[str]) -> Json:
    """One finding; `codes` are the rules of the log it goes into."""
    path = printable(one.reward_path)
    return finding(
        one,
        codes,
        text=f"{title(one.rule)}: reward path {path}. {printable(one.message, 2000)}{printable(_shown_by(result, one), 2000)}",
        location=_location(result, path),
        properties={
            "donors": list(map(printable, one.donors)),
            "changed": one.changed,
            "examples": [printable(f"{example.donor}: {told(example)}", 2000) for example in one.examples],
            "sites": {printable(site): pairs for site, pairs in result.inputs.sites.items()},
        },
    )


def _shown_by(result: SwapResult, one: SwapFinding) -> str:
    """Every donor with its pairs, and the first example."""
    counts = result.inputs.donors if one.rule == INPUT else {name: donor.changed for name, donor in result.donors.items()}
    donors = ", ".join(f"{name} {counts.get(name, 0):,}" for name in one.donors)
    example = f", {such_as(one)}" if one.examples else ""
    return f" Pairs by donor: {donors}{example}." if donors else ""


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
        if section.title not in (_FINDINGS, TITLE):
            for sentence in section.sentences:
                yield notification("note", "note", f"{printable(section.title)}: {printable(sentence, 2000)}")
