"""Lines of JSON, as every JSONL reader needs them: streamed, bounded, in slices that processes can share, numbered for errors.

A bad line costs that line: it becomes a `Skipped` that says where and what, without a character of it, and reading goes on. Two
things that trainers' own JSON encoders write although JSON forbids them are read rather than lost: a lone surrogate becomes
U+FFFD, and NaN or Infinity becomes null. Of a key that stands twice in an object the last one counts, as in all parsers; because what
the first held is lost, the first lines of a slice are searched for such keys: an encoder that writes them does so from the start.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from sequester.episodes.model import Reason, Skipped, Source
from sequester.episodes.parquet_footer import MAGIC
from sequester.episodes.readers.interface import Unit
from sequester.episodes.readers.repeats import repeated_key
from sequester.episodes.readers.streams import file_compression, inflated
from sequester.errors import InputError
from sequester.mismatch import Keys, explain

MAX_LINE = 64 << 20
"""Bytes. 256,000 sampled tokens, text and ids, in eight reward inputs need 25 MB; decoded JSON can need 24 times its size."""
UNIT_BYTES = 8 << 20
"""Bytes that a slice holds at least: enough that starting on one costs nothing, small enough that no process waits long for another."""
CHECKED = 64
"""First lines of a file that are searched for repeated keys."""
CHECKED_LATER = 8
"""The same of every further slice: files of several encoders may have been joined."""
_BLOCK = 1 << 18
_BOM = b"\xef\xbb\xbf"
_BINARY = (MAGIC, b"PK\x03\x04", b"PK\x05\x06")

T = TypeVar("T")


def line_units(path: Path) -> Iterator[Unit]:
    """Slices of whole lines, in order; `start` and `stop` are positions in the file. A compressed file is one slice.

    Raises InputError if the file cannot be read.
    """
    if file_compression(path) is not None:
        yield Unit(str(path))
        return
    with inflated(path) as file:
        size = file.seek(0, io.SEEK_END)
        start, record = 0, 1
        while start < size:
            stop, lines = size, 0
            if size - start > UNIT_BYTES:
                file.seek(start)
                lines = _count_newlines(file, UNIT_BYTES)
                rest, ended = _rest_of_line(file)
                stop, lines = start + UNIT_BYTES + rest, lines + ended
            yield Unit(str(path), start, stop, record)
            start, record = stop, record + lines


def numbered_lines(unit: Unit) -> Iterator[tuple[int, bytes | None]]:
    """Line numbers and lines of a slice, blank ones left out; None for a line longer than `MAX_LINE`.

    Raises InputError where the file cannot be read any further, and if it begins as Parquet files and zip archives do: a format that
    was named may not be that of the file.
    """
    position, number = unit.start, unit.first_record
    with inflated(Path(unit.path), unit.start) as file:
        while unit.stop < 0 or position < unit.stop:
            line: bytes | None = file.readline(MAX_LINE + 1)
            if not line:
                if position < unit.stop:
                    raise InputError(
                        f"ends at byte {position} of {unit.stop}: it was cut while it was read",
                        where=unit.path,
                        hint="audit it again when nothing writes to it",
                    )
                return
            if position == 0 and line.startswith(_BINARY):
                what = "Parquet" if line.startswith(MAGIC) else "a zip archive"
                raise InputError(
                    f"is {what}, not lines of JSON", where=unit.path, hint="leave out --format, or name the right one"
                )
            if position == 0 and line.startswith(_BOM):
                position, line = len(_BOM), line[len(_BOM) :]
            position += len(line)
            if len(line) > MAX_LINE and not line.endswith(b"\n"):
                position += _rest_of_line(file)[0]
                line = None
            if line is None or (line and not line.isspace()):
                yield number, line
            number += 1


def decoded_lines(unit: Unit, decoder: msgspec.json.Decoder[T], keys: Keys = ()) -> Iterator[tuple[Source, T | Skipped]]:
    """Every record of a slice that is wanted, decoded, or why it could not be; `keys` are the valid ones that a message may suggest.

    Raises InputError where the file cannot be read any further.
    """
    decode, path = decoder.decode, unit.path
    unchecked = unit.first_record + (CHECKED if unit.start == 0 else CHECKED_LATER)
    for number, line in numbered_lines(unit):
        if unit.wanted is not None and number not in unit.wanted:
            continue
        source = Source(path, number)
        if line is None:
            yield source, Skipped(source, Reason.LIMIT, f"the line is longer than {MAX_LINE >> 20} MB")
            continue
        try:
            record = decode(line)
            wrong = repeated_key(line) if number < unchecked else None
            yield source, record if wrong is None else _malformed(source, wrong)
        except msgspec.ValidationError as error:
            # It is raised at the first thing that is not as expected: behind it the line may be no JSON at all.
            broken = _broken(line)
            second: T | Skipped = _malformed(source, explain(error, keys))
            if broken is not None:
                second = _second_try(line, decoder, source, keys, broken)
            yield source, second
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            second = _second_try(line, decoder, source, keys, error)
            yield source, second


def _malformed(source: Source, detail: str) -> Skipped:
    return Skipped(source, Reason.MALFORMED, detail)


def _second_try(line: bytes, decoder: msgspec.json.Decoder[T], source: Source, keys: Keys, first: Exception) -> T | Skipped:
    """A line that did not decode, without what JSON forbids but trainers write."""
    if isinstance(first, RecursionError | UnicodeDecodeError):
        return _malformed(source, explain(first))
    if "truncated" in str(first) and not line.endswith(b"\n"):
        detail = "the last line ends early: the file is truncated or still being written"
    else:
        detail = explain(first)
    line = repaired(line)
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        return _malformed(source, explain(error, keys) if _broken(line) is None else detail)
    except RecursionError as error:
        return _malformed(source, explain(error))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _malformed(source, detail)


def _broken(line: bytes) -> Exception | None:
    """Why a line is no JSON at all; None if it is."""
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return error
    return None


def repaired(line: bytes) -> bytes:
    """JSON without what JSON forbids but trainers write: lone surrogates become U+FFFD, NaN and Infinity null."""
    if b"\\u" in line:
        line = _LONE_SURROGATE.sub(lambda match: match[1] + (b"\\ufffd" if match[2] else b""), line, count=_MAX_REPAIRS)
    if b"NaN" in line or b"Infinity" in line:
        line = _NOT_A_NUMBER.sub(lambda match: match[1] + (b"null" if match[2] else b""), line, count=_MAX_REPAIRS)
    return line


_MAX_REPAIRS = 1_000_000
# Both match all that is right up to the next thing that is wrong, or up to the end: possessively, so in linear time.
_LONE_SURROGATE = re.compile(
    rb"((?:[^\\]++|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(?!u[dD][89a-fA-F]).|\\\Z)*+)"
    rb"(\\u[dD][89a-fA-F](?:[0-9a-fA-F]{2})?)?",
    re.DOTALL,
)
_NOT_A_NUMBER = re.compile(
    rb'((?:[^"NI-]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|-(?!NaN|Infinity)|N(?!aN)|I(?!nfinity))*+)(-?(?:NaN|Infinity))?', re.DOTALL
)


def _count_newlines(file: BinaryIO, size: int) -> int:
    """Newlines in the next `size` bytes. Lines are long: to leap from one to the next is twice as fast as to look at every byte."""
    count = 0
    while size > 0 and (block := file.read(min(_BLOCK, size))):
        size -= len(block)
        at = block.find(b"\n")
        while at >= 0:
            count += 1
            at = block.find(b"\n", at + 1)
    return count


def _rest_of_line(file: BinaryIO) -> tuple[int, int]:
    """Reads on to the end of a line: bytes read, and whether a newline ended them (0 or 1)."""
    size = 0
    while block := file.readline(_BLOCK):
        size += len(block)
        if block.endswith(b"\n"):
            return size, 1
    return size, 0
