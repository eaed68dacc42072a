"""What pairs scored beside one another cannot show, because both sides share it.

*Carryover*: a score depends on what was scored before. A cache by prompt and answer gives the swapped rendition the score of the original,
and the judge behind it is never asked about the other CoT. So in a process in which nothing was scored yet swapped renditions are scored
first, and then their originals, which must get the scores that they had; where they do not, each side of a pair is scored in a fresh
process of its own.

*Interference*: a CoT moves the scores of others in its batch, both sides of a pair among them. So a batch of originals is scored whole, and
again with every second and with every CoT swapped, in the same order.

What is found is evidence only by sides drawn by lot, as in a round: each difference is then a fair coin if no score depends on a CoT.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sequester.findings.swapped import Effect
from sequester.influence.layout import Trial, difference
from sequester.influence.metering import MeteredScorer
from sequester.influence.model import Donors, Pair, Rendition
from sequester.influence.record import Outcome, Record

COLD_CASES = 20
"""Cases of different prompts that are scored in a fresh process."""
COLD_ROUNDS = 8
"""Times that each side is scored in a fresh process of its own, at most."""
COLD_SHARE = 0.02
"""Of the calls, at most so many for each time that these cases are scored."""
BATCH_SHARE = 0.1
"""Of the calls, at most so many for whole batches, those that are repeated left out."""
LEAST_IN_NOISE = 8
"""Members of a batch that shows whether scores are noise, or depend on the batch."""
SUSPECTS = 3
"""Whole batches that moved, before no more are looked for."""
REPEATS = 20
"""Times that the two sides of one are scored again, at most."""


class _Batch(NamedTuple):
    """One batch with some CoTs swapped."""

    donor: str
    before: list[Trial]
    after: list[Trial]


class Interference:
    """The checks of one experiment, in the order of the methods."""

    def __init__(
        self,
        record: Record,
        meter: MeteredScorer,
        donors: Donors,
        original: Callable[[int], Rendition],
        enough: float,
        rng: random.Random,
    ) -> None:
        """`enough`: the e-value that ends repeats."""
        self._record, self._meter, self._donors, self._original = record, meter, donors, original
        self._enough, self._rng = enough, rng
        self._suspects: list[_Batch] = []

    def carryover(self, alive: Sequence[int]) -> None:
        """Score swapped renditions before their originals, in a fresh process. With noise nothing can be told."""
        prompts = {self._record.cases[case].prompt_key: case for case in alive}
        size = min(COLD_CASES, int(COLD_SHARE * self._meter.calls_allowed))
        pairs = self._drawn(list(prompts.values())[:size], self._donors.names)
        if self._record.noisy or not pairs or self._meter.left < 2 * len(pairs):
            return
        self._record.fresh = self._meter.fresh()
        if not self._record.fresh:
            return
        self._meter.score([(case, pair.swapped) for case, pair in pairs], "carryover")
        outcomes = self._meter.score([(case, pair.original) for case, pair in pairs], "carryover")
        suspects = [
            (case, pair)
            for (case, pair), outcome in zip(pairs, outcomes, strict=False)
            # A donor that changes delimiters brings an original that was not scored before.
            if pair.original == self._original(case) and outcome != self._record.unchanged[case][0]
        ]
        self._record.remembers = bool(suspects)
        names = list(dict.fromkeys(pair.donor for _, pair in suspects))
        for _ in range(COLD_ROUNDS if names else 0):
            if not self._apart(self._drawn([case for case, _ in pairs], names)):
                break

    def _drawn(self, cases: Sequence[int], names: Sequence[str]) -> list[tuple[int, Pair]]:
        """One pair of each case, donors in turn."""
        found = []
        for number, case in enumerate(cases):
            for shift in range(len(names)):
                pair = self._donors.pair(self._record.cases[case], names[(number + shift) % len(names)], case)
                if isinstance(pair, Pair) and pair.effect is not Effect.UNCLOSED:
                    found.append((case, pair))
                    break
        return found

    def _apart(self, pairs: Sequence[tuple[int, Pair]]) -> bool:
        """One side of each pair in one fresh process, the other in another; which is where is drawn by lot. False if no more is wanted."""
        flipped = [self._rng.random() < 0.5 for _ in pairs]
        sides: list[list[Outcome | str]] = []
        for second in (False, True):
            if self._meter.left < len(pairs) or not self._meter.fresh():
                return False
            trials = [
                (case, pair.swapped if flip != second else pair.original)
                for (case, pair), flip in zip(pairs, flipped, strict=True)
            ]
            sides.append(self._meter.score(trials, "carryover"))
        found: dict[str, list[float]] = {}
        for (_, pair), flip, one, two in zip(pairs, flipped, *sides, strict=False):
            if not isinstance(one, str) and not isinstance(two, str):
                found.setdefault(pair.donor, []).append(difference(two, one) if flip else difference(one, two))
        for donor, differences in found.items():
            self._record.series[donor].take_apart(differences)
        return all(self._record.series[donor].apart.e_value < self._enough * len(self._donors.names) for donor in found)

    def batches(self, alive: Sequence[int], size: int) -> None:
        """Look for whole batches of `size` that move, and do so again. With noise nothing can be told; but scores that depend on what else
        is in a batch only look like noise, and are the same in the same batch."""
        size = min(size, len(alive), int(BATCH_SHARE * self._meter.calls_allowed / (2 * len(self._donors.names) + 4 * SUSPECTS)))
        if size < (LEAST_IN_NOISE if self._record.noisy else 2):
            return
        members = list(alive[:size])
        plain = [(case, self._original(case)) for case in members]
        known = self._whole(plain)
        if known is None or any(self._whole(plain) != known for _ in range(2 if self._record.noisy else 0)):
            return
        for donor in self._donors.names:
            for step in (2, 1):
                if len(self._suspects) >= SUSPECTS:
                    return
                batch = self._swapped(donor, members, step)
                if batch is None:
                    continue
                before = known if batch.before == plain else self._whole(batch.before)
                after = self._whole(batch.after)
                moved = None not in (before, after) and before != after
                if moved and before == self._whole(batch.before) and after == self._whole(batch.after):
                    self._suspects.append(batch)
                    self._record.batches.append(donor)

    def confirm(self) -> None:
        """Score both sides of these again, in an order drawn by lot, until that suffices."""
        for batch in self._suspects:
            for _ in range(REPEATS):
                if self._record.e_value >= self._enough:
                    return
                flip = self._rng.random() < 0.5
                one, two = (self._whole(side) for side in ((batch.after, batch.before) if flip else (batch.before, batch.after)))
                if one is None or two is None:
                    break
                self._record.series[batch.donor].take_apart([difference(two, one) if flip else difference(one, two)])

    def _swapped(self, donor: str, members: Sequence[int], step: int) -> _Batch | None:
        before: list[Trial] = []
        after: list[Trial] = []
        for number, case in enumerate(members):
            pair = self._donors.pair(self._record.cases[case], donor, case)
            if isinstance(pair, Pair) and pair.effect is Effect.UNCLOSED:
                return None
            swap = isinstance(pair, Pair) and number % step == 0
            before.append((case, pair.original if swap and isinstance(pair, Pair) else self._original(case)))
            after.append((case, pair.swapped if swap and isinstance(pair, Pair) else before[-1][1]))
        return None if before == after else _Batch(donor, before, after)

    def _whole(self, trials: Sequence[Trial]) -> Outcome | None:
        """What all of a batch got in one call; None if some of it failed, or it is too much."""
        if self._meter.left < len(trials):
            return None
        found: list[float] = []
        for outcome in (outcomes := self._meter.score(trials, "whole batches")):
            if isinstance(outcome, str):
                return None
            found += (1.0, outcome[0]) if outcome else (0.0, 0.0)
        return tuple(found) if len(outcomes) == len(trials) else None
