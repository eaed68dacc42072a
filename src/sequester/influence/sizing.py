"""How many episodes a test uses where nobody says, few for a scorer without noise, whatever is there for one with noise; and how many calls
that takes.

Without noise one pair settles a prompt, and two hundred prompts exclude a rate of 1.5 % of them. With noise every pair counts: a shift of a
tenth of the noise needs thousands.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

from sequester.influence.experiment import PLANNED_SHARE, Plan
from sequester.influence.model import Case, Scorer
from sequester.influence.rendering import render

MANY = 4_000
"""Episodes at most."""
PROMPTS = 200
EACH = 2
"""Episodes of one prompt: two show how far scores lie apart within a group."""
CUT_OFF = 20
"""Episodes without an answer that are used besides: code that scores their CoT instead shows it on them alone."""
_TRIED = 20
"""Episodes scored twice to see whether there is noise. What they do not show the test itself will see."""
_TRIED_SHARE = 0.1
"""Of the calls that may be made, at most so many for that."""


class Need(NamedTuple):
    """What a test is about to do, and the calls that its first round takes; noise, and scores that move, take more."""

    episodes: int
    donors: int
    calls: int


def need(episodes: int, donors: int, plan: Plan) -> Need:
    """So many calls that the plan leaves out none of the episodes: scored unchanged, with every donor, and a rest for controls."""
    unchanged = 2 if plan.noise == "deterministic" else 3
    return Need(episodes, donors, math.ceil(episodes * (unchanged + donors + 1) / PLANNED_SHARE))


class Chosen(NamedTuple):
    """The episodes to use, and the calls that it took to choose them."""

    cases: Sequence[Case]
    calls: int


def choose(cases: Sequence[Case], scorer: Scorer, most_calls: int) -> Chosen:
    """Few of the cases if the first of them get the same scores again, else all; without a call where few are all."""
    part = few(cases)
    tried = cases[: min(_TRIED, int(_TRIED_SHARE * most_calls / 2))]
    if len(part) == len(cases) or not tried:
        return Chosen(part, 0)
    renditions = [render(case, case.reasoning) for case in tried]
    first, second = ([(scoring.score, scoring.members) for scoring in scorer.score(renditions)] for _ in range(2))
    return Chosen(part if first == second else cases, 2 * len(tried))


def few(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Some episodes of as many prompts as suffice without noise, prompts in the order of their digests, and some that have no answer: the
    same choice each time."""
    by_prompt: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_prompt[case.prompt_key].append(case)
    chosen = [case for prompt in sorted(by_prompt)[:PROMPTS] for case in by_prompt[prompt][:EACH]]
    known = {case.episode_id for case in chosen}
    others = (case for prompt in sorted(by_prompt) for case in by_prompt[prompt] if case.episode_id not in known)
    return (*chosen, *islice((case for case in others if not case.answer.strip()), CUT_OFF))
