"""Counting: what was seen, what was searched, and what became of it.

It grows with the number of environments, reward paths and steps, not with the number of episodes. It holds no text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sequester.episodes.model import Reason, Skipped
from sequester.exposure.lows import Lows, Reach
from sequester.exposure.suspects import CallOutcome
from sequester.findings.grouping import GroupKey
from sequester.findings.model import SkippedRecord

AUDITED = "audited"
EXPOSED = "exposed"
BY_CONTRACT = "exposed by contract"
ASSESSED = frozenset({AUDITED, EXPOSED, BY_CONTRACT})
"""What may be said of a reward call beside the reasons why it was not assessed."""
IDS_COMPARED, PATHS_COMPARED = 1000, 64
"""Records of an input, and inputs, by which it is told whether inputs hold the same episodes."""
SKIPPED_SHOWN = 20
"""Skipped records named in the result; the rest are counted."""


class Place(NamedTuple):
    """Where a reward call belongs in the breakdown."""

    environment: str | None
    path: str
    step: int | None
    evidence: str
    """Kind of evidence; empty where the log does not hold the input."""


class Mass(NamedTuple):
    """What is known of the advantages of some episodes."""

    advantage: float = 0.0
    """Sum of the absolute ones."""
    episodes: int = 0
    """How many are known."""

    def plus(self, advantage: float | None) -> Mass:
        """With one more episode; None: its advantage is unknown."""
        return self if advantage is None else Mass(self.advantage + abs(advantage), self.episodes + 1)

    def negative(self) -> Mass:
        return Mass(-self.advantage, -self.episodes)


class Handover(NamedTuple):
    """A reward path to which the framework hands the CoT over by contract."""

    path: str
    argument: str


@dataclass
class Counts:
    """Everything counted over some units of some inputs."""

    records: Counter[str] = field(default_factory=Counter)
    """Records read, by input path."""
    errors: dict[str, str] = field(default_factory=dict)
    """What stopped the reading of an input, by input path."""
    seen: int = 0
    without_cot: int = 0
    unreadable: int = 0
    """Records that could not be read as an episode."""
    undelimited: int = 0
    """Episodes exposed by contract that show no reasoning."""
    episodes: Counter[str] = field(default_factory=Counter)
    """Settled episodes with reasoning, and skipped records: `audited`, or the reason why not."""
    exposed: Counter[str] = field(default_factory=Counter)
    """Those of them that are exposed, under the same names."""
    exposed_by: Counter[str] = field(default_factory=Counter)
    """Exposed episodes by kind of evidence; one episode may count under several."""
    with_evidence: Counter[str] = field(default_factory=Counter)
    """Settled episodes that have a reward call of this kind of evidence."""
    scored: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Settled episodes that a (reward path, evidence) scored."""
    unassessed_with: Counter[str] = field(default_factory=Counter)
    """Those of them that are neither audited nor exposed by this kind of evidence."""
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Settled reward calls: (evidence, status)."""
    places: Counter[tuple[Place, str]] = field(default_factory=Counter)
    """Settled episodes at a place: (place, status)."""
    lows: dict[GroupKey, Lows] = field(default_factory=dict)
    """What is below `medium` whatever the rest of the run holds, in settled episodes."""
    handovers: dict[Handover, Reach] = field(default_factory=dict)
    echo: Counter[str] = field(default_factory=Counter)
    echo_episodes: int = 0
    echo_of: int = 0
    steps: dict[str, set[int]] = field(default_factory=dict)
    """Steps seen, by input path."""
    shards: dict[str, set[str]] = field(default_factory=dict)
    """Ranks or shards seen, by input path."""
    ids: dict[str, set[int]] = field(default_factory=dict)
    """Of the first `IDS_COMPARED` records of an input path, hashes of episode id and step; of at most so many paths."""
    groups: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Episodes by input path and hash of their advantage group."""
    mass_observed: float = 0.0
    mass: float = 0.0
    mass_episodes: int = 0
    """Episodes of which the advantage is known."""
    limits: Counter[str] = field(default_factory=Counter)
    """Decoding limits that were hit, by name."""
    skipped: list[SkippedRecord] = field(default_factory=list)
    """The first records that could not be read, with their places."""

    def skip(self, record: Skipped) -> None:
        """Count a record that is no episode, under its reason."""
        self.unreadable += 1
        self.episodes[record.reason.value] += 1
        if len(self.skipped) < SKIPPED_SHOWN:
            source = f"{record.source.path}:{record.source.record}"
            self.skipped.append(SkippedRecord(source, record.reason.value, record.detail))

    def add_episodes(
        self,
        calls: Sequence[CallOutcome],
        exposed_calls: frozenset[int],
        places: Mapping[tuple[str | None, int | None], int],
        mass: Mass,
    ) -> None:
        """Add episodes whose calls came out alike to the counts; `exposed_calls` are the indices of the calls with a finding at or above
        medium, `places` says how many there are by environment and step, and `mass` what is known of their advantages.
        Negative numbers take back what was added.

        An episode is audited if every call of it was assessed: searched whole, or shown to be exposed.
        """
        times = sum(places.values())
        kinds = [call.evidence.value for call in calls]
        statuses = [EXPOSED if index in exposed_calls else _status(call) for index, call in enumerate(calls)]
        gravest: dict[tuple[str, str], str] = {}
        for call, kind, status in zip(calls, kinds, statuses, strict=True):
            self.calls[kind, status] += times
            at = call.path, kind if status != Reason.INPUT_NOT_LOGGED else ""
            if at not in gravest or _gravity(status) > _gravity(gravest[at]):
                gravest[at] = status
        for (environment, step), count in places.items():
            for (path, kind), status in gravest.items():
                self.places[Place(environment, path, step, kind), status] += count
        worst = Reason.NO_REWARD_CALL.value if not statuses else next((s for s in statuses if s not in ASSESSED), AUDITED)
        self.episodes[worst] += times
        shown = {kind for kind, status in zip(kinds, statuses, strict=True) if status in (EXPOSED, BY_CONTRACT)}
        if shown:
            self.exposed[worst] += times
        for kind in shown:
            self.exposed_by[kind] += times
        for kind in {kind for _, kind in gravest if kind}:
            self.with_evidence[kind] += times
            self.unassessed_with[kind] += 0 if kind in shown or worst == AUDITED else times
        for scored in {(call.path, kind) for call, kind in zip(calls, kinds, strict=True)}:
            self.scored[scored] += times
        self.mass += mass.advantage
        self.mass_observed += mass.advantage if worst == AUDITED else 0.0
        self.mass_episodes += mass.episodes

    def merge(self, other: Counts) -> None:
        """Add what was counted over the units that follow."""
        for mine, theirs in zip(self._counters(), other._counters(), strict=True):
            for name, count in theirs.items():
                if count:  # nothing is left of what was taken back
                    mine[name] += count
        for path, error in other.errors.items():
            self.errors.setdefault(path, error)
        self.seen += other.seen
        self.without_cot += other.without_cot
        self.unreadable += other.unreadable
        self.undelimited += other.undelimited
        self.echo_episodes += other.echo_episodes
        self.echo_of += other.echo_of
        self.mass_observed += other.mass_observed
        self.mass += other.mass
        self.mass_episodes += other.mass_episodes
        for handover, reach in other.handovers.items():
            self.handovers.setdefault(handover, Reach()).join(reach)
        for group, lows in other.lows.items():
            self.lows.setdefault(group, Lows()).join(lows)
        for path, steps in other.steps.items():
            self.steps.setdefault(path, set()).update(steps)
        for path, shards in other.shards.items():
            self.shards.setdefault(path, set()).update(shards)
        for path, ids in other.ids.items():
            if path in self.ids or len(self.ids) < PATHS_COMPARED:
                self.ids.setdefault(path, set()).update(ids)
        self.skipped = (self.skipped + other.skipped)[:SKIPPED_SHOWN]

    def _counters(self) -> tuple[Counter[Any], ...]:
        return (
            self.records,
            self.episodes,
            self.exposed,
            self.exposed_by,
            self.with_evidence,
            self.scored,
            self.unassessed_with,
            self.calls,
            self.places,
            self.echo,
            self.groups,
            self.limits,
        )


def _status(call: CallOutcome) -> str:
    """What is said of a call without a finding at or above medium."""
    return BY_CONTRACT if call.by_contract else AUDITED if call.reason is None else call.reason.value


def _gravity(status: str) -> int:
    """Order in which several calls on one path of one episode are summed up: exposure first, then what is unknown."""
    return 3 if status == EXPOSED else 2 if status == BY_CONTRACT else 1 if status != AUDITED else 0
