"""Reading a part of a bundle: three files side by side, one row group of each at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow.parquet as pq

from sequester.episodes.bundle.claims import GroupSize, checked_footer, is_sealed
from sequester.episodes.bundle.decoding import episodes_of
from sequester.episodes.bundle.files import arrow_errors, open_file, read_group
from sequester.episodes.bundle.group import Group
from sequester.episodes.bundle.layout import Part
from sequester.episodes.bundle.schema import EPISODES, REASONING, REWARD_CALLS
from sequester.episodes.model import Episode
from sequester.errors import BundleError


def group_sizes(part: Part) -> list[GroupSize]:
    """The row groups of a part, over all its files that are not sealed. Raises BundleError or LimitExceeded where a footer cannot be
    read or claims too much."""
    footers = {folder: checked_footer(part.path(folder), folder) for folder in _readable(part)}
    _group_count(part, {folder: len(footer.groups) for folder, footer in footers.items()})
    sizes = zip(*(footer.groups for footer in footers.values()), strict=True)
    return [
        GroupSize(group.rows, sum(one.bytes for one in same)) for group, same in zip(footers[EPISODES].groups, sizes, strict=True)
    ]


def read_part(part: Part, start: int = 0, stop: int = -1) -> Iterator[Episode]:
    """The episodes in the row groups `start` to `stop` (exclusive; -1: to the end) of a part, in order.

    Reasoning that is sealed or missing is left out, and the episode's visibility says so. Raises BundleError where the part breaks
    the format; what was yielded before stands.
    """
    folders = _readable(part)
    with ExitStack() as stack:
        files = {folder: stack.enter_context(open_file(part.path(folder), folder)) for folder in folders}
        count = _group_count(part, {folder: file.metadata.num_row_groups for folder, file in files.items()})
        first = {folder: _rows_before(part.path(folder), file, start) for folder, file in files.items()}
        for index in range(start, count if stop < 0 else min(stop, count)):
            yield from _read_group(part, files, index, first)


def _read_group(part: Part, files: dict[str, pq.ParquetFile], index: int, first: dict[str, int]) -> Iterator[Episode]:
    """One row group; advances `first`. Its buffers are free before the next one is read, which then finds them in the cache."""
    batches = {folder: read_group(file, index, folder, part.path(folder)) for folder, file in files.items()}
    group = Group(
        rank=part.rank,
        paths={folder: str(part.path(folder)) for folder in files},
        first_row=first[EPISODES],
        first_rows=dict(first),
        episodes=batches[EPISODES],
        calls=batches[REWARD_CALLS],
        reasoning=batches.get(REASONING),
    )
    for folder, batch in batches.items():
        first[folder] += batch.num_rows
    yield from episodes_of(group)


def _readable(part: Part) -> list[str]:
    return [folder for folder in part.folders() if folder != REASONING or not is_sealed(part.path(folder))]


def _group_count(part: Part, counts: dict[str, int]) -> int:
    for folder, count in counts.items():
        if count != counts[EPISODES]:
            message = f"has {count} row groups, its part {counts[EPISODES]}"
            raise BundleError(message, where=str(part.path(folder)), hint="see docs/format.md: Row groups")
    return counts[EPISODES]


def _rows_before(path: Path, file: pq.ParquetFile, group: int) -> int:
    with arrow_errors(path):
        return sum(file.metadata.row_group(index).num_rows for index in range(min(group, file.metadata.num_row_groups)))
