"""From packed bytes to what they hold: gzip, zlib, raw deflate, bz2, xz, lzma, zstd, lz4, brotli, tar and zip.

Nothing is trusted: every output is bounded by the budget whatever the ratio, sizes claimed in headers bound nothing, and a
truncated or damaged stream yields what could be read before the damage. Formats are walked by hand where the standard reader
needs the end of the file (zip) or can be made to loop (tar).
"""

from __future__ import annotations

import bz2
import heapq
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import pyarrow as pa

from sequester.exposure.layers.charset import printable, readable, wide
from sequester.exposure.layers.piece import Budget

_BLOCK = 512
_STEP = 1 << 16
_CHUNK = 4096
_PROBE = 96
_SHORTEST_PACKED = 24  # bytes; fewer hold no text worth finding
_DICTIONARY = 128 << 20  # bytes of memory that lzma may take; `xz -9` takes 65 MiB

SIGNATURE = re.compile(
    rb"(?P<gzip>\x1f\x8b\x08)|(?P<bz2>BZh[1-9]1AY&SY)|(?P<xz>\xfd7zXZ\0)|(?P<zstd>\x28\xb5\x2f\xfd)|(?P<lz4>\x04\x22\x4d\x18)"
    rb"|(?P<zip>PK\x03\x04)|(?P<zlib>x[\x01\x5e\x9c\xda])|(?P<lzma>\x5d\0\0[\0-\xff]{2}\xff{8})",
    re.DOTALL,
)
_BEGINNINGS = (
    *(b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"PK\x03\x04"),
    *(b"x\x01", b"x\x5e", b"x\x9c", b"x\xda", b"\x5d\0\0"),
)


class _Inflater(Protocol):
    """One call per stretch of input, bounded output; the shape that `bz2` and `lzma` share."""

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class _Deflate:
    """zlib in the shape of `bz2` and `lzma`: input that did not fit the output is kept inside."""

    def __init__(self, window: int) -> None:
        self._stream = zlib.decompressobj(window)

    def decompress(self, data: bytes | memoryview, max_length: int = -1) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail or data, max_length)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data


_STREAMS: dict[str, Callable[[], _Inflater]] = {
    "gzip": lambda: _Deflate(31),
    "zlib": lambda: _Deflate(15),
    "deflate": lambda: _Deflate(-15),
    "bz2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_DICTIONARY),
    "lzma": lambda: lzma.LZMADecompressor(memlimit=_DICTIONARY),
}
_Codec = Literal["zstd", "lz4", "brotli"]
_ARROW: dict[str, _Codec] = {"zstd": "zstd", "lz4": "lz4", "brotli": "brotli"}


