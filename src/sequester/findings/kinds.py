"""The kinds of results, by the schema that each carries: what can be stored, written as JSON and read back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from sequester.findings import associated, changed, linted, model, swapped
from sequester.findings.associated import AssociationFinding, AssociationResult
from sequester.findings.changed import ChangedResult
from sequester.findings.linted import LintFinding, LintResult
from sequester.findings.model import Finding, Result, Scope
from sequester.findings.swapped import SwapFinding, SwapResult

AnyResult = Result | SwapResult | AssociationResult | LintResult
AnyFinding = Finding | SwapFinding | AssociationFinding | LintFinding

KINDS: Mapping[str, type[AnyResult]] = MappingProxyType(
    {model.SCHEMA: Result, swapped.SCHEMA: SwapResult, associated.SCHEMA: AssociationResult, linted.SCHEMA: LintResult}
)
"""Every kind of result by its schema."""
PrintedResult = AnyResult | ChangedResult
PRINTED: Mapping[str, type[PrintedResult]] = MappingProxyType({**KINDS, changed.SCHEMA: ChangedResult})
"""Those and what only prints several of them; each of which is stored by itself."""


class Subject(NamedTuple):
    """What a finding is about."""

    reward_path: str
    """Of lint: the reward function, template or configuration key."""
    episode_id: str = ""
    """Empty where a finding is about no one episode."""
    step: int | None = None


def subject_of(finding: AnyFinding) -> Subject:
    """What a finding of any kind is about."""
    match finding:
        case Finding():
            return Subject(finding.reward_path, finding.episode_id, finding.step)
        case SwapFinding() | AssociationFinding():
            return Subject(finding.reward_path)
        case LintFinding():
            return Subject(finding.subject)


def scope_of(result: AnyResult) -> Scope:
    """Of what a result speaks: only an audit can have seen a whole run."""
    return result.scope if isinstance(result, Result) else Scope.FILES_GIVEN
