"""The columns of a row group into episodes: the pure half of reading, in whole columns rather than value by value.

Texts are views into Arrow's buffers; whoever keeps an episode keeps the buffers of its row group.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import pairwise, repeat
from typing import Any, NoReturn, TypeVar

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from sequester.episodes.bundle.schema import EPISODES, REASONING, REWARD_CALLS, is_withheld
from sequester.episodes.guarded import EMPTY, GuardedText
from sequester.episodes.model import (
    Channel,
    Episode,
    Evidence,
    Field,
    Reason,
    RewardCall,
    Segment,
    Source,
    Split,
    SplitStatus,
    Visibility,
)
from sequester.errors import BundleError

_HINT = "the file breaks the format in docs/format.md; write the bundle again"
_Array = Any
"""An Arrow array whose type the schema has settled; the stubs cannot express which."""
_Value = TypeVar("_Value")
_Kind = TypeVar("_Kind", bound=StrEnum)


class Group(Struct, frozen=True):
    """One row group of the three files of a part."""

    rank: str
    paths: dict[str, str]
    """File of each folder, for errors."""
    first_row: int
    """Number of the first episode within the part."""
    first_rows: dict[str, int]
    """Number of the first row within each file, for errors."""
    episodes: pa.RecordBatch
    calls: pa.RecordBatch
    reasoning: pa.RecordBatch | None
    """None where the reasoning is sealed."""

    def refuse(self, folder: str, row: int, column: str, message: str) -> NoReturn:
        """`row` counts from the start of the group."""
        where = f"{self.paths[folder]}: row {self.first_rows[folder] + row + 1}, column {column}"
        raise BundleError(message, where=where, hint=_HINT)


def episodes_of(group: Group) -> Iterator[Episode]:
    """The episodes of a row group, in order. Raises BundleError where a row breaks the format."""
    batch = group.episodes
    splits = _splits(group)
    segments, completion_ids = _segments(group, splits)
    columns = _fields(group, EPISODES, "columns", batch.column("columns"))
    visibility = _enums(group, EPISODES, "visibility", batch.column("visibility"), Visibility)
    if group.reasoning is None:
        visibility = [_sealed(kind) for kind in visibility]
    shards = [shard if shard is not None else group.rank for shard in _texts(batch.column("shard"))]
    return map(
        Episode,
        _texts(batch.column("episode_id")),
        segments,
        splits,
        _sources(group),
        _calls(group),
        _texts(batch.column("environment")),
        batch.column("step").to_pylist(),
        _texts(batch.column("group")),
        columns,
        completion_ids,
        batch.column("weight").to_pylist(),
        _texts(batch.column("model")),
        batch.column("sample").to_pylist(),
        visibility,
        shards,
        batch.column("advantage").to_pylist(),
    )


def _sealed(kind: Visibility) -> Visibility:
    return kind if kind is Visibility.ABSENT else Visibility.REDACTED


def _splits(group: Group) -> list[Split]:
    batch = group.episodes
    status = _enums(group, EPISODES, "split_status", batch.column("split_status"), SplitStatus)
    return list(map(_once(Split), status, _texts(batch.column("split_reason")), _texts(batch.column("split_family"))))


def _sources(group: Group) -> Iterator[Source]:
    paths, records = (group.episodes.column(name) for name in ("source_path", "source_record"))
    one_of_two = np.flatnonzero(_nulls(paths) != _nulls(records))
    if len(one_of_two):
        group.refuse(EPISODES, int(one_of_two[0]), "source_record", "source_path and source_record go together")
    here = group.paths[EPISODES]
    first = group.first_row + 1
    numbers: list[Any] = records.to_pylist()
    pairs = zip(_texts(paths), numbers, range(first, first + len(paths)), strict=True)
    return (Source(path, record) if path is not None else Source(here, row) for path, record, row in pairs)


def _segments(group: Group, splits: list[Split]) -> tuple[Iterator[tuple[Segment, ...]], list[array[int] | None]]:
    column = group.episodes.column("segments")
    offsets, values = _elements(column)
    channels = _enums(group, EPISODES, "segments.channel", values.field("channel"), Channel)
    texts: list[Any] = guarded_texts(values.field("text"))
    ids = _id_lists(values.field("ids"))
    turns = values.field("turn").to_numpy().tolist()
    weights = _numbers(values.field("weight"))
    withheld = _check_withheld(group, splits, channels, values.field("text"), offsets)
    completion_ids: list[array[int] | None] = [None] * len(column)
    bounds = offsets.tolist()
    if group.reasoning is not None:
        _add_reasoning(group, group.reasoning, offsets, withheld, (texts, ids, completion_ids))
        segments = list(map(Segment, turns, channels, texts, ids, weights))
    else:
        kept = (texts[index] is not None for index in range(len(texts)))
        maybe = map(Segment, turns, channels, (text or EMPTY for text in texts), ids, weights)
        marked = [segment if keep else None for segment, keep in zip(maybe, kept, strict=True)]
        slices = (marked[start:stop] for start, stop in pairwise(bounds))
        return (tuple(piece for piece in some if piece is not None) for some in slices), completion_ids
    return (tuple(segments[start:stop]) for start, stop in pairwise(bounds)), completion_ids


def _check_withheld(
    group: Group, splits: list[Split], channels: list[Channel], texts: _Array, offsets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Positions of the segments whose text stands in `reasoning/`; they must be exactly those without text here."""
    rule = _once(is_withheld)
    statuses = (split.status for split in splits)
    owners = (status for status, size in zip(statuses, np.diff(offsets).tolist(), strict=True) for _ in range(size))
    expected = np.fromiter(map(rule, owners, channels), bool, len(channels))
    wrong = np.flatnonzero(expected != _nulls(texts))
    if len(wrong):
        owner = int(np.searchsorted(offsets, wrong[0], side="right")) - 1
        message = "text that is or may be reasoning stands outside reasoning/" if expected[wrong[0]] else "a text is missing"
        group.refuse(EPISODES, owner, "segments.text", message)
    return np.flatnonzero(expected)


