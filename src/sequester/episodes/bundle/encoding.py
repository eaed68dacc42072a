"""Episodes into the columns of a row group: the pure half of writing."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, cast

import pyarrow as pa

from sequester.episodes.bundle.schema import EPISODES, IDS, REASONING, REWARD_CALLS, SCHEMAS, is_withheld
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Episode, Field, RewardCall, Segment
from sequester.errors import BundleError, LimitExceeded

_INT64 = range(-(1 << 63), 1 << 63)
EPISODE_SIZE = 256 << 20
"""Code points and ids that an episode holds at most: a column of a row group then stays within what Arrow can address."""


class RowGroup:
    """Consecutive episodes of a part, in columns, until they are written.

    `first_row` is the number of the first episode within the part.
    """

    def __init__(self, first_row: int) -> None:
        self.first_row = first_row
        self.rows = 0
        self.size = 0
        """Code points and ids held."""
        self._episodes = _columns(EPISODES)
        self._segments = _Nested(segment=True)
        self._fields = _Nested()
        self._reasoning = _columns(REASONING)
        self._reasoning_ids = _IdLists()
        self._calls = _columns(REWARD_CALLS)
        self._inputs = _Nested()

    def add(self, episode: Episode) -> None:
        """Raises BundleError where a number does not fit, LimitExceeded where the episode is too large."""
        size = _episode_size(episode)
        if size > EPISODE_SIZE:
            message = f"holds {size} characters and ids, more than the {EPISODE_SIZE} that fit per episode"
            raise LimitExceeded(message, where=_where(episode), hint="leave it out, and count it as not assessed")
        _check_numbers(episode)
        row = self.first_row + self.rows
        self._add_facts(episode)
        self._add_segments(row, episode)
        self._fields.add(episode.columns)
        for index, call in enumerate(episode.calls):
            self._add_call(row, index, call)
        self.rows += 1
        self.size += size

    def batches(self) -> dict[str, pa.RecordBatch]:
        """One record batch per folder."""
        nested = {"segments": self._segments.to_arrow(), "columns": self._fields.to_arrow()}
        return {
            REASONING: _batch(REASONING, self._reasoning, {"ids": self._reasoning_ids.to_arrow()}),
            REWARD_CALLS: _batch(REWARD_CALLS, self._calls, {"inputs": self._inputs.to_arrow()}),
            EPISODES: _batch(EPISODES, self._episodes, nested),
        }

    def _add_facts(self, episode: Episode) -> None:
        columns = self._episodes
        for name in ("episode_id", "environment", "group", "model", "shard"):
            columns[name].append(_utf8_or_none(getattr(episode, name)))
        for name in ("step", "sample", "weight", "advantage"):
            columns[name].append(getattr(episode, name))
        columns["visibility"].append(episode.visibility.encode())
        columns["split_status"].append(episode.split.status.encode())
        columns["split_reason"].append(_utf8(episode.split.reason))
        columns["split_family"].append(_utf8(episode.split.family))
        columns["source_path"].append(_utf8(episode.source.path) if episode.source.path else None)
        columns["source_record"].append(episode.source.record if episode.source.path else None)

    def _add_segments(self, row: int, episode: Episode) -> None:
        if episode.completion_ids is not None:
            self._add_reasoning(row, None, None, episode.completion_ids)
        self._segments.open()
        for index, segment in enumerate(episode.segments):
            self._segments.turns.append(segment.turn)
            self._segments.channels.append(segment.channel.encode())
            self._segments.weights.append(segment.weight)
            if is_withheld(episode.split.status, segment.channel):
                self._segments.append(None, None)
                self._add_reasoning(row, index, _text(segment.text), segment.ids)
            else:
                self._segments.append(_text(segment.text), segment.ids)
        self._segments.close()

    def _add_reasoning(self, row: int, segment: int | None, text: bytes | None, ids: array[int] | None) -> None:
        self._reasoning["episode"].append(row)
        self._reasoning["segment"].append(segment)
        self._reasoning["text"].append(text)
        self._reasoning_ids.append(ids)

    def _add_call(self, row: int, index: int, call: RewardCall) -> None:
        columns = self._calls
        columns["episode"].append(row)
        columns["call"].append(index)
        columns["path"].append(_utf8(call.path))
        columns["evidence"].append(call.evidence.encode())
        columns["score"].append(call.score)
        columns["hands_over"].append(_utf8(call.hands_over))
        columns["missing"].append(call.missing.encode() if call.missing is not None else None)
        self._inputs.add(call.inputs)


class _IdLists:
    """A column of optional lists of integers."""

    def __init__(self) -> None:
        self._values = array("q")
        self._ends = [0]
        self._absent: list[bool] = []

    def append(self, ids: array[int] | None) -> None:
        if ids is not None:
            self._values.extend(ids)
        self._ends.append(len(self._values))
        self._absent.append(ids is None)

    def to_arrow(self) -> pa.Array[Any]:
        values = pa.Array.from_buffers(pa.int64(), len(self._values), [None, pa.py_buffer(self._values)])
        return _list_array(self._ends, values, IDS, self._absent)


class _Nested:
    """A column of lists of texts or ids, each with a name or with what a segment has beside its text."""

    def __init__(self, *, segment: bool = False) -> None:
        self.names: list[bytes] = []
        self.turns: list[int] = []
        self.channels: list[bytes] = []
        self.weights: list[float | None] = []
        self._kind = SCHEMAS[EPISODES].field("segments" if segment else "columns").type
        self._segment = segment
        self._texts: list[bytes | None] = []
        self._ids = _IdLists()
        self._ends = [0]
        self._absent: list[bool] = []

    def add(self, fields: tuple[Field, ...] | None) -> None:
        """One list of named fields."""
        self.open(absent=fields is None)
        for field in fields or ():
            self.names.append(_utf8(field.name))
            self.append(_text(field.text) if field.text is not None else None, field.ids)
        self.close()

    def open(self, *, absent: bool = False) -> None:
        self._absent.append(absent)

    def append(self, text: bytes | None, ids: array[int] | None) -> None:
        self._texts.append(text)
        self._ids.append(ids)

    def close(self) -> None:
        self._ends.append(len(self._texts))

    def to_arrow(self) -> pa.Array[Any]:
        text, ids = strings(self._texts), self._ids.to_arrow()
        if self._segment:
            weights = pa.array(self.weights, pa.float64())
            arrays = [pa.array(self.turns, pa.int64()), strings(self.channels), text, ids, weights]
        else:
            arrays = [strings(self.names), text, ids]
        values = pa.StructArray.from_arrays(arrays, fields=list(self._kind.value_type))
        return _list_array(self._ends, values, self._kind, self._absent)


def _episode_size(episode: Episode) -> int:
    """Code points (bytes, where texts are held so) and ids of an episode."""
    fields = [*episode.columns, *(field for call in episode.calls for field in call.inputs or ())]
    pieces: list[Segment | Field] = [*episode.segments, *fields]
    texts = sum(len(piece.text.reveal_raw()) for piece in pieces if piece.text is not None)
    return texts + len(episode.completion_ids or ()) + sum(len(piece.ids) for piece in pieces if piece.ids is not None)


def strings(values: Iterable[bytes | None]) -> pa.Array[Any]:
    """A string column; bytes that are not UTF-8 become U+FFFD, as `GuardedText.reveal` shows them."""
    raw = list(values)
    column = pa.array(raw, pa.binary())
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        repaired = (None if value is None else value.decode("utf-8", "replace").encode() for value in raw)
        return pa.array(repaired, pa.binary()).cast(pa.string())


def _columns(folder: str) -> dict[str, list[object]]:
    return {name: [] for name in SCHEMAS[folder].names}


def _batch(folder: str, columns: dict[str, list[object]], nested: dict[str, pa.Array[Any]]) -> pa.RecordBatch:
    schema = SCHEMAS[folder]
    arrays = [nested[field.name] if field.name in nested else _plain(columns[field.name], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _plain(values: Sequence[object], kind: pa.DataType) -> pa.Array[Any]:
    return strings(cast(Sequence[bytes | None], values)) if kind == pa.string() else pa.array(values, kind)


def _list_array(ends: list[int], values: pa.Array[Any], kind: pa.DataType, absent: list[bool]) -> pa.Array[Any]:
    mask = pa.array(absent, pa.bool_()) if any(absent) else None
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), values, type=kind, mask=mask)


def _utf8(value: str) -> bytes:
    return bytes(GuardedText(value).reveal_utf8())


def _utf8_or_none(value: str | None) -> bytes | None:
    return None if value is None else _utf8(value)


def _text(text: GuardedText) -> bytes:
    return bytes(text.reveal_utf8())


def _check_numbers(episode: Episode) -> None:
    numbers = [("step", episode.step), ("sample", episode.sample), ("source.record", episode.source.record)]
    numbers += [("segments.turn", segment.turn) for segment in episode.segments]
    for name, value in numbers:
        if value is not None and value not in _INT64:
            raise BundleError(
                "is no 64-bit integer", where=f"{_where(episode)}: {name}", hint="the bundle stores 64-bit integers"
            )


def _where(episode: Episode) -> str:
    return f"{episode.source.path}: record {episode.source.record}"
