"""A cheap look at a text: which kinds of wrapping may it hold at all?

Plain prose answers "none" and is never looked at again. Everything here is a handful of passes in C over the bytes
(`translate`, `find`, `count`, patterns that begin with a fixed byte): no regular expression walks over plain text. A hint that
turns out false costs time, never a wrong result.
"""

from __future__ import annotations

import re


class Hint:
    """Kinds of wrapping that a text may hold, as bits. Plain integers, for this runs on every text and `enum.Flag` is slow."""

    UNBROKEN = 1 << 0
    """A long stretch without a blank: base64, base32, base85, hex."""
    DIGITS = 1 << 1
    """A long stretch of hex digits, once separators are taken out: dumps, byte lists, binary digits."""
    BYTES = 1 << 2
    """Control characters, or escapes of bytes: compressed data or UTF-16 kept in a string."""
    MARKUP = 1 << 3
    """Several tags."""
    STRINGS = 1 << 4
    """Many quoted strings: records, token lists, concatenations."""
    LINES = 1 << 5
    """Line-wise decoration: diffs, numbers, time stamps, columns."""
    SOFT_BREAKS = 1 << 6
    """Quoted-printable line ends."""
    PERCENT_U = 1 << 7
    """Percent-encoded UTF-16 units."""
    FOREIGN = 1 << 8
    """Long non-ASCII stretches, or the marks of a wrong charset."""
    CIPHER = 1 << 9
    """Common English words under rot13 or backwards."""
    LINKS = 1 << 10
    """Several Markdown links."""


UNBROKEN_RUN = 40
DIGIT_RUN = 36


def _shape(byte: int) -> int:
    if byte >= 0x80:
        return ord("H")
    if (byte < 0x20 and byte not in b"\t\n\r") or byte == 0x7F:
        return ord("c")
    return ord(" ") if byte in b" \t" else ord("x")


_SHAPE = bytes(map(_shape, range(256)))
_HEX = bytes(ord("h") if byte in b"0123456789abcdefABCDEF" else ord(".") for byte in range(256))
_SEPARATORS = b" ,:;\n\r\t\\[](){}\"'xXuUnrtL+-_%|.&#"
_NOT_ALNUM = bytes(byte for byte in range(256) if not (byte < 0x80 and chr(byte).isalnum()))

_UNBROKEN_TAIL = re.compile(rb"x*+")
_CLASSES = bytes(
    ord("d") if chr(byte).isdigit() else ord("u") if chr(byte).isupper() else ord("l") if byte < 0x80 else byte
    for byte in range(256)
)
_CHANGES = (b"lu", b"ul", b"ld", b"dl", b"ud", b"du")
CHANGES = 9
CHANGES_OVER = 40
_LOOKED_AT = 4000
_BASE85_DIVERSITY = 30
_HEX_ALPHABET = b"0123456789abcdefABCDEFxX\r\n\\:,"
_BASE32_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567=\r\n\\"

_NUMBERED_LINE = re.compile(rb"\n[^\w\n]{0,4}[0-9]")
_REPEATED_PREFIX = re.compile(rb"\n([^\s\\]{3})[^\n]{1,100}\n\1[^\n]{1,100}\n\1")
_SINGLE_QUOTED = re.compile(rb"'\s{0,8}[,+\]):\n]")
_SOFT_BREAK = re.compile(rb"=(?<!==)(?:\r|\n|\\+[rn])")
_PERCENT_U = re.compile(rb"%(?:25){0,8}u[0-9a-fA-F]{4}")
_WRONG_CHARSET = re.compile(rb"\xc3[\x82-\xb4](?:\xc2|\xc5|\xc6|\xcb|\xe2)")


def worth_unfolding(text: str | bytes | memoryview) -> bool:
    """Whether `unfold` could find anything in `text`. UTF-8 bytes serve as well, so that a columnar text need not be
    decoded."""
    return hints(text) != 0


def hints(text: str | bytes | memoryview) -> int:
    """All kinds of wrapping that `text` may hold. Linear time, a few nanoseconds per byte."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text)
    found = _shapes(data) | _marks(data) | _line_marks(data)
    if data.translate(_HEX, _SEPARATORS).find(b"h" * DIGIT_RUN) >= 0:
        found |= Hint.DIGITS
    if b" gur " in data or b" naq " in data or b" eht " in data or b" dna " in data:
        found |= Hint.CIPHER
    return found


def _shapes(data: bytes) -> int:
    shape = data.translate(_SHAPE)
    found = 0
    needle, position = b"x" * UNBROKEN_RUN, 0
    while (position := shape.find(needle, position)) >= 0:
        match = _UNBROKEN_TAIL.match(shape, position)
        end = match.end() if match else len(shape)
        if _looks_encoded(data[position:end]):
            found |= Hint.UNBROKEN
            break
        position = end
    if shape.count(b"c") >= 4:
        found |= Hint.BYTES
    if not data.isascii() and (shape.find(b"H" * 18) >= 0 or _WRONG_CHARSET.search(data)):
        found |= Hint.FOREIGN
    return found


def _looks_encoded(token: bytes) -> bool:
    """Whether an unbroken stretch may be an encoding, and not a rule, an address, a dotted name or a long identifier.

    Hex and base32 have an alphabet of their own. The others change between lower case, upper case and digits all the time: base64 of
    English 16 times in 40 characters and more, of UTF-16 10 times, addresses and names under 6 (measured on code and documentation).
    """
    letters = token.translate(_CLASSES, _NOT_ALNUM)
    if len(letters) * 2 <= len(token):
        return False
    if not token.translate(None, _HEX_ALPHABET) or not token.translate(None, _BASE32_ALPHABET):
        return True
    for start in range(0, min(len(letters), _LOOKED_AT), CHANGES_OVER):
        window = letters[start : start + CHANGES_OVER]
        if sum(map(window.count, _CHANGES)) >= CHANGES * len(window) / CHANGES_OVER:
            return True
    return len(token) - len(letters) >= len(token) // 8 and len(set(token)) >= _BASE85_DIVERSITY


def _marks(data: bytes) -> int:
    found = 0
    if b"\\" in data and (data.count(b"\\x") >= 8 or data.count(b"\\u00") >= 8):
        found |= Hint.BYTES
    if data.count(b"<") >= 4:
        found |= Hint.MARKUP
    if data.count(b'"') >= 12 or (data.count(b"'") >= 12 and len(_SINGLE_QUOTED.findall(data)) >= 6):
        found |= Hint.STRINGS
    if b"=" in data and _SOFT_BREAK.search(data):
        found |= Hint.SOFT_BREAKS
    if b"%" in data and _PERCENT_U.search(data):
        found |= Hint.PERCENT_U
    if b"]" in data and data.count(b"](") >= 3:
        found |= Hint.LINKS
    return found


def _line_marks(data: bytes) -> int:
    if b"\\" in data and data.count(b"\\n") >= 3:
        data = data.replace(b"\\n", b"\n")
    lines = data.count(b"\n")
    if lines < 3:
        return 0
    decorated = (
        (b"@" in data and b"\n@@ " in data)
        or len(_NUMBERED_LINE.findall(data)) >= 4
        or data.count(b"\t") >= 6
        or data.count(b"|") >= 12
        or _REPEATED_PREFIX.search(data)
    )
    return Hint.LINES if decorated else 0
