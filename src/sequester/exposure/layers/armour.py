"""Bytes written as printable text: base64, base32, base85, ascii85 and uuencode."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sequester.exposure.layers.archives import SIGNATURE, promising, unsigned
from sequester.exposure.layers.charset import readable
from sequester.exposure.layers.hints import alternates, looks_like_base85, looks_like_uuencode, runs
from sequester.exposure.layers.piece import Fresh, Piece

_SHORTEST = 24  # alphabet characters: 18 bytes

# Between two chunks of one region: line ends, escaped line ends, indentation, and what quotes, comments, concatenation or lists
# put there.
_LINE_END = r"(?:\\*+[rn]|\\+/|[\r\n\t])"
_BETWEEN = r"(?:\\+[rnt\"']|[\s\"'`,>#|;*&.()\[\]]|\+(?=[\s\"']))"
_B64 = r"[A-Za-z0-9+/_\-]"

# Chunks of at least 16 characters with any decoration between them, or of any width with nothing but line ends between them.
_BASE64_CHUNKS = re.compile(
    rf"(?<![A-Za-z0-9+_\-])(?:(?:{_B64}|\\++/){{16,}}=*+(?:(?:{_BETWEEN}){{0,24}}+(?={_B64}{{16}}))?+)++"
    rf"(?:(?:(?<==)|(?:{_BETWEEN}){{1,24}}+){_B64}{{1,15}}+(?!{_B64}|[ (])=*+)?+"
)
_BASE64_LINES = re.compile(r"(?<![A-Za-z0-9+/_\-\\])([A-Za-z0-9+/_\-]{2,79})(?:(?:\\*+r)?(?:\\++n|\n)|\r\n)(?=[A-Za-z0-9+/_\-])")
# A quick look for both: letters of base64, whatever escaped line ends and slashes lie between.
_CHUNK = 16
_FEWEST_UNBROKEN = 40
_BASE64_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_BASE64_SHAPE = bytes(ord("x") if byte in _BASE64_ALPHABET else 10 if byte == 10 else ord(".") for byte in range(256))
_EVEN_LINES = re.compile(rb"\n(x{2,79}+)\n\1")
_BASE64_CHUNK = re.compile(r"[A-Za-z0-9+/_\-]+")
_ESCAPE = re.compile(r"\\+[rnt\"']|\\+(?=/)")
_NOT_BASE64 = bytes(byte for byte in range(256) if byte not in _BASE64_ALPHABET)
_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def base64_regions(text: str, is_fresh: Fresh) -> Iterator[Piece]:
    """base64 and its URL-safe form: padded or not, wrapped at any width, in pieces, with unknown beginning."""
    reached = 0
    data = text.encode("ascii", "replace")
    lines = data.replace(b"\\n", b"\n").replace(b"\\r", b"").translate(_BASE64_SHAPE, b"\\\r")
    by_lines = _line_spans(text) if _EVEN_LINES.search(lines) else ()
    letters = data.replace(b"\\\\/", b"///").replace(b"\\/", b"//").translate(_BASE64_SHAPE)
    for start, end in _merged(_chunk_spans(text, letters), by_lines):
        if start < reached:
            continue
        reached = end
        region = text[start:end]
        if len(region) >= _SHORTEST and alternates(region.encode("ascii", "replace")) and is_fresh(region):
            yield from (Piece(start, end, "base64", data) for data in _base64_readings(region))


_PACKED_HEAD = 2048  # characters; enough for the first bytes of what they hold
_CHECKED = 200
_NEAR = 24
_ESCAPED_END = re.compile(rb"\\+[rnt]")
_ONE_CASE = re.compile(rb"(?P<hex>[0-9A-Fa-f]{200})|[A-Z2-7]{40,}|[a-z2-7]{40,}")


def holds_packing(text: str) -> bool:
    """Whether base64, base32 or hex in `text` begins like something packed: noise is mostly something else."""
    data = text.replace("\\/", "/").encode("ascii", "replace")
    reached = 0
    for start, end in runs(data.translate(_BASE64_SHAPE), b"x", _FEWEST_UNBROKEN):
        is_new, reached = not reached or start - reached > _NEAR, end
        is_noise = is_new and (alternates(data[start : min(end, start + _CHECKED)]) or _ONE_CASE.match(data, start, end))
        if is_noise and _begins_packed(_head(data[start : start + _PACKED_HEAD])):
            return True
    return False


_NEXT_LINE = re.compile(
    r"=*[^\w\n]{0,4}(?:\n|\\n)(?:[+\-]|[^\n]{0,90}?[A-Za-z0-9][^\nA-Za-z0-9+/_\-][^\n]{0,5}?)[A-Za-z0-9+/_\-]{40}"
)


def goes_on_behind_prefixes(text: str) -> bool:
    """Whether a line ends in letters of base64, and so does the next one, behind something else."""
    shape = text.encode("ascii", "replace").translate(_BASE64_SHAPE)
    return any(_NEXT_LINE.match(text, end) for _, end in runs(shape, b"x", _FEWEST_UNBROKEN))


def _begins_packed(head: bytes) -> bool:
    # The screen knows most signatures itself; not those before which an escaped slash parts the letters.
    return SIGNATURE.match(head) is not None or bool(unsigned(head))


def _head(characters: bytes) -> bytes:
    if found := _ONE_CASE.match(characters):
        return bytes.fromhex(found["hex"].decode()) if found["hex"] else _decode_base32(found[0].decode().upper())
    plain = _ESCAPED_END.sub(b"", characters) if b"\\" in characters else characters
    return _decode_base64(plain.translate(_TO_STANDARD, _NOT_BASE64))


def _chunk_spans(text: str, letters: bytes) -> Iterator[tuple[int, int]]:
    reached = 0
    for start, _ in runs(letters, b"x", _CHUNK):
        if start >= reached and (found := _BASE64_CHUNKS.match(text, start)):
            reached = found.end()
            yield found.span()


def _line_spans(text: str) -> Iterator[tuple[int, int]]:
    """Runs of at least three lines of one width below 80, and the shorter line after them."""
    position = 0
    while found := _BASE64_LINES.search(text, position):
        start, width, count = found.start(), len(found[1]), 1
        position = found.end()
        while (line := _BASE64_LINES.match(text, position)) and len(line[1]) == width:
            count, position = count + 1, line.end()
        tail = _TAIL.match(text, position)
        if tail and len(tail.group().rstrip("=")) <= width and count >= 2 and count * width >= _SHORTEST:
            yield start, tail.end()


_TAIL = re.compile(r"[A-Za-z0-9+/_\-]*+=*+")


def _merged(*spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans by start, the longer first."""
    return sorted({span for source in spans for span in source}, key=lambda span: (span[0], -span[1]))


