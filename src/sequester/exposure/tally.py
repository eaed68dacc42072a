"""Counting: what was seen, what was searched, and what might be an exposure once the whole run is known.

A `Tally` is filled unit by unit, also in several processes, and merged. It grows with the number of environments, reward paths, steps
and suspicious episodes, not with the number of episodes. It holds no text.
"""

from __future__ import annotations

import pickle
from array import array
from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sequester.episodes.model import Evidence, Reason, Skipped
from sequester.exposure.samples import Edges
from sequester.exposure.severity import ChainWeight, looked_up
from sequester.findings.grouping import GroupKey, place_of
from sequester.findings.model import FindingClass, SkippedRecord, Span

AUDITED = "audited"
EXPOSED = "exposed"
BY_CONTRACT = "exposed by contract"
ASSESSED = frozenset({AUDITED, EXPOSED, BY_CONTRACT})
"""What may be said of a reward call beside the reasons why it was not assessed."""
SKIPPED_SHOWN = 20
"""Skipped records named in the result; the rest are counted."""
LISTED = 10
"""Findings below `medium` listed of each group, those with the most private characters; the rest are counted."""


Shared = Callable[[Sequence[bytes]], Set[bytes]]
"""Of runs, each by its windows, those that stand in scorer inputs of other episodes: `sharing.Sharing`."""


class Stretch(NamedTuple):
    """Consecutive suspects of a unit that are looked up together: `Tally.suspects[since:until]`, found while blocks `start` to before
    `stop` of a sketch were filled."""

    since: int
    until: int
    start: int
    stop: int


class Place(NamedTuple):
    """Where a reward call belongs in the breakdown."""

    environment: str | None
    path: str
    step: int | None
    evidence: str
    """Kind of evidence; empty where the log does not hold the input."""


class Minor(NamedTuple):
    """Private reasoning in one field of a scorer's input that is below `medium` whatever the rest of the run holds."""

    class_: FindingClass
    field: str
    transforms: tuple[str, ...]
    private: int
    candidate: Callable[[], Candidate]
    """Makes the whole of it: most are only counted."""


class Candidate(Struct, frozen=True):
    """Private reasoning in one field of a scorer's input, before the rest of the run is known."""

    class_: FindingClass
    field: str
    transforms: tuple[str, ...]
    spans: tuple[Span, ...]
    chains: tuple[ChainWeight, ...]
    fingerprint: str
    """Id of the finding it would become."""
    unlisted: int = 0
    """Spans beyond those in `spans`."""
    owner: str = ""
    """Id of the episode whose reasoning it is; empty: the one that is scored."""
    owner_source: str = ""
    """Its file and record."""
    further: int = 0
    """Of how many other episodes there is reasoning in the same input."""
    once: float = 1.0
    """`weighing.said_once`: the input may hold a stretch of reasoning several times, and then each is a chain."""

    @property
    def private(self) -> int:
        """Private characters of the reasoning that are in the input, however often."""
        return round(sum(one.private for one in self.chains) * self.once)

    @property
    def covered(self) -> float:
        return min(1.0, sum(one.covered for one in self.chains) * self.once)


RULE_OF_CLASS = {
    FindingClass.CONTENT: "SQ101",
    FindingClass.IDS: "SQ102",
    FindingClass.INDIRECT: "SQ103",
    FindingClass.CROSS_EPISODE: "SQ104",
}
"""The rule under which recorded and rebuilt findings of a class are reported."""


class CallOutcome(Struct, frozen=True):
    """What became of one reward call of a suspect."""

    path: str
    evidence: Evidence
    by_contract: bool
    """The framework hands the CoT to this scorer: exposed, whatever the log holds."""
    reason: Reason | None
    """Why the call is not assessed if none of its candidates counts; None where it was searched whole."""
    candidates: tuple[Candidate, ...] = ()


class Sighting(Struct, frozen=True):
    """A candidate, and the reward call in which it stands."""

    candidate: Candidate
    episode_id: str
    environment: str | None
    step: int | None
    source: str
    path: str
    evidence: Evidence
    call: int


