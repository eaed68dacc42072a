"""Which words stand in a text, as hashes of windows of six words: two texts are told to share words without either being kept.

Of each text the smallest hashes are kept (a bottom-k sketch: Broder, On the resemblance and containment of documents, 1997): below the
largest of them it is known of every window whether the text holds it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

WORDS = 6
"""In a window."""
KEPT = 1024
"""Hashes of one text."""
MOST_CHARACTERS = 1_000_000
"""Of one text; nothing is said of the words of a longer one."""

Sketch = tuple[int, ...] | None
_LARGEST = 2**64 - 1
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|[nrtbf\"/])")


def windows(text: str) -> frozenset[int]:
    """Hashes of 64 bits of every window, in lower case and without what stands between words. JSON's escapes are undone, however often
    the text was quoted."""
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
    words = _WORD.findall(plain.lower())
    return frozenset(_hash(words[start : start + WORDS]) for start in range(len(words) - WORDS + 1))


def sketch(text: str) -> Sketch:
    """The smallest hashes, in order; None of a text that is too long."""
    return tuple(sorted(windows(text))[:KEPT]) if len(text) <= MOST_CHARACTERS else None


def only_in(sought: Iterable[int], held: Iterable[Sketch], lacking: Iterable[Sketch]) -> frozenset[int]:
    """Of the hashes sought: those that one of the first sketches holds, and that all of the second are known to lack."""
    found = frozenset(sought) & frozenset().union(*(each or () for each in held))
    for other in lacking:
        known = -1 if other is None else other[-1] if len(other) >= KEPT else _LARGEST
        found = frozenset(each for each in found if each <= known) - frozenset(other or ())
    return found


def _hash(words: list[str]) -> int:
    data = " ".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8, person=b"window").digest())
