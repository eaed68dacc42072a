"""The kinds of wrapping, and cheap looks at a text for what may be one.

Everything here is a handful of passes in C over the bytes (`translate`, `find`, `count`, patterns that begin with a fixed byte): no
regular expression walks over plain text. A look that turns out wrong costs time, never a wrong result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


class Hint:
    """Kinds of wrapping that a text may hold, as bits. Plain integers, for this runs on every text and `enum.Flag` is slow."""

    BASE64 = 1 << 0
    """A long stretch without a blank in which cases and digits alternate all the time."""
    DIGITS = 1 << 1
    """A long stretch of hex digits, once separators are taken out: hex, dumps, byte lists, binary digits."""
    BYTES = 1 << 2
    """Control characters, or escapes of bytes: compressed data or UTF-16 kept in a string."""
    MARKUP = 1 << 3
    """Several tags."""
    STRINGS = 1 << 4
    """Many quoted strings: records, token lists, concatenations."""
    DIFF = 1 << 5
    PREFIXES = 1 << 14
    TABLES = 1 << 15
    LINES = DIFF | PREFIXES | TABLES
    """Line-wise decoration: diffs; numbers, time stamps and other beginnings; columns."""
    SOFT_BREAKS = 1 << 6
    """Quoted-printable line ends."""
    FOREIGN = 1 << 8
    """Long non-ASCII stretches, or the marks of a wrong charset."""
    CIPHER = 1 << 9
    """Common English words under rot13 or backwards."""
    LINKS = 1 << 10
    """Several Markdown links or footnote marks."""
    BASE32 = 1 << 11
    """A long stretch of its letters and digits, in one case."""
    BASE85 = 1 << 12
    """A long stretch without a blank in which letters, digits and punctuation are mixed as in no word, address or program."""
    UU = 1 << 13
    """The first line of uuencode, or a full one."""
    BACKSLASHES = 1 << 16
    PERCENTS = 1 << 17
    ENTITIES = 1 << 18
    ESCAPES = BACKSLASHES | PERCENTS | ENTITIES
    """Escapes, by the mark with which they begin."""
    DISGUISE = 1 << 19
    """Escapes of any kind, styles, invisible characters and look-alikes at once."""
    ALL = (1 << 20) - 1
    ENCODED = BASE64 | DIGITS | BYTES | BASE32 | BASE85 | UU


DIGIT_RUN = 36


_HEX = b"0123456789abcdefABCDEF"
_NOT_HEX = bytes(byte for byte in range(256) if byte not in _HEX)
_NUMERIC = bytes(ord("h") if byte in _HEX + b" ,:;\n\r\t\\[](){}<>\"'xXuUnrtL+-_%|.&#" else ord(".") for byte in range(256))
_TAILS = {letter: re.compile(letter + rb"*+") for letter in (b"x", b"h")}
_NOT_ALNUM = bytes(byte for byte in range(256) if not (byte < 0x80 and chr(byte).isalnum()))
_MARKS = frozenset(byte for byte in range(0x21, 0x7F) if not chr(byte).isalnum() and byte not in b"+/=_-")
_CLASSES = (
    bytes(
        ord("d") if chr(byte).isdigit() else ord("u") if chr(byte).isupper() else ord("l") if chr(byte).islower() else ord(".")
        for byte in range(128)
    )
    + b"." * 128
)
_CASE_CHANGES = (b"lu", b"ul", b"ld", b"dl", b"ud", b"du")
_ALIKE = (b"ll", b"uu", b"dd")
_OFTEN = 9
_WINDOW = 40
_MOST_ALIKE = 12
_FEWEST_DIFFERENT = 22
_FEWEST_MARKS = 3
_LONG, _MANY_DIFFERENT = 160, 24

ROT13_WORDS = ("gur", "naq", "sbe", "abg", "lbh", "jnf", "ohg", "ner", "pna", "unf")
REVERSED_WORDS = ("eht", "dna", "rof", "uoy", "sti", "nac", "lla", "yna", "eno", "sah")
_UU_BEGIN = re.compile(rb"begin [0-7]{3}")
_UU_LINE = re.compile(rb"M[ -`]{60}")


def number_places(data: bytes) -> Iterator[tuple[int, int]]:
    """Stretches of hex or decimal digits and whatever may separate them that hold at least `DIGIT_RUN` digits."""
    for start, end in runs(data.translate(_NUMERIC), b"h", DIGIT_RUN):
        if len(data[start:end].translate(None, _NOT_HEX)) >= DIGIT_RUN:
            yield start, end


def runs(shape: bytes, letter: bytes, shortest: int) -> Iterator[tuple[int, int]]:
    """Start and end of every run of at least `shortest` times the same letter, `x` or `h`; far faster than a pattern."""
    needle, tail, position = letter * shortest, _TAILS[letter], 0
    while (position := shape.find(needle, position)) >= 0:
        match = tail.match(shape, position)
        end = match.end() if match else len(shape)
        yield position, end
        position = end


def alternates(token: bytes) -> bool:
    """Whether upper case, lower case and digits alternate somewhere in `token` as often as in base64.

    In 40 letters and digits, base64 of English changes 16 times and more, of UTF-16 10 times, addresses and names under 6 (measured on
    code and documentation). Hex changes as often, but keeps to one case.
    """
    letters = token.translate(_CLASSES, _NOT_ALNUM)
    for start in range(0, len(letters), _WINDOW):
        window = letters[start : start + _WINDOW]
        if b"u" in window and b"l" in window and sum(map(window.count, _CASE_CHANGES)) * _WINDOW >= _OFTEN * len(window):
            return True
    return False


def looks_like_uuencode(data: bytes) -> bool:
    """Whether a first line of uuencode stands in `data`, or a full one."""
    return (b"begin " in data and _UU_BEGIN.search(data) is not None) or _UU_LINE.search(data) is not None


def looks_like_base85(token: bytes) -> bool:
    """Whether 40 characters somewhere in `token` are mixed as in base85, or the whole is long and mixed enough.

    Fewer than one window in a hundred of base85, of text or of compressed data, has more pairs of neighbours of one kind or fewer
    different characters; one text in a hundred of code and documentation has such a window. base85 of digits is less mixed.
    """
    kinds = set(token)
    if len(kinds & _MARKS) < _FEWEST_MARKS:
        return False
    if len(token) >= _LONG and len(kinds) >= _MANY_DIFFERENT and len(token.translate(None, _NOT_ALNUM)) * 16 <= len(token) * 15:
        return True
    for start in (*range(0, len(token) - _WINDOW, _WINDOW), max(0, len(token) - _WINDOW)):
        window = token[start : start + _WINDOW]
        if len(set(window)) >= _FEWEST_DIFFERENT and len(_MARKS.intersection(window)) >= _FEWEST_MARKS:
            classes = window.translate(_CLASSES)
            if sum(map(classes.count, _ALIKE)) <= _MOST_ALIKE and b"u" in classes and (b"l" in classes or b"d" in classes):
                return True
    return False
