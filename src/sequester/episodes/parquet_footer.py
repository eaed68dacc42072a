"""What the footer of a Parquet file claims, read without Arrow.

Arrow's Python binding ends the whole process when it is asked for the sizes of a damaged or encrypted column chunk (seen in
26.0.1), and those sizes are what tells a log from a bomb before anything is decoded. So the few that are needed are read here:
Thrift's compact protocol, https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md, and the structures of
https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift. Everything else in the footer is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from sequester.errors import InputError, LimitExceeded

MAGIC = b"PAR1"
MAGIC_ENCRYPTED = b"PARE"
_TAIL = 8
"""Bytes at the end of a file: the length of the footer and the magic."""
_LARGEST = 16 << 20
"""Bytes of a footer; a hundred thousand column chunks have about 10 MB."""
_DEEPEST = 16
BYTE_ARRAY = 6
"""Physical type of strings."""
_ENDS = "copy it again from where it was written; a file that is being written has no footer yet"


class Chunk(Struct, frozen=True):
    """One column of one row group. Sizes in bytes; all numbers are what the file claims."""

    path: str = ""
    """Name of the column, with dots before its members."""
    kind: int = -1
    encodings: frozenset[int] = frozenset()
    values: int = 0
    """Values at the leaves, nulls and empty lists included: elements, where the column is a list."""
    decoded: int = 0
    """Pages uncompressed, but still encoded."""
    stored: int = 0
    data: int = 0
    """Position of the first data page."""
    dictionary: int = 0
    """Position of the dictionary page; 0 if there is none."""


class RowGroup(Struct, frozen=True):
    """What a footer claims of one row group."""

    rows: int
    chunks: tuple[Chunk, ...]


class Footer(Struct, frozen=True):
    """What a footer claims."""

    rows: int
    groups: tuple[RowGroup, ...]


def read_footer(path: Path) -> Footer:
    """What a file claims to hold, row group by row group.

    Raises InputError if the file is not Parquet, truncated, damaged or encrypted in any part; LimitExceeded if the footer is too
    large.
    """
    try:
        footer = _file(_Compact(_footer(path)))
    except _Damaged as error:
        raise InputError(f"the footer of the Parquet file is damaged ({error})", where=str(path), hint=_ENDS) from None
    except _Encrypted:
        raise InputError("some of its columns are encrypted", where=str(path), hint="decrypt the Parquet file first") from None
    if footer.rows != sum(group.rows for group in footer.groups):
        raise InputError("the Parquet file is damaged: its row groups do not add up", where=str(path), hint=_ENDS)
    if sum(chunk.stored for group in footer.groups for chunk in group.chunks) > path.stat().st_size:
        raise InputError("the Parquet file is damaged: its columns are larger than the file", where=str(path), hint=_ENDS)
    return footer


def _footer(path: Path) -> bytes:
    """The footer's bytes, after telling a truncated, an encrypted and a foreign file apart."""
    try:
        if not path.is_file():
            problem = "is not a regular file" if path.exists() else "does not exist"
            raise InputError(problem, where=str(path), hint="give the path of a log file")
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            tail = file.read(_TAIL)
            length = int.from_bytes(tail[:4], "little")
            _check_frame(path, head, tail, size, length)
            file.seek(size - _TAIL - length)
            return file.read(length)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(f"cannot be read ({reason})", where=str(path), hint="check the path and its permissions") from None


def _check_frame(path: Path, head: bytes, tail: bytes, size: int, length: int) -> None:
    where = str(path)
    if size == 0:
        raise InputError("the file is empty", where=where, hint="copy it again from where it was written")
    if MAGIC_ENCRYPTED in (head, tail[4:]):
        raise InputError("the Parquet file is encrypted", where=where, hint="decrypt it first")
    if head != MAGIC:
        raise InputError("is not a Parquet file: it does not begin with PAR1", where=where, hint="check --format")
    if size < len(MAGIC) + _TAIL or tail[4:] != MAGIC:
        raise InputError(f"the Parquet file is truncated: {size} bytes and no footer", where=where, hint=_ENDS)
    if length > size - len(MAGIC) - _TAIL:
        raise InputError("the Parquet file is damaged: its footer is longer than the file", where=where, hint=_ENDS)
    if length > _LARGEST:
        raise LimitExceeded(
            f"has a footer of {length} bytes", where=where, hint="write it again with fewer row groups and columns"
        )


class _Damaged(Exception):
    """Bytes that are no Thrift, or not Parquet's."""


class _Encrypted(Exception):
    """A column is encrypted under a footer that is not."""


_TRUE, _FALSE, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _MAP, _STRUCT = 1, 2, 3, (4, 5, 6), 7, 8, (9, 10), 11, 12


