"""Character folding: the one definition of which characters the matcher sees, handed alike to the C kernel and to the oracle.

A folded text holds lower-case ASCII letters and digits, and letters of other scripts. Compatibility forms, accents, case, full-width
and mathematical letters and look-alikes of Latin letters fold to one form; white space, punctuation, symbols, drawing and
invisible characters vanish. Both sides of a comparison are folded, so what is lost is lost alike.

The tables are built from `unicodedata` (NFKD, category, casefold) of version UNICODE and a curated list, and shipped in
`folding.bin` (`python -m bench.folding_table` writes it): every Python folds alike, so that fingerprints stay the same.
"""

from __future__ import annotations

import sys
import unicodedata
import zlib
from array import array
from collections.abc import Mapping
from html.entities import name2codepoint
from importlib.resources import files

UNICODE = "14.0.0"
"""`unicodedata.unidata_version` of the Python that built the tables."""

_DROPPED = ((0x300, 0x370), (0x2000, 0x2C00), (0xD800, 0xF900), (0xFE00, 0xFE10), (0xFFF0, 0x10000))
"""Combining marks, general punctuation to symbols, surrogates and private use, variation selectors, specials."""

_LETTERS = ((0x2100, 0x2150), (0x249C, 0x24EA))
"""Letter-like symbols and letters in parentheses or circles, among symbols: those that stand for one Latin letter fold to it."""

_TOKEN_SPACES = "ĠĊ"
"""How byte-level tokenizers write a blank and a line end. What is lost to Maltese is lost on both sides."""

_ASTRAL_KEPT = ((0x10000, 0x1D000), (0x20000, 0x40000))
"""Historic scripts and rare ideographs, kept as they are."""

_FOLDED_ASTRAL = ((0x1D400, 0x1D800), (0x1F100, 0x1F200), (0xE0000, 0xE0080))
"""Mathematical letters, enclosed letters with regional indicators, and the tag characters (an invisible copy of ASCII)."""

# Latin letter -> characters easily taken for it. Capital and small forms are both covered because casefolding comes first.
_LOOKALIKES: Mapping[str, str] = {
    "a": "аɑαᴀ",
    "b": "ЬьƄƅβʙ",
    "c": "сϲᴄ",
    "d": "ԁɗᴅ",
    "e": "еҽεэᴇ",
    "f": "ſẝꜰ",
    "g": "ɡԍցɢ",
    "h": "һհнʜ",
    "i": "іıɩιӏɪ",
    "j": "јϳᴊ",
    "k": "кκᴋ",
    "l": "ⅼǀʟ",
    "m": "мᴍ",
    "n": "пոηиɴ",
    "o": "оοօσᴏ",
    "p": "рρᴘ",
    "q": "ԛգ",
    "r": "гᴦʀ",
    "s": "ѕꜱ",
    "t": "тτᴛ",
    "u": "υսᴜц",
    "v": "νѵᴠ",
    "w": "ԝωᴡшщ",
    "x": "хχ",
    "y": "уүγʏ",
    "z": "ᴢ",
    "3": "зӡ",
}


def _plain(character: str) -> str:
    """The character without accents, in lower case, look-alikes replaced; empty if nothing of it is a letter or digit."""
    kept = []
    for part in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold()):
        part = _LATIN.get(part, part)
        category = unicodedata.category(part)
        if category == "Nd":
            kept.append(str(unicodedata.decimal(part)))
        elif category[0] in "LN" or (category in ("Mc", "Mn") and not unicodedata.combining(part)):
            kept.append(part)
    return "".join(kept)


_LATIN = {twin: letter for letter, twins in _LOOKALIKES.items() for twin in twins}


def _folded(code: int) -> str:
    """What a code point folds to. Never longer in UTF-8 than the character itself, so that a text cannot grow by folding."""
    character = chr(code)
    if code < 0x80:
        return character.lower() if character.isalnum() else ""
    if any(low <= code < high for low, high in _LETTERS):
        plain = _plain(character)
        return plain if len(plain) == 1 and plain.isascii() else ""
    if character in _TOKEN_SPACES or any(low <= code < high for low, high in _DROPPED):
        return ""
    if code >= 0xE0000:
        return _folded(code - 0xE0000)
    if 0x1F1E6 <= code <= 0x1F1FF:
        return chr(ord("a") + code - 0x1F1E6)
    if 0x3000 <= code < 0xFB00 and character not in _LATIN:
        return character if unicodedata.category(character)[0] in "LN" else ""
    plain = "".join(part for part in _plain(character) if not any(low <= ord(part) < high for low, high in _DROPPED))
    if code >= 0x10000:
        return plain if plain.isascii() or max(map(ord, plain)) < 0x10000 else ""
    return plain if len(plain.encode()) <= len(character.encode()) else character


