"""The columns of a row group into episodes: the pure half of reading, in whole columns rather than value by value.

Texts are views into Arrow's buffers; whoever keeps an episode keeps the buffers of its row group. Everything is checked before
the first episode is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from sequester.episodes.bundle.arrays import Array, elements, guarded_texts, id_lists, in_lists, nulls, numbers, texts
from sequester.episodes.bundle.enumerations import enums
from sequester.episodes.bundle.group import Group
from sequester.episodes.bundle.schema import EPISODES, REWARD_CALLS
from sequester.episodes.bundle.segments import segments_of
from sequester.episodes.model import Episode, Evidence, Field, Reason, RewardCall, Source, Split, SplitStatus, Visibility


def episodes_of(group: Group) -> Iterator[Episode]:
    """The episodes of a row group, in order. Raises BundleError where a row breaks the format."""
    batch = group.episodes
    splits = _splits(group)
    segments, completion_ids = segments_of(group, splits)
    visibility = enums(group, EPISODES, "visibility", batch.column("visibility"), Visibility)
    if group.reasoning is None:
        visibility = [_sealed(kind) for kind in visibility]
    return map(
        Episode,
        texts(batch.column("episode_id")),
        segments,
        splits,
        _sources(group),
        _calls(group),
        texts(batch.column("environment")),
        numbers(batch.column("step")),
        texts(batch.column("group")),
        _fields(batch.column("columns")),
        completion_ids,
        numbers(batch.column("weight")),
        texts(batch.column("model")),
        numbers(batch.column("sample")),
        visibility,
        [shard if shard is not None else group.rank for shard in texts(batch.column("shard"))],
        numbers(batch.column("advantage")),
    )


def _sealed(kind: Visibility) -> Visibility:
    return kind if kind is Visibility.ABSENT else Visibility.REDACTED


def _splits(group: Group) -> list[Split]:
    """Few differ within a row group: equal ones are one object."""
    batch = group.episodes
    status = enums(group, EPISODES, "split_status", batch.column("split_status"), SplitStatus)
    keys = list(zip(status, texts(batch.column("split_reason")), texts(batch.column("split_family")), strict=True))
    made = {key: Split(*key) for key in set(keys)}
    return [made[key] for key in keys]


def _sources(group: Group) -> Iterator[Source]:
    paths, records = (group.episodes.column(name) for name in ("source_path", "source_record"))
    one_of_two = np.flatnonzero(nulls(paths) != nulls(records))
    if len(one_of_two):
        group.refuse(EPISODES, int(one_of_two[0]), "source_record", "source_path and source_record go together")
    here = group.paths[EPISODES]
    known: Iterator[tuple[Any, Any]] = zip(texts(paths), numbers(records), strict=True)
    placed = enumerate(known, group.first_row + 1)
    return (Source(path, record) if path is not None else Source(here, row) for row, (path, record) in placed)


def _calls(group: Group) -> Iterator[tuple[RewardCall, ...]]:
    batch = group.calls
    episode = group.owners(REWARD_CALLS, batch)
    offsets = np.searchsorted(episode, np.arange(len(group.episodes) + 1))
    wrong = np.flatnonzero(batch.column("call").to_numpy() != np.arange(len(batch)) - offsets[episode])
    if len(wrong):
        group.refuse(REWARD_CALLS, int(wrong[0]), "call", "calls of an episode are not numbered 0, 1, 2, …")
    calls = map(
        RewardCall,
        texts(batch.column("path")),
        enums(group, REWARD_CALLS, "evidence", batch.column("evidence"), Evidence),
        _fields(batch.column("inputs")),
        numbers(batch.column("score")),
        texts(batch.column("hands_over")),
        enums(group, REWARD_CALLS, "missing", batch.column("missing"), Reason),
    )
    return in_lists(calls, offsets)


def _fields(column: Array) -> Iterator[Any]:
    """A tuple of fields per row; None where the column is null."""
    offsets, values = elements(column)
    names = texts(values.field("name"))
    lists = in_lists(map(Field, names, guarded_texts(values.field("text")), id_lists(values.field("ids"))), offsets)
    if not column.null_count:
        return lists
    return (fields if present else None for fields, present in zip(lists, (~nulls(column)).tolist(), strict=True))
