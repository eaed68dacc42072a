"""Texts that a regular expression matches: made from its parsed form, checked by matching."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_VARIANTS = 4
_LONGEST_PATTERN = 1_000
_LONGEST = 64
"""Characters of a text: on a longer one an unlucky expression may take for ever."""
_MOST_REPEATS = 3
_CANDIDATES = "a7 b.x-A_,:\n\"'(0zé<"
"""Characters tried where an expression allows many."""
_CLASSES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdecimal,
    op.CATEGORY_NOT_DIGIT: lambda character: not character.isdecimal(),
    op.CATEGORY_SPACE: str.isspace,
    op.CATEGORY_NOT_SPACE: lambda character: not character.isspace(),
    op.CATEGORY_WORD: lambda character: character.isalnum() or character == "_",
    op.CATEGORY_NOT_WORD: lambda character: not (character.isalnum() or character == "_"),
}


class _TooLong(Exception):
    """The text would be longer than it may be."""


def matching(pattern: str) -> tuple[str, ...]:
    """A few texts in which an expression finds something; none if it is no expression, or a text is not to be had easily."""
    if len(pattern) > _LONGEST_PATTERN:
        return ()
    try:
        with warnings.catch_warnings(action="ignore"):
            compiled, parsed = re.compile(pattern), _parser.parse(pattern)
        texts = dict.fromkeys(_text(parsed, variant) for variant in range(_VARIANTS))
    except (re.error, RecursionError, OverflowError):
        return ()
    return tuple(text for text in texts if text and compiled.search(text) is not None)


def _text(parsed: Any, variant: int) -> str:
    try:
        return _Writer(variant).written(parsed)
    except _TooLong:
        return ""


class _Writer:
    """Writes one text. `variant` says which alternative is taken, and how often what may repeat is repeated."""

    def __init__(self, variant: int) -> None:
        self._variant = variant
        self._groups: dict[int, str] = {}

    def written(self, items: Any) -> str:
        text = ""
        for item in items:
            text += "".join(self._item(*item))
            if len(text) > _LONGEST:
                raise _TooLong
        return text

    def _item(self, kind: Any, value: Any) -> Iterator[str]:
        if kind is op.LITERAL:
            yield chr(value)
        elif kind in (op.ANY, op.NOT_LITERAL):
            yield next(character for character in _CANDIDATES if kind is op.ANY or ord(character) != value)
        elif kind is op.IN:
            yield _member(value, self._variant)
        elif kind is op.BRANCH:
            alternatives = value[1]
            yield self.written(alternatives[self._variant % len(alternatives)])
        elif kind is op.SUBPATTERN:
            number, text = value[0], self.written(value[-1])
            if number is not None:
                self._groups[number] = text
            yield text
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            least, most, repeated = value
            yield from (self.written(repeated) for _ in range(self._times(least, int(most))))
        elif kind is op.GROUPREF:
            yield self._groups.get(value, "")
        elif kind is op.ASSERT:
            yield self.written(value[1])
        elif kind is op.ATOMIC_GROUP:
            yield self.written(value)

    def _times(self, least: int, most: int) -> int:
        """How often: once if it may be absent, then as rarely as it may, then more often."""
        wanted = (max(least, 1), least, least + _MOST_REPEATS - 1)[self._variant % 3]
        if wanted > _LONGEST:
            raise _TooLong
        return min(wanted, most)


def _member(items: Sequence[tuple[Any, Any]], variant: int) -> str:
    """A character of a set."""
    negated = items[0][0] is op.NEGATE
    if not negated and items[variant % len(items)][0] in (op.LITERAL, op.RANGE):
        kind, value = items[variant % len(items)]
        return chr(value if kind is op.LITERAL else value[0])
    return next((character for character in _CANDIDATES if _in(character, items) != negated), "")


def _in(character: str, items: Sequence[tuple[Any, Any]]) -> bool:
    point = ord(character)
    for kind, value in items:
        if kind is op.LITERAL and point == value:
            return True
        if kind is op.RANGE and value[0] <= point <= value[1]:
            return True
        if kind is op.CATEGORY and value in _CLASSES and _CLASSES[value](character):
            return True
    return False