def _base64_readings(region: str) -> Iterator[bytes]:
    unescaped = _ESCAPE.sub(" ", region) if "\\" in region else region
    joined = unescaped.encode("ascii", "replace").translate(_TO_STANDARD, _NOT_BASE64)
    if len(joined) < _SHORTEST:
        return
    aligned = [_decode_base64(joined[offset:]) for offset in range(4)]
    # What looks like noise at every alignment may still be compressed without a signature.
    yield from [data for data in aligned if promising(data)] or aligned[:1]
    if len(joined) == len(region.rstrip("=")):
        return
    chunks = [part.encode().translate(_TO_STANDARD) for part in _BASE64_CHUNK.findall(unescaped)]
    if any(len(chunk) % 4 for chunk in chunks[:-1]):
        # Pieces that were encoded one by one: each begins at a boundary of its own.
        data = b"".join(map(_decode_base64, chunks))
        if promising(data):
            yield data


def _decode_base64(characters: bytes) -> bytes:
    whole = characters[: len(characters) - (len(characters) % 4 == 1)]
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


_BASE32 = re.compile(
    rf"(?<![A-Za-z0-9])(?:[A-Z2-7]{{8,}}+(?:{_LINE_END}|[\"',+ ]){{0,12}}+){{1,}}(?:[A-Z2-7]{{1,7}}(?![A-Za-z0-9]))?={{0,6}}"
    rf"|(?<![A-Za-z0-9])(?:[a-z2-7]{{8,}}+(?:{_LINE_END}|[\"',+]){{0,12}}+){{1,}}(?:[a-z2-7]{{1,7}}(?![A-Za-z0-9]))?={{0,6}}"
)