def unpack(
    data: bytes, budget: Budget, is_new: Callable[[bytes], bool], names: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """Everything that lies packed in `data`, innermost included, as (names of the packings outermost first, bytes).

    `is_new` is asked for each content; the same bytes are not handed on and not opened twice.
    """
    for name, content in _members(data, budget):
        if len(names) >= budget.depth:
            budget.hit("depth")
            return
        if not budget.attempt(0):
            return
        if is_new(content):
            yield (*names, name), content
            yield from unpack(content, budget, is_new, (*names, name))


def promising(data: bytes) -> bool:
    """Whether `data` reads as text, or shows the signature of a packing near its start: the sign that it was decoded
    rightly."""
    return readable(data) or SIGNATURE.search(data, 0, 64) is not None or wide(data) or _is_tar(data)


def _members(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    if printable(data):
        return
    if _is_tar(data):
        yield from _tar_members(data, budget)
        return
    position, found_any = 0, False
    for start, name in _signatures(data):
        if start < position:
            continue
        if not budget.attempt(0):
            return
        # Two bytes are a weak signature: what comes out tells whether it was one.
        if name == "zlib" and not _first_deflated(data[start : start + _CHUNK], 15):
            continue
        content, used = _zip_member(data, start, budget) if name == "zip" else inflate(name, memoryview(data)[start:], budget)
        if content and (name == "zip" or promising(content)):
            found_any = True
            yield name, content
        position = start + max(used, 2)
    if not found_any and not readable(data):
        yield from _unsigned(data, budget)


def _signatures(data: bytes) -> Iterator[tuple[int, str]]:
    """Places of all signatures in order. Found by their first bytes: a regular expression takes a hundred times longer over NULs."""
    present = [beginning for beginning in _BEGINNINGS if beginning in data]
    for start in heapq.merge(*(_places(data, beginning) for beginning in present)):
        if found := SIGNATURE.match(data, start):
            yield start, found.lastgroup or ""


def _places(data: bytes, beginning: bytes) -> Iterator[int]:
    start = -1
    while (start := data.find(beginning, start + 1)) >= 0:
        yield start


def _unsigned(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    for name in unsigned(data):
        yield name, inflate(name, memoryview(data), budget)[0]


def unsigned(data: bytes) -> list[str]:
    """Names of the packings without a signature that `data` may hold: a readable beginning is what tells raw deflate and brotli from
    noise."""
    if len(data) < _SHORTEST_PACKED:
        return []
    readers = (("deflate", _first_deflated), ("brotli", _first_of_brotli))
    return [name for name, first in readers if readable(first(data[:_CHUNK]))]


def _first_deflated(data: bytes, window: int = -15) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(data, _PROBE)
    except zlib.error:
        return b""


def _first_of_brotli(data: bytes) -> bytes:
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), "brotli") as stream:
            return bytes(stream.read(_PROBE))
    except (OSError, pa.ArrowException):
        return b""


def inflate(name: str, data: memoryview, budget: Budget) -> tuple[bytes, int]:
    """Bytes that the stream at the start of `data` holds, as far as they can be read and the budget allows, and bytes consumed.

    Members that follow each other (as gzip and zstd allow) are joined by the caller's next search.
    """
    room = budget.room
    if room <= 0:
        budget.hit("inflated")
        return b"", 0
    content, used = _arrow_stream(_ARROW[name], data, room) if name in _ARROW else _stream(_STREAMS[name], data, room)
    budget.inflate(len(content))
    return content, used


def _stream(make: Callable[[], _Inflater], data: memoryview, room: int) -> tuple[bytes, int]:
    """First in large steps; where one of them is damaged, again up to there and then in single bytes up to the damage."""
    out, used, damaged = _feed(make, data, room, len(data))
    if damaged:
        out, used, _ = _feed(make, data[: used + _CHUNK], room, used)
    return bytes(out), used


def _feed(make: Callable[[], _Inflater], data: memoryview, room: int, sound: int) -> tuple[bytearray, int, bool]:
    """Output, bytes consumed and whether the stream broke. Beyond the first `sound` bytes it is fed byte by byte."""
    stream, out, used = make(), bytearray(), 0
    try:
        while not stream.eof and len(out) < room and (used < len(data) or not stream.needs_input):
            step = min(_CHUNK, sound - used) if used < sound else 1
            piece = data[used : used + step] if stream.needs_input else b""
            part = stream.decompress(piece, min(room - len(out), _STEP))
            used += len(piece)
            out += part
            if not part and not piece:
                break
    except (zlib.error, OSError, EOFError, ValueError, lzma.LZMAError, MemoryError):
        return out, used, True
    return out, used - len(stream.unused_data), False


def _arrow_stream(codec: _Codec, data: memoryview, room: int) -> tuple[bytes, int]:
    out = _read_arrow(codec, pa.BufferReader(data), room, _STEP)
    if not out:
        # Damaged, or followed by something else: once more in small steps, up to there.
        out = _read_arrow(codec, pa.PythonFile(_Drops(bytes(data)), mode="r"), min(room, _STEP), _DROP)
    return out, len(data) if out else 0


def _read_arrow(codec: _Codec, source: pa.NativeFile, room: int, step: int) -> bytes:
    out = bytearray()
    try:
        with pa.CompressedInputStream(source, codec) as stream:
            while len(out) < room and (part := stream.read(min(step, room - len(out)))):
                out += part
    except (OSError, pa.ArrowException):
        pass  # what came before the damage stands
    return bytes(out)


class _Drops(io.BytesIO):
    """Bytes that come a few at a time, so that what can be decompressed before the damage is."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(_DROP if size is None or size < 0 else min(size, _DROP))


_DROP = 16


def _charged(content: bytes, budget: Budget) -> bytes:
    """What lies in an archive as it is counts as inflated too: archives inside each other multiply it."""
    content = content[: max(budget.room, 0)]
    budget.inflate(len(content))
    return content


def _is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    return int(digits, 8) if digits and not digits.translate(None, b"01234567") else -1


def _tar_members(data: bytes, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Names and contents of regular members, by walking 512-byte headers. A size that is no octal number ends the walk."""
    position = 0
    while position + _BLOCK <= len(data):
        header = data[position : position + _BLOCK]
        size = _octal(header[124:136])
        if size < 0 or not header.strip(b"\0"):
            break
        begin = position + _BLOCK
        # Headers of other members (long names, pax records) are text too, so every type is handed on alike.
        if budget.room <= 0:
            budget.hit("inflated")
            return
        yield "tar", header[:100].rstrip(b"\0") + b"\n" + _charged(data[begin : begin + size], budget)
        position = begin + -(-size // _BLOCK) * _BLOCK


_ZIP_METHODS = {8: "deflate", 12: "bz2", 93: "zstd", 95: "xz"}


def _zip_member(data: bytes, start: int, budget: Budget) -> tuple[bytes, int]:
    """Name and content of the member whose local header stands at `start`; the directory at the end of the file is not
    needed."""
    header = data[start : start + 30]
    if len(header) < 30:
        return b"", 0
    method = int.from_bytes(header[8:10], "little")
    claimed = int.from_bytes(header[18:22], "little")
    name_length, extra_length = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    begin = start + 30 + name_length + extra_length
    name = data[start + 30 : start + 30 + name_length]
    if method in _ZIP_METHODS:
        end = begin + claimed if claimed and method != 8 else len(data)
        body = memoryview(data)[begin:end]
        content, used = inflate(_ZIP_METHODS[method], body, budget)
    elif method == 0:
        following = data.find(b"PK\x03\x04", begin)
        end = begin + claimed if claimed else following if following >= 0 else len(data)
        content, used = _charged(data[begin:end], budget), max(end - begin, 0)
    else:
        return name, 30
    return name + b"\n" + content, begin - start + used
