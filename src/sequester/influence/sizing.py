"""How many episodes a test uses where nobody says: few for a scorer without noise, whatever is there for one with noise.

Without noise one pair settles a prompt, and two hundred prompts exclude a rate of 1.5 % of them. With noise every pair counts: a shift of a
tenth of the noise needs thousands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sequester.influence.model import Case, Scorer
from sequester.influence.rendering import render

MANY = 4_000
"""Episodes at most."""
PROMPTS = 200
EACH = 2
"""Episodes of one prompt: two show how far scores lie apart within a group."""
_TRIED = 20
"""Episodes scored twice to see whether there is noise. What they do not show the test itself will see."""


def is_quiet(cases: Sequence[Case], scorer: Scorer) -> bool:
    """Whether the first cases get the same scores again."""
    renditions = [render(case, case.reasoning) for case in cases[:_TRIED]]
    first, second = ([scoring.score for scoring in scorer.score(renditions)] if renditions else [] for _ in range(2))
    return first == second  # of no episode, too: nothing to average out


def few(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Some episodes of as many prompts as suffice without noise, prompts in the order of their digests: the same choice each time."""
    by_prompt: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        by_prompt[case.prompt_key].append(case)
    return tuple(case for prompt in sorted(by_prompt)[:PROMPTS] for case in by_prompt[prompt][:EACH])
