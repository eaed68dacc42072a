"""Where else an episode says its CoT: dataset columns and prompts that repeat it. A pair differs in the CoT alone only if it is swapped
there too, and an episode whose columns still say it afterwards cannot be used.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

LEAST = 40
"""Characters, white space and signs taken together, from which on the same words are the same text rather than chance."""
_LEAST_WORDS = 3
"""Of a whole CoT that is shorter."""
_DEEPEST = 100
_BLOCK = LEAST // 2
_ESCAPED = re.compile(r"\\[nrt]")
_SIGNS = re.compile(r"[\W_]+")


def is_long(thought: str) -> bool:
    """Whether a piece of CoT is recognised wherever it stands."""
    return len(plain(thought)) >= LEAST


def swapped(value: Any, texts: Mapping[str, str], depth: int = 0) -> Any:
    """A JSON value with every occurrence of some texts in its strings replaced, the longest first. What has none is shared."""
    if isinstance(value, str):
        return _swapped_in(value, texts)
    if depth < _DEEPEST and isinstance(value, list):
        return [swapped(member, texts, depth + 1) for member in value]
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {key: swapped(member, texts, depth + 1) for key, member in value.items()}
    return value


def _swapped_in(text: str, texts: Mapping[str, str]) -> str:
    parts = [(text, False)]
    for old in sorted((old for old in texts if old in text), key=len, reverse=True):
        parts = [new for part, done in parts for new in ([(part, done)] if done else _cut_out(part, old, texts[old]))]
    return "".join(part for part, _ in parts)


def _cut_out(text: str, old: str, new: str) -> Iterator[tuple[str, bool]]:
    """The pieces of a text between occurrences of another, and what stands in its place."""
    for number, part in enumerate(text.split(old)):
        if number:
            yield new, True
        yield part, False


def still_said(columns: Mapping[str, Any], thoughts: Sequence[str], known: Iterable[str]) -> bool:
    """Whether the columns hold `LEAST` characters of the CoT in a row, or all of a shorter one, that are not in a text that is known to
    whoever is given the episode without its CoT: its question, its answer."""
    texts = [text for value in columns.values() if len(text := " ".join(map(plain, _strings(value)))) > 0]
    if not texts:
        return False
    others = "\n".join(map(plain, known))
    return any(_shared(text, thought, others) for thought in dict.fromkeys(map(plain, thoughts)) for text in texts)


def plain(text: str) -> str:
    """Its words in lower case, one blank between them: what spacing, signs and the escapes of JSON leave."""
    return _SIGNS.sub(" ", _ESCAPED.sub(" ", text)).strip().casefold()


def _strings(value: Any) -> Iterator[str]:
    stack = [value]
    while stack:
        member = stack.pop()
        if isinstance(member, str):
            yield member
        elif isinstance(member, list):
            stack += reversed(member)
        elif isinstance(member, Mapping):
            stack += reversed(list(member.values()))


def _shared(text: str, thought: str, known: str) -> bool:
    if len(thought) < LEAST:
        return len(thought.split()) >= _LEAST_WORDS and thought in text and thought not in known
    places: dict[str, list[int]] = defaultdict(list)
    for start in range(0, len(thought) - _BLOCK + 1, _BLOCK):
        places[thought[start : start + _BLOCK]].append(start)
    at = 0
    while at <= len(text) - _BLOCK:
        ends = [at + 1]
        for place in places.get(text[at : at + _BLOCK], ())[:_BLOCK]:
            start, end = _stretch(text, at, thought, place)
            if end - start >= LEAST and _unknown(text[start:end], known) >= LEAST:
                return True
            ends.append(end - _BLOCK + 1)
        at = max(ends)
    return False


def _stretch(text: str, at: int, thought: str, place: int) -> tuple[int, int]:
    """Where in `text` begins and ends what it shares with `thought` around a block that both have."""
    start, end = at, at + _BLOCK
    while start and place - (at - start) and text[start - 1] == thought[place - (at - start) - 1]:
        start -= 1
    while end < len(text) and place + end - at < len(thought) and text[end] == thought[place + end - at]:
        end += 1
    return start, end


def _unknown(text: str, known: str) -> int:
    """Characters of a text between its longest beginning and its longest end that are known."""
    beginning = bisect_right(range(1, len(text) + 1), False, key=lambda length: text[:length] not in known)
    end = bisect_right(range(1, len(text) + 1), False, key=lambda length: text[-length:] not in known)
    return len(text) - beginning - end
