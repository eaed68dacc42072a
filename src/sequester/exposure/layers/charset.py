"""From bytes to text: UTF-8, UTF-16, UTF-32, single-byte charsets; and text whose charset was mistaken."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sequester.exposure.layers.piece import Piece


def _class(byte: int) -> int:
    if 0x20 <= byte < 0x7F or byte in b"\t\n\r\x1b":
        return ord("a")
    if 0x80 <= byte < 0xC0:
        return ord("c")
    return ord("2") if 0xC2 <= byte < 0xE0 else ord("3") if 0xE0 <= byte < 0xF0 else ord("4") if 0xF0 <= byte < 0xF5 else ord(".")


_CLASSES = bytes(map(_class, range(256)))
# Shapes of readable UTF-8 that random bytes show at fewer than one in 10^6 places.
_READABLE = (b"a" * 20, b"3cc" * 4, b"2c" * 6)
_MIXED = re.compile(rb"(?:a|2c|3cc|4ccc){24}")
_PRINTABLE = bytes(byte for byte in range(256) if _CLASSES[byte] == ord("a"))

_MIN_BYTES = 16
_SAMPLE, _SAMPLES = 512, 16
# High bytes of the UTF-16 units that a text in one script keeps to, with those of ASCII and punctuation; random units do not.
_EMOJI = bytes({0x26, 0x27, 0xD8, 0xDC, 0xDD, 0xDE, 0xDF, 0xFE})
_SCRIPTS = (
    bytes({0x00, 0x01, 0x20, 0x30, 0xFF}) + _EMOJI,
    *(
        bytes({0x00, 0x20, 0x30, 0xFF} | set(range(low, high + 1)))
        for low, high in ((0x03, 0x05), (0x05, 0x06), (0x09, 0x0E), (0x30, 0x9F), (0xAC, 0xD7))
    ),
)


def readable(data: bytes) -> bool:
    """Whether some stretch of `data` reads as UTF-8 text; wrong for fewer than one in 10^6 offsets of random bytes."""
    return _reads_plainly(shape := data.translate(_CLASSES)) or _MIXED.search(shape) is not None


def _reads_plainly(shape: bytes) -> bool:
    """Whether ASCII alone, or characters of two or of three bytes alone, stand in a row."""
    return any(needle in shape for needle in _READABLE)


def printable(data: bytes) -> bool:
    """Whether `data` is ASCII text without control characters but those of a terminal's styles."""
    return not data.translate(None, _PRINTABLE)


def readings(data: bytes) -> Iterator[tuple[str, str]]:
    """Texts that `data` may hold, each with the name of its charset; the name is empty for UTF-8."""
    if len(data) < _MIN_BYTES:
        return
    other = len(data.translate(None, _PRINTABLE))
    if not other:
        yield "", data.decode()
        return
    is_text = _reads_plainly(data.translate(_CLASSES))
    # Look-alikes and invisible characters stand among ASCII; but so, it seems, do the bytes of some UTF-16.
    if is_text or readable(data):
        text = data.decode("utf-8", "replace")
        yield "", text if len(_NOISE.sub("", text)) * 5 > len(text) * 4 else "\n".join(_STRETCH.findall(text))
        if other * 3 < len(data) and not _is_utf8(data):
            yield "cp1252", _single_byte(data)
        if is_text and data.count(0) * 4 < len(data):
            return
    if data.count(0) * 5 < len(data) * 4:
        yield from _wide_readings(data)
    yield from _integer_readings(data)


def _integer_readings(data: bytes) -> Iterator[tuple[str, str]]:
    """The longest row of integers of eight or four bytes that may be token ids or characters, as decimals: what an array holds."""
    if data.count(0) * 4 < len(data):
        return
    for width in (8, 4):
        # The first bytes of one order, and the last ones of the other, may read as small integers too.
        rows = {(order, shift): _small_integers(data, f"{order}u{width}", shift) for shift in range(width) for order in "<>"}
        (order, _), row = max(rows.items(), key=lambda item: len(item[1]))
        if len(row) >= _FEWEST_INTEGERS:
            yield f"int{8 * width}-{'le' if order == '<' else 'be'}", " ".join(map(str, row.tolist()))
            return


