"""What a value in reward code holds: the lattice that `flow` computes with."""

from __future__ import annotations

import ast
from enum import Enum
from typing import NamedTuple

WHOLE = 1 << 0
"""Text or messages of a completion, reasoning and answer undivided."""
REASONING = 1 << 1
"""The reasoning alone."""
IDS = 1 << 2
"""Token ids or log-probabilities of a completion."""
ANSWER = 1 << 3
"""Something taken out of a completion: the part after a split, a boxed result, a match."""
RECORD = 1 << 4
"""A sample, state, trace or batch that carries a completion among other things."""
BATCH = 1 << 5
"""A list with one entry for each completion."""
MESSAGES = 1 << 6
"""A list of messages."""
PROMPTED = 1 << 7
"""Worked into a text or message for somebody else to read."""
SERIALISED = 1 << 8
CLOSED = 1 << 9
"""A closing delimiter is known to stand in it."""
DIVIDED = 1 << 10
"""Came out of a split at a delimiter of reasoning."""
PIECES = 1 << 11
"""What `str.split` returned."""
DELIMITED = 1 << 12
"""These pieces were split at a delimiter of reasoning."""
POSITION = 1 << 13
"""Index of a delimiter."""
MATCH = 1 << 14
"""Match of a regular expression that names a delimiter."""
MAYBE = 1 << 15
"""An answer where the delimiter was found, the undivided text elsewhere."""
BARE = 1 << 16
"""Decoded without special tokens."""
DIGEST = 1 << 17
"""Hash of undivided text."""
MASK = 1 << 18
"""One bit for each sampled token."""
PARSED = 1 << 19
"""Fields that a parser took out of a completion."""

FIELDED = 1 << 20
"""The `content` of a message beside which the framework keeps the reasoning in a field of its own, if the server split it off."""
SPLIT_BY_SERVER = 1 << 22
"""Messages of a framework that keeps the reasoning in a field of its own."""
TENSORS = 1 << 21
"""verl's batch of tensors."""

TAINTED = WHOLE | REASONING | IDS | RECORD
TEXT = WHOLE | REASONING | ANSWER | MAYBE | IDS | RECORD


class Signal(Enum):
    """What a score may come to depend on."""

    LENGTH = "length"
    FORMAT = "format"
    """Count or arrangement of delimiters."""
    PRESENCE = "presence"
    """Whether a delimiter stands there: mere care if the same function splits there."""
    EMPTINESS = "emptiness"
    """Whether there is any reasoning."""
    REASONING = "reasoning"


class Source(NamedTuple):
    """A place at which a signal arises. Two sources are the same if they are the same node."""

    signal: Signal
    node: ast.AST
    function: ast.AST | None
    what: str


class Value(NamedTuple):
    """What is known of one expression."""

    holds: int = 0
    why: frozenset[Source] = frozenset()
    """Signals that it depends on."""
    texts: tuple[str, ...] = ()
    """Constant strings that it may be, or may be made of."""
    parts: tuple[Value, ...] | None = None
    """Of a tuple of known length."""
    element: Value | None = None
    """Of a list, where more is known than that it holds the same."""
    split: ast.AST | None = None
    """The split or match that it came from."""
    fields: tuple[tuple[str, Value], ...] | None = None
    """Of a dictionary with constant keys that holds text beside what a score may depend on."""

    @property
    def undivided(self) -> bool:
        """Whether reasoning is in it for certain, as text."""
        return bool(self.holds & (WHOLE | REASONING))

    def without(self, flags: int) -> Value:
        return self._replace(holds=self.holds & ~flags) if self.holds & flags else self

    def having(self, flags: int) -> Value:
        return self._replace(holds=self.holds | flags)


NOTHING = Value()
_MOST_PARTS = 12
_MOST_TEXTS = 12
_MOST_SOURCES = 64


def _both(one: Value | None, other: Value | None) -> Value | None:
    if one is None or other is None or one is other:
        return one or other
    return join(one, other)


