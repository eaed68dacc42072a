"""Any JSON value as named leaves: what a scorer was given, piece by piece.

Strings, bytes and runs of integers (token ids, code points) are searched, and so are long keys. Numbers, booleans and null hold no
text and are dropped.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Field
from sequester.episodes.readers.keys import shown
from sequester.errors import LimitExceeded

MAX_LEAVES = 1_000_000
"""Nodes of one value. Beyond it the value is refused: leaves cost some 300 bytes each, however short they are."""
_LONG_KEY = 16
"""Characters; longer keys are searched like values."""
_MIN_IDS = 8
"""Integers; fewer cannot spell a private text."""
_LONG_NAME = 160
"""Characters of a name, beyond which deeper levels are not named any more."""
_INT64 = range(-(2**63), 2**63)


def flatten(name: str, value: Any, limit: int = MAX_LEAVES) -> tuple[Field, ...]:
    """The leaves of a JSON value, in order, named like `completions[0].content`; a searched key is `completions{key}`.

    With an empty name, the keys of an object name its leaves. Raises LimitExceeded at more than `limit` nodes.
    """
    if isinstance(value, str):
        return (Field(name, GuardedText(value)),)
    fields: list[Field] = []
    pending: list[tuple[str, Any]] = [(name, value)]
    seen = 0
    while pending:
        name, value = pending.pop()
        if isinstance(value, str):
            fields.append(Field(name, GuardedText(value)))
        elif isinstance(value, Mapping):
            fields.extend(_long_keys(name, value))
            pending.extend(reversed([(_member(name, key, at), item) for at, (key, item) in enumerate(value.items())]))
        elif isinstance(value, bytes):
            fields.append(Field(name, ids=array("q", iter(value))))
        elif isinstance(value, list | tuple):
            if _all_integers(value):
                fields.append(Field(name, ids=integer_array(value)))
            elif len(value) <= limit:
                pending.extend(reversed([(_longer(name, f"[{at}]"), item) for at, item in enumerate(value)]))
            else:
                seen += len(value)
        seen += 1
        if seen + len(pending) > limit:
            raise LimitExceeded(f"a value has more than {limit} leaves", where=name)
    return tuple(fields)


def integer_array(values: Sequence[int]) -> array[int]:
    """Integers as `array('q')`; what does not fit, which no id or byte is, becomes -1."""
    try:
        return array("q", values)
    except OverflowError:
        return array("q", [value if value in _INT64 else -1 for value in values])


def _all_integers(values: Sequence[Any]) -> bool:
    return len(values) >= _MIN_IDS and type(values[0]) is int and set(map(type, values)) == {int}


def _long_keys(name: str, value: Mapping[str, Any]) -> Iterator[Field]:
    for key in value:
        if len(key) > _LONG_KEY:
            yield Field(f"{name}{{key}}", GuardedText(key))


def _member(name: str, key: str, at: int) -> str:
    key = shown(key) or f"{{key {at}}}"
    return _longer(name, f".{key}") if name else key


def _longer(name: str, suffix: str) -> str:
    if len(name) > _LONG_NAME:
        return name
    return name + suffix if len(name) + len(suffix) <= _LONG_NAME else name.ljust(_LONG_NAME + 1, "…")
