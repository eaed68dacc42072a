"""Findings as lines: a trainer that exposes everything gives one line per path, not a quarter of a million.

A group is a rule on a reward path, in a field, by one kind of evidence. List positions are left out of the field's name,
so that `completions[0]` and `completions[7]` are one place. Findings below `medium` are never merged with those above: a
group's number of episodes then is a number of exposed episodes, or of none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sequester.episodes.model import Evidence
from sequester.findings.model import Finding, Group, Severity


class GroupKey(NamedTuple):
    """What the findings of one group share."""

    rule: str
    reward_path: str
    field: str
    evidence: str
    counts: bool
    """At or above `medium`, so that its episodes are exposed."""


def group_key(finding: Finding) -> GroupKey:
    """The group that a finding belongs to."""
    return GroupKey(
        finding.rule,
        finding.reward_path,
        re.sub(r"\[\d+\]", "[*]", finding.field),
        finding.evidence,
        finding.severity.at_least(Severity.MEDIUM),
    )


def key_of(group: Group) -> GroupKey:
    """The key of the findings in a group."""
    return GroupKey(group.rule, group.reward_path, group.field, group.evidence, group.severity.at_least(Severity.MEDIUM))


@dataclass
class _Members:
    best: Finding
    episodes: set[str] = field(default_factory=set)
    first_step: int | None = None
    last_step: int | None = None

    def add(self, finding: Finding) -> None:
        self.episodes.add(finding.episode_id)
        if finding.step is not None:
            self.first_step = finding.step if self.first_step is None else min(self.first_step, finding.step)
            self.last_step = finding.step if self.last_step is None else max(self.last_step, finding.step)
        if finding.severity.rank > self.best.severity.rank:
            self.best = finding


def group_findings(findings: Iterable[Finding], scored: Mapping[tuple[str, str], int]) -> tuple[Group, ...]:
    """Groups, the gravest and largest first; none for no findings.

    `scored` counts the episodes that each (reward path, evidence) scored: the denominators. Contract evidence is one
    finding for a whole path, so such a group has all the episodes of its path. A path that `scored` does not know has the
    group's own episodes below the line.
    """
    groups: dict[GroupKey, _Members] = {}
    for finding in findings:
        groups.setdefault(group_key(finding), _Members(finding)).add(finding)
    lines = [_line(key, members, scored) for key, members in groups.items()]
    return tuple(sorted(lines, key=lambda one: (-one.severity.rank, -one.episodes, *key_of(one))))


def _line(key: GroupKey, members: _Members, scored: Mapping[tuple[str, str], int]) -> Group:
    of = max(scored.get((key.reward_path, key.evidence), 0), len(members.episodes))
    return Group(
        rule=key.rule,
        reward_path=key.reward_path,
        field=key.field,
        evidence=key.evidence,
        severity=members.best.severity,
        episodes=of if key.evidence == Evidence.CONTRACT else len(members.episodes),
        of=of,
        first_step=members.first_step,
        last_step=members.last_step,
        example=members.best.id,
    )