def join(one: Value, other: Value) -> Value:
    """Either of the two, when control flow decides. An answer or the undivided text is `MAYBE`."""
    if one is other or one == other:
        return one
    holds = one.holds | other.holds
    if (one.holds & DIVIDED) != (other.holds & DIVIDED) and holds & WHOLE and holds & (ANSWER | MAYBE):
        holds = (holds & ~WHOLE) | MAYBE
    if holds & CLOSED and not (one.holds & other.holds & CLOSED):
        holds &= ~CLOSED
    parts = one.parts if other.parts is None else other.parts
    if one.parts is not None and other.parts is not None:
        same = len(one.parts) == len(other.parts)
        parts = tuple(map(join, one.parts, other.parts)) if same else None
    return Value(
        holds,
        _few(one.why | other.why),
        _texts(one, other),
        parts,
        _both(one.element, other.element),
        one.split or other.split,
        _joined_fields(one.fields, other.fields),
    )


_Fields = tuple[tuple[str, Value], ...]


def _joined_fields(one: _Fields | None, other: _Fields | None) -> _Fields | None:
    if one is None or other is None:
        return one or other
    if [name for name, _ in one] != [name for name, _ in other]:
        return None
    return tuple((name, join(value, rest)) for (name, value), (_, rest) in zip(one, other, strict=True))


def combine(*values: Value) -> Value:
    """Made of all of them."""
    if all(value is NOTHING for value in values):
        return NOTHING
    holds = 0
    why: frozenset[Source] = frozenset()
    for value in values:
        holds |= value.holds
        if value.why:
            why |= value.why
    if not holds and not why:
        return Value(texts=_texts(*values))
    split = next((value.split for value in values if value.holds & POSITION), None)
    return Value(holds & ~(PIECES | MATCH | DELIMITED | PARSED), _few(why), _texts(*values), split=split)


def regardless_of_length(why: frozenset[Source]) -> frozenset[Source]:
    """The same without lengths: those that only say how far to count."""
    return frozenset(source for source in why if source.signal is not Signal.LENGTH)


def element_of(value: Value) -> Value:
    """What iterating over it yields."""
    if value.element is not None:
        return value.element
    if value.parts is not None:
        result = value.parts[0] if value.parts else NOTHING
        for part in value.parts[1:]:
            result = join(result, part)
        return result
    if value.holds & BATCH:
        return value.without(BATCH)
    return value.without(MESSAGES | PIECES | DELIMITED)


def shallow(value: Value, levels: int = 2) -> Value:
    """The same, with what is known of its parts for a few levels only: nesting may double with every line of made-up code."""
    if value.parts is None and value.element is None and value.fields is None:
        return value
    if levels == 0:
        return value._replace(parts=None, element=None, fields=None)
    parts = value.parts
    if parts is not None:
        parts = tuple(shallow(part, levels - 1) for part in parts) if len(parts) <= _MOST_PARTS else None
    fields = value.fields
    if fields is not None:
        fields = tuple((name, shallow(field, levels - 1)) for name, field in fields) if len(fields) <= _MOST_PARTS else None
    return value._replace(
        parts=parts, element=None if value.element is None else shallow(value.element, levels - 1), fields=fields
    )


def _texts(*values: Value) -> tuple[str, ...]:
    texts = [value[2] for value in values if value[2]]  # by place: the most frequent question of all
    if len(texts) < 2:
        return texts[0] if texts else ()
    found = dict.fromkeys(text for some in texts for text in some)
    return tuple(found)[:_MOST_TEXTS]


def _few(why: frozenset[Source]) -> frozenset[Source]:
    return why if len(why) <= _MOST_SOURCES else frozenset(sorted(why, key=_position)[:_MOST_SOURCES])


def _position(source: Source) -> tuple[int, int]:
    return getattr(source.node, "lineno", 0), getattr(source.node, "col_offset", 0)
