"""A cheap look at a text: which kinds of wrapping may it hold at all?

Plain prose answers "none" and is never looked at again. Everything here is a handful of passes in C over the bytes
(`translate`, `find`, `count`, patterns that begin with a fixed byte): no regular expression walks over plain text. A hint that
turns out false costs time, never a wrong result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from functools import lru_cache


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
    PERCENT_U = 1 << 7
    """Percent-encoded UTF-16 units."""
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
    ALL = (1 << 19) - 1
    ENCODED = BASE64 | DIGITS | BYTES | BASE32 | BASE85 | UU


UNBROKEN_RUN = 40
DIGIT_RUN = 36


def _shape(byte: int) -> int:
    if byte >= 0x80:
        return ord("H")
    if (byte < 0x20 and byte not in b"\t\n\r") or byte == 0x7F:
        return ord("c")
    return ord(" ") if byte in b" \t" else ord("x")


_SHAPE = bytes(map(_shape, range(256)))
_HEX = b"0123456789abcdefABCDEF"
_NOT_HEX = bytes(byte for byte in range(256) if byte not in _HEX)
_NUMERIC = bytes(ord("h") if byte in _HEX + b" ,:;\n\r\t\\[](){}<>\"'xXuUnrtL+-_%|.&#" else ord(".") for byte in range(256))
_NEAR = 48
_TAILS = {letter: re.compile(letter + rb"*+") for letter in (b"x", b"h")}
_BASE32_ALPHABETS = tuple(
    bytes(ord("d") if byte in b"234567" else ord("l") if byte in letters else ord(".") for byte in range(256))
    for letters in (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")
)
_LINE_ENDS = b"\r\n\\\"',+"
_NOT_ALNUM = bytes(byte for byte in range(256) if not (byte < 0x80 and chr(byte).isalnum()))
_MARKS = frozenset(byte for byte in range(0x21, 0x7F) if not chr(byte).isalnum() and byte not in b"+/=_-")
_CLASSES = (
    bytes(
        ord("d") if chr(byte).isdigit() else ord("u") if chr(byte).isupper() else ord("l") if chr(byte).islower() else ord(".")
        for byte in range(128)
    )
    + b"." * 128
)
_CHANGES = (b"lu", b"ul", b"ld", b"dl", b"ud", b"du")
_ALIKE = (b"ll", b"uu", b"dd")
CHANGES = 9
_WINDOW = 40
_MOST_ALIKE = 12
_FEWEST_DIFFERENT = 22
_FEWEST_MARKS = 3
_LONG, _MANY_DIFFERENT = 160, 24

_NUMBERED_LINE = re.compile(rb"\n[^\w\n]{0,4}[0-9]")
_REPEATED_PREFIX = re.compile(
    rb"\n([^\s\\]{3})[^\n]{1,100}\n\1[^\n]{1,100}\n\1|\n([^\w\s\\]{1,2}[ \t])[^\s]{8,100}\n\2[^\s]{8,100}\n\2"
)
_SINGLE_QUOTED = re.compile(rb"'\s{0,8}[,+\]):\n]")
_FOOTNOTE = re.compile(rb"\[\^?\w{1,8}\](?!\()")
_SOFT_BREAK = re.compile(rb"=(?<!==)(?:\r|\n|\\+[rn])")
_PERCENT_U = re.compile(rb"%(?:25){0,8}u[0-9a-fA-F]{4}")
ROT13_WORDS = ("gur", "naq", "sbe", "abg", "lbh", "jnf", "ohg", "ner", "pna", "unf")
REVERSED_WORDS = ("eht", "dna", "rof", "uoy", "sti", "nac", "lla", "yna", "eno", "sah")
_CIPHERED = re.compile(f" (?:{'|'.join(ROT13_WORDS + REVERSED_WORDS)}) ".encode())
_UU_BEGIN = re.compile(rb"begin [0-7]{3}")
_UU_LINE = re.compile(rb"M[ -`]{60}")
_WRONG_CHARSET = re.compile(rb"\xc3[\x82-\xb4](?:\xc2|\xc5|\xc6|\xcb|\xe2)")


def worth_unfolding(text: str | bytes | memoryview) -> bool:
    """Whether `unfold` could find anything in `text`. UTF-8 bytes serve as well, so that a columnar text need not be
    decoded."""
    return hints(text) != 0


def hints(text: str | bytes | memoryview) -> int:
    """All kinds of wrapping that `text` may hold. Linear time, some twenty nanoseconds per byte."""
    return _remembered(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else bytes(text))[0]


class Looking:
    """The hints of a text, and then of those that were decoded from it. Unbroken stretches and numbers of earlier texts were decoded
    with them and give no hint again."""

    def __init__(self) -> None:
        self._known: set[int] | None = None

    def __call__(self, text: str) -> int:
        data = text.encode("utf-8", "surrogatepass")
        if self._known is None:
            found, stretches = _remembered(data)
            self._known = set(stretches)
            return found | Hint.ESCAPES
        found, stretches = _look(data, self._known)
        self._known |= stretches
        return found | Hint.ESCAPES if found else 0


@lru_cache(maxsize=4)
def _remembered(data: bytes) -> tuple[int, frozenset[int]]:
    # For a moment: whoever asks whether a text is worth unfolding unfolds it next.
    return _look(data, frozenset())


def _look(data: bytes, known: Set[int]) -> tuple[int, frozenset[int]]:
    shape = data.translate(_SHAPE)
    found = _marks(data) | _line_marks(data)
    if shape.count(b"c") >= 4:
        found |= Hint.BYTES
    if looks_like_uuencode(data):
        found |= Hint.UU
    if _CIPHERED.search(data):
        found |= Hint.CIPHER
    if not data.isascii() and (shape.find(b"H" * 18) >= 0 or _WRONG_CHARSET.search(data)):
        found |= Hint.FOREIGN
    # Pieces of one encoding often stand in a list.
    joined = data.replace(b'", "', b'","') if b'", "' in data else data
    stretches = _stretches(joined, joined.translate(_SHAPE))
    for key in stretches.keys() - known:
        found |= _token(stretches[key], found)
    numbers = _numbers(data)
    if numbers - known:
        found |= Hint.DIGITS
    return found, numbers.union(stretches)


def _stretches(data: bytes, shape: bytes) -> dict[int, bytes]:
    """Stretches without a blank, by hash. What stands between two of them counts: where it changed, they may join up."""
    found, last = {}, 0
    for start, end in runs(shape, b"x", UNBROKEN_RUN):
        between = data[last:start] if start - last <= _NEAR else b""
        found[hash((between, data[start:end]))] = data[start:end]
        last = end
    return found


def _numbers(data: bytes) -> frozenset[int]:
    """Hashes of long numbers in hex or decimal. Indentation does not count, but how else their digits are separated does."""
    return frozenset(hash(data[start:end].translate(None, b" \t")) for start, end in number_places(data))


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


def _token(token: bytes, known: int) -> int:
    """What an unbroken stretch may be, if it is not a rule, an address, a dotted name or a piece of a program; what is known to be
    there is not asked for again."""
    found = 0
    if not known & Hint.BASE64 and _looks_like_base64(token):
        found |= Hint.BASE64
    if not known & Hint.BASE32 and _looks_like_base32(token):
        found |= Hint.BASE32
    if not known & Hint.BASE85 and looks_like_base85(token):
        found |= Hint.BASE85
    return found


def _looks_like_base64(token: bytes) -> bool:
    """Whether `token` is mostly letters and digits that alternate as in base64."""
    return 2 * len(token.translate(None, _NOT_ALNUM)) > len(token) and alternates(token)


def alternates(token: bytes) -> bool:
    """Whether upper case, lower case and digits alternate somewhere in `token` as often as in base64.

    In 40 letters and digits, base64 of English changes 16 times and more, of UTF-16 10 times, addresses and names under 6 (measured on
    code and documentation). Hex changes as often, but keeps to one case.
    """
    letters = token.translate(_CLASSES, _NOT_ALNUM)
    for start in range(0, len(letters), _WINDOW):
        window = letters[start : start + _WINDOW]
        if b"u" in window and b"l" in window and sum(map(window.count, _CHANGES)) * _WINDOW >= CHANGES * len(window):
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


def _looks_like_base32(token: bytes) -> bool:
    for alphabet in _BASE32_ALPHABETS:
        letters = token.translate(alphabet, _LINE_ENDS)
        if len(letters) >= UNBROKEN_RUN:
            run = max(letters.split(b"."), key=len)
            if len(run) >= UNBROKEN_RUN and b"d" in run:
                return True
    return False


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
    if b"]" in data and (data.count(b"](") >= 3 or len(_FOOTNOTE.findall(data)) >= 3):
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
        or data.count(b"\t") >= 6
        or data.count(b"|") >= 12
        or len(_NUMBERED_LINE.findall(data)) >= 4
        or _REPEATED_PREFIX.search(data)
    )
    return Hint.LINES if decorated else 0
