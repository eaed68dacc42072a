"""What is known of one unit: what was counted in it, and what waits for the units around it.

An episode in which nothing was found may turn out to hold the reasoning of a neighbour; what was found in one may turn out to be what
its neighbours' scorers hold too. It grows with the number of suspicious episodes. It holds no text.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import NamedTuple

from msgspec.structs import replace

from sequester.exposure.counts import Counts, Mass
from sequester.exposure.samples import Edges
from sequester.exposure.suspects import CallOutcome, Candidate, Foreign, Suspect

Shared = Callable[[Sequence[bytes]], Set[bytes]]
"""Of runs, each by its windows, those that stand in scorer inputs of other episodes too."""


class Stretch(NamedTuple):
    """Consecutive suspects of a unit that are looked up together: `Tally.suspects[since:until]`, found while blocks `start` to before
    `stop` of a sketch were filled."""

    since: int
    until: int
    start: int
    stop: int


@dataclass
class Alike:
    """Unsuspicious episodes whose calls came out alike."""

    places: Counter[tuple[str | None, int | None]] = field(default_factory=Counter)
    """How many, by environment and step."""
    mass: Mass = field(default_factory=Mass)

    def add(self, environment: str | None, step: int | None, advantage: float | None) -> None:
        """Add one."""
        self.places[environment, step] += 1
        self.mass = self.mass.plus(advantage)


@dataclass
class Tally(Counts):
    """One unit. Its suspects are not counted yet."""

    counts_groups: bool = False
    """Whether group sizes are wanted: only a run that declares them pays for counting."""
    unsuspicious: defaultdict[tuple[CallOutcome, ...], Alike] = field(default_factory=partial(defaultdict, Alike))
    """Episodes in which nothing was found so far, by what became of their calls."""
    suspects: list[Suspect] = field(default_factory=list)
    """Episodes that settle only when the whole run is known."""
    stretches: list[Stretch] = field(default_factory=list)
    """Of the one unit that this is the tally of: those that were not looked up, in order."""
    foreign: dict[tuple[str, str], Foreign] = field(default_factory=dict)
    """What is known of other episodes' reasoning in the calls of suspects, by `Suspect.key`; they get it when they are taken."""
    leaked: set[int] = field(default_factory=set)
    """Windows of private reasoning in the scorer inputs of others, of the one unit that this is the tally of: not shared wording."""
    edges: Edges = field(default_factory=Edges)
    """Of the one unit that this is the tally of."""

    def look_up(self, shared: Shared, stretch: Stretch) -> None:
        """Ask what other scorer inputs hold too, of the suspects in a stretch and of what is listed below `medium`."""
        since, until, _, _ = stretch
        suspects = self.suspects[since:until]
        listed = [sighting.candidate for lows in self.lows.values() for _, sighting in lows.listed]
        asked = [windows for one in (*chain.from_iterable(map(_candidates, suspects)), *listed) for windows in one.asked]
        if self.leaked:
            asked = [windows for windows in asked if self.leaked.isdisjoint(array("Q", windows))]
        found = shared(asked)
        self.suspects[since:until] = [suspect.looked_up(found) for suspect in suspects]
        for lows in self.lows.values():
            lows.listed = [
                (rank, replace(sighting, candidate=sighting.candidate.looked_up(found))) for rank, sighting in lows.listed
            ]

    def count_unsuspicious(self) -> None:
        """Count the episodes in which nothing was found; to be called when all are known."""
        for calls, alike in self.unsuspicious.items():
            self.add_episodes(calls, frozenset(), alike.places, alike.mass)

    def suspect_later(self, suspect: Suspect) -> bool:
        """Take an episode that was counted as unsuspicious among the suspects; False where there is none like it."""
        alike, place = self.unsuspicious.get(suspect.calls), (suspect.environment, suspect.step)
        if alike is None or alike.places[place] == 0:
            return False
        alike.places[place] -= 1
        self.add_episodes(suspect.calls, frozenset(), {place: -1}, Mass().plus(suspect.advantage).negative())
        self.suspects.append(suspect)
        return True

    def keys(self) -> set[tuple[str, str]]:
        """`Suspect.key` of every suspect."""
        return {suspect.key for suspect in self.suspects}

    def completed(self) -> Iterator[Suspect]:
        """Every suspect, with what is known of other episodes' reasoning in its calls."""
        for suspect in self.suspects:
            foreign = self.foreign.get(suspect.key)
            yield suspect.with_foreign(foreign) if foreign else suspect


def _candidates(suspect: Suspect) -> Iterator[Candidate]:
    return (candidate for call in suspect.calls for candidate in call.candidates)
