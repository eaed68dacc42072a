"""Bytes and characters written as numbers: hex, dumps, binary, octal, decimal lists, code points."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator

from sequester.exposure.integers import RUN, decode_integers, integer_lists, series
from sequester.exposure.layers.archives import promising
from sequester.exposure.layers.charset import bits_to_bytes
from sequester.exposure.layers.hints import number_places
from sequester.exposure.layers.piece import Piece

_PLAIN_HEX = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=\\x))(?:0[xX])?((?:[0-9a-fA-F]{8,}+(?:\\*[rn]|[\s\"',+:\-`>#|;*.()\[\]=]){0,12}+){1,}(?:[0-9a-fA-F]{2,7}+(?![0-9A-Za-z]))?+)"
)
_PREFIX = r"(?:0[xX]|\\++x|%|#)"
_PAIRS = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?:{_PREFIX}?[0-9a-fA-F]{{2}}|0[xX][0-9a-fA-F])(?![0-9a-fA-F])(?:\\+[rnt]|(?!\\+x)[\s:,;.\-\"'|_\\{{}}\[\]()>#*=+]){{0,12}}+){{16,}}"
)
_PAIR = re.compile(r"0[xX]([0-9a-fA-F]{1,2})|(?:\\+x|%|#)?([0-9a-fA-F]{2})")
_NOT_HEX = re.compile(r"0[xX]|\\+[xrnt]|[^0-9a-fA-F]")
_DUMP_LINE = re.compile(
    r"(?:(?<![0-9A-Za-z])|(?<=\\n))(?:0[xX])?([0-9a-fA-F]{4,16}):?[ \t]+((?:[0-9a-fA-F]{2,8}(?: {1,3}|$|(?=\\n|\r|\n))){1,32}+)"
    r"(?:(?!\\n)[^\n])*+",
    re.MULTILINE,
)
_BINARY = re.compile(r"(?<![0-9A-Za-z])(?:(?:0b)?[01]{7,}+(?:\\+[rnt]|[\s,;:\"'|\[\]]){0,4}+){1,}")
_OCTAL = re.compile(r"(?:\\++[0-3][0-7]{2}){12,}|(?<![0-9A-Za-z])(?:(?:0o?)?[01][0-7]{2}(?![0-9])[\s,;]{1,4}+){16,}")
_CODE_POINTS = re.compile(
    r"(?:(?:U\+|\\u\{|0[xX]|%(?:25)*u|&#[xX])0*[0-9a-fA-F]{2,6}(?![0-9a-fA-F])[};]?+(?:[\s,;\"'\[\]<>]){0,6}+){8,}"
)
_CODE_POINT = re.compile(r"(?:U\+|u\{|[xX]|u)0*([0-9a-fA-F]{2,6})(?![0-9a-fA-F])")


_HEX_KINDS = bytes(
    ord("h") if byte in b"0123456789abcdefABCDEF" else ord(" ") if byte in b"\t :" else ord(".") for byte in range(256)
)
_BINARY_KINDS = bytes(ord("b") if byte in b"01" else ord(".") for byte in range(256))
_OCTAL_KINDS = bytes(ord("o") if byte in b"01234567" else ord(".") for byte in range(256))
_OCTAL_SEPARATORS = b" \t\r\n,;\\oO"
_CODE_POINT_MARKS = ("U+", "u{", "0x", "0X", "%u", "5u", "&#x", "&#X")


_MARGIN = 128  # what may belong to a number beside its digits: the rest of the line, and the end of the word before
_NEAR = 64  # between two rows of a dump stands a column of characters


def numbers(text: str) -> Iterator[Piece]:
    """Every way in which bytes or characters stand in `text` as numbers."""
    for start, end in _neighbourhoods(text):
        for piece in _numbers(text[start:end]):
            yield piece._replace(start=piece.start + start, end=piece.end + start)


def _neighbourhoods(text: str) -> Iterator[tuple[int, int]]:
    """The parts of `text` with long numbers, with something of what stands around them."""
    first = last = 0
    for start, end in number_places(text.encode("ascii", "replace")):
        if last and start - last > _NEAR:
            yield first, min(last + _MARGIN, start)
            last = 0
        if not last:
            first = max(start - _MARGIN, 0)
        last = end
    if last:
        yield first, last + _MARGIN


def _numbers(text: str) -> Iterator[Piece]:
    plain = text.encode("ascii", "replace")
    # Before dumps: eight binary digits look like the offset of one.
    if b"b" * 7 in plain.translate(_BINARY_KINDS):
        yield from _bits(text)
    if b"hhhh " in plain.translate(_HEX_KINDS):
        dumps = list(_dumps(text))
        yield from dumps
        text = _blanked(text, dumps)
        plain = text.encode("ascii", "replace")
    # Each pattern walks only over texts that could hold it.
    hex_kinds = plain.translate(_HEX_KINDS)
    if b"h" * 8 in hex_kinds:
        yield from _plain_hex(text)
    if hex_kinds.replace(b" ", b".").count(b".hh.") >= 7:
        yield from _hex_pairs(text)
    if b"o" * 36 in plain.translate(_OCTAL_KINDS, _OCTAL_SEPARATORS):
        yield from _octal(text)
    if sum(map(text.count, _CODE_POINT_MARKS)) >= 8:
        yield from _code_points(text)
    yield from _lists(integer_lists(text))


def _blanked(text: str, dumps: Iterable[Piece]) -> str:
    """`text` with blanks for the dumps: offsets and the column of characters are no numbers of their own."""
    parts, at = [], 0
    for dump in dumps:
        if dump.start >= at:
            parts += [text[at : dump.start], " " * (dump.end - dump.start)]
            at = dump.end
    return "".join((*parts, text[at:]))


def _code_points(text: str) -> Iterator[Piece]:
    for found in _CODE_POINTS.finditer(text):
        values = [int(point, 16) for point in _CODE_POINT.findall(found.group())]
        yield from (Piece(*found.span(), name, content) for name, content in decode_integers(values))


def records(text: str) -> Iterator[Piece]:
    """Bytes or characters that stand one by one in records."""
    if sum(map(text.count, ('":', "':", '" :'))) >= RUN:
        yield from _lists(series(text))


def _lists(lists: Iterable[tuple[int, int, array[int]]]) -> Iterator[Piece]:
    for start, end, values in lists:
        if min(values) >= 0 and max(values) <= 255:
            yield Piece(start, end, "byte-list", bytes(values.tolist()))
        else:
            yield from (Piece(start, end, name, content) for name, content in decode_integers(values))


def _plain_hex(text: str) -> Iterator[Piece]:
    for found in _PLAIN_HEX.finditer(text):
        yield from _hex_readings(found.start(), found.end(), _NOT_HEX.sub("", found[1]))


def _hex_pairs(text: str) -> Iterator[Piece]:
    for found in _PAIRS.finditer(text):
        yield from _hex_readings(
            found.start(), found.end(), "".join((short or full).zfill(2) for short, full in _PAIR.findall(found.group()))
        )


def _hex_readings(start: int, end: int, digits: str) -> Iterator[Piece]:
    if len(digits) < 32:
        return
    first, second = (bytes.fromhex(digits[offset : len(digits) - (len(digits) - offset) % 2]) for offset in (0, 1))
    # What looks like noise at either beginning may still be compressed without a signature.
    yield Piece(start, end, "hex", second if promising(second) and not promising(first) else first)


def _dumps(text: str) -> Iterator[Piece]:
    """xxd, hexdump and od: offset, groups of hex digits, and perhaps a column of characters."""
    rows: list[tuple[int, str]] = []
    start = end = 0
    for found in _DUMP_LINE.finditer(text):
        if rows and found.start() - end > 64:
            yield from _dump_readings(start, end, rows)
            rows = []
        if not rows:
            start = found.start()
        end = found.end()
        rows.append((int(found[1], 16), found[2]))
    yield from _dump_readings(start, end, rows)


_WIDEST_ROW = 64  # bytes


def _dump_readings(start: int, end: int, rows: list[tuple[int, str]]) -> Iterator[Piece]:
    words: list[bytes] = []
    width = 0
    for index, (offset, digits) in enumerate(rows):
        # Characters in the last column may look like hex digits; the next offset says how many bytes the row really has.
        width = rows[index + 1][0] - offset if index + 1 < len(rows) else width
        row = [bytes.fromhex(group) for group in digits.split() if len(group) % 2 == 0]
        size = len(row[0]) if row else 1
        words += row[: width // size] if width > 0 else row
    data, swapped = b"".join(words), b"".join(word[::-1] for word in words)
    # Swapped letters are letters still, so that neither order rules out the other. What looks like noise may be compressed without a
    # signature, if the offsets are offsets.
    swaps = promising(swapped) and swapped != data
    counted = len(rows) > 1 and 0 < rows[1][0] - rows[0][0] <= _WIDEST_ROW
    if promising(data) or (counted and not swaps):
        yield Piece(start, end, "hexdump", data)
    if swaps:
        yield Piece(start, end, "hexdump-little-endian", swapped)


def _bits(text: str) -> Iterator[Piece]:
    for found in _BINARY.finditer(text):
        groups = re.findall(r"(?:0b)?([01]{7,})", found.group())
        if sum(map(len, groups)) < 96:
            continue
        # Seven-bit groups lack the leading zero.
        data = bits_to_bytes("".join(group.zfill(8) if len(group) == 7 else group for group in groups))
        if promising(data):
            yield Piece(*found.span(), "binary-digits", data)


def _octal(text: str) -> Iterator[Piece]:
    for found in _OCTAL.finditer(text):
        data = bytes(int(group, 8) for group in re.findall(r"[0-3][0-7]{2}(?![0-9])", found.group()))
        if promising(data):
            yield Piece(*found.span(), "octal", data)
