"""In which order renditions are scored, and which two scores make a difference.

A case's renditions stand beside one another, in an order drawn by lot. If the score does not depend on the CoT, each of the two places of a
pair is then as likely to be the original's, whatever the scores at those places are: the sign of the difference is a fair coin.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sequester.influence.model import Pair, Rendition
from sequester.influence.record import Comparison, Outcome

Trial = tuple[int, Rendition]
"""Index of a case, and what is scored for it."""


class Block(NamedTuple):
    """What is scored of one case in one round: at most one pair with each donor, for pairs with one original share its score."""

    case: int
    original: Rendition
    """As logged."""
    pairs: Mapping[str, tuple[int, Pair]]
    """By donor: turn and pair."""


class _Side(NamedTuple):
    case: int
    donor: str
    turn: int
    original: int
    swapped: int
    """Places among the trials."""


class Reading(NamedTuple):
    """What the outcomes of a layout say."""

    unchanged: list[tuple[int, Outcome]]
    """Case, and what its logged original got."""
    comparisons: list[tuple[str, Comparison]]
    failed: list[tuple[str, str]]
    """Donor, and name of the failure."""
    without_score: list[str]
    """Donors of pairs that got None on both sides."""


class Layout:
    """Some blocks, laid out."""

    def __init__(self, blocks: Iterable[Block], rng: random.Random) -> None:
        self.trials: list[Trial] = []
        self._sides: list[_Side] = []
        self._unchanged: list[tuple[int, int]] = []
        for block in blocks:
            self._add(block, rng)

    def _add(self, block: Block, rng: random.Random) -> None:
        renditions: list[Rendition] = []
        sides: list[tuple[str, int, int, int]] = []
        shared = -1
        for donor, (turn, pair) in block.pairs.items():
            # Donors that change the delimiters of both sides bring an original of their own.
            own = pair.original != block.original
            if own or shared < 0:
                original = len(renditions)
                renditions.append(pair.original)
                shared = shared if own else original
            else:
                original = shared
            sides.append((donor, turn, original, len(renditions)))
            renditions.append(pair.swapped)
        start = len(self.trials)
        order = rng.sample(range(len(renditions)), len(renditions))
        places = [0] * len(order)
        for place, index in enumerate(order):
            places[index] = start + place
            self.trials.append((block.case, renditions[index]))
        if shared >= 0:
            self._unchanged.append((block.case, places[shared]))
        self._sides += [_Side(block.case, donor, turn, places[o], places[s]) for donor, turn, o, s in sides]

    def read(self, outcomes: Sequence[Outcome | str], planned: bool) -> Reading:
        """`outcomes` in the order of the trials; where they end early, so do the comparisons. A string is the name of a failure."""
        reading = Reading([], [], [], [])
        for case, place in self._unchanged:
            if place < len(outcomes) and not isinstance(outcome := outcomes[place], str):
                reading.unchanged.append((case, outcome))
        for side in self._sides:
            if max(side.original, side.swapped) >= len(outcomes):
                continue
            before, after = outcomes[side.original], outcomes[side.swapped]
            if isinstance(after, str):
                reading.failed.append((side.donor, after))
            elif isinstance(before, str):
                reading.failed.append((side.donor, before))
            elif not (before or after):
                reading.without_score.append(side.donor)
            else:
                found = Comparison(side.case, side.turn, difference(before, after), planned, bool(before and after))
                reading.comparisons.append((side.donor, found))
        return reading


def difference(before: Outcome, after: Outcome) -> float:
    """The first difference other than 0, the episode's own before those of its group; 1 where only `after` is a score, -1 where only
    `before` is. Odd: exchanging the sides changes its sign alone."""
    if not (before and after):
        return float(bool(after) - bool(before))
    return next((b - a for a, b in zip(before, after, strict=True) if b != a), 0.0)


def chunks(blocks: Iterable[Block], renditions: int) -> Iterator[list[Block]]:
    """Blocks that hold no more renditions than so many, or one block: a round of long CoTs need not be in memory at once."""
    chunk: list[Block] = []
    size = 0
    for block in blocks:
        more = len(block.pairs) + 1
        if chunk and size + more > renditions:
            yield chunk
            chunk, size = [], 0
        chunk.append(block)
        size += more
    if chunk:
        yield chunk
