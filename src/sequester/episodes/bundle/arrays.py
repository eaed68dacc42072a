"""Arrow columns as Python values.

Texts and what is made of them come as iterators, one episode's worth at a time: objects that die before the next episode is made
stay in the processor's cache and never wake the garbage collector.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from operator import getitem
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from sequester.episodes.guarded import GuardedText

Array = Any
"""An Arrow array whose type the schema has settled; the stubs cannot express which."""
_Value = TypeVar("_Value")


class Spans(Struct, frozen=True):
    """Where the texts of a string column lie in its buffer; the span of a null is empty."""

    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    view: memoryview


def spans(column: Array) -> Spans:
    """Where each text of a column lies in its buffer."""
    bounds, data = _offsets(column), column.buffers()[2]
    return Spans(bounds[:-1], bounds[1:], memoryview(data) if data is not None else memoryview(b""))


def guarded_texts(column: Array) -> Iterator[GuardedText | None]:
    """A string column as guarded views into its buffer, without a copy; None where null."""
    if column.null_count == len(column):
        return repeat(None, len(column))
    found = spans(column)
    texts = guarded(repeat(found.view), found.starts, found.stops)
    if not column.null_count:
        return texts
    return (None if absent else text for text, absent in zip(texts, nulls(column).tolist(), strict=True))


def guarded(views: Iterable[memoryview], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Iterator[GuardedText]:
    """The texts at these places of these views."""
    cut: Iterator[Any] = map(getitem, views, map(slice, starts.tolist(), stops.tolist()))
    return map(GuardedText, cut)


def elements(column: Array) -> tuple[NDArray[np.int64], Array]:
    """Offsets of the lists from zero (length + 1), and what they hold together."""
    offsets = _offsets(column)
    return offsets - offsets[0], column.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))


def in_lists(values: Iterator[_Value], offsets: NDArray[np.int64]) -> Iterator[tuple[_Value, ...]]:
    """Consecutive values as one tuple per list."""
    return map(tuple, map(islice, repeat(values), np.diff(offsets).tolist()))


def id_lists(column: Array) -> list[array[int] | None]:
    """A column of lists of integers; None where null."""
    lists: list[array[int] | None] = [None] * len(column)
    if column.null_count == len(column):
        return lists
    bounds = _offsets(column).tolist()
    values = memoryview(column.values.to_numpy()).cast("B")
    for row in np.flatnonzero(~nulls(column)).tolist():
        lists[row] = ids = array("q")
        ids.frombytes(values[8 * bounds[row] : 8 * bounds[row + 1]])
    return lists


def texts(column: Array) -> list[Any]:
    """A short string column as `str`; None where null."""
    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist())
    return looked_up(column, column.dictionary.to_pylist())


def looked_up(column: Array, values: list[Any]) -> list[Any]:
    """What the indices of a dictionary column stand for in `values`; None where null."""
    if column.null_count:
        return [values[code] if code is not None else None for code in column.indices.to_pylist()]
    return list(map(values.__getitem__, column.indices.to_numpy().tolist()))


def numbers(column: Array) -> list[Any]:
    """A numeric column; None where null."""
    if column.null_count == len(column):
        return [None] * len(column)
    return list(column.to_pylist() if column.null_count else column.to_numpy().tolist())


def integers(column: Array, missing: int) -> NDArray[np.int64]:
    """A column of 64-bit integers, with `missing` where null."""
    values = np.frombuffer(column.buffers()[1], np.int64, len(column), column.offset * 8)
    return np.where(nulls(column), missing, values)


def nulls(column: Array) -> NDArray[np.bool_]:
    """Which rows of a column are null. Read off the buffer: the first use of any compute function costs a twentieth of a second."""
    if not column.null_count:
        return np.zeros(len(column), bool)
    bits = np.frombuffer(column.buffers()[0], np.uint8)
    return ~np.unpackbits(bits, count=column.offset + len(column), bitorder="little")[column.offset :].view(np.bool_)


def _offsets(column: Array) -> NDArray[np.int64]:
    return np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