def _small_integers(data: bytes, kind: str, shift: int) -> NDArray[np.uint64]:
    """The longest row of small integers that are not mostly zero, read from an offset on."""
    values = np.frombuffer(data, kind, (len(data) - shift) // np.dtype(kind).itemsize, shift)
    edges = np.flatnonzero(np.diff(np.concatenate(([False], values < _LARGEST_ID, [False])).astype(np.int8)))
    rows = (values[begin:end] for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    return max((row for row in rows if 2 * np.count_nonzero(row) > len(row)), key=len, default=values[:0])


_LARGEST_ID = 1 << 19
_FEWEST_INTEGERS = 12

# Of binary data that holds text somewhere, only the stretches that could be text.
_NOISE = re.compile("[\0-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]+")
_STRETCH = re.compile("[^\0-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]{6,}")


_CP1252 = "".join(bytes([byte]).decode("cp1252", "replace").replace("\ufffd", chr(byte)) for byte in range(256))


def _single_byte(data: bytes) -> str:
    return codecs.charmap_decode(data, "strict", _CP1252)[0]


_TO_BYTE = {ord(character): byte for byte, character in enumerate(_CP1252)} | {byte: byte for byte in range(256)}


def wide(data: bytes) -> bool:
    """Whether `data` reads as UTF-16 or UTF-32."""
    return len(data) >= _MIN_BYTES and data.count(0) * 5 < len(data) * 4 and _wide_charset(data) is not None


def _wide_readings(data: bytes) -> Iterator[tuple[str, str]]:
    if found := _wide_charset(data):
        name, shift = found
        yield name, data[shift:].decode(name, "replace")


def _wide_charset(data: bytes) -> tuple[str, int] | None:
    """The charset of two or four bytes that `data` keeps to, and the offset of its first character.

    UTF-16 keeps every other byte to one script. Latin is tried first: Latin text at the wrong byte order looks like Chinese.
    """
    sample = _sample(data)
    if len(data) >= 32 and sample.count(0) * 5 >= len(sample) * 2:
        for shift in range(4):
            for name in ("utf-32-le", "utf-32-be"):
                if _is_utf32(sample[shift:], name):
                    return name, shift
    first, second = sample[0::2], sample[1::2]
    for script in _SCRIPTS:
        for name, high in (("utf-16-le", second), ("utf-16-be", first)):
            if len(high.translate(None, script)) * 10 <= len(high):
                return None if b"\0" not in data and _is_utf8(data) else (name, 0)
    return None


def _sample(data: bytes) -> bytes:
    """Of long data, stretches spread evenly; each begins at a multiple of four."""
    if len(data) <= _SAMPLES * _SAMPLE:
        return data
    step = len(data) // _SAMPLES // 4 * 4
    return b"".join(data[start : start + _SAMPLE] for start in range(0, step * _SAMPLES, step))


def _is_utf32(data: bytes, name: str) -> bool:
    upper = (data[2::4], data[3::4]) if name.endswith("le") else (data[1::4], data[0::4])
    return all(half.count(0) * 10 >= len(half) * 9 for half in upper)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start + 4 > len(data)  # only the last character is cut
    return True


def wide_text(text: str) -> Iterator[Piece]:
    """UTF-16 that was read as a single-byte charset (a NUL beside each character), and ASCII bytes that were read as UTF-16."""
    if text.count("\0") >= _FEWEST_NULS:
        data = as_bytes(text)
        for name, run in _WIDE_RUNS.items():
            if run.search(data):
                shifts = range(4 if "32" in name else 2)
                yield from (Piece(0, len(text), name, data[shift:].decode(name, "replace")) for shift in shifts)
    if text.isascii():
        return
    for found in _ASCII_PAIRS.finditer(text):
        for name in ("utf-16-le", "utf-16-be"):
            content = found.group().encode(name)
            if readable(content):
                yield Piece(*found.span(), f"ascii-as-{name}", content)


_ASCII_BYTES = (0x09, 0x0A, 0x0D, *range(0x20, 0x7F))
_ASCII_PAIRS = re.compile(
    "["
    + "".join(f"\\u{high:02x}09\\u{high:02x}0a\\u{high:02x}0d\\u{high:02x}20-\\u{high:02x}7e" for high in _ASCII_BYTES)
    + "]{8,}"
)
"""Characters whose two bytes are ASCII."""
# A few characters side by side are enough: which ones are ASCII depends on the script.
_FEWEST_NULS = 4
_WIDE_RUNS = {
    "utf-16-le": re.compile(rb"(?:[^\0]\0){3}"),
    "utf-16-be": re.compile(rb"(?:\0[^\0]){3}"),
    "utf-32-le": re.compile(rb"(?:[^\0][\0-\xff]\0\0){8}", re.DOTALL),
    "utf-32-be": re.compile(rb"(?:\0\0[\0-\xff][^\0]){8}", re.DOTALL),
}


def as_bytes(text: str) -> bytes:
    """One byte per character: latin-1, escaped surrogates as the bytes they stand for, everything else as `?`."""
    if text.isascii() or not _ESCAPED.search(text):
        return text.encode("latin-1", "replace")
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.translate(_ESCAPED_BYTES).encode("latin-1", "replace")


_ESCAPED = re.compile("[\udc80-\udcff]")
_ESCAPED_BYTES = {0xDC00 + byte: byte for byte in range(0x80, 0x100)}

_MISREAD = re.compile("[\x80-\xff" + "".join(sorted({c for c in _CP1252 if ord(c) > 0xFF})) + "]{2,}")


def mojibake(text: str) -> Iterator[Piece]:
    """UTF-8 that was read as latin-1 or cp1252."""
    repaired = _MISREAD.sub(lambda match: _reread(match.group()), text)
    if repaired != text:
        yield Piece(0, len(text), "mojibake", repaired)


def _reread(stretch: str) -> str:
    try:
        return bytes(map(_TO_BYTE.__getitem__, map(ord, stretch))).decode("utf-8")
    except UnicodeDecodeError:
        return bytes(map(_TO_BYTE.__getitem__, map(ord, stretch))).decode("utf-8", "replace").replace("\ufffd", "")


_KEPT_BYTES = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_BYTE_LEVEL = {byte: byte for byte in _KEPT_BYTES} | {
    0x100 + number: byte for number, byte in enumerate(sorted(set(range(0x100)).difference(_KEPT_BYTES)))
}
"""The letters by which byte-level tokenizers write bytes: printable ones as themselves, all others in order from U+0100 on."""
_BYTE_LETTERS = re.compile("[\xa1-\u0143]{2,}")


def byte_tokens(text: str) -> Iterator[Piece]:
    """UTF-8 as byte-level tokenizers print it: `ĠÐ¸` for a blank and a letter."""
    plain = _BYTE_LETTERS.sub(lambda found: _written_by_bytes(found.group()), text)
    if plain != text:
        yield Piece(0, len(text), "byte-level-tokens", plain)


def _written_by_bytes(stretch: str) -> str:
    # U+00AD is no such letter: it is not printed.
    data = bytes(_BYTE_LEVEL[ord(letter)] for letter in stretch if ord(letter) in _BYTE_LEVEL)
    return data.decode("utf-8", "replace").replace("\ufffd", "")


_SMUGGLERS = re.compile(
    "[\U000e0001-\U000e007f\ufe00-\ufe0f\U000e0100-\U000e01ef\u2800-\u28ff\u200b-\u200d\u2060\u2062-\u2064\ufeff]{8}"
)
_TAGS = re.compile("[\U000e0001-\U000e007f]{8,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{8,}")
_BRAILLE = re.compile("[\u2800-\u28ff]{12,}")
_INVISIBLE_BITS = re.compile("[\u200b\u200c\u200d\u2060\u2062\u2063\u2064\ufeff]{64,}")


def smuggled(text: str) -> Iterator[Piece]:
    """Bytes carried by invisible or decorative code points: tag characters, variation selectors, Braille, zero-width bits."""
    if text.isascii() or not _SMUGGLERS.search(text):
        return
    for found in _TAGS.finditer(text):
        yield Piece(*found.span(), "tag-characters", bytes(ord(character) & 0x7F for character in found.group()))
    for found in _SELECTORS.finditer(text):
        yield Piece(*found.span(), "variation-selectors", bytes(map(_selector_byte, found.group())))
    for found in _BRAILLE.finditer(text):
        yield Piece(*found.span(), "braille", bytes(ord(character) - 0x2800 for character in found.group()))
    for found in _INVISIBLE_BITS.finditer(text):
        symbols = sorted(set(found.group()))
        if len(symbols) == 2:
            for zero, one in (symbols, symbols[::-1]):
                bits = found.group().replace(zero, "0").replace(one, "1")
                yield Piece(*found.span(), "zero-width-bits", bits_to_bytes(bits))


def _selector_byte(selector: str) -> int:
    return ord(selector) - 0xFE00 if ord(selector) < 0xE0000 else ord(selector) - 0xE0100 + 16


def bits_to_bytes(bits: str) -> bytes:
    """Whole bytes of a string of 0 and 1, most significant bit first."""
    # The str-to-int limit of Python concerns decimal digits only; powers of two convert in linear time.
    whole = bits[: len(bits) // 8 * 8]
    return int(whole, 2).to_bytes(len(whole) // 8, "big") if whole else b""
