"""Findings below `medium`: all are counted, by group, and those with the most private characters are kept to be listed.

Two that write about one task share such stretches by the thousand, so most are never made.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from sequester.episodes.model import Evidence
from sequester.exposure.suspects import RULE_OF_CLASS, Candidate, Minor, Sighting
from sequester.findings.grouping import GroupKey, place_of

LISTED = 10
"""Findings below `medium` listed of each group, those with the most private characters; the rest are counted."""


@dataclass
class Reach:
    """How many episodes, over which steps."""

    episodes: int = 0
    first_step: int | None = None
    last_step: int | None = None

    def add(self, step: int | None, episodes: int = 1) -> None:
        self.episodes += episodes
        if step is not None:
            self.first_step = step if self.first_step is None else min(self.first_step, step)
            self.last_step = step if self.last_step is None else max(self.last_step, step)

    def join(self, other: Reach) -> None:
        self.add(other.first_step, other.episodes)
        self.add(other.last_step, 0)


class Rank(NamedTuple):
    """What comes first among the findings below `medium` of a group: the most private characters, then the place."""

    minus_private: int
    source: str
    call: int
    field: str
    transforms: tuple[str, ...]


class Low(NamedTuple):
    """A finding below `medium`, not yet made."""

    group: GroupKey
    rank: Rank
    sighting: Callable[[], Sighting]


def low(
    candidate: Candidate | Minor, path: str, evidence: Evidence, source: str, call: int, sighting: Callable[[], Sighting]
) -> Low:
    """What is counted of a candidate below `medium`, in a reward call of the record at `source`."""
    group = GroupKey(RULE_OF_CLASS[candidate.class_], path, place_of(candidate.field), evidence.value, counts=False)
    return Low(group, Rank(-candidate.private, source, call, candidate.field, candidate.transforms), sighting)


@dataclass
class Lows:
    """Findings below `medium` of one group: all are counted, the first by rank are kept to be listed."""

    findings: int = 0
    reach: Reach = field(default_factory=Reach)
    """Of the episodes that have such a finding."""
    listed: list[tuple[Rank, Sighting]] = field(default_factory=list)
    """In order, at most `LISTED`."""

    def add(self, rank: Rank, sighting: Callable[[], Sighting]) -> None:
        """Count a finding; it is made only if it is to be listed. Its episode is for `reach` to count, once."""
        self.findings += 1
        if len(self.listed) < LISTED or rank < self.listed[-1][0]:
            self._list(rank, sighting())

    def _list(self, rank: Rank, sighting: Sighting) -> None:
        insort(self.listed, (rank, sighting), key=itemgetter(0))
        del self.listed[LISTED:]

    def join(self, other: Lows) -> None:
        """Add what was counted over other episodes."""
        self.findings += other.findings
        self.reach.join(other.reach)
        for rank, sighting in other.listed:
            self._list(rank, sighting)


def count_lows(by_group: dict[GroupKey, Lows], step: int | None, found: Iterable[Low]) -> None:
    """Count the findings below `medium` of one episode."""
    groups = set()
    for group, rank, sighting in found:
        lows = by_group.get(group)
        if lows is None:
            lows = by_group[group] = Lows()
        lows.add(rank, sighting)
        if group not in groups:
            groups.add(group)
            lows.reach.add(step)