def _add_reasoning(
    group: Group,
    batch: pa.RecordBatch,
    offsets: NDArray[np.int64],
    withheld: NDArray[np.int64],
    into: tuple[list[GuardedText | None], list[array[int] | None], list[array[int] | None]],
) -> None:
    """Puts the rows of `reasoning/` where they belong: a merge, since both are in the order of the episodes."""
    texts, ids, completion_ids = into
    episode = _owners(group, REASONING, batch)
    whole = _nulls(batch.column("segment"))
    segment = batch.column("segment").fill_null(-1).to_numpy()
    flat = offsets[episode] + segment
    outside = ~whole & ((segment < 0) | (flat >= offsets[episode + 1]))
    if outside.any():
        group.refuse(REASONING, int(np.flatnonzero(outside)[0]), "segment", "the episode has no segment of this number")
    key = np.where(whole, -1, segment)
    unordered = np.flatnonzero((np.diff(episode) == 0) & (np.diff(key) <= 0))
    if len(unordered):
        group.refuse(REASONING, int(unordered[0]) + 1, "segment", "rows are not in the order of the segments")
    _check_reasoning_nulls(group, batch, whole)
    positions = flat[~whole]
    if not np.array_equal(positions, withheld):
        _refuse_unequal(group, positions, withheld, whole, offsets)
    rows = list(zip(guarded_texts(batch.column("text")), _id_lists(batch.column("ids")), strict=True))
    for position, row in zip(positions.tolist(), np.flatnonzero(~whole).tolist(), strict=True):
        texts[position], ids[position] = rows[row]
    for owner, row in zip(episode[whole].tolist(), np.flatnonzero(whole).tolist(), strict=True):
        completion_ids[owner] = rows[row][1]


def _check_reasoning_nulls(group: Group, batch: pa.RecordBatch, whole: NDArray[np.bool_]) -> None:
    wrong = np.flatnonzero(_nulls(batch.column("text")) != whole)
    if len(wrong):
        group.refuse(REASONING, int(wrong[0]), "text", "a row has either a segment and its text, or neither")
    wrong = np.flatnonzero(whole & _nulls(batch.column("ids")))
    if len(wrong):
        group.refuse(REASONING, int(wrong[0]), "ids", "a row without a segment holds the ids of the whole completion")


def _refuse_unequal(
    group: Group, positions: NDArray[np.int64], withheld: NDArray[np.int64], whole: NDArray[np.bool_], offsets: NDArray[np.int64]
) -> NoReturn:
    surplus = np.flatnonzero(~np.isin(positions, withheld))
    if len(surplus):
        row = int(np.flatnonzero(~whole)[surplus[0]])
        group.refuse(REASONING, row, "segment", "the segment has its text in episodes/ already")
    lacking = int(withheld[~np.isin(withheld, positions)][0])
    owner = int(np.searchsorted(offsets, lacking, side="right")) - 1
    group.refuse(EPISODES, owner, "segments.text", "the text of a segment is missing from reasoning/")


def _calls(group: Group) -> Iterator[tuple[RewardCall, ...]]:
    batch = group.calls
    episode = _owners(group, REWARD_CALLS, batch)
    bounds = np.searchsorted(episode, np.arange(len(group.episodes) + 1))
    number = batch.column("call").to_numpy()
    wrong = np.flatnonzero(number != np.arange(len(batch)) - bounds[episode])
    if len(wrong):
        group.refuse(REWARD_CALLS, int(wrong[0]), "call", "calls of an episode are not numbered 0, 1, 2, …")
    calls = list(
        map(
            RewardCall,
            _texts(batch.column("path")),
            _enums(group, REWARD_CALLS, "evidence", batch.column("evidence"), Evidence),
            _fields(group, REWARD_CALLS, "inputs", batch.column("inputs")),
            _numbers(batch.column("score")),
            _texts(batch.column("hands_over")),
            _enums(group, REWARD_CALLS, "missing", batch.column("missing"), Reason),
        )
    )
    return (tuple(calls[start:stop]) for start, stop in pairwise(bounds.tolist()))


