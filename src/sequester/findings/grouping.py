"""Findings as lines: a trainer that exposes everything gives one line per path, not a quarter of a million.

A group is a rule on a reward path, in a field, by one kind of evidence. List positions are left out of the field's name,
so that `completions[0]` and `completions[7]` are one place. Findings below `medium` are never merged with those above: a
group's number of episodes then is a number of exposed episodes, or of none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
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


class Unlisted(NamedTuple):
    """Findings of a group that are counted and not listed."""

    findings: int
    episodes: int
    """Those that have no listed finding of the group."""
    first_step: int | None
    last_step: int | None


def place_of(field: str) -> str:
    """The name of a field without positions in lists."""
    return _POSITION.sub("[*]", field) if "[" in field else field


_POSITION = re.compile(r"\[\d+\]")


def group_key(finding: Finding) -> GroupKey:
    """The group that a finding belongs to."""
    counts = finding.severity.at_least(Severity.MEDIUM)
    return GroupKey(finding.rule, finding.reward_path, place_of(finding.field), finding.evidence, counts)


def key_of(group: Group) -> GroupKey:
    """The key of the findings in a group."""
    return GroupKey(group.rule, group.reward_path, group.field, group.evidence, group.severity.at_least(Severity.MEDIUM))


@dataclass
class _Members:
    best: Finding
    findings: int = 0
    episodes: set[tuple[str, str]] = field(default_factory=set)
    """By source and id: two ranks may use the same ids."""
    steps: set[int] = field(default_factory=set)

    def add(self, finding: Finding) -> None:
        self.findings += 1
        self.episodes.add((finding.source, finding.episode_id))
        if finding.step is not None:
            self.steps.add(finding.step)
        if finding.severity.rank > self.best.severity.rank:
            self.best = finding


NONE_UNLISTED = Unlisted(0, 0, None, None)


def group_findings(
    findings: Iterable[Finding],
    scored: Mapping[tuple[str, str], int],
    unlisted: Mapping[GroupKey, Unlisted] = MappingProxyType({}),
) -> tuple[Group, ...]:
    """Groups, the gravest and largest first; none for no findings. `unlisted` is what some of the groups have beside `findings`.

    `scored` counts the episodes that each (reward path, evidence) scored: the denominators. Contract evidence is one
    finding for a whole path, so such a group has all the episodes of its path. A path that `scored` does not know has the
    group's own episodes below the line.
    """
    groups: dict[GroupKey, _Members] = {}
    for finding in findings:
        groups.setdefault(group_key(finding), _Members(finding)).add(finding)
    lines = [_line(key, members, unlisted.get(key, NONE_UNLISTED), scored) for key, members in groups.items()]
    return tuple(sorted(lines, key=lambda one: (-one.severity.rank, -one.episodes, *key_of(one))))


def _line(key: GroupKey, members: _Members, unlisted: Unlisted, scored: Mapping[tuple[str, str], int]) -> Group:
    episodes = len(members.episodes) + unlisted.episodes
    of = max(scored.get((key.reward_path, key.evidence), 0), episodes)
    steps = {*members.steps, *(step for step in (unlisted.first_step, unlisted.last_step) if step is not None)}
    return Group(
        rule=key.rule,
        reward_path=key.reward_path,
        field=key.field,
        evidence=key.evidence,
        severity=members.best.severity,
        findings=members.findings + unlisted.findings,
        episodes=of if key.evidence == Evidence.CONTRACT else episodes,
        of=of,
        first_step=min(steps, default=None),
        last_step=max(steps, default=None),
        example=members.best.id,
    )
