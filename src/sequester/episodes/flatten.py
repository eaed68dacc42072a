"""Any JSON value as named leaves: what a scorer was given, piece by piece.

Strings, bytes and runs of integers (token ids, code points) are searched, and so are long keys. Integers that stand one by one or in
short rows at one place of many records are such a run too. Other numbers, booleans and null hold no text and are dropped.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from math import isnan
from typing import Any

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Field
from sequester.errors import LimitExceeded
from sequester.keys import shown

MAX_LEAVES = 1_000_000
"""Nodes of one value. Beyond it the value is refused: leaves cost some 300 bytes each, however short they are."""
_LONG_KEY = 16
"""Characters; longer keys are searched like values."""
_MIN_IDS = 8
"""Integers; fewer cannot spell a private text."""
_MIN_SCATTERED = 24
"""Integers in records; fewer do not tell whether they are ids."""
_SHORT_ROW = 64
_LONG_NAME = 160
"""Characters of a name, beyond which deeper levels are not named any more."""
LABELS = frozenset({"role", "type"})
"""Keys of messages and their parts whose values name a kind and carry no text."""
_LONGEST_LABEL = 32
_INT64 = range(-(2**63), 2**63)


def flatten(name: str, value: Any, limit: int = MAX_LEAVES) -> tuple[Field, ...]:
    """The leaves of a JSON value, in order, named like `completions[0].content`; a searched key is `completions{key}`.

    With an empty name, the keys of an object name its leaves. Raises LimitExceeded at more than `limit` nodes.
    """
    if isinstance(value, str):
        return (Field(name, GuardedText(value)),)
    if not name and isinstance(value, dict) and (flat := _flat("", value, limit)):
        return flat
    fields: list[Field] = []
    scattered: dict[str, list[Sequence[int]]] = {}
    stack: list[Iterator[tuple[str, Any]]] = [iter(((name, value),))]
    seen = 0
    while stack:
        for name, value in stack[-1]:
            seen += 1
            if seen > limit:
                raise LimitExceeded(f"a value has more than {limit} leaves", where=name)
            if isinstance(value, str):
                fields.append(Field(name, GuardedText(value)))
                if value.startswith(_ID_MARK) and (found := _MARKED_ID.fullmatch(value)):
                    _scatter(scattered, name, (int(found[1]),))
            elif type(value) is int:
                _scatter(scattered, name, (value,))
            elif isinstance(value, dict):
                first = next(iter(value), "")
                if first.isdecimal() and len(first) <= _LONGEST_ID:
                    _scatter(scattered, f"{name}{{key}}", (int(first),))
                if flat := _flat(name, value, limit - seen):
                    fields += flat
                    seen += len(flat)
                    continue
                stack.append(_members(name, value))
                break
            elif isinstance(value, list | tuple):
                integers = _integers(value)
                if integers is not None:
                    fields.append(Field(name, ids=integer_array(integers)))
                if len(value) < _SHORT_ROW and value and type(value[0]) is int and set(map(type, value)) == {int}:
                    _scatter(scattered, name, value)
                    continue
                if integers is None or type(value[0]) not in _NUMBER:
                    stack.append(_items(name, value))
                    break
            elif isinstance(value, bytes):
                fields.append(Field(name, ids=array("q", iter(value))))
        else:
            stack.pop()
    gathered = ((place, list(chain(*rows))) for place, rows in scattered.items() if len(rows) > 1)
    return (*fields, *(Field(place, ids=integer_array(ids)) for place, ids in gathered if len(ids) >= _MIN_SCATTERED))


def flatten_inputs(inputs: dict[str, Any], limit: int = MAX_LEAVES) -> tuple[Field, ...]:
    """As `flatten`, of what a scorer was given, by name. Nothing but numbers and booleans is one field without text, so that it can be told
    from an input that the log lacks."""
    return flatten("", inputs, limit) or ((Field(""),) if _is_numeric(inputs) else ())


def is_void(value: Any) -> bool:
    """Whether a JSON value is null (or NaN), an empty object or list, or made of nothing else."""
    return all(leaf is None or isinstance(leaf, _CONTAINER) or _is_nan(leaf) for leaf in _ends(value))


def _is_numeric(value: Any) -> bool:
    """Whether a JSON value is made of numbers and booleans, and nothing in it is null or empty."""
    return all(isinstance(leaf, int | float | Decimal) and not _is_nan(leaf) for leaf in _ends(value))


def _is_nan(leaf: Any) -> bool:
    """Whether it is what tables write for null among numbers."""
    return isinstance(leaf, float | Decimal) and isnan(leaf)


def _ends(value: Any) -> Iterator[Any]:
    """The values that hold no others, empty objects and lists among them."""
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, _CONTAINER) and value:
            stack.extend(value.values() if isinstance(value, dict) else value)
        else:
            yield value


_CONTAINER = (dict, list, tuple)


_INDEX = re.compile(r"\[\d+\]")
_ID_MARK = "token_id:"
_MARKED_ID = re.compile(r"token_id:([0-9]{1,10})")
_LONGEST_ID = 10


def _scatter(scattered: dict[str, list[Sequence[int]]], name: str, values: Sequence[int]) -> None:
    """Note integers of one record, if it is one of many, by the place at which they stand in each."""
    if "[" in name:
        scattered.setdefault(_INDEX.sub("[*]", name), []).append(values)


def is_label(leaf: Field) -> bool:
    """Whether a leaf says of what kind a message or a part of one is: by its name, and because it is a word."""
    if "." not in leaf.name or leaf.text is None:
        return False
    above, _, key = leaf.name.rpartition(".")
    return key in LABELS and bool(above) and len(leaf.text) <= _LONGEST_LABEL


def _flat(name: str, value: dict[str, Any], limit: int) -> tuple[Field, ...]:
    """The leaves of an object that holds just texts under short names, as most inputs and messages do: there is nothing to walk. Empty
    for others."""
    fields = []
    for key, item in value.items():
        if type(item) is not str or not 0 < len(key) <= _LONG_KEY or not key.isprintable():
            return ()
        fields.append(Field(_longer(name, f".{key}") if name else key, GuardedText(item)))
    return tuple(fields) if len(fields) <= limit else ()


def integer_array(values: Sequence[int]) -> array[int]:
    """Integers as `array('q')`; what does not fit, which no id or byte is, becomes -1."""
    try:
        return array("q", values)
    except OverflowError:
        return array("q", [value if value in _INT64 else -1 for value in values])


_NUMBER = (int, float)
_DIGITS = re.compile(r"-?[0-9]{1,10}(?:\.0)?")
_EXACT = 2.0**53
"""Up to here a float is the whole number that was meant."""


def _integers(values: Sequence[Any]) -> Sequence[int] | None:
    """The integers of a list that holds nothing else, also where they are written as whole floats or as strings of digits, or stand in
    lists of one; None for any other list, which its first value tells mostly."""
    if len(values) < _MIN_IDS:
        return None
    kind = type(values[0])
    if kind in (list, tuple) and len(values[0]) == 1:
        if type(values[0][0]) not in (*_NUMBER, str) or any(type(value) is not kind or len(value) != 1 for value in values):
            return None
        values = [value[0] for value in values]
        kind = type(values[0])
    if (kind is str and not _DIGITS.fullmatch(values[0])) or (kind is float and not values[0].is_integer()):
        return None
    if kind not in (*_NUMBER, str) or set(map(type, values)) != {kind}:
        return None
    if kind is float and all(map(float.is_integer, values)) and max(map(abs, values)) < _EXACT:
        return [int(value) for value in values]
    if kind is str and all(map(_DIGITS.fullmatch, values)):
        return [int(value.partition(".")[0]) for value in values]
    return values if kind is int else None


def _members(name: str, value: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of an object, and before them the keys that are long enough to be searched."""
    for at, (key, item) in enumerate(value.items()):
        if len(key) > _LONG_KEY:
            yield f"{name}{{key}}", key
        member = shown(key) or f"{{key {at}}}"
        yield (_longer(name, f".{member}") if name else member), item


def _items(name: str, values: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for at, item in enumerate(values):
        yield _longer(name, f"[{at}]"), item


def _longer(name: str, suffix: str) -> str:
    if len(name) > _LONG_NAME:
        return name
    return name + suffix if len(name) + len(suffix) <= _LONG_NAME else name.ljust(_LONG_NAME + 1, "…")
