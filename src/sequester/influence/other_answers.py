"""Cases beside another answer than the logged one: a reward may look at the CoT only where the answer is wrong, or only where it is right.

A file may hold right answers alone, or wrong ones. Which they are is not known here: tried are the answer of another episode, and a value
of the dataset columns that is written as the answer is. Both sides of each pair have it; only the CoT differs.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec.structs import replace

from sequester.influence.literals import column_values
from sequester.influence.model import Case, Slot
from sequester.influence.rendering import with_answer

LEAST, MOST = 5, 20
SHARE = 4
"""One for so many cases, within these bounds."""
_LONGEST = 200
"""Code points of an answer that may be the value of a column."""
_DRAWS = 8


def beside_other_answers(cases: Sequence[Case], seed: int) -> list[Case]:
    """A few of the cases, of as many prompts as possible, with other answers; none where there is no other answer."""
    rng = random.Random(seed)
    most = min(MOST, max(LEAST, len(cases) // SHARE))
    found: list[Case] = []
    for case in _spread_over_prompts(cases, rng):
        if len(found) == most:
            break
        answer = _other_answer(case, cases, rng, columns_first=len(found) % 2 == 0)
        other = beside(case, answer) if answer is not None else None
        if other is not None:
            found.append(other)
    return found


def beside(case: Case, answer: str) -> Case | None:
    """The case with another answer, which can be taken apart as it could; None where it has no visible text to replace."""
    slot, rendition = case.answer_slot, with_answer(case, answer)
    if slot is None or rendition is None:
        return None
    longer = len(answer) - (slot.end - slot.start)
    return replace(
        case,
        completion=rendition.completion,
        answer=answer,
        slots=tuple(_moved(each, longer) if _is_behind(each, slot) else each for each in case.slots),
        answer_slot=replace(slot, end=slot.end + longer),
        scores={},
        logged=False,
    )


def _is_behind(one: Slot, other: Slot) -> bool:
    return (one.message, one.key) == (other.message, other.key) and one.start >= other.end


def _moved(slot: Slot, by: int) -> Slot:
    return replace(slot, start=slot.start + by, end=slot.end + by)


def _spread_over_prompts(cases: Sequence[Case], rng: random.Random) -> Iterator[Case]:
    """In an order by lot, one of each prompt before a second of any."""
    shuffled = sorted(rng.sample(list(cases), len(cases)), key=lambda case: case.prompt_key)
    ranked = [(rank, case) for _, same in groupby(shuffled, lambda case: case.prompt_key) for rank, case in enumerate(same)]
    for _, case in sorted(rng.sample(ranked, len(ranked)), key=lambda each: each[0]):
        yield case


def _other_answer(case: Case, cases: Sequence[Case], rng: random.Random, *, columns_first: bool) -> str | None:
    drawn = [cases[rng.randrange(len(cases))] for _ in range(_DRAWS)]
    drawn.sort(key=lambda other: (other.prompt_key == case.prompt_key, _shape(other.answer) != _shape(case.answer)))
    of_others = [other.answer for other in drawn if other.answer.strip() and other.answer.strip() != case.answer.strip()]
    of_columns = [
        value for value in column_values(case.columns)
        if len(value) <= _LONGEST and _shape(value) == _shape(case.answer) and value.strip() != case.answer.strip()
    ]  # fmt: skip
    return next(iter([*of_columns, *of_others] if columns_first else [*of_others, *of_columns]), None)


def _shape(text: str) -> str:
    """How a text is written: `0` for digits, `a` for letters."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text.strip()[:_LONGEST]))
