"""Parquet, as every reader of it needs it: the footer, slices of row groups, and bounded batches.

Only `InputError` and its children leave this module. A Parquet file is small beside what it can claim to hold (a dictionary
page of one long value and a billion references to it), so sizes are judged from the footer before anything is decoded, and the
length of a batch follows from them. Files are read, not memory-mapped: a trainer that rewrites its file under a mapping would
kill the audit with SIGBUS.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from sequester.episodes import parquet_footer
from sequester.episodes.model import Reason, Skipped, Source
from sequester.episodes.parquet_footer import BYTE_ARRAY, MAGIC, Chunk, RowGroup
from sequester.episodes.readers.interface import Unit
from sequester.errors import InputError, LimitExceeded

__all__ = [
    "MAGIC",
    "Batch",
    "Footer",
    "batches",
    "holds_text",
    "read_footer",
    "records",
    "row_group_units",
]

_UNIT_BYTES = 8 << 20
"""Uncompressed bytes that one unit holds at least, so that a million small row groups are not a million units."""
_BATCH_BYTES = 32 << 20
"""Decoded bytes that a batch may need."""
_BATCH_ROWS = 64
"""More are no faster: measured on zstd files of 6 kB a row, 64 rows decode at the rate of 1024."""
_READ_BYTES = 1 << 20
_FOOTERS_KEPT = 16
_BOMB_BYTES = 256 << 20
_BOMB_RATIO = 1000
"""A row group that decodes to more than `_BOMB_BYTES` and `_BOMB_RATIO` times its size on disk is refused."""
_MANY_ROWS = 10_000_000
"""Beyond this many rows, a file must hold at least one byte per row."""


class Footer(Struct, frozen=True):
    """What a Parquet file says about itself."""

    rows: int
    schema: pa.Schema
    row_groups: tuple[int, ...]
    """Rows of each row group."""
    sizes: tuple[int, ...]
    """Uncompressed bytes of each row group."""
    batch_rows: int
    """Rows that can be decoded at once within the memory bound."""
    metadata: dict[str, str]
    """Key-value metadata, without Arrow's own schema."""
    parsed: pq.FileMetaData
    """The same in Arrow's form: a file opened with it is not parsed again."""


class Batch(Struct, frozen=True):
    """Consecutive rows of a file."""

    first_record: int
    """1-based number of the first row within the file."""
    columns: pa.RecordBatch


def read_footer(path: Path) -> Footer:
    """The footer of a Parquet file. Kept while the file stays as it is: every unit asks for it, and a long file has a long one.

    Raises InputError if the file is no readable Parquet, LimitExceeded if it declares more than bounded memory or time can read.
    """
    with suppress(OSError, ValueError):  # which the reading then explains
        state = path.stat()
        return _read_footer(path, state.st_size, state.st_mtime_ns)
    return _read_footer(path)


@lru_cache(_FOOTERS_KEPT)
def _read_footer(path: Path, *state: int) -> Footer:
    groups = parquet_footer.read_footer(path).groups
    with _opened(path) as file:
        footer = Footer(
            rows=file.metadata.num_rows,
            schema=file.schema_arrow,
            row_groups=tuple(group.rows for group in groups),
            sizes=tuple(sum(chunk.decoded for chunk in group.chunks) for group in groups),
            batch_rows=_batch_rows(groups),
            metadata=_key_values(file.metadata.metadata),
            parsed=file.metadata,
        )
    bombs = [index for index, group in enumerate(groups) if _expands_too_far(group)]
    if bombs:
        raise LimitExceeded(
            f"row group {bombs[0]} decodes to more than {_BOMB_RATIO} times its size on disk",
            where=str(path),
            hint="write the file again with smaller row groups, if the trainer really wrote it",
        )
    if footer.rows > max(_MANY_ROWS, path.stat().st_size):
        raise LimitExceeded(f"declares {footer.rows} rows in fewer bytes", where=str(path), hint="check who wrote the file")
    if len(set(footer.schema.names)) < len(footer.schema.names):
        raise InputError("two columns have the same name", where=str(path), hint="rename one of them")
    return footer


def row_group_units(path: Path) -> Iterator[Unit]:
    """Slices of whole row groups, in order; `start` and `stop` of a unit are row-group numbers. An empty file has none."""
    footer = read_footer(path)
    start, size, first, record = 0, 0, 1, 1
    for index, rows in enumerate(footer.row_groups):
        size += footer.sizes[index]
        record += rows
        if size >= _UNIT_BYTES or index + 1 == len(footer.row_groups):
            yield Unit(path=str(path), start=start, stop=index + 1, first_record=first)
            start, size, first = index + 1, 0, record