class _Compact:
    """A cursor over Thrift's compact protocol."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _byte(self) -> int:
        if self._at >= len(self._data):
            raise _Damaged("it ends too early")
        self._at += 1
        return self._data[self._at - 1]

    def _unsigned(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise _Damaged("a number is too long")

    def integer(self) -> int:
        """A zigzag-encoded integer that must not be negative: sizes, counts and positions are not."""
        value = self._unsigned()
        if value & 1:
            raise _Damaged("a size is negative")
        return value >> 1

    def fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field of a struct; the value must be read or skipped before the next."""
        number = 0
        while (head := self._byte()) & 0x0F:
            if head >> 4:
                number += head >> 4
            else:
                value = self._unsigned()
                number = (value >> 1) ^ -(value & 1)
            yield number, head & 0x0F

    def binary(self) -> bytes:
        """A string."""
        length = self._unsigned()
        self._pass(length)
        return self._data[self._at - length : self._at]

    def expected(self, kind: int, kinds: tuple[int, ...]) -> _Compact:
        """This cursor, if the element before it has a type of `kinds`."""
        if kind not in kinds:
            raise _Damaged("a list holds another type than it should")
        return self

    def items(self) -> Iterator[int]:
        """Type of each element of a list; likewise."""
        head = self._byte()
        for _ in range(self._unsigned() if head >> 4 == 0x0F else head >> 4):
            yield head & 0x0F

    def skip(self, kind: int, depth: int = 0) -> None:
        """Passes over a value; a boolean is in its field's type and has no bytes."""
        if depth > _DEEPEST:
            raise _Damaged("it is nested too deeply")
        if kind == _BYTE:
            self._pass(1)
        elif kind in _INTEGERS:
            self._unsigned()
        elif kind == _DOUBLE:
            self._pass(8)
        elif kind == _BINARY:
            self._pass(self._unsigned())
        elif kind in _LISTS:
            for item in self.items():
                self._skip_element(item, depth)
        elif kind == _MAP:
            count = self._unsigned()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self._skip_element(kinds >> 4, depth)
                self._skip_element(kinds & 0x0F, depth)
        elif kind == _STRUCT:
            for _, field in self.fields():
                self.skip(field, depth + 1)
        elif kind not in (_TRUE, _FALSE):
            raise _Damaged("it holds an unknown type")

    def _skip_element(self, kind: int, depth: int) -> None:
        self.skip(_BYTE if kind in (_TRUE, _FALSE) else kind, depth + 1)

    def _pass(self, count: int) -> None:
        self._at += count
        if self._at > len(self._data):
            raise _Damaged("it ends too early")


def _file(footer: _Compact) -> Footer:
    """Parquet's `FileMetaData`."""
    rows, groups = 0, []
    for number, kind in footer.fields():
        if number == 3 and kind in _INTEGERS:
            rows = footer.integer()
        elif number == 4 and kind in _LISTS:
            groups = [_row_group(footer, item) for item in footer.items()]
        elif number in (8, 9):
            raise _Encrypted
        else:
            footer.skip(kind)
    return Footer(rows, tuple(groups))


def _row_group(footer: _Compact, kind: int) -> RowGroup:
    if kind != _STRUCT:
        raise _Damaged("a row group is no structure")
    rows, chunks = 0, []
    for number, field in footer.fields():
        if number == 1 and field in _LISTS:
            chunks = [_chunk(footer, item) for item in footer.items()]
        elif number == 3 and field in _INTEGERS:
            rows = footer.integer()
        else:
            footer.skip(field)
    return RowGroup(rows, tuple(chunks))


def _chunk(footer: _Compact, kind: int) -> Chunk:
    """Parquet's `ColumnChunk`."""
    if kind != _STRUCT:
        raise _Damaged("a column chunk is no structure")
    found: Chunk | None = None
    for number, field in footer.fields():
        if number == 1:
            raise _Damaged("a column stands in another file")
        if number in (8, 9):
            raise _Encrypted
        if number == 3 and field == _STRUCT:
            found = _column(footer)
        else:
            footer.skip(field)
    if found is None:
        raise _Damaged("a column chunk has no sizes")
    return found


_NUMBERS = {1: "kind", 5: "values", 6: "decoded", 7: "stored", 9: "data", 11: "dictionary"}


def _column(footer: _Compact) -> Chunk:
    """Parquet's `ColumnMetaData`."""
    numbers: dict[str, int] = {}
    path, encodings = "", frozenset[int]()
    for number, kind in footer.fields():
        if number in _NUMBERS and kind in _INTEGERS:
            numbers[_NUMBERS[number]] = footer.integer()
        elif number == 2 and kind in _LISTS:
            encodings = frozenset([footer.expected(item, _INTEGERS).integer() for item in footer.items()])
        elif number == 3 and kind in _LISTS:
            path = ".".join([str(footer.expected(item, (_BINARY,)).binary(), "utf-8", "replace") for item in footer.items()])
        else:
            footer.skip(kind)
    return Chunk(path, encodings=encodings, **numbers)
