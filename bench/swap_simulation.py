"""Made swap tests: cases and donors without text, and scorers made of noise and, where asked for, a reaction to the CoT.

The engine under test is the whole of `influence.swap.swap`: passes over unchanged inputs, control, rounds, repeats, its own looks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from sequester.findings.swapped import Branches, Effect, SwapResult
from sequester.influence.experiment import Plan, Rendering, Subject
from sequester.influence.model import Case, Pair, Rendition, Scoring
from sequester.influence.swap import swap

SUBJECT = Subject("simulated", "bench/swap_simulation.py")
DONORS = ("empty", "own", "adversarial", "confession", "language", "long", "short", "malformed", "literals")
_LENGTH, _FORMAT = ("empty", "long", "short"), ("malformed",)

Reaction = Callable[[random.Random, int, str], float | None]
"""Score of a rendition: lot, number of the prompt, and the donor's name with the turn, empty for the own CoT; None: the scorer fails."""
_RENDITIONS: dict[tuple[str, str, str], Rendition] = {}


def _rendition(case: Case, answer: str, cot: str = "") -> Rendition:
    """Kept, so that a simulation costs little more than the engine under test."""
    key = (case.episode_id, answer, cot)
    known = _RENDITIONS.get(key)
    if known is None:
        known = _RENDITIONS[key] = Rendition(case.episode_id, case.episode_id, cot, {}, (), answer)
    return known


class MadeDonors:
    """Every donor has a pair for every case; each turn is a text of its own."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def pair(self, case: Case, name: str, turn: int) -> Pair | str:
        effect = Effect.LENGTH if name in _LENGTH else Effect.FORMAT if name in _FORMAT else Effect.CONTENT
        return Pair(name, effect, _rendition(case, case.answer), _rendition(case, case.answer, f"{name} {turn}"))


class MadeScorer:
    """Scores by a reaction. Nothing of it can be intercepted."""

    def __init__(self, react: Reaction, seed: int) -> None:
        self._react, self._rng = react, random.Random(seed)

    def score(self, batch: Sequence[Rendition]) -> list[Scoring]:
        return [self.observe(given) for given in batch]

    def observe(self, given: Rendition) -> Scoring:
        score = self._react(self._rng, int(given.answer), str(given.completion))
        return Scoring(score) if score is not None else Scoring(None, "TimeoutError")

    def fresh(self) -> bool:
        return False

    def branches(self) -> Branches | None:
        return None

    def not_intercepted(self) -> tuple[str, ...]:
        return ()


def simulated(react: Reaction, plan: Plan, prompts: int, donors: Sequence[str]) -> SwapResult:
    """One whole swap test; the plan's seed is the scorer's as well."""
    cases = [Case(str(n), str(n), str(n // 4), str(n), {}, (), str(n), "", (), {}) for n in range(prompts)]
    rendering = Rendering(lambda case: _rendition(case, case.answer), lambda case, answer: _rendition(case, answer))
    return swap(cases, MadeScorer(react, plan.seed + 1_000_003), MadeDonors(donors), plan, SUBJECT, rendering=rendering)