def batches(unit: Unit, columns: Sequence[str] | None = None) -> Iterator[Batch]:
    """The rows of a unit, in bounded batches; only `columns` where given.

    Raises InputError where a column is missing, or where the rows cannot be decoded any further.
    """
    path = Path(unit.path)
    footer = read_footer(path)
    absent = sorted(set(columns or ()) - set(footer.schema.names))
    if absent:
        names = sorted(footer.schema.names)
        near = get_close_matches(absent[0], names, n=1)
        raise InputError(
            f"has no column {absent[0]!r}",
            where=str(path),
            hint=f"{f'did you mean {near[0]!r}? ' if near else ''}columns: {', '.join(names)}",
        )
    stop = len(footer.row_groups) if unit.stop < 0 else unit.stop
    record = unit.first_record
    with _opened(path, footer.parsed) as file:
        groups = list(range(unit.start, min(stop, len(footer.row_groups))))
        wanted = None if columns is None else list(columns)
        for batch in file.iter_batches(footer.batch_rows, row_groups=groups, columns=wanted, use_threads=False):
            yield Batch(record, batch)
            record += batch.num_rows


def records(unit: Unit, columns: Sequence[str] | None = None) -> Iterator[tuple[Source, dict[str, Any] | Skipped]]:
    """Every row of a unit as Python values by column name, strings as `str`; a row that Python cannot hold is skipped. Where only some
    are wanted, batches without them are left out.

    Raises InputError like `batches`.
    """
    for batch in batches(unit, columns):
        if unit.wanted is not None and unit.wanted.isdisjoint(
            range(batch.first_record, batch.first_record + batch.columns.num_rows)
        ):
            continue
        whole = _as_python(batch.columns)
        for index in range(batch.columns.num_rows):
            source = Source(unit.path, batch.first_record + index)
            yield source, whole[index] if whole is not None else _row(batch.columns, index, source)


def holds_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds strings."""
    if pa.types.is_dictionary(kind):
        return holds_text(kind.value_type)
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


_NO_VALUE = (ValueError, OverflowError, RecursionError, pa.ArrowException)
"""What Arrow raises for a value that Python cannot hold: bytes that are not UTF-8, a date beyond Python's."""


def _as_python(rows: pa.RecordBatch) -> list[dict[str, Any]] | None:
    """Rows as Python values; None if one of them has no such form. As a whole, since one by one takes several times as long."""
    try:
        return rows.to_pylist()
    except _NO_VALUE:
        return None


def _row(rows: pa.RecordBatch, index: int, source: Source) -> dict[str, Any] | Skipped:
    """One row as Python values, or which of its columns cannot be."""
    values: dict[str, Any] = {}
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        try:
            values[name] = column[index].as_py()
        except _NO_VALUE as error:
            return Skipped(source, Reason.MALFORMED, f"{name}: cannot be decoded ({type(error).__name__})")
    return values


@contextmanager
def _opened(path: Path, parsed: pq.FileMetaData | None = None) -> Iterator[pq.ParquetFile]:
    """The open file, its footer parsed unless that was done; every Arrow error inside becomes an InputError."""
    try:
        with pq.ParquetFile(path, metadata=parsed, buffer_size=_READ_BYTES, pre_buffer=False) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        # Arrow's message may quote content: only the kind of error is passed on.
        raise InputError(
            f"the Parquet file is damaged or uses something Arrow cannot read ({type(error).__name__})",
            where=str(path),
            hint="copy it again from where it was written; a file that is being written has no footer yet",
        ) from None


def _key_values(metadata: dict[bytes, bytes] | None) -> dict[str, str]:
    decode = partial(str, encoding="utf-8", errors="replace")
    return {decode(key): decode(value) for key, value in (metadata or {}).items() if key != b"ARROW:schema"}


def _expands_too_far(group: RowGroup) -> bool:
    stored = sum(chunk.stored for chunk in group.chunks)
    decoded = max(sum(chunk.decoded for chunk in group.chunks), sum(chunk.values for chunk in group.chunks))
    return decoded > _BOMB_BYTES and decoded > _BOMB_RATIO * stored


def _batch_rows(groups: Sequence[RowGroup]) -> int:
    """Rows within `_BATCH_BYTES`, for the column whose rows may be the longest."""
    longest = max((_row_bytes(chunk, group.rows) for group in groups for chunk in group.chunks), default=0)
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, longest)))


def _row_bytes(chunk: Chunk, rows: int) -> int:
    """Bytes that one row of a column may need: the mean, or all that its dictionary page holds if every row refers to it."""
    mean = max(chunk.decoded, 8 * chunk.values) // max(1, rows)
    if chunk.kind != BYTE_ARRAY or not chunk.dictionary:
        return mean
    ratio = max(1, chunk.decoded // max(1, chunk.stored))
    return max(mean, min(max(0, chunk.data - chunk.dictionary) * ratio, chunk.decoded))
