"""From what a log says to hints with ids and waivers, and to an exit code. Pure functions.

SQ321   given prompt and answer, the score goes with the length of the CoT
SQ322   given prompt and answer, the score goes with the markup of the CoT
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from sequester.findings.associated import (
    AssociationFinding,
    AssociationResult,
    AssociationVerdict,
    Feature,
    PathAssociation,
    Property,
)
from sequester.findings.fingerprint import open_id
from sequester.findings.model import ExitCode, Severity
from sequester.findings.rules import RULES
from sequester.findings.waivers import LookedAt, Waivers, apply

LENGTH, MARKUP = "SQ321", "SQ322"
_RULE = {Property.LENGTH: LENGTH, Property.MARKUP: MARKUP}


def findings_of(path: PathAssociation) -> Iterator[AssociationFinding]:
    """At most one hint for each property, on the feature that shows it most clearly; without ids."""
    for kind, rule in _RULE.items():
        shown = [feature for feature in path.features if feature.significant and feature.property is kind]
        if shown:
            feature = max(shown, key=lambda feature: abs(feature.correlation))
            yield AssociationFinding(
                id="",
                rule=rule,
                class_=RULES[rule].class_,
                severity=Severity.MEDIUM,
                reward_path=path.reward_path,
                feature=feature.name,
                message=_message(feature),
            )


def _message(feature: Feature) -> str:
    moves = "rises" if feature.correlation > 0 else "falls"
    return (
        f"Among samples with the same prompt and answer the score {moves} with the CoT's {feature.name}: correlation "
        f"{feature.correlation:+.2f} within {feature.strata:,} sets of {feature.episodes:,} episodes, p = {feature.p:.2g}; the upper half "
        f"scores {feature.shift:+.3g}."
    )


def with_ids(result: AssociationResult, waivers: Waivers, today: date) -> AssociationResult:
    """The result with ids and the waivers that hold on `today`."""
    named = (replace(one, id=open_id(one.rule, one.reward_path, one.feature)) for one in result.findings)
    applied = apply(waivers, named, today, LookedAt.NOTHING)
    return replace(result, findings=applied.findings, waived=applied.waived, notes=(*result.notes, *applied.notes))


def exit_code(result: AssociationResult, fail_on: Severity) -> ExitCode:
    """Findings come first, then what was not read and paths of which too little is known."""
    if any(one.waiver is None and one.severity.at_least(fail_on) for one in result.findings):
        return ExitCode.FINDINGS
    if result.verdict is AssociationVerdict.NOTHING_ASSESSED:
        return ExitCode.NOTHING_ASSESSED
    known = (AssociationVerdict.FOUND, AssociationVerdict.NONE_FOUND)
    whole = not result.unread and all(path.verdict in known for path in result.paths)
    return ExitCode.OK if whole else ExitCode.INCOMPLETE
