"""Made graders that never look at the CoT, each with another way to look as if it did."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from hashlib import blake2b

from bench.swap_simulation import GROUP, Grader, Inputs, Score, Told, alone, each
from sequester.influence.model import Seen

ONE_IN = 200
"""Calls, for what is rare."""


def flips(share: float) -> Grader:
    """Verdicts 0 and 1. Two verdicts on one input differ in this share of pairs on average: two prompts of five never do."""
    uncertain = share * 5 / 3
    p = (1.0 - math.sqrt(1.0 - 2.0 * uncertain)) / 2.0
    shares = (0.0, 1.0, p, 1.0 - p, p)
    return alone(lambda rng, prompt, cot: float(rng.random() < shares[prompt % 5]))


normal = alone(lambda rng, prompt, cot: prompt % 3 + rng.gauss(0.0, 1.0))
heavy = alone(lambda rng, prompt, cot: rng.gauss(0.0, 1.0) / math.sqrt(rng.expovariate(1.0)))
"""Student's t with two degrees of freedom: no variance."""
uneven = alone(lambda rng, prompt, cot: 10.0 ** (prompt % 7 / 2.0 - 1.5) * rng.expovariate(1.0))
"""Each prompt has a noise of its own, from 1/30 to 30 times the usual; skewed."""
grades = alone(lambda rng, prompt, cot: float(min(10, max(1, round(4 + prompt % 6 + rng.gauss(0.0, 0.8))))))
seldom = alone(lambda rng, prompt, cot: float(prompt % 2) + (rng.random() < 1 / ONE_IN))
"""Deterministic but for one call in 200: the noise may show only once pairs are compared."""
none_at_random = alone(lambda rng, prompt, cot: None if rng.random() < 0.05 else prompt % 3 + rng.gauss(0.0, 1.0))
exact = alone(lambda rng, prompt, cot: float(prompt % 2))
"""No noise at all."""


def drifting(rng: random.Random) -> Score:
    """A random walk with a trend beneath noise."""
    walk = [0.0]

    def score(prompt: int, cot: str) -> float:
        walk[0] += rng.gauss(0.02, 0.2)
        return walk[0] + rng.gauss(0.0, 0.3)

    return each(score)


def remembering(rng: random.Random) -> Score:
    """The first time that a prompt is scored it gets more, and every score is near the one before."""
    seen: set[int] = set()
    last = [0.0]

    def score(prompt: int, cot: str) -> float:
        last[0] = 0.8 * last[0] + rng.gauss(0.0, 0.5) + (prompt not in seen)
        seen.add(prompt)
        return last[0]

    return each(score)


def failing(rng: random.Random) -> Score:
    """One call in ten fails, more often after a failure."""
    failed = [False]

    def score(prompt: int, cot: str) -> float | None:
        failed[0] = rng.random() < (0.4 if failed[0] else 0.07)
        return None if failed[0] else rng.gauss(0.0, 1.0)

    return each(score)


def bursts(rng: random.Random) -> Score:
    """No noise but for spells of some 15 calls in which everything gets the same: a judge that is down, and a default in its place."""
    down = [False]

    def score(prompt: int, cot: str) -> float:
        down[0] = rng.random() < (1 - 1 / 15 if down[0] else 1 / ONE_IN)
        return 0.5 if down[0] else float(prompt % 2)

    return each(score)


def in_turn(rng: random.Random) -> Score:
    """Two judges in turn: without noise, and every second call by the stricter one."""
    calls = [0]

    def score(prompt: int, cot: str) -> float:
        calls[0] += 1
        return prompt % 3 - 0.5 * (calls[0] % 2)

    return each(score)


def warming(rng: random.Random) -> Score:
    """In each process the first call gets a default: what it needs is not loaded yet."""
    calls = [0]

    def score(prompt: int, cot: str) -> float:
        calls[0] += 1
        return 0.5 if calls[0] == 1 else float(prompt % 2)

    return each(score)


