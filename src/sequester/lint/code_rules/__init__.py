"""Rules over reward code, one module each. A rule is a function of one kind of event; it says whether the event is a hit.

To add one:

1. a module here with `CODE` and `hits(event, subject)`, as the others have, and a line for it in `_RULES` below;
2. its code in `findings/rules.py` and its page in `findings/pages/`;
3. `tests/rules/test_CODE.py`: nothing in nothing, the example of its page, what is found, and what looks alike and is not.

Where no event tells what the rule asks, `events` gets a new one, and the flow emits it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sequester.lint.code_rules import (
    answer_sought_in_completion,
    cache_keyed_on_completion,
    completion_logged,
    completion_to_grader,
    falls_back_to_reasoning,
    judge_shown_reasoning,
    length_or_tags_scored,
    reasoning_scored,
    record_to_grader,
    special_tokens_stripped,
    split_fails_open,
    think_tags_parsed,
    token_ids_used,
)
from sequester.lint.events import (
    Cached,
    Decoded,
    Event,
    FellBack,
    Flag,
    GraderInput,
    IdsUsed,
    Logged,
    Scored,
    Sought,
    Splitting,
)
from sequester.lint.hit import Hit, Place

_RULES: Mapping[type[Event], tuple[Callable[[Any, str], Iterator[Hit]], ...]] = {
    Splitting: (think_tags_parsed.hits, split_fails_open.hits),
    IdsUsed: (token_ids_used.hits,),
    Decoded: (special_tokens_stripped.hits,),
    GraderInput: (completion_to_grader.hits, record_to_grader.hits),
    FellBack: (falls_back_to_reasoning.hits,),
    Flag: (judge_shown_reasoning.hits,),
    Scored: (reasoning_scored.hits, length_or_tags_scored.hits),
    Logged: (completion_logged.hits,),
    Cached: (cache_keyed_on_completion.hits,),
    Sought: (answer_sought_in_completion.hits,),
}
_WEAKER = {"SQ201": ("SQ205", "SQ208"), "SQ213": ("SQ211",)}
"""Rules that say nothing where another one speaks of the same place."""


def hits_of(event: Event, subject: str) -> Iterator[Hit]:
    """What every rule says of an event in this reward function."""
    for rule in _RULES[type(event)]:
        yield from rule(event, subject)


def strongest(hits: list[Hit]) -> list[Hit]:
    """Without those that repeat or weaken another at the same place, in the order of the file."""
    said = {(hit.rule, hit.place[:2]) for hit in hits}
    kept: dict[tuple[str, Place], Hit] = {}
    for hit in sorted(hits, key=lambda hit: (hit.place, hit.rule)):
        if not any((stronger, hit.place[:2]) in said for stronger in _WEAKER.get(hit.rule, ())):
            kept.setdefault((hit.rule, hit.place), hit)
    return list(kept.values())