_BASE32_SHAPES = tuple(
    bytes(ord("x") if byte in b"234567" + letters else ord(".") for byte in range(256))
    for letters in (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz")
)
_BASE32_NUMERALS = bytes(byte for byte in range(256) if byte not in b"234567")


def base32_regions(text: str, is_fresh: Fresh) -> Iterator[Piece]:
    """base32 in either case, wrapped or not; the region has to begin where the encoding begins."""
    if not _may_be_base32(text.encode("ascii", "replace")):
        return
    for found in _BASE32.finditer(text):
        characters = re.sub(r"\\+[rn]|[^A-Za-z2-7]", "", found.group()).upper()
        if len(characters) < _SHORTEST or characters.isalpha() or not is_fresh(characters):
            continue
        aligned = (_decode_base32(characters[offset:]) for offset in range(8))
        # What looks like noise at every alignment may still be compressed without a signature.
        yield Piece(*found.span(), "base32", next(filter(promising, aligned), _decode_base32(characters)))


def _may_be_base32(data: bytes) -> bool:
    """Whether some chunk is long enough, in one case, and no word."""
    chunks = (chunk for shape in _BASE32_SHAPES for chunk in runs(data.translate(shape), b"x", _CHUNK))
    return any(data[start:end].translate(None, _BASE32_NUMERALS) for start, end in chunks)


_TO_BASE_32_DIGITS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHIJKLMNOPQRSTUV")


def _decode_base32(characters: str) -> bytes:
    bits = len(characters) * 5
    # The str-to-int limit of Python concerns decimal digits only; powers of two convert in linear time.
    return (int(characters.translate(_TO_BASE_32_DIGITS), 32) >> bits % 8).to_bytes(bits // 8, "big")


_SHORTEST_UNBROKEN = 30
_UNBROKEN = re.compile(r"(?:[!-~]{30,}+(?:\r?\n)?+)++(?:(?<=\n)[!-~]{1,29}(?=\s|\Z))?")
_BASE64_ONLY = re.compile(r"[A-Za-z0-9+/=_\-]*+")
_MARKED = re.compile(r"<~([!-uz\s]{20,}+)(?:~>)?")
_ALPHABETS = {
    "base85": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
    "z85": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
    "ascii85": "".join(map(chr, range(33, 118))),
}
_RUNS = {
    "base85": re.compile(rf"[{re.escape(_ALPHABETS['base85'])}]{{40,}}+"),
    "z85": re.compile(rf"[{re.escape(_ALPHABETS['z85'])}]{{40,}}+"),
    "ascii85": re.compile(r"[!-uz]{40,}+"),
}
_TO_DIGITS = {name: bytes(max(alphabet.find(chr(byte)), 0) for byte in range(256)) for name, alphabet in _ALPHABETS.items()}
_POWERS = 85 ** np.arange(4, -1, -1, dtype=np.uint64)
_PROBE = 70


def base85_regions(text: str, is_fresh: Fresh) -> Iterator[Piece]:
    """base85 as Python and git write it, Z85, and ascii85 with or without its marks."""
    for found in _MARKED.finditer(text):
        data = _decode_base85("ascii85", re.sub(r"\s+|\\n", "", found[1]))
        if promising(data):
            yield Piece(*found.span(), "ascii85", data)
    for stretch in _unbroken(text):
        characters = re.sub(r"\r?\n", "", stretch.group())
        if _BASE64_ONLY.fullmatch(characters) or not is_fresh(characters) or not looks_like_base85(characters.encode()):
            continue
        for name, alphabet in _RUNS.items():
            for run in alphabet.finditer(characters):
                whole = len(run.group()) == len(characters)
                if (whole or looks_like_base85(run.group().encode())) and (data := _aligned(name, run.group())):
                    yield Piece(*stretch.span(), name, data)


_SOLID = bytes(ord("x") if 0x20 < byte < 0x7F else ord(".") for byte in range(256))


def solid_runs(text: str) -> set[str]:
    """The stretches without a blank in which letters of an encoding may stand."""
    return {text[start:end] for start, end in _solid(text)}


def _solid(text: str) -> Iterator[tuple[int, int]]:
    return runs(text.encode("latin-1", "replace").translate(_SOLID), b"x", _SHORTEST_UNBROKEN)


def _unbroken(text: str) -> Iterator[re.Match[str]]:
    reached = 0
    for start, _ in _solid(text):
        if start >= reached and (found := _UNBROKEN.match(text, start)):
            reached = found.end()
            yield found


def _aligned(name: str, characters: str) -> bytes:
    """Decode from the first of five beginnings that reads well, perhaps without its first group: quotes and brackets before a region
    belong to the alphabets too."""
    digits = _digits85(name, characters[:_PROBE])
    groups = sliding_window_view(digits, 5) @ _POWERS
    overflows = groups >> np.uint64(32) != 0
    groups[overflows] = 0
    rows = groups.astype(">u4").view(np.uint8).reshape(-1, 4)
    for offset in range(5):
        probe = rows[offset::5].tobytes()
        if readable(probe) or SIGNATURE.match(probe) or SIGNATURE.match(probe, 4) or (offset == 0 and promising(probe)):
            return _decode_base85(name, characters[offset + 5 * int(overflows[offset]) :])
    return b""


def _group_bytes(groups: NDArray[np.uint64]) -> bytes:
    """Groups that overflow 32 bits end the region; everything before them counts."""
    wrong = np.flatnonzero(groups >> np.uint64(32))
    return (groups[: wrong[0]] if len(wrong) else groups).astype(">u4").tobytes()


def _decode_base85(name: str, characters: str) -> bytes:
    digits = _digits85(name, characters)
    padded = np.concatenate((digits, np.full(-len(digits) % 5, 84, np.uint8)))
    return _group_bytes(padded.reshape(-1, 5) @ _POWERS)[: len(digits) * 4 // 5]


def _digits85(name: str, characters: str) -> NDArray[np.uint8]:
    if name == "ascii85":
        characters = characters.replace("z", "!!!!!")
    return np.frombuffer(characters.encode().translate(_TO_DIGITS[name]), np.uint8)


_PATCH = re.compile(r"^.{0,8}(?:literal|delta) [0-9]+[ \t]*+((?:\r?\n.{0,8}?[A-Za-z](?:[!-~]{5}){1,13}[ \t]*+)++)", re.MULTILINE)
_PATCH_LINE = re.compile(r"([A-Za-z])((?:[!-~]{5}){1,13})[ \t]*\r?$", re.MULTILINE)


def binary_patches(text: str) -> Iterator[Piece]:
    """What git writes for a binary file: lines of base85, of which the first letter states the length."""
    for found in _PATCH.finditer(text) if "literal " in text or "delta " in text else ():
        lines = _PATCH_LINE.findall(found[1])
        data = b"".join(_decode_base85("base85", letters)[: _patch_length(first)] for first, letters in lines)
        if promising(data):
            yield Piece(*found.span(), "base85", data)


def _patch_length(letter: str) -> int:
    return ord(letter) - ord("A") + 1 if letter <= "Z" else ord(letter) - ord("a") + 27


_UU_LINE = re.compile(r"(?:^|(?<=\\n))([!-M])([ -`]{4,84}?)[ \t]*(?=\r?\n|\\r|\\n|$)", re.MULTILINE)


_FEWEST_UU_LINES = 3  # whose lengths are right: surely uuencode, also where it holds noise


def uuencoded(text: str) -> Iterator[Piece]:
    """uuencode, with or without its `begin` line: consecutive lines whose first character states their length."""
    lines: list[bytes] = []
    start = end = 0
    if not looks_like_uuencode(text.encode("ascii", "replace")):
        return
    for found in _UU_LINE.finditer(text):
        size = ord(found[1]) - 32
        body = found[2].rstrip()
        if not (size + 2) // 3 * 4 - 3 <= len(body) <= (size + 2) // 3 * 4 + 1:
            continue
        if found.start() - end > 8 and lines:
            yield from _uu_piece(start, end, lines)
            lines = []
        if not lines:
            start = found.start()
        end = found.end()
        try:
            lines.append(binascii.a2b_uu(found[1] + body))
        except binascii.Error:
            continue
    yield from _uu_piece(start, end, lines)


def _uu_piece(start: int, end: int, lines: list[bytes]) -> Iterator[Piece]:
    data = b"".join(lines)
    if promising(data) or len(lines) >= _FEWEST_UU_LINES:
        yield Piece(start, end, "uuencode", data)
