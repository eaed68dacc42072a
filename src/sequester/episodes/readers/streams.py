"""Bytes of a file, inflated where it is compressed: bounded, and with no error but ours.

Which compression it is, the first bytes say, never the name. A small file can claim to hold a huge one; what inflates beyond any
log's ratio is refused once it has cost a fixed amount of work.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa

from sequester.errors import InputError, LimitExceeded

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_BUFFER = 1 << 18
_STEP = 1 << 16
_FREE_BYTES = 256 << 20
"""Inflated bytes that need no justification."""
_RATIO = 1000
"""Beyond `_FREE_BYTES`, inflated bytes per compressed byte. Logs reach 5 to 50, gzip can reach 1032, zstd 10^5."""
_FAILED = (pa.ArrowException, OSError, EOFError, zlib.error, MemoryError)
"""What inflaters raise where a file is damaged or cut off."""


def compression(head: bytes) -> str | None:
    """`gzip` or `zstd` if a file that begins with `head` is so compressed, else None."""
    if head.startswith(_GZIP):
        return "gzip"
    if head.startswith(_ZSTD) or (len(head) >= 4 and int.from_bytes(head[:4], "little") in _ZSTD_SKIPPABLE):
        return "zstd"
    return None


def file_compression(path: Path) -> str | None:
    """Like `compression`, for a file. Raises InputError if it cannot be read."""
    with _opened(path) as file:
        return compression(file.read(4))


@contextmanager
def inflated(path: Path, start: int = 0) -> Iterator[BinaryIO]:
    """The bytes of a file, inflated if need be; `start` is a position in a file that is not compressed.

    Raises InputError, also while reading: LimitExceeded if it inflates too far. What was read before stands.
    """
    with _opened(path) as file:
        packed = compression(file.read(4))
        file.seek(start)
        if packed is None:
            yield file
            return
        source = _Source(path, _Gzip if packed == "gzip" else _zstd)
        with io.BufferedReader(_Inflating(source, packed, path), _STEP) as stream:
            yield cast(BinaryIO, stream)


def beginning(path: Path, size: int) -> bytes:
    """At most `size` first bytes, inflated: fewer where the file ends or is damaged after them.

    Raises InputError if the file cannot be read, or not one byte of it inflated.
    """
    head = b""
    with inflated(path) as stream:
        try:
            while len(head) < size and (block := cast(io.BufferedReader, stream).read1(size - len(head))):
                head += block
        except InputError:
            if not head:
                raise
    return head


class _Source:
    """An inflating stream that gives all that comes before a damage.

    Inflaters drop what they had inflated when they fail, so the failing stretch is read again byte by byte.
    """

    def __init__(self, path: Path, opened: Callable[[Path], Any]) -> None:
        self._path = path
        self._opened = opened
        self._done = 0
        self._size: int | None = None
        self._stream = opened(path)

    def __call__(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        try:
            data: bytes = self._stream.read(self._size or size)
        except _FAILED:
            if self._size is not None:
                raise
            self._size = 1
            self._stream.close()
            self._stream = self._opened(self._path)
            skipped = 0
            while skipped < self._done:
                skipped += len(self._stream.read(min(_STEP, self._done - skipped)))
            return self(1)
        self._done += len(data)
        return data

    def close(self) -> None:
        self._stream.close()


def _zstd(path: Path) -> pa.NativeFile:
    return pa.input_stream(path.open("rb"), compression="zstd")


class _Gzip:
    """The members of a gzip file, one after the other. `gzip` reads ahead, and so into a damage."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=_BUFFER)
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def read(self, size: int) -> bytes:
        while True:
            if self._member.eof:
                packed = self._after_member()
                if not packed:
                    return b""
                self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            else:
                packed = self._member.unconsumed_tail or self._file.read(_STEP)
            data = self._member.decompress(packed, size)
            if data:
                return data
            if not packed and not self._member.eof:
                raise EOFError

    def _after_member(self) -> bytes:
        """The beginning of the next member, behind the zeros with which some writers fill up; nothing at the end."""
        packed = self._member.unused_data.lstrip(b"\0")
        while not packed and (block := self._file.read(_STEP)):
            packed = block.lstrip(b"\0")
        return packed

    def close(self) -> None:
        self._file.close()


class _Inflating(io.RawIOBase):
    """A source as a raw stream that is bounded and speaks in our errors."""

    def __init__(self, source: _Source, packed: str, path: Path) -> None:
        self._source = source
        self._packed = packed
        self._path = path
        self._limit = max(_FREE_BYTES, _RATIO * path.stat().st_size)
        self._done = 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._source.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._source(len(buffer))
        except _FAILED:
            raise InputError(
                f"the {self._packed} stream is damaged or truncated after {self._done} inflated bytes",
                where=str(self._path),
                hint="copy it again from where it was written; whole lines before the damage are read",
            ) from None
        self._done += len(data)
        if self._done > self._limit:
            raise LimitExceeded(
                f"inflates to more than {_RATIO} times its size",
                where=str(self._path),
                hint="inflate it by hand and look at it, if you trust where it comes from",
            )
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file. Devices, pipes and sockets are refused: reading them may never end."""
    try:
        if not path.is_file():
            problem = "is not a regular file" if path.exists() else "does not exist"
            raise InputError(problem, where=str(path), hint="give the path of a log file")
        file = path.open("rb", buffering=_BUFFER)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    with file:
        try:
            yield file
        except OSError as error:
            raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> InputError:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return InputError(f"cannot be read ({reason})", where=str(path), hint="check the path, its permissions and the disk")
