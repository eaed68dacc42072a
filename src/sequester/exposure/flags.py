"""Which wrappings a reward input holds that are worth unfolding: the reference for the C kernel.

What looks encoded is decoded at once, and only what comes out decides: text, the signature of a packing, or noise that might be packed
without one. Dotted names, addresses, hashes and pictures are none of these. A flag costs an attempt; a missing one costs a leak.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Literal

from sequester.exposure.layers.archives import SIGNATURE

ARMOUR = 1
"""Base64, base32, base85 or uuencode of text or of something packed."""
PACKED = 2
"""Base64, base32 or hex of noise that is no known medium: perhaps packed without a signature."""
NUMBERS = 4
"""At least 12 integers in a list, up and down, and one of them the size of a token id that is no byte: perhaps token ids."""
DIGITS = 8
"""Text or packed bytes in hex, decimal, octal or binary digits."""
ESCAPES = 16
"""A NUL, 8 octal escapes, 4 `%u`, 4 escaped control characters, 3 escapes that normalising does not undo, or 12 letters and digits that
needed no escape."""
WIDE = 32
"""Characters that were misread from another charset, or that carry bytes."""
REARRANGED = 64
"""Text is private once it is put together again; found by `rearranged`."""
DUMP = 128
"""Lines of a dump of bytes."""
STRINGS, MARKUP, LINKS, SPELLED, CIPHERS, PREFIXES, EVEN_LINES, SIDES, COLUMNS = (256 << way for way in range(9))
"""The ways of cutting up a text after which, once it is put together again, more of it is private, or something is encoded."""
DISGUISED = 256 << 9
"""Without its escapes, invisible characters and look-alikes the text would have flags to unfold it; see `normaliser.without_disguise`."""
KEYED = 256 << 10
"""Integers such as NUMBERS stand in strings, under one key of records or in a column of a table."""
UNFOLDED = ARMOUR | DIGITS | ESCAPES | WIDE | REARRANGED
"""Flags that are reason enough to search all decoding layers."""

_TOKEN = re.compile(rb"[A-Za-z0-9+/_=-]{16,}")
_BETWEEN = re.compile(rb"(?:\\+[nrt]?|[ \t\r\n\v\f\"'`,>#|;*&.()\[\]]|\+(?=[ \t\r\n\v\f\"'`,>#|;*&.()\[\]]))*")
_LONGEST_BETWEEN = 24
_ALPHABET_RUN = 40
_HEX = re.compile(rb"[0-9A-Fa-f]{40,}")
_LONG_HEX = 200
_BASE32_SHARE = 10
_BASE32 = tuple(re.compile(rb"[%s2-7]{40,}" % letters) for letters in (b"A-Z", b"a-z"))
_BASE64_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_SIXES = {byte: f"{value:06b}" for value, byte in enumerate(_BASE64_DIGITS)} | {ord("-"): "111110", ord("_"): "111111"}
_FIVES = {byte: f"{value:05b}" for value, byte in enumerate(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")}

_CASES = bytes((b"d" if 48 <= c < 58 else b"u" if 65 <= c < 91 else b"l" if 97 <= c < 123 else b".")[0] for c in range(256))
_NO_ALNUM = bytes(c for c in range(256) if _CASES[c] == ord("."))
_WINDOW, _OFTEN, _AS_NOISE, _NOISE_WINDOW = 40, 9, 18, 30

_PRINTABLE_RUN = re.compile(rb"[\t\n\r\x20-\x7e]{18}")
_FOREIGN_RUN = re.compile(rb"(?:[\xe0-\xef][\x80-\xbf]{2}){4}|(?:[\xc2-\xdf][\x80-\xbf]){6}")
_LATIN = rb"[\0\x03-\x06\x09-\x0e\x20]"
_HAN = rb"[\0\x20\x30-\x9f\xff]"
_HANGUL = rb"[\0\x20\x30\xac-\xd7\xff]"
_UNITS = re.compile(
    rb"(?:[^\0]%s){8}|(?:%s[^\0]){8}|(?:.%s){12}|(?:%s.){12}|(?:.%s){24}|(?:%s.){24}"
    % (_LATIN, _LATIN, _HANGUL, _HANGUL, _HAN, _HAN),
    re.DOTALL,
)
_MIXED_RUN = re.compile(rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){24}")
_WORDS, _FEWEST_WORDS = 16, 8
_SIGNED, _WIDE_END, _DEFLATE_HEAD, _FIXED_LETTERS = 64, 512, 10, 6
_MEDIUM = re.compile(
    rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF|%PDF|wOFF|wOF2|OTTO|\x00\x01\x00\x00\x00|ID3|OggS|fLaC|....ftyp|\x1a\x45\xdf\xa3", re.DOTALL
)
_PROSE = re.compile(rb"[A-Za-z \n,.']{18}")

_NUMBERS = re.compile(rb"[0-9,.\[\]\-\"\\n \t\r\n;|(){}'>#*=+]{64,}")
_INTEGER = re.compile(rb"(?<![0-9.])[0-9]+(?![0-9])(?!\.0*[1-9])")
_PAIRS = re.compile(rb"(?<![0-9A-Fa-f]{2}[ :,\n-])(?=((?:[0-9A-Fa-f]{2}[ :,\n-]){15,}[0-9A-Fa-f]{2}))")
_MANY_PAIRS, _PAIRS_AT_ONCE = 256, 256
_SMALLEST_ID, _LARGEST_ID, _FEWEST_DROPS, _LARGE = 700, 1 << 19, 5, 1 << 24
_LIST, _RUN, _FOREIGN_LIST, _PRINTABLE_LIST, _FEWEST_FALLS, _BINARY_DIGITS, _NOISE = 12, 18, 12, 64, 4, 96, 48

_SOLID = re.compile(rb"[!-~]{40,}")
_TOKEN_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_=-")
_ALPHABETS_85 = (
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
    bytes(range(33, 118)),
)
_MARKS_85, _MIXED_85, _ALIKE_85, _PACKED_85 = 3, 20, 12, 12

_ODD = 12
_UU_LINE = re.compile(rb"(?:^|(?<=[\n\0])|(?<=\\n))M(?:(?:\\(?=[\\\"]))*+[\x20-\x60]){60}(?:$|(?=[\n\r\\\0]))")
_OCTAL = re.compile(rb"\\[0-7]")
_PERCENT_U = re.compile(rb"%[uU]")
_CONTROL = re.compile(rb"\\x(?:0[0-8EeFf]|1[0-9ACDEFacdef]|7[Ff])|\\u00(?:0[0-8EeFf]|1[0-9ACDEFacdef]|7[Ff]|[89][0-9A-Fa-f])")
_MISREAD = "\x80-\u0143\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
_ASCII = rb"(?:0[9AaDd]|[2-6][0-9A-Fa-f]|7[0-9A-Ea-e])"
_SELECTOR = rb"(?:[Ff][Ee]0[0-9A-Fa-f]|[Dd][Bb][4-9A-Fa-f][0-9A-Fa-f]|[Dd][C-Fc-f][0-9A-Fa-f]{2})"
_ESCAPED_ROWS = re.compile(
    rb"(?:\\{1,5}u0(?:0[89A-Fa-f]|1[0-3])[0-9A-Fa-f]){9}|(?:\\{1,5}u(?!25|2022|00[0-7])%s%s){8}|(?:\\{1,5}u28[0-9A-Fa-f]{2}){12}|(?:\\{1,5}u%s){16}"
    % (_ASCII, _ASCII, _SELECTOR)
    + rb"|(?:\\{1,5}u(?:200[BbCcDd]|206[0234]|[Ff][Ee][Ff][Ff])){64}"
)
_ROWS = re.compile(
    f"[{_MISREAD}]{{9}}|[\ufe00-\ufe0f\U000e0000-\U000e01ef]{{8}}|[\u2800-\u28ff]{{12}}"
    "|[\u200b-\u200d\u2060\u2062-\u2064\ufeff]{64}"
)


def flags_of(raw: bytes, odd: int, wide: int) -> int:
    """The flags of one raw text whose normaliser counted `odd` and `wide`."""
    flags = 0
    for letters in _tokens(raw):
        flags |= _judge_letters(letters)
    for found in _NUMBERS.finditer(raw):
        flags |= _judge_integers([digits[0] for digits in _INTEGER.finditer(found[0])])
    if any(_base85_like(found[0]) for found in _SOLID.finditer(raw)) or _UU_LINE.search(raw):
        flags |= ARMOUR
    if any(_spelled_in_pairs(found[1]) for found in _PAIRS.finditer(raw)):
        flags |= DIGITS
    if odd >= _ODD or _escape_like(raw):
        flags |= ESCAPES
    if _ESCAPED_ROWS.search(raw) or ((wide >= 8 or _mostly_foreign(raw)) and _foreign_rows(raw)):
        flags |= WIDE
    return flags


def _tokens(raw: bytes) -> Iterator[bytes]:
    """The letters of every token, chunks joined over whatever may stand between two lines, literals or entries of a list."""
    position = 0
    while found := _TOKEN.search(raw, position):
        chunks, position = [found[0]], found.end()
        while (chunk := _TOKEN.match(raw, _between_end(raw, position))) and chunk.start() > position:
            chunks.append(chunk[0])
            position = chunk.end()
        if sum(map(len, chunks)) >= _ALPHABET_RUN:
            yield b"".join(chunks).replace(b"=", b"")


def _between_end(raw: bytes, at: int) -> int:
    found = _BETWEEN.match(raw, at, at + _LONGEST_BETWEEN)
    return found.end() if found else at


def _judge_letters(letters: bytes) -> int:
    flags = 0
    for alphabet in _BASE32:
        flags |= _judge_base32([run[0] for run in alphabet.finditer(letters)])
    often, as_noise = _alternation(letters)
    if often or as_noise:
        flags |= _judge_bytes([_decoded(letters[offset:], _SIXES) for offset in range(4)], ARMOUR, PACKED if as_noise else 0)
    for run in _HEX.finditer(letters):
        starts = (run[0], run[0][1:])
        decoded = [bytes.fromhex(digits[: len(digits) // 2 * 2].decode()) for digits in starts]
        flags |= _judge_bytes(decoded, DIGITS, PACKED if len(run[0]) >= _LONG_HEX else 0)
    return flags


def _judge_base32(runs: list[bytes]) -> int:
    flags = 0
    for run in runs:
        digits = sum(run.count(digit) for digit in b"234567")
        decoded = (_decoded(run[offset:].upper(), _FIVES) for offset in range(8))
        if digits and any(_reads(data) or _begins_packed(data) for data in decoded):
            return ARMOUR
        flags |= PACKED if _BASE32_SHARE * digits >= len(run) else 0
    return flags


def _judge_bytes(alignments: list[bytes], told: int, noise: int) -> int:
    is_medium = False
    for data in alignments:
        is_medium |= _MEDIUM.match(data) is not None
        # A picture may hold packed stretches of its own, but no text.
        if _reads(data) or (not is_medium and _begins_packed(data)):
            return told
    return 0 if is_medium else noise


def _decoded(letters: bytes, bits_of: Mapping[int, str]) -> bytes:
    bits = "".join(map(bits_of.__getitem__, letters))
    return int(bits or "0", 2).__rshift__(len(bits) % 8).to_bytes(len(bits) // 8, "big")


def _alternation(letters: bytes) -> tuple[bool, bool]:
    """Whether upper case, lower case and digits alternate in some window of letters as in base64 of text, and as in noise."""
    cases, often = letters.translate(_CASES, _NO_ALNUM), False
    for start in range(0, len(cases), _WINDOW):
        window = cases[start : start + _WINDOW]
        changes = sum(a != b for a, b in pairwise(window)) * _WINDOW
        often |= b"u" in window and b"l" in window and changes >= _OFTEN * len(window)
        if set(window) == set(b"uld") and len(window) >= _NOISE_WINDOW and changes >= _AS_NOISE * len(window):
            return True, True
    return often, False


def _begins_packed(data: bytes) -> bool:
    return any(_is_signed(data, at) for at in range(min(_SIGNED, len(data)))) or data[257:262] == b"ustar"


def _reads(data: bytes, text: re.Pattern[bytes] = _PRINTABLE_RUN) -> bool:
    """Whether decoded bytes read as text somewhere; as UTF-16, as ASCII and other letters mixed, or as integers of four or eight bytes
    that may be token ids, at the beginning or at the end."""
    ends = (data,) if len(data) <= 2 * _WIDE_END else (data[:_WIDE_END], data[-_WIDE_END:])
    return (
        text.search(data) is not None
        or _FOREIGN_RUN.search(data) is not None
        or any(_UNITS.search(end) or _MIXED_RUN.search(end) or _holds_integers(end) for end in ends)
    )


def _holds_integers(data: bytes) -> bool:
    """Whether sixteen words of four bytes in a row, in either order, are as small as token ids, at least eight of them not zero."""
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    for order in orders:
        for shift in range(4):
            row = ids = 0
            for at in range(shift, len(data) - 3, 4):
                value = int.from_bytes(data[at : at + 4], order)
                row, ids = (row + 1, ids + (value > 0)) if value < _LARGEST_ID else (0, 0)
                if row >= _WORDS and ids >= _FEWEST_WORDS:
                    return True
    return False


def _is_signed(data: bytes, at: int) -> bool:
    """Whether a packing begins here; two bytes are too little to tell zlib, so that what follows them has to fit."""
    found = SIGNATURE.match(data, at)
    return found is not None and (found.lastgroup != "zlib" or _deflated(data[at + 2 :]))


def _deflated(data: bytes) -> bool:
    """Whether deflated text may begin here: codes for the lengths of codes that fill their space, or the fixed code of letters."""
    if len(data) < _DEFLATE_HEAD:
        return False
    bits = f"{int.from_bytes(data[:_DEFLATE_HEAD], 'little'):0{8 * _DEFLATE_HEAD}b}"[::-1]
    kind = int(bits[1:3][::-1], 2)
    if kind == 0:
        return data[1] ^ data[3] == data[2] ^ data[4] == 0xFF
    if kind == 1:
        codes = (int(bits[at : at + 8], 2) for at in range(3, 3 + 8 * _FIXED_LETTERS, 8))
        return all(0x30 <= code < 0xC0 and (0x20 <= code - 0x30 < 0x7F or code - 0x30 in b"\t\n\r") for code in codes)
    count = int(bits[13:17][::-1], 2) + 4
    lengths = [int(bits[at : at + 3][::-1], 2) for at in range(17, 17 + 3 * count, 3)]
    fits = int(bits[3:8][::-1], 2) < 30 and int(bits[8:13][::-1], 2) < 30
    return kind == 2 and fits and sum(128 >> length for length in lengths if length) == 128


def _judge_integers(numbers: list[bytes]) -> int:
    values = [_value(digits.lstrip(b"0")) for digits in numbers]
    drops = sum(after < before for before, after in pairwise(values))
    has_id = any(_SMALLEST_ID <= value < _LARGEST_ID for value in values)
    flags = NUMBERS if len(values) >= _LIST and has_id and _FEWEST_DROPS * drops >= len(values) else 0
    noise = len(values) >= _NOISE and max(values) < 256 and 4 * sum(value >= 128 for value in values) >= len(values)
    binary = sum(len(digits) for digits in numbers if len(digits) >= 7 and not digits.strip(b"01"))
    octal = [int(digits, 8) if len(digits) == 3 and not digits.strip(b"01234567") else 256 for digits in numbers]
    if noise or binary >= _BINARY_DIGITS or _spell(values, octal):
        flags |= DIGITS
    return flags


def _value(digits: bytes) -> int:
    """The integer; of large ones, its first eight or nine digits."""
    first = int(digits[:8] or b"0")
    return first if first >= _LARGE else int(digits[:9] or b"0")


def _spell(values: list[int], octal: list[int]) -> bool:
    """Whether integers in a row are letters in decimal or octal, letters of another script, or many characters of any kind, as records
    and further encodings hold, and do not merely count up."""
    prose = spelled = foreign = printable = falls = before = script = 0
    for value, eight in zip(values, octal, strict=True):
        prose = prose + 1 if _is_prose(value) else 0
        spelled = spelled + 1 if _is_prose(eight) else 0
        printable = printable + 1 if value in _PRINTABLE else 0
        if value not in _BLANKS:  # which stand between the words of every script
            last, script = script, _script(value)
            foreign = (foreign if script == last else 0) + (script > 0)
        falls = falls + (value < before) if printable or spelled or foreign else 0
        before = value
        is_long = prose >= _RUN or spelled >= _RUN or foreign >= _FOREIGN_LIST or printable >= _PRINTABLE_LIST
        if is_long and falls >= _FEWEST_FALLS:
            return True
    return False


def _in_a_row(holds: Callable[[int], bool], values: list[int], count: int) -> bool:
    row = 0
    for value in values:
        row = row + 1 if holds(value) else 0
        if row == count:
            return True
    return False


def _is_prose(value: int) -> bool:
    return value < 0x80 and (chr(value).isalpha() or chr(value) in " \n,.'")


_BLANKS = frozenset(b" \n,.")
_PRINTABLE = frozenset((*b"\t\n\r", *range(0x20, 0x7F)))


def _script(code: int) -> int:
    """The script of a letter: the 256 code points around it, one number for all of East Asia; 0 for Latin and whatever is no letter."""
    if 0x370 <= code < 0x1200:
        return code >> 8
    return 0x30 if 0x3000 <= code < 0xD7A4 or 0xFF00 <= code < 0xFFF0 else 0


def _spelled_in_pairs(found: bytes) -> bool:
    data = bytes.fromhex(re.sub(rb"[^0-9A-Fa-f]", b"", found).decode())
    parts = [data[at : at + _PAIRS_AT_ONCE] for at in range(0, len(data), _PAIRS_AT_ONCE)]
    return len(data) >= _MANY_PAIRS or any(_begins_packed(part) or _reads(part, _PROSE) for part in parts)


def _base85_like(stretch: bytes) -> bool:
    starts = range(0, len(stretch) - _WINDOW + 1, _WINDOW)
    return any(_window85(stretch[at : at + _WINDOW], at == 0) for at in starts) or _window85(stretch[-_WINDOW:], False)


def _window85(window: bytes, first: bool) -> bool:
    cases = window.translate(_CASES)
    alike = sum(a == b != ord(".") for a, b in pairwise(cases))
    marks, kinds = sum(c not in _TOKEN_BYTES for c in window), len(set(window))
    mixed = marks >= _MARKS_85 and kinds >= _MIXED_85 and alike <= _ALIKE_85
    if not mixed and not (first and marks >= 1 and kinds >= _PACKED_85):
        return False
    for alphabet in _ALPHABETS_85:
        for offset in range(5):
            data = b"".join(_group85(window[at : at + 5], alphabet) for at in range(offset, offset + 35, 5))
            signed = first and (_is_signed(data, 0) or _is_signed(data, 4))
            if signed or (mixed and (_PRINTABLE_RUN.search(data) or _FOREIGN_RUN.search(data))):
                return True
    return False


def _group85(characters: bytes, alphabet: bytes) -> bytes:
    value = 0
    for character in characters:
        digit = alphabet.find(character)
        value = value * 85 + digit if digit >= 0 else 1 << 64
    return value.to_bytes(4, "big") if value < 1 << 32 else bytes(4)


def _escape_like(raw: bytes) -> bool:
    return b"\0" in raw or len(_OCTAL.findall(raw)) >= 8 or len(_PERCENT_U.findall(raw)) >= 4 or len(_CONTROL.findall(raw)) >= 4


def _mostly_foreign(raw: bytes) -> bool:
    """Whether at least half of some 64 bytes, counted from the beginning, are not ASCII."""
    return any(sum(c >= 0x80 for c in raw[at : at + 64]) >= 32 for at in range(0, len(raw), 64))


def _foreign_rows(raw: bytes) -> bool:
    """Whether characters stand in a row that are ASCII read as UTF-16, UTF-8 read as one byte each, or carry bytes; or broken ones."""
    text = raw.decode("utf-8", "surrogateescape")
    broken = sum("\ud800" <= c < "\ue000" or ("\x80" <= c < "\xa0" and c != "\x85") for c in text)
    return broken >= 8 or _ROWS.search(text) is not None or _in_a_row(_is_ascii_pair, list(map(ord, text)), 8)


def _is_ascii_pair(code: int) -> bool:
    if not 0x80 <= code < 0x10000 or code >> 8 == 0x25 or code == 0x2022:
        return False
    return code >> 8 in _PRINTABLE and code & 0xFF in _PRINTABLE
