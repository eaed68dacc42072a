"""What might be an exposure: private reasoning that was found in a reward call, before it is known what the rest of the run holds.

It holds no text: lengths, places, windows by which a run is looked up, and the id of the finding that it would become.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sequester.episodes.model import Evidence, Reason
from sequester.exposure.severity import ChainWeight, looked_up
from sequester.findings.model import FindingClass, Span


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

    @property
    def asked(self) -> Iterator[bytes]:
        """The windows of the runs that were not looked up."""
        return (run.windows for one in self.chains for run in one.runs if run.windows)

    def looked_up(self, shared: Set[bytes]) -> Candidate:
        """The same, of which is known what the run of training shares: the runs with these windows."""
        return replace(self, chains=tuple(looked_up(one, shared) for one in self.chains))


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

    def looked_up(self, shared: Set[bytes]) -> Suspect:
        """The same, of which is known what the run of training shares: the runs with these windows."""
        calls = (replace(call, candidates=tuple(one.looked_up(shared) for one in call.candidates)) for call in self.calls)
        return replace(self, calls=tuple(calls))

    def with_foreign(self, foreign: Foreign) -> Suspect:
        """The same with what is known of other episodes' reasoning in its calls."""
        calls = list(self.calls)
        for number, call in enumerate(calls):
            if number in foreign.candidates:
                calls[number] = replace(call, candidates=(*call.candidates, foreign.candidates[number]))
            if not foreign.is_searched and call.reason is None and not call.by_contract:
                calls[number] = replace(calls[number], reason=Reason.LIMIT)
        return replace(self, calls=tuple(calls))


@dataclass
class Foreign:
    """Other episodes' reasoning in the reward calls of one episode."""

    candidates: dict[int, Candidate] = field(default_factory=dict)
    """By call."""
    is_searched: bool = True
    """False where it could not be looked for to the end."""
