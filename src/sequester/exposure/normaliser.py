"""The escape-invariant normaliser, in plain Python: the reference for the C kernel, and the source of raw offsets.

The same text comes out whether it was plain, escaped once or escaped many times, because whatever escaping inserts is dropped:

- Backslashes vanish; with n, r or t after them, that letter too. `\\uXXXX` (surrogate pairs joined), `\\UXXXXXXXX` and `\\xXX`
  (UTF-8 sequences of them joined) are decoded, however many backslashes stand before them.
- `%XX` and `=XX` are decoded where they give ASCII (for `=`: printable ASCII or a line break, upper-case digits only) or a valid
  UTF-8 sequence. Any number of `25` (`3D`) between sign and pair collapses. Otherwise only the sign vanishes.
- `&`, any number of `amp;`, and a known name or a number with `;` is decoded. Otherwise only the sign and the `amp;` vanish.
- A few HTML tags (`folding.TAGS`) vanish, also with escaped brackets, if their attributes hold at most 32 letters and digits
  (a longer attribute could hide text) and 200 characters.
- What a terminal takes for a colour or another style vanishes: an escape character, `[`, digits and signs, a letter.
- What was decoded and is itself `\\`, `%`, `=` or `&` acts as if it had stood there, so layers of different kinds mix; signs whose
  *letters* are escaped too (`%26lt%3B`) do not, and count as `odd`.
- Korean letters that stand decomposed are put together to syllables.
- Every character is folded (`folding.fold`). Bytes that are no UTF-8 vanish.

Known cost: plain text that looks escaped (`x=42`, a LaTeX `\\nu`) loses a letter or two, on both sides alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sequester.exposure.folding import ENTITIES, TAGS, fold

_SPECIAL = re.compile(
    rb"[\x80-\xff]|\\[nrtuUx]|%[0-9A-Fa-f]{2}|=[0-9A-F]{2}|&[0-9A-Za-z#]|<[A-Za-z/\\%=&]|\x1b\[",
)
_LOWER = bytes(fold(code)[0] if fold(code) else 0 for code in range(0x80)) + bytes(range(0x80, 0x100))
_DELETE = bytes(code for code in range(0x80) if not fold(code))
_HEX = frozenset(b"0123456789abcdefABCDEF")
_ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_UPPER_HEX = frozenset(b"0123456789ABCDEF")
_ENTITY_NAME = re.compile(rb"[0-9A-Za-z]{2,31};")
_ENTITY = re.compile(rb"#[xX]([0-9A-Fa-f]{1,6});|#([0-9]{1,7});|([0-9A-Za-z]{2,8});")
_TAG_NAME = re.compile(rb"[0-9A-Za-z]{1,8}")
_STYLE = re.compile(rb"\[[0-?]{0,24}[A-Za-z]")
_ESCAPE = 0x1B
_BACKSLASH, _PERCENT, _EQUALS, _AMPERSAND, _LESS, _GREATER, _SLASH = b"\\%=&<>/"
_TAG_CHARACTERS = 200
_TAG_LETTERS = 32

_Decoded = tuple[int, int, bool]
"""Code point (or the sign itself), offset after it, and whether it was decoded (False: only the sign counts)."""


_Following = Callable[[bytes, int], int]
"""Finds the next escaped byte of a sequence: the offset of its pair, or -1."""


class Unit(NamedTuple):
    """One decoded character of a raw text."""

    code: int
    """Code point; -1 for a byte that is no UTF-8."""
    end: int
    """Offset of the byte after it."""
    odd: int
    """Weight as a hint at an escape layer that was not undone, or hides another one: 1 for an escaped letter or digit, which needs no
    escape, more for an unknown entity."""


class Piece(NamedTuple):
    """A stretch of raw bytes and what it normalises to."""

    start: int
    end: int
    folded: bytes | None
    """None: plain ASCII, where every byte folds by itself."""
    odd: int
    disguised: int
    """1 if an escape of more than one character, or something that `undisguised` takes away or replaces."""
    wide: int
    """1 if a hint at UTF-16 read as text: an ideograph, a C1 control or a broken byte."""


def pieces(raw: bytes) -> Iterator[Piece]:
    """The whole of `raw`, in order, cut at every escape, tag and non-ASCII character."""
    at = 0
    while special := _SPECIAL.search(raw, at):
        start = special.start()
        if start > at:
            yield Piece(at, start, None, 0, 0, 0)
        code, at, odd = unit(raw, start)
        disguised = int(at - start > _PLAIN_ESCAPE if raw[start] < 0x80 else undisguised(code) != code)
        if code == _LESS:
            at = _tag(raw, at) or at
        elif code == _ESCAPE and (style := _STYLE.match(raw, at)):
            at, disguised = style.end(), 1
        elif code in _LEADS:
            code, at = _syllable(raw, code, at)
        wide = code < 0 or 0x80 <= code < 0xA0 or 0x3000 <= code < 0xD800 or 0xE000 <= code < 0x10000
        yield Piece(start, at, fold(code) if code >= 0 else b"", odd, disguised, int(wide))
    if at < len(raw):
        yield Piece(at, len(raw), None, 0, 0, 0)


def normalise(raw: bytes) -> tuple[bytes, int, int]:
    """Normalised bytes, and the sums of `odd` and `wide`."""
    out, odd, wide = [], 0, 0
    for piece in pieces(raw):
        out.append(plain(raw[piece.start : piece.end]) if piece.folded is None else piece.folded)
        odd += piece.odd
        wide += piece.wide
    return b"".join(out), odd, wide


def disguises(raw: bytes) -> int:
    """How much in a text may be a disguise: the sum of `disguised`."""
    return sum(piece.disguised for piece in pieces(raw))


def without_disguise(raw: bytes, quotes_nest: bool = True) -> tuple[bytes, list[int]]:
    """A text in which every escape stands as the character it is, and the offsets of what that concerns: an encoding, a list or a table
    that was escaped, coloured, or written in other letters, can be read again.

    Backslashes before quotes, line ends and backslashes stay, for they nest, and where `quotes_nest` a quote that was escaped otherwise
    gets one. Invisible characters, styles of a terminal and soft line breaks vanish, look-alikes of Latin letters become these.
    """
    out, at, places = bytearray(), 0, list[int]()
    while found := _DISGUISED.search(raw, at):
        start = found.start()
        out += raw[at:start]
        if raw[start] == _EQUALS and raw[start + 1 : start + 2] in (b"\r", b"\n"):
            at = found.end()
            continue
        code, at, _ = unit(raw, start)
        if code == _ESCAPE and (style := _STYLE.match(raw, at)):
            code, at = 0, style.end()
        is_escape = raw[start] < 0x80
        if code < 0 or (is_escape and at - start <= _PLAIN_ESCAPE) or (not is_escape and undisguised(code) == code):
            out += raw[start:at]
            continue
        places.append(start)
        if code := undisguised(code):
            out += b"\\" * (quotes_nest and code == _QUOTE) + chr(code).encode("utf-8", "surrogatepass")
    return bytes(out + raw[at:]), places


_PLAIN_ESCAPE = 2
_QUOTE = ord('"')
# Of characters that are not ASCII, those whose first bytes may begin one that `undisguised` changes. What may be first is looked for first.
_DISGUISED = re.compile(
    rb"[\xc2\xcd-\xd6\xe1\xe2\xef\xf0\\%=&\x1b](?:(?<=\xc2)\xad|(?<=[\xcd-\xd6])[\x80-\xbf]|(?<=\xe1)[\xa0\xb4-\xbf][\x80-\xbf]"
    rb"|(?<=\xe2)(?:\x80[\x8b-\x8f\xaa-\xae]|[\x81\x84\x85\x92\x93\xb1][\x80-\xbf])|(?<=\xef)[\xac-\xbf][\x80-\xbf]"
    rb"|(?<=\xf0)[\x9d\x9f][\x80-\xbf]{2}|(?<=\\)[uUx]|(?<=%)[0-9A-Fa-f]{2}|(?<==)(?:(?<!==)\r?\n|[0-9A-F]{2})|(?<=&)[0-9A-Za-z#]"
    rb"|(?<=\x1b)\[[0-?]{0,24}[A-Za-z])"
)


def undisguised(code: int) -> int:
    """The Latin letter, digit or sign of an encoding that a character is easily taken for; 0 for an invisible one; any other itself."""
    if code in _INVISIBLE:
        return 0
    if code < 0x370 or 0x590 <= code < 0x1D00 or 0x3000 <= code < 0xFB00 or code >= 0x20000:
        return code
    if code in _CAPITALS or code in _WIDE_SIGNS:
        return _CAPITALS.get(code) or code - _WIDTH
    folded = fold(code)
    if len(folded) != 1 or folded[0] not in _ALNUM:
        return code
    return folded[0] - 0x20 if code in _UPPER and folded[0] > ord("9") else folded[0]


_INVISIBLE = frozenset(
    (0xAD, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A))
)
_WIDTH, _WIDE_SIGNS = 0xFEE0, frozenset((0xFF0B, 0xFF0D, 0xFF0F, 0xFF1D, 0xFF3F))
_UPPER = frozenset((*range(0xFF21, 0xFF3B), *(code for code in range(0x1D400, 0x1D6A4) if (code - 0x1D400) % 52 < 26)))
_GREEK, _CYRILLIC = "AB..EZH.IK.MN.O.P..TY.X..", ".....SI.J.......A.B..E.3..K.MHO.PCTY.X.........."
_CAPITALS = {
    first + at: ord(letter)
    for first, letters in ((0x391, _GREEK), (0x400, _CYRILLIC))
    for at, letter in enumerate(letters)
    if letter != "."
}


def plain(stretch: bytes) -> bytes:
    """Plain ASCII without escapes, folded."""
    return stretch.translate(_LOWER, _DELETE)


def unit(raw: bytes, at: int) -> Unit:
    """The character at `at`, all its escape layers undone."""
    code, end = raw[at], at + 1
    if code >= 0x80:
        return Unit(*_utf8(raw, at), 0)
    decoded = False
    while handler := _HANDLERS.get(code):
        inner, end, again = handler(raw, end)
        if not again:
            return Unit(code, end, _oddness(raw, end, decoded) if code == _AMPERSAND else 0)
        decoded |= code != _EQUALS
        code = inner
    return Unit(code, end, int(decoded and code in _ALNUM))


def _oddness(raw: bytes, at: int, decoded: bool) -> int:
    return 12 if decoded else 4 * (_ENTITY_NAME.match(raw, at) is not None)


def _utf8(raw: bytes, at: int) -> tuple[int, int]:
    size = _size(raw[at])
    code = _joined(raw[at : at + size]) if size else -1
    return (code, at + size) if code >= 0 else (-1, at + 1)


def _size(lead: int) -> int:
    """Bytes of the UTF-8 sequence that starts so; 0 if none does."""
    if 0xC2 <= lead < 0xE0:
        return 2
    if 0xE0 <= lead < 0xF0:
        return 3
    return 4 if 0xF0 <= lead < 0xF5 else 0


def _joined(sequence: bytes) -> int:
    try:
        return ord(sequence.decode())
    except (UnicodeDecodeError, TypeError):
        return -1


def _pair(raw: bytes, at: int, digits: frozenset[int] = _HEX) -> int:
    """The value of two hex digits, or -1."""
    pair = raw[at : at + 2]
    return int(pair, 16) if len(pair) == 2 and pair[0] in digits and pair[1] in digits else -1


def _after(raw: bytes, at: int, collapsed: bytes) -> int:
    while raw.startswith(collapsed, at):
        at += len(collapsed)
    return at


def _percent(raw: bytes, at: int) -> _Decoded:
    at = _after(raw, at, b"25")
    value = _pair(raw, at)
    if 0 <= value < 0x80:
        return value, at + 2, True
    return _sequence(raw, at, value, _next_percent)


def _next_percent(raw: bytes, at: int) -> int:
    return _after(raw, at + 1, b"25") if raw[at : at + 1] == b"%" else -1


def _quoted_printable(raw: bytes, at: int) -> _Decoded:
    at = _after(raw, at, b"3D")
    value = _pair(raw, at, _UPPER_HEX)
    if 0x20 <= value < 0x7F or value in (9, 10, 13):
        return value, at + 2, True
    return _sequence(raw, at, value if value >= 0x80 else -1, _next_quoted)


def _next_quoted(raw: bytes, at: int) -> int:
    if raw.startswith((b"=\n", b"=\r\n"), at):
        at = raw.index(b"\n", at) + 1
    return _after(raw, at + 1, b"3D") if raw[at : at + 1] == b"=" else -1


def _next_hex(raw: bytes, at: int) -> int:
    end = _after(raw, at, b"\\")
    return end + 1 if end > at and raw[end : end + 1] == b"x" else -1


def _sequence(raw: bytes, at: int, lead: int, following: _Following) -> _Decoded:
    """A UTF-8 sequence of escaped bytes whose first pair stands at `at`."""
    size = _size(lead)
    if not size:
        return 0, at, False
    joined, end = bytes([lead]), at + 2
    for _ in range(size - 1):
        start = following(raw, end)
        value = _pair(raw, start) if start >= 0 else -1
        if not 0x80 <= value < 0xC0:
            return 0, at, False
        joined, end = joined + bytes([value]), start + 2
    code = _joined(joined)
    return (code, end, True) if code >= 0 else (0, at, False)


def _backslash(raw: bytes, at: int) -> _Decoded:
    kind = raw[at : at + 1]
    if kind in (b"n", b"r", b"t"):
        return 0x20, at + 1, True
    if kind == b"u":
        return _utf16(raw, at)
    if kind == b"U":
        digits = raw[at + 1 : at + 9]
        if len(digits) == 8 and _HEX.issuperset(digits) and int(digits, 16) < 0x110000:
            return int(digits, 16), at + 9, True
    if kind == b"x" and (value := _pair(raw, at + 1)) >= 0:
        code, end, decoded = _sequence(raw, at + 1, value, _next_hex)
        return (code, end, True) if decoded else (value, at + 3, True)
    return 0, at, False


def _utf16(raw: bytes, at: int) -> _Decoded:
    high = _four(raw, at + 1)
    if high < 0:
        return 0, at, False
    if 0xD800 <= high < 0xDC00:
        second = _after(raw, at + 5, b"\\")
        if second > at + 5 and raw[second : second + 1] == b"u" and 0xDC00 <= (low := _four(raw, second + 1)) < 0xE000:
            return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00), second + 5, True
    return high, at + 5, True


def _four(raw: bytes, at: int) -> int:
    digits = raw[at : at + 4]
    return int(digits, 16) if len(digits) == 4 and _HEX.issuperset(digits) else -1


def _entity(raw: bytes, at: int) -> _Decoded:
    at = _after(raw, at, b"amp;")
    found = _ENTITY.match(raw, at)
    if not found:
        return 0, at, False
    hexadecimal, decimal, name = found.groups()
    code = ENTITIES.get(name.decode(), -1) if name else int(hexadecimal, 16) if hexadecimal else int(decimal)
    return (code, found.end(), True) if 0 <= code < 0x110000 else (0, at, False)


def _tag(raw: bytes, at: int) -> int:
    """The offset after the tag whose `<` stands before `at`, or 0."""
    at = _after(raw, at, b"\\")
    if at < len(raw) and (slash := unit(raw, at)).code == _SLASH:
        at = slash.end
    name = _TAG_NAME.match(raw, at)
    if not name or name[0].decode().lower() not in TAGS:
        return 0
    at, characters, letters, opened = name.end(), 0, 0, False
    while at < len(raw):
        code, at, _ = unit(raw, at)
        if code == _BACKSLASH:
            continue
        if code == _GREATER:
            return at
        characters += 1
        letters += code >= 0x80 or bool(code > 0 and fold(code))
        if code == _LESS or characters > _TAG_CHARACTERS or letters > _TAG_LETTERS:
            return 0
        if not opened and code not in (9, 10, 13, 32, _SLASH):
            return 0
        opened = True
    return 0


def _syllable(raw: bytes, lead: int, at: int) -> tuple[int, int]:
    """The syllable that begins with a leading consonant before `at`, and the offset after it. Unicode, chapter 3.12."""
    vowel = unit(raw, at) if at < len(raw) else None
    if vowel is None or vowel.code not in _VOWELS:
        return lead, at
    code, at = 0xAC00 + ((lead - _LEADS.start) * len(_VOWELS) + vowel.code - _VOWELS.start) * (len(_TAILS) + 1), vowel.end
    tail = unit(raw, at) if at < len(raw) else None
    return (code + tail.code - _TAILS.start + 1, tail.end) if tail is not None and tail.code in _TAILS else (code, at)


_LEADS, _VOWELS, _TAILS = range(0x1100, 0x1113), range(0x1161, 0x1176), range(0x11A8, 0x11C3)
_HANDLERS = {_BACKSLASH: _backslash, _PERCENT: _percent, _EQUALS: _quoted_printable, _AMPERSAND: _entity}


def places(raw: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each normalised byte the bytes [start, end) of the raw text it came from."""
    kept = _KEPT[np.frombuffer(raw, np.uint8)]
    starts, ends = [np.array([], np.int64)], [np.array([], np.int64)]
    for piece in pieces(raw):
        if piece.folded is None:
            at = np.flatnonzero(kept[piece.start : piece.end]) + piece.start
            starts.append(at)
            ends.append(at + 1)
        elif piece.folded:
            starts.append(np.full(len(piece.folded), piece.start))
            ends.append(np.full(len(piece.folded), piece.end))
    return np.concatenate(starts), np.concatenate(ends)


_KEPT = np.array([bool(plain(bytes([code]))) for code in range(256)])
"""Which bytes of plain ASCII are kept."""