class Suspect(Struct, frozen=True):
    """An episode with at least one candidate."""

    episode_id: str
    environment: str | None
    step: int | None
    source: str
    advantage: float | None
    calls: tuple[CallOutcome, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from all others."""
        return self.source, self.episode_id

    @property
    def suspicious(self) -> bool:
        return any(call.candidates for call in self.calls)


@dataclass
class Foreign:
    """Other episodes' reasoning in the reward calls of one episode."""

    candidates: dict[int, Candidate] = field(default_factory=dict)
    """By call."""
    is_searched: bool = True
    """False where it could not be looked for to the end."""


@dataclass
class Alike:
    """Unsuspicious episodes whose calls came out alike."""

    places: Counter[tuple[str | None, int | None]] = field(default_factory=Counter)
    """How many, by environment and step."""
    advantage: float | None = None
    """Sum of the absolute advantages; None where none was logged."""

    def add(self, environment: str | None, step: int | None, times: int, advantage: float | None) -> None:
        """Add some; `advantage` is the sum of their absolute advantages."""
        self.places[environment, step] += times
        if advantage is not None:
            self.advantage = (self.advantage or 0.0) + advantage


class Handover(NamedTuple):
    """A reward path to which the framework hands the CoT over by contract."""

    path: str
    argument: str


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


@dataclass
class Tally:
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
    unsuspicious: defaultdict[tuple[CallOutcome, ...], Alike] = field(default_factory=partial(defaultdict, Alike))
    """Episodes in which nothing was found so far, by what became of their calls; `settle_unsuspicious` counts them."""
    suspects: list[Suspect] = field(default_factory=list)
    """Episodes that settle only when the whole run is known."""
    stretches: list[Stretch] = field(default_factory=list)
    """Of the one unit that this is the tally of: those that were not looked up, in order."""
    packed: list[bytes] = field(default_factory=list)
    """Suspects of tallies that were merged, pickled: a sixth of the memory, for what may be every other episode of a run."""
    foreign: dict[tuple[str, str], Foreign] = field(default_factory=dict)
    """What is known of other episodes' reasoning in the calls of suspects, by `Suspect.key`; they get it when they are taken."""
    leaked: set[int] = field(default_factory=set)
    """Windows of private reasoning in the scorer inputs of others, of the one unit that this is the tally of: not shared wording."""
    edges: Edges = field(default_factory=Edges)
    """Of the one unit that this is the tally of."""
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
    groups: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Episodes by input path and hash of their advantage group."""
    mass_observed: float = 0.0
    mass: float = 0.0
    mass_known: bool = False
    limits: Counter[str] = field(default_factory=Counter)
    """Decoding limits that were hit, by name."""
    counts_groups: bool = False
    """Whether group sizes are wanted: only a run that declares them pays for counting."""
    skipped: list[SkippedRecord] = field(default_factory=list)
    """The first records that could not be read, with their places."""

    def skip(self, record: Skipped) -> None:
        """Count a record that is no episode, under its reason."""
        self.unreadable += 1
        self.episodes[record.reason.value] += 1
        if len(self.skipped) < SKIPPED_SHOWN:
            source = f"{record.source.path}:{record.source.record}"
            self.skipped.append(SkippedRecord(source, record.reason.value, record.detail))

    def pack(self) -> None:
        """Pickle the suspects so far. A process that sends its tally to another does so first: bytes are passed on as they are."""
        if self.suspects:
            self.packed.append(pickle.dumps(self.suspects))
            self.suspects = []

    def look_up(self, shared: Shared, stretch: Stretch) -> None:
        """Ask what other scorer inputs hold too, of the suspects in a stretch and of what is listed below `medium`."""
        since, until, _, _ = stretch
        suspects = self.suspects[since:until]
        listed = [sighting.candidate for lows in self.lows.values() for _, sighting in lows.listed]
        asked = [windows for one in (*chain.from_iterable(map(_candidates, suspects)), *listed) for windows in _asked(one)]
        if self.leaked:
            asked = [windows for windows in asked if self.leaked.isdisjoint(array("Q", windows))]
        found = shared(asked)
        self.suspects[since:until] = [_suspect_looked_up(suspect, found) for suspect in suspects]
        for lows in self.lows.values():
            lows.listed = [
                (rank, replace(sighting, candidate=_looked_up(sighting.candidate, found))) for rank, sighting in lows.listed
            ]

    def take_suspects(self) -> Iterator[Suspect]:
        """Every suspect, once; they are gone afterwards."""
        while self.packed:
            yield from map(self._completed, pickle.loads(self.packed.pop()))
        suspects, self.suspects = self.suspects, []
        yield from map(self._completed, suspects)

    def _completed(self, suspect: Suspect) -> Suspect:
        foreign = self.foreign.get(suspect.key)
        if foreign is None:
            return suspect
        calls = list(suspect.calls)
        for number, call in enumerate(calls):
            if number in foreign.candidates:
                calls[number] = replace(call, candidates=(*call.candidates, foreign.candidates[number]))
            if not foreign.is_searched and call.reason is None and not call.by_contract:
                calls[number] = replace(calls[number], reason=Reason.LIMIT)
        return replace(suspect, calls=tuple(calls))

    def suspect_later(self, suspect: Suspect) -> bool:
        """Take an unsuspicious episode among the suspects; False where there is none like it."""
        alike, place = self.unsuspicious.get(suspect.calls), (suspect.environment, suspect.step)
        if alike is None or alike.places[place] == 0:
            return False
        alike.add(*place, -1, None if suspect.advantage is None else -abs(suspect.advantage))
        self.suspects.append(suspect)
        return True

    def settle_unsuspicious(self) -> None:
        """Count the episodes in which nothing was found; to be called when no more is looked for."""
        for calls, alike in self.unsuspicious.items():
            if places := +alike.places:
                count_episodes(self, calls, frozenset(), places, alike.advantage)
        self.unsuspicious.clear()

    def merge(self, other: Tally) -> None:
        """Add what another tally counted over other units, before it is settled; it is left with its suspects packed."""
        for names, others in (
            (self.records, other.records),
            (self.episodes, other.episodes),
            (self.echo, other.echo),
            (self.limits, other.limits),
        ):
            names.update(others)
        for calls, alike in other.unsuspicious.items():
            mine = self.unsuspicious[calls]
            mine.places.update(alike.places)
            if alike.advantage is not None:
                mine.advantage = (mine.advantage or 0.0) + alike.advantage
        self.foreign.update(other.foreign)
        self.errors.update(other.errors)
        self.seen += other.seen
        self.without_cot += other.without_cot
        self.unreadable += other.unreadable
        self.undelimited += other.undelimited
        other.pack()
        self.packed += other.packed
        for key, reach in other.handovers.items():
            self.handovers.setdefault(key, Reach()).join(reach)
        for group, lows in other.lows.items():
            self.lows.setdefault(group, Lows()).join(lows)
        self.echo_episodes += other.echo_episodes
        self.echo_of += other.echo_of
        self.groups.update(other.groups)
        for path, steps in other.steps.items():
            self.steps.setdefault(path, set()).update(steps)
        for path, shards in other.shards.items():
            self.shards.setdefault(path, set()).update(shards)
        self.skipped = (self.skipped + other.skipped)[:SKIPPED_SHOWN]


def _candidates(suspect: Suspect) -> Iterator[Candidate]:
    return (candidate for call in suspect.calls for candidate in call.candidates)


def _asked(candidate: Candidate) -> Iterator[bytes]:
    """The windows of the runs that were not looked up."""
    return (run.windows for one in candidate.chains for run in one.runs if run.windows)


def _looked_up(candidate: Candidate, shared: Set[bytes]) -> Candidate:
    return replace(candidate, chains=tuple(looked_up(one, shared) for one in candidate.chains))


def _suspect_looked_up(suspect: Suspect, shared: Set[bytes]) -> Suspect:
    calls = (replace(call, candidates=tuple(_looked_up(one, shared) for one in call.candidates)) for call in suspect.calls)
    return replace(suspect, calls=tuple(calls))


def count_lows(tally: Tally, step: int | None, found: Iterable[Low]) -> None:
    """Count the findings below `medium` of one episode."""
    groups = set()
    for group, rank, sighting in found:
        lows = tally.lows.get(group)
        if lows is None:
            lows = tally.lows[group] = Lows()
        lows.add(rank, sighting)
        if group not in groups:
            groups.add(group)
            lows.reach.add(step)


def count_episode(tally: Tally, suspect: Suspect, exposed_calls: frozenset[int]) -> None:
    """Add one episode to the counts."""
    count_episodes(tally, suspect.calls, exposed_calls, {(suspect.environment, suspect.step): 1}, suspect.advantage)


def count_episodes(
    tally: Tally,
    calls: Sequence[CallOutcome],
    exposed_calls: frozenset[int],
    places: Mapping[tuple[str | None, int | None], int],
    advantage: float | None,
) -> None:
    """Add episodes whose calls came out alike to the counts; `exposed_calls` are the indices of the calls with a finding at or above
    medium, `places` says how many there are by environment and step, and `advantage` is the sum of the absolute advantages known.

    An episode is audited if every call of it was assessed: searched whole, or shown to be exposed.
    """
    times = sum(places.values())
    kinds = [call.evidence.value for call in calls]
    statuses = [EXPOSED if index in exposed_calls else _status(call) for index, call in enumerate(calls)]
    gravest: dict[tuple[str, str], str] = {}
    for call, kind, status in zip(calls, kinds, statuses, strict=True):
        tally.calls[kind, status] += times
        at = call.path, kind if status != Reason.INPUT_NOT_LOGGED else ""
        if at not in gravest or _gravity(status) > _gravity(gravest[at]):
            gravest[at] = status
    for (environment, step), count in places.items():
        for (path, kind), status in gravest.items():
            tally.places[Place(environment, path, step, kind), status] += count
    worst = Reason.NO_REWARD_CALL.value if not statuses else next((s for s in statuses if s not in ASSESSED), AUDITED)
    tally.episodes[worst] += times
    shown = {kind for kind, status in zip(kinds, statuses, strict=True) if status in (EXPOSED, BY_CONTRACT)}
    if shown:
        tally.exposed[worst] += times
    for kind in shown:
        tally.exposed_by[kind] += times
    for kind in {kind for _, kind in gravest if kind}:
        tally.with_evidence[kind] += times
        tally.unassessed_with[kind] += 0 if kind in shown or worst == AUDITED else times
    for scored in {(call.path, kind) for call, kind in zip(calls, kinds, strict=True)}:
        tally.scored[scored] += times
    if advantage is not None:
        tally.mass += abs(advantage)
        tally.mass_observed += abs(advantage) if worst == AUDITED else 0.0
        tally.mass_known = True


def _status(call: CallOutcome) -> str:
    """What is said of a call without a finding at or above medium."""
    return BY_CONTRACT if call.by_contract else AUDITED if call.reason is None else call.reason.value


def _gravity(status: str) -> int:
    """Order in which several calls on one path of one episode are summed up: exposure first, then what is unknown."""
    return 3 if status == EXPOSED else 2 if status == BY_CONTRACT else 1 if status != AUDITED else 0
