"""Keys that stand twice in an object of a JSON line. Every parser keeps the last and forgets the first, and what it held with it.

Looking at every key costs more than reading the line. So the keys of what was decoded are counted and compared with those that the
bytes show; only where the numbers differ, which odd white space or a text can bring about too, is the line read key by key. A first
value of null hides nothing and may pass.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from sequester.episodes.readers.keys import shown


class _RepeatedError(ValueError):
    pass


def repeated_key(line: bytes, record: Struct) -> str | None:
    """What is wrong with a line if a key stands twice in one of its objects; `record` is what was decoded, absent fields being None."""
    written, nulls = _written(line)
    kept, kept_nulls = _keys(record)
    if written == kept + nulls - kept_nulls:
        return None
    try:
        json.loads(line, object_pairs_hook=_unique)
    except _RepeatedError as error:
        return str(error)
    except (ValueError, RecursionError):
        return None
    return None


def _written(line: bytes) -> tuple[int, int]:
    """Keys that the bytes of an object show, and how many of them hold null: colons after a quotation mark that is not escaped."""
    data = np.frombuffer(line, np.uint8)
    colons = np.flatnonzero(data == _COLON)
    ends = np.where(data[colons - 1] == _BLANK, colons - 2, colons - 1)
    colons = colons[(data[ends] == _QUOTE) & (data[ends - 1] != _BACKSLASH)]
    first = data[colons + 1]
    first = np.where(first == _BLANK, data[np.minimum(colons + 2, len(data) - 1)], first)
    return len(colons), int(np.count_nonzero(first == _N))


_COLON, _BLANK, _QUOTE, _BACKSLASH, _N = b': "\\n'


def _keys(value: Any) -> tuple[int, int]:
    """Keys that were written for what was decoded, as far as it tells, and how many of them hold null."""
    keys = nulls = 0
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            keys += len(value)
            members = list(value.values())
            nulls += members.count(None)
            stack += [member for member in members if type(member) in _NESTED]
        elif isinstance(value, Struct):
            fields = [field for field in msgspec.structs.astuple(value) if field is not None]
            keys += len(fields)
            stack += [field for field in fields if isinstance(field, (dict, list, Struct))]
        elif value and (type(value[0]) is not int or set(map(type, value)) != {int}):
            stack += [item for item in value if isinstance(item, (dict, list, Struct))]
    return keys, nulls


_NESTED = (dict, list)


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            name = shown(key)
            raise _RepeatedError(
                "a key" + (f" `{name}`" if name else f" of {len(key)} characters") + " stands twice in one object"
            )
        seen.add(key)