def build() -> tuple[array[int], array[int], bytes]:
    """BMP, ASTRAL and EXPANSIONS by this Python's `unicodedata`."""
    expansions: dict[str, int] = {}

    def entry(code: int) -> int:
        folded = _folded(code)
        if len(folded) < 2:
            return ord(folded) if folded else 0
        return 0xD800 + expansions.setdefault(folded, len(expansions))

    bmp = array("H", map(entry, range(0x10000)))
    astral = array("H", (entry(code) for low, high in _FOLDED_ASTRAL for code in range(low, high)))
    return bmp, astral, b"".join(text.encode().ljust(4, b"\0") for text in expansions)


def packed(bmp: array[int], astral: array[int], expansions: bytes) -> bytes:
    """The tables as they are shipped: 16-bit little-endian, 0 for what folds to itself and _GONE for what is dropped, compressed."""
    values = [0 if value == code else value or _GONE for code, value in enumerate(bmp)] + list(astral)
    return zlib.compress(b"".join(value.to_bytes(2, "little") for value in values) + expansions, 9)


def _shipped() -> tuple[array[int], array[int], bytes]:
    data = zlib.decompress(files("sequester.exposure").joinpath("folding.bin").read_bytes())
    astral_end = 0x10000 + sum(high - low for low, high in _FOLDED_ASTRAL)
    words = array("H", data[: 2 * astral_end])
    if sys.byteorder == "big":
        words.byteswap()
    bmp = (code if value == 0 else 0 if value == _GONE else value for code, value in enumerate(words[:0x10000]))
    return array("H", bmp), words[0x10000:], data[2 * astral_end :]


_GONE = 0xFFFF
BMP, ASTRAL, EXPANSIONS = _shipped()
"""Folded code point by code point, 0 = dropped; 0xD800 + n stands for the n-th group of four (zero-padded UTF-8) bytes of
EXPANSIONS. ASTRAL holds the three blocks above the basic plane that fold, one after the other."""

ENTITIES: Mapping[str, int] = {**name2codepoint, "apos": 0x27}
"""Named character references that are decoded: those of HTML 4, all of at most eight letters."""

TAGS: frozenset[str] = frozenset(
    [
        "br",
        "p",
        "li",
        "ul",
        "ol",
        "div",
        "span",
        "em",
        "strong",
        "b",
        "i",
        "code",
        "pre",
        "td",
        "tr",
        "th",
        "table",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "summary",
        "details",
    ]
)
"""Markup that a renderer adds around text and that is dropped, in opening and closing form."""


def fold(code: int) -> bytes:
    """The normalised UTF-8 bytes of one code point; empty if it is dropped."""
    if code < 0x10000:
        value = BMP[code]
    else:
        value = _astral(code)
        if value == code:
            return chr(code).encode()
    if 0xD800 <= value < 0xE000:
        start = 4 * (value - 0xD800)
        return EXPANSIONS[start : start + 4].rstrip(b"\0")
    return chr(value).encode() if value else b""


def _astral(code: int) -> int:
    offset = 0
    for low, high in _FOLDED_ASTRAL:
        if low <= code < high:
            return ASTRAL[offset + code - low]
        offset += high - low
    return code if any(low <= code < high for low, high in _ASTRAL_KEPT) else 0


def packed_entities() -> bytes:
    """ENTITIES for the kernel: per name 8 zero-padded bytes and the code point in 4, little-endian."""
    return b"".join(_packed(name, code) for name, code in sorted(ENTITIES.items()))


def packed_tags() -> bytes:
    """TAGS for the kernel: 8 zero-padded bytes per name."""
    return b"".join(name.encode().ljust(8, b"\0") for name in sorted(TAGS))


def _packed(name: str, code: int) -> bytes:
    return name.encode().ljust(8, b"\0") + code.to_bytes(4, "little")