def by_lot_of_batch(rng: random.Random) -> Score:
    """Normal, and all of a batch share half of the variance."""

    def score(batch: Sequence[Told]) -> list[float | None]:
        shared = rng.gauss(0.0, 1.0)
        return [told.prompt % 3 + shared + rng.gauss(0.0, 1.0) for told in batch]

    return score


def ranked(rng: random.Random) -> Score:
    """The share of the batch that is no better: no noise, and it depends on what else is in the batch."""

    def score(batch: Sequence[Told]) -> list[float | None]:
        quality = [told.prompt * 37 % 101 for told in batch]
        return [sum(other <= own for other in quality) / len(batch) for own in quality]

    return score


def once_in_batch(rng: random.Random) -> Score:
    """Whatever answer stands in a batch a second time gets nothing: so does one side of every pair."""

    def score(batch: Sequence[Told]) -> list[float | None]:
        seen: set[int] = set()
        found: list[float | None] = []
        for told in batch:
            found.append(float(told.prompt not in seen) * (1 + told.prompt % 3))
            seen.add(told.prompt)
        return found

    return score


def cached(noise: Grader) -> Grader:
    """Another grader behind a cache by answer: no noise shows, but in another process."""

    def grader(rng: random.Random) -> Score:
        behind = noise(rng)
        known: dict[int, float | None] = {}

        def score(prompt: int, cot: str) -> float | None:
            if prompt not in known:
                (known[prompt],) = behind([Told(prompt, cot)])
            return known[prompt]

        return each(score)

    return grader


def by_process(rng: random.Random) -> Score:
    """No noise in a process, and another zero in each: what depends on the order of a set, or on a weight drawn at import."""
    zero = rng.gauss(0.0, 1.0)
    return each(lambda prompt, cot: prompt % 3 + zero)


def seeded(noise: Grader) -> Grader:
    """Another grader whose noise begins anew with each process: a seed is set at import."""
    return lambda rng: noise(random.Random(0))


def best_half(noise: Grader) -> Grader:
    """A selection function: keeps the half of a group that another grader gives most."""

    def grader(rng: random.Random) -> Score:
        behind = noise(rng)

        def score(batch: Sequence[Told]) -> list[float | None]:
            scores = [value or 0.0 for value in behind(batch)]
            kept = sorted(range(len(batch)), key=lambda place: -scores[place])[: GROUP // 2]
            return [float(place in kept) for place in range(len(batch))]

        return score

    return grader


def _input(*parts: object) -> Seen:
    return Seen("judge", blake2b(repr(parts).encode(), digest_size=8).digest())


def same_input(rng: random.Random) -> Callable[[Told], tuple[Seen, ...]]:
    return lambda told: (_input(told.prompt),)


def request_id(rng: random.Random) -> Callable[[Told], tuple[Seen, ...]]:
    return lambda told: (_input(told.prompt, rng.random()),)


def drawn_from(count: int) -> Inputs:
    """One of so many examples, drawn by lot, stands in the prompt of the judge."""
    return lambda rng: lambda told: (_input(told.prompt, rng.randrange(count)),)


def now_and_then(share: float) -> Inputs:
    """In this share of calls something else is sent: a second attempt, with a line that says so."""
    return lambda rng: lambda told: (_input(told.prompt, rng.random() < share),)


def judges_in_turn(count: int) -> Inputs:
    """So many judges, or orders of candidates, one after the other."""

    def start(rng: random.Random) -> Callable[[Told], tuple[Seen, ...]]:
        calls = [-1]

        def intercept(told: Told) -> tuple[Seen, ...]:
            calls[0] += 1
            return (_input(told.prompt, calls[0] % count),)

        return intercept

    return start


def clock(calls: int) -> Inputs:
    """A clock that ticks once in so many calls, more or less."""

    def start(rng: random.Random) -> Callable[[Told], tuple[Seen, ...]]:
        now = [0.0]

        def intercept(told: Told) -> tuple[Seen, ...]:
            now[0] += rng.uniform(0.5, 1.5) / calls
            return (_input(told.prompt, int(now[0])),)

        return intercept

    return start