def _owners(group: Group, folder: str, batch: pa.RecordBatch) -> NDArray[np.int64]:
    """The episode of each row, counted from the start of the group."""
    episode = batch.column("episode").to_numpy() - group.first_row
    wrong = np.flatnonzero((episode < 0) | (episode >= len(group.episodes)))
    if len(wrong):
        group.refuse(folder, int(wrong[0]), "episode", "names an episode that its row group does not hold")
    wrong = np.flatnonzero(np.diff(episode) < 0)
    if len(wrong):
        group.refuse(folder, int(wrong[0]) + 1, "episode", "rows are not in the order of the episodes")
    return episode


def _fields(group: Group, folder: str, name: str, column: _Array) -> Iterator[tuple[Field, ...] | None]:
    offsets, values = _elements(column)
    names = _texts(values.field("name").dictionary_encode())
    fields = list(map(Field, names, guarded_texts(values.field("text")), _id_lists(values.field("ids"))))
    slices = (tuple(fields[start:stop]) for start, stop in pairwise(offsets.tolist()))
    if not column.null_count:
        return slices
    return (some if here else None for some, here in zip(slices, column.is_valid().to_pylist(), strict=True))


def guarded_texts(column: _Array) -> list[GuardedText | None]:
    """A string column as guarded views into its buffer, without a copy; None where null."""
    if column.null_count == len(column):
        return [None] * len(column)
    starts, stops, view = _spans(column)
    texts: list[GuardedText | None] = list(map(GuardedText.__new__, repeat(GuardedText, len(column))))
    deque(map(_SET_RAW, texts, [view[start:stop] for start, stop in zip(starts, stops, strict=True)]), maxlen=0)
    for row in np.flatnonzero(_nulls(column)).tolist() if column.null_count else ():
        texts[row] = None
    return texts


_SET_RAW: Callable[[Any, memoryview], None] = GuardedText.__dict__["_raw"].__set__
"""What GuardedText's constructor does, callable without a Python frame per text: a third of the time of reading a bundle."""


def _spans(column: _Array) -> tuple[list[int], list[int], memoryview]:
    _, ends, data = column.buffers()
    bounds = np.frombuffer(ends, np.int32, len(column) + 1, column.offset * 4).tolist()
    return bounds[:-1], bounds[1:], memoryview(data) if data is not None else memoryview(b"")


def _elements(column: _Array) -> tuple[NDArray[np.int64], _Array]:
    """Offsets from zero, and the structs that the lists hold together."""
    offsets = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
    return offsets - offsets[0], column.values.slice(int(offsets[0]), int(offsets[-1] - offsets[0]))


def _id_lists(column: _Array) -> list[array[int] | None]:
    lists: list[array[int] | None] = [None] * len(column)
    if column.null_count == len(column):
        return lists
    bounds = np.frombuffer(column.buffers()[1], np.int32, len(column) + 1, column.offset * 4).tolist()
    values = memoryview(column.values.to_numpy()).cast("B")
    for row in np.flatnonzero(~_nulls(column)).tolist():
        lists[row] = ids = array("q")
        ids.frombytes(values[8 * bounds[row] : 8 * bounds[row + 1]])
    return lists


def _texts(column: _Array) -> list[Any]:
    """A short string column as `str`; None where null."""
    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist())
    return _looked_up(column, column.dictionary.to_pylist())


def _enums(group: Group, folder: str, name: str, column: _Array, kind: type[_Kind]) -> list[_Kind]:
    """A string column as members of an enumeration; None where null and the schema allows it."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    known = {member.value: member for member in kind}
    members: list[Any] = [known.get(value) for value in column.dictionary.to_pylist()]
    if None in members:
        used = column.indices.fill_null(-1).to_numpy()
        rows = np.flatnonzero(np.isin(used, [code for code, member in enumerate(members) if member is None]))
        if len(rows):
            allowed = ", ".join(known)
            raise BundleError(
                f"holds a value that is none of {allowed}", where=f"{group.paths[folder]}: column {name}", hint=_HINT
            )
    return _looked_up(column, members)


def _looked_up(column: _Array, values: list[Any]) -> list[Any]:
    if column.null_count:
        return [values[code] if code is not None else None for code in column.indices.to_pylist()]
    return list(map(values.__getitem__, column.indices.to_numpy().tolist()))


def _numbers(column: _Array) -> list[float | None]:
    if column.null_count == len(column):
        return [None] * len(column)
    return list(column.to_pylist() if column.null_count else column.to_numpy().tolist())


def _nulls(column: _Array) -> NDArray[np.bool_]:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), bool)


def _once(make: Callable[..., _Value]) -> Callable[..., _Value]:
    """The same answer for the same arguments, of which a row group has few."""
    made: dict[tuple[Any, ...], _Value] = {}

    def answer(*key: Any) -> _Value:
        value = made.get(key)
        if value is None:
            value = made[key] = make(*key)
        return value

    return answer
