"""The segments of the episodes of a row group: those in `episodes/` merged with those withheld in `reasoning/`."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from itertools import compress
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray

from sequester.episodes.bundle.arrays import Array, Spans, elements, guarded, id_lists, in_lists, integers, nulls, numbers, spans
from sequester.episodes.bundle.enumerations import enums
from sequester.episodes.bundle.group import Group
from sequester.episodes.bundle.schema import EPISODES, REASONING, is_withheld
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Segment, Split

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]


class _Withheld(Struct, frozen=True):
    """The rows of `reasoning/` that hold a segment, in order, and the ids of whole completions by episode."""

    texts: Spans
    ids: list[array[int] | None]
    completion_ids: list[array[int] | None]


def segments_of(group: Group, splits: list[Split]) -> tuple[Iterator[tuple[Segment, ...]], list[array[int] | None]]:
    """The segments and the completion ids of each episode. Raises BundleError where the two files do not fit each other."""
    offsets, values = elements(group.episodes.column("segments"))
    channels = enums(group, EPISODES, "segments.channel", values.field("channel"), Channel)
    withheld = _withheld(splits, channels, offsets)
    _check_texts(group, withheld, values.field("text"), offsets)
    ids, weights = id_lists(values.field("ids")), numbers(values.field("weight"))
    turns = values.field("turn").to_numpy().tolist()
    if group.reasoning is None:
        kept = np.flatnonzero(~withheld)
        offsets = np.concatenate([[0], np.cumsum(~withheld)])[offsets]
        selectors = (~withheld).tolist()
        turns, channels = list(compress(turns, selectors)), list(compress(channels, selectors))
        ids, weights = list(compress(ids, selectors)), list(compress(weights, selectors))
        own = spans(values.field("text"))
        texts = guarded([own.view] * len(kept), own.starts[kept], own.stops[kept])
        completion_ids: list[array[int] | None] = [None] * len(splits)
    else:
        hidden = _read_withheld(group, group.reasoning, offsets, np.flatnonzero(withheld))
        texts = _merged(spans(values.field("text")), hidden.texts, withheld)
        completion_ids = hidden.completion_ids
        for position, found in zip(np.flatnonzero(withheld).tolist(), hidden.ids, strict=True):
            ids[position] = found
    return in_lists(map(Segment, turns, channels, texts, ids, weights), offsets), completion_ids


def _withheld(splits: list[Split], channels: list[Channel], offsets: Positions) -> Mask:
    """Which segments have their text in `reasoning/`."""
    statuses = [split.status for split in splits]
    withheld = np.zeros(len(channels), bool)
    for status in set(statuses):
        decided = {channel: is_withheld(status, channel) for channel in Channel}
        rows = np.repeat(np.array([one is status for one in statuses]), np.diff(offsets))
        withheld |= rows & np.fromiter(map(decided.__getitem__, channels), bool, len(channels))
    return withheld


def _check_texts(group: Group, withheld: Mask, texts: Array, offsets: Positions) -> None:
    """Exactly the withheld segments are without text in `episodes/`."""
    wrong = np.flatnonzero(withheld != nulls(texts))
    if len(wrong):
        message = "text that is or may be reasoning stands outside reasoning/" if withheld[wrong[0]] else "a text is missing"
        group.refuse(EPISODES, _episode_at(offsets, int(wrong[0])), "segments.text", message)


def _merged(own: Spans, hidden: Spans, withheld: Mask) -> Iterator[GuardedText]:
    starts, stops = own.starts.copy(), own.stops.copy()
    starts[withheld], stops[withheld] = hidden.starts, hidden.stops
    views = (own.view, hidden.view)
    return guarded(map(views.__getitem__, withheld.astype(np.int8).tolist()), starts, stops)


def _read_withheld(group: Group, batch: pa.RecordBatch, offsets: Positions, withheld: Positions) -> _Withheld:
    """Both files are in the order of the episodes: their rows must be the withheld segments, one by one."""
    episode = group.owners(REASONING, batch)
    whole = nulls(batch.column("segment"))
    segment = integers(batch.column("segment"), -1)
    size = offsets[episode + 1] - offsets[episode]
    outside = np.flatnonzero(~whole & ((segment < 0) | (segment >= size)))
    if len(outside):
        group.refuse(REASONING, int(outside[0]), "segment", "the episode has no segment of this number")
    unordered = np.flatnonzero((np.diff(episode) == 0) & (np.diff(segment) <= 0))
    if len(unordered):
        group.refuse(REASONING, int(unordered[0]) + 1, "segment", "rows are not in the order of the segments")
    _check_nulls(group, batch, whole)
    positions = (offsets[episode] + segment)[~whole]
    if not np.array_equal(positions, withheld):
        _refuse_unequal(group, positions, withheld, whole, offsets)
    ids: list[Any] = id_lists(batch.column("ids"))
    completion_ids: list[array[int] | None] = [None] * len(group.episodes)
    for owner, row in zip(episode[whole].tolist(), np.flatnonzero(whole).tolist(), strict=True):
        completion_ids[owner] = ids[row]
    rows = np.flatnonzero(~whole)
    texts = spans(batch.column("text"))
    return _Withheld(
        Spans(texts.starts[rows], texts.stops[rows], texts.view), [ids[row] for row in rows.tolist()], completion_ids
    )


def _check_nulls(group: Group, batch: pa.RecordBatch, whole: Mask) -> None:
    wrong = np.flatnonzero(nulls(batch.column("text")) != whole)
    if len(wrong):
        group.refuse(REASONING, int(wrong[0]), "text", "a row has either a segment and its text, or neither")
    wrong = np.flatnonzero(whole & nulls(batch.column("ids")))
    if len(wrong):
        group.refuse(REASONING, int(wrong[0]), "ids", "a row without a segment holds the ids of the whole completion")


def _refuse_unequal(group: Group, positions: Positions, withheld: Positions, whole: Mask, offsets: Positions) -> NoReturn:
    surplus = np.flatnonzero(~np.isin(positions, withheld))
    if len(surplus):
        row = int(np.flatnonzero(~whole)[surplus[0]])
        group.refuse(REASONING, row, "segment", "the segment has its text in episodes/ already")
    lacking = int(withheld[~np.isin(withheld, positions)][0])
    group.refuse(EPISODES, _episode_at(offsets, lacking), "segments.text", "the text of a segment is missing from reasoning/")


def _episode_at(offsets: Positions, position: int) -> int:
    return int(np.searchsorted(offsets, position, side="right")) - 1
