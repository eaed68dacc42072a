"""Cheap hints, per reward input, that a decoding layer is worth trying: the reference for the C kernel.

A hint costs a wasted attempt; a missed one costs a missed leak. So every rule errs on the side of a hint.
"""

from __future__ import annotations

import re

LONG_TOKEN = 1
"""A stretch of at least 40 base64, URL-safe or hex characters, lines of at least 16 joined over line breaks (also escaped ones); three
in four of them letters or digits, and among them a digit or letters of both cases."""
NUMBERS = 2
"""At least 64 bytes in a row of digits, commas, brackets, minus signs, quotes and white space, at least 24 of them digits."""
ESCAPES = 4
"""A NUL, 16 hex pairs set apart by one character, 8 octal escapes, 4 `%u`, 2 soft line breaks, or 3 escapes not undone."""
WIDE = 8
"""At least 8 ideographs, C1 controls or broken bytes: maybe UTF-16 read as text, or a script without spaces."""

_TOKEN = re.compile(rb"[A-Za-z0-9+/_=-]{16,}(?:(?:[\r\n]|\\+[rn])+[ \t]*[A-Za-z0-9+/_=-]{16,})*")
_NUMBERS = re.compile(rb'[0-9,\[\]\-"\\n \t\r\n]{64,}')
_PAIRS = re.compile(rb"(?:[0-9A-Fa-f]{2}[ :,\n-]){15}[0-9A-Fa-f]{2}")
_OCTAL = re.compile(rb"\\[0-7]")
_NO_ALNUM = bytes(code for code in range(256) if not chr(code).isalnum() or code > 0x7F)


def flags_of(raw: bytes, odd: int, wide: int) -> int:
    """The hints of one raw text whose normaliser counted `odd` and `wide`."""
    flags = 0
    if any(_token_like(found[0]) for found in _TOKEN.finditer(raw)):
        flags |= LONG_TOKEN
    if any(sum(0x30 <= byte < 0x3A for byte in found[0]) >= 24 for found in _NUMBERS.finditer(raw)):
        flags |= NUMBERS
    if odd >= 3 or _escape_like(raw):
        flags |= ESCAPES
    return flags | (WIDE if wide >= 8 else 0)


def _token_like(found: bytes) -> bool:
    characters = re.sub(rb"(?:[\r\n]|\\+[rn])+[ \t]*", b"", found)
    kept = characters.translate(None, _NO_ALNUM)
    mixed = kept.lower() != kept and kept.upper() != kept
    return len(characters) >= 40 and 4 * len(kept) >= 3 * len(characters) and (mixed or any(48 <= byte < 58 for byte in kept))


def _escape_like(raw: bytes) -> bool:
    return (
        b"\0" in raw
        or len(_OCTAL.findall(raw)) >= 8
        or raw.count(b"%u") + raw.count(b"%U") >= 4
        or raw.count(b"=\n") + raw.count(b"=\r") >= 2
        or _PAIRS.search(raw) is not None
    )
