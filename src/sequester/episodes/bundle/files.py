"""One Parquet file of a bundle: its labels, its columns, its row groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sequester.episodes.bundle.schema import DICTIONARY, FILE_KEY, RUN_KEY, SCHEMAS, SUFFIX, VERSION, VERSION_KEY
from sequester.errors import BundleError

_HINT = "see docs/format.md; write the bundle again with the version of sequester that reads it"
_READ_BYTES = 1 << 20
_PARTS_KEPT = 4


@contextmanager
def arrow_errors(path: Path) -> Iterator[None]:
    """Every error of Arrow becomes a BundleError (it raises KeyError where `read_dictionary` names a column that the file lacks).

    Arrow's message may quote content, so only its kind is passed on.
    """
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, MemoryError, OverflowError, KeyError) as error:
        raise BundleError(
            f"is damaged or uses something Arrow cannot read ({type(error).__name__})",
            where=str(path),
            hint="copy it again from where it was written",
        ) from None


def open_file(path: Path, folder: str) -> pq.ParquetFile:
    """Read, not memory-mapped: a file that shrinks under a mapping would kill the process. Raises BundleError."""
    with arrow_errors(path):
        state = path.stat()
        parsed = _parsed_footer(path, folder, state.st_size, state.st_mtime_ns)
        return pq.ParquetFile(
            path, metadata=parsed, read_dictionary=DICTIONARY[folder], buffer_size=_READ_BYTES, pre_buffer=False
        )


@lru_cache(3 * _PARTS_KEPT)
def _parsed_footer(path: Path, folder: str, *state: int) -> pq.FileMetaData:
    """Kept while the file stays as it is: every unit opens it anew, and a long file has a long footer."""
    parsed = pq.read_metadata(path)
    check_schema(parsed.schema.to_arrow_schema(), folder, path)
    return parsed


def read_group(file: pq.ParquetFile, index: int, folder: str, path: Path) -> pa.RecordBatch:
    """A whole row group in the types of the schema, its texts valid UTF-8. Raises BundleError."""
    with arrow_errors(path):
        table = file.read_row_group(index, use_threads=False)
        batches = table.to_batches()
        if len(batches) > 1:
            batches = table.combine_chunks().to_batches()
        batch = batches[0] if len(batches) == 1 else pa.RecordBatch.from_pylist([], schema=SCHEMAS[folder])
    columns = []
    for field in SCHEMAS[folder]:
        columns.append(_checked(batch.column(field.name), field, f"{path}: row group {index}, column {field.name}", folder))
    return pa.RecordBatch.from_arrays(columns, names=SCHEMAS[folder].names)


def check_labels(metadata: dict[bytes, bytes] | None, folder: str, path: Path) -> str:
    """The run that a file's key-value metadata names. Raises BundleError if it is another file or version."""
    labels = {key: (metadata or {}).get(key.encode(), b"").decode("utf-8", "replace") for key in (VERSION_KEY, RUN_KEY, FILE_KEY)}
    if labels[VERSION_KEY] != str(VERSION):
        raise BundleError(f"its footer does not say {VERSION_KEY} = {VERSION}", where=str(path), hint=_HINT)
    if labels[FILE_KEY] != f"{folder}/{path.name.removesuffix(SUFFIX)}":
        raise BundleError(
            "was written under another name", where=str(path), hint="copy the bundle again; do not rename its files"
        )
    if not labels[RUN_KEY]:
        raise BundleError(f"its footer has no {RUN_KEY}", where=str(path), hint=_HINT)
    return labels[RUN_KEY]


def check_schema(schema: pa.Schema, folder: str, path: Path) -> None:
    """Raises BundleError unless the columns are those of the format, in any order."""
    expected = SCHEMAS[folder]
    for name in schema.names:
        if name not in expected.names:
            raise BundleError("is no column of the format", where=f"{path}: column {name!r}", hint=_HINT)
    for field in expected:
        if schema.names.count(field.name) != 1:
            raise BundleError("is missing or there twice", where=f"{path}: column {field.name}", hint=_HINT)
        if not _same(schema.field(field.name).type, field.type):
            raise BundleError(f"is not {field.type}", where=f"{path}: column {field.name}", hint=_HINT)


def _same(found: pa.DataType, expected: pa.DataType) -> bool:
    """Whether two types hold the same values: large, viewed and dictionary-encoded strings are strings."""
    if pa.types.is_dictionary(found):
        return _same(found.value_type, expected)
    if pa.types.is_struct(expected):
        if not pa.types.is_struct(found) or {field.name for field in found} != {field.name for field in expected}:
            return False
        return found.num_fields == expected.num_fields and all(
            _same(found.field(field.name).type, field.type) for field in expected
        )
    if pa.types.is_list(expected):
        return (pa.types.is_list(found) or pa.types.is_large_list(found)) and _same(found.value_type, expected.value_type)
    if pa.types.is_string(expected):
        return pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    return found.equals(expected)


def _checked(column: Any, field: pa.Field[Any], where: str, folder: str) -> Any:
    """The column in the type of the schema, without nulls where it has none, its buffers and UTF-8 validated."""
    kind = pa.dictionary(pa.int32(), pa.string()) if field.name in DICTIONARY[folder] else field.type
    try:
        if not column.type.equals(kind):
            column = column.cast(kind)
        if not pa.types.is_primitive(kind):
            column.validate(full=True)
    except (pa.ArrowException, OverflowError):
        raise BundleError("holds text that is not UTF-8, or lists that do not fit", where=where, hint=_HINT) from None
    _check_nulls(column, field, where)
    return column


def _check_nulls(column: Any, field: pa.Field[Any], where: str) -> None:
    if not field.nullable and column.null_count:
        raise BundleError("is empty in a row where the format needs a value", where=where, hint=_HINT)
    if pa.types.is_list(field.type):
        _check_nulls(column.values, field.type.value_field, where)
    elif pa.types.is_struct(field.type):
        for index, child in enumerate(field.type):
            _check_nulls(column.field(index), child, f"{where}.{child.name}")
