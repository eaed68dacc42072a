"""What a Parquet file claims, read from its footer without Arrow.

Arrow ends the process (`std::terminate`) when Python asks for the metadata of a column chunk that is encrypted, and decodes a
billion values from a few bytes without asking. So what a footer claims is judged here first, from its Thrift compact encoding
(https://github.com/apache/parquet-format, `parquet.thrift`), of which only what is needed is named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from sequester.errors import BundleError, LimitExceeded

MAGIC = b"PAR1"
MAGIC_SEALED = b"PARE"
_TAIL = 8
"""Length of the footer (4 bytes, little-endian), then the magic."""
_MAX_FOOTER = 16 << 20
_MAX_DEPTH = 12

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
_INTEGERS = frozenset({4, 5, 6})


class Column(Struct, frozen=True):
    """One column chunk."""

    path: str
    is_text: bool
    """Physical type BYTE_ARRAY."""
    encodings: frozenset[int]
    values: int
    """Values, nulls and empty lists included."""
    size: int
    """Bytes before compression."""


class RowGroupClaim(Struct, frozen=True):
    """What a footer claims of one row group."""

    rows: int
    columns: tuple[Column, ...]


class Footer(Struct, frozen=True):
    """What a footer claims."""

    rows: int
    groups: tuple[RowGroupClaim, ...]


def is_sealed(path: Path) -> bool:
    """Whether the whole file is encrypted, footer included. Raises BundleError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC_SEALED)) == MAGIC_SEALED
    except OSError as error:
        raise BundleError(
            f"cannot be read ({error.strerror})", where=str(path), hint="check the path and its permissions"
        ) from None


def read_footer(path: Path) -> Footer:
    """Raises BundleError if the footer is missing, damaged, or speaks of encryption; LimitExceeded if it is too large."""
    raw = _footer_bytes(path)
    hint = "copy the file again from where it was written"
    try:
        fields = _Compact(raw).struct()
        groups = tuple(_group(group, path) for group in fields.get(4, []))
        rows = _integer(fields[3])
    except (IndexError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise BundleError(f"its footer is damaged ({type(error).__name__})", where=str(path), hint=hint) from None
    if 8 in fields or 9 in fields:
        raise BundleError(
            "some of its columns are encrypted", where=str(path), hint="seal reasoning/ with an encrypted footer, or not at all"
        )
    if rows != sum(group.rows for group in groups):
        raise BundleError("its footer contradicts itself on the number of rows", where=str(path), hint=hint)
    return Footer(rows, groups)


def _footer_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
            file.seek(max(0, size - _TAIL))
            tail = file.read(_TAIL)
            length = int.from_bytes(tail[:4], "little")
            if head != MAGIC or tail[4:] != MAGIC or length + _TAIL + len(MAGIC) > size:
                raise BundleError(
                    f"is truncated or no Parquet file ({size} bytes)",
                    where=str(path),
                    hint="copy it again from where it was written",
                )
            if length > _MAX_FOOTER:
                raise LimitExceeded(f"a footer of {length} bytes", where=str(path), hint="write smaller parts")
            file.seek(size - _TAIL - length)
            return file.read(length)
    except OSError as error:
        raise BundleError(
            f"cannot be read ({error.strerror})", where=str(path), hint="check the path and its permissions"
        ) from None


def _group(fields: dict[int, Any], path: Path) -> RowGroupClaim:
    return RowGroupClaim(_integer(fields[3]), tuple(_column(column, path) for column in fields[1]))


def _column(chunk: dict[int, Any], path: Path) -> Column:
    if 8 in chunk or 9 in chunk:
        raise BundleError(
            "some of its columns are encrypted", where=str(path), hint="seal reasoning/ with an encrypted footer, or not at all"
        )
    if 1 in chunk:
        raise BundleError("a column stands in another file", where=str(path), hint="write the file again, in one piece")
    fields = chunk[3]
    return Column(
        path=".".join(str(name, "utf-8", "replace") for name in fields[3]),
        is_text=fields[1] == 6,
        encodings=frozenset(fields[2]),
        values=_integer(fields[5]),
        size=_integer(fields[6]),
    )


def _integer(value: Any) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("not a count")
    return value


class _Compact:
    """Thrift's compact protocol: structs as dicts by field number. Raises IndexError or ValueError on damage."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def struct(self, depth: int = 0) -> dict[int, Any]:
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deep")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._signed()
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._signed()
        if kind == _BINARY:
            return self._bytes(self._unsigned())
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth)
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _DOUBLE:
            return self._bytes(8)
        raise ValueError("unknown type")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size, kind = head >> 4, head & 15
        if size == 15:
            size = self._unsigned()
        if size > len(self._raw) - self._at:
            raise ValueError("a list longer than the footer")
        return [self._value(kind, depth) for _ in range(size)]

    def _byte(self) -> int:
        value = self._raw[self._at]
        self._at += 1
        return value

    def _bytes(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._raw):
            raise IndexError("past the end")
        value = self._raw[self._at : end]
        self._at = end
        return value

    def _unsigned(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("an integer of more than 64 bits")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
