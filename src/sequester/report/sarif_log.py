"""Pieces of SARIF 2.1.0 (OASIS) that results of every kind have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from sequester.findings.associated import AssociationFinding
from sequester.findings.linted import LintFinding
from sequester.findings.model import Severity, Tool, WaiverNote
from sequester.findings.rules import RULES, Rule
from sequester.findings.swapped import SwapFinding
from sequester.report.untrusted import printable

Json = dict[str, Any]

LEVEL: Mapping[Severity, str] = MappingProxyType({Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note"})
RANK: Mapping[Severity, float] = MappingProxyType({Severity.HIGH: 90.0, Severity.MEDIUM: 60.0, Severity.LOW: 20.0})


def log(
    tool: Tool,
    codes: Sequence[str],
    *,
    whole: bool,
    notifications: Iterable[Json],
    results: Iterable[Json],
    properties: Json,
) -> str:
    """One SARIF log with one run, as ASCII. `codes` are the rules in the order of `ruleIndex`; `whole`: the run did what it should."""
    told = list(notifications)
    run = {
        "tool": {"driver": _driver(tool, codes, told)},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": whole, "toolExecutionNotifications": told}],
        "results": list(results),
        "properties": properties,
    }
    schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=True) + "\n"


def _driver(tool: Tool, codes: Sequence[str], told: Sequence[Json]) -> Json:
    return {
        "name": "sequester",
        "version": printable(tool.version),
        "properties": {"detector": printable(tool.detector), "thresholds": dict(tool.thresholds)},
        "rules": [_rule(RULES[code]) if code in RULES else {"id": printable(code)} for code in codes],
        "notifications": [{"id": kind} for kind in sorted({one["descriptor"]["id"] for one in told})],
    }


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "help": {"text": f"sequester explain {rule.code}", "markdown": rule.text()},
        "properties": {"class": rule.class_.value, "tags": ["chain-of-thought", rule.class_.value]},
    }


def finding(
    one: SwapFinding | AssociationFinding | LintFinding, codes: Sequence[str], *, text: str, location: Json, properties: Json
) -> Json:
    """A finding that is a result by itself; `codes` are the rules of its log, `properties` what only its kind has."""
    found: Json = {
        "ruleId": printable(one.rule),
        "ruleIndex": codes.index(one.rule),
        "kind": "fail",
        "level": LEVEL[one.severity],
        "rank": RANK[one.severity],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"sequesterFinding/v1": printable(one.id)},
        "properties": {"severity": one.severity.value, "class": one.class_.value, **properties},
    }
    if one.waiver is not None:
        found["suppressions"] = suppressions([one.waiver])
    return found


def title(code: str) -> str:
    """What a rule finds, in a few words."""
    return RULES[code].title if code in RULES else "A finding of an unknown rule"


def notification(kind: str, level: str, text: str) -> Json:
    """Something to say about the run, such as what was not assessed."""
    return {"descriptor": {"id": kind}, "level": level, "message": {"text": text}}


def suppressions(waivers: Iterable[WaiverNote]) -> list[Json]:
    """Waivers, the same one once. One without an end stands in the source itself."""
    said = {
        (f"{printable(one.reason)} (owner {printable(one.owner)}, until {printable(one.until)})", "external")
        if one.until
        else (printable(one.reason), "inSource")
        for one in waivers
    }
    return [{"kind": kind, "status": "accepted", "justification": reason} for reason, kind in sorted(said)]


def uri(path: str) -> str:
    """A path as SARIF wants it."""
    encoded = quote(path.encode("utf-8", "backslashreplace"), safe="/._-~")
    return f"file://{encoded}" if encoded.startswith("/") else encoded
