"""Where the search through the layers of a text goes on: what the screen saw wrapped there decides what is undone.

The screen judges the text itself, and in the same way every text that comes out. Text that was cut up is put together only in the ways in
which more of the reasoning, or something encoded, then stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sequester.exposure import flags, matching
from sequester.exposure.layers import Budget, Hint, Layer, Step, goes_on_behind_prefixes, holds_packing, solid_runs, unfold

_UNDONE = (
    (flags.ARMOUR, Hint.BASE64 | Hint.BASE32 | Hint.BASE85 | Hint.UU | Hint.ESCAPES),
    (flags.PACKED, Hint.BASE64 | Hint.BASE32 | Hint.DIGITS | Hint.ESCAPES),
    (flags.DIGITS, Hint.DIGITS | Hint.ESCAPES),
    (flags.WIDE, Hint.FOREIGN | Hint.BYTES | Hint.SOFT_BREAKS | Hint.ESCAPES),
    (flags.DUMP, Hint.DIGITS),
    (flags.STRINGS, Hint.STRINGS),
    (flags.MARKUP, Hint.MARKUP),
    (flags.LINKS, Hint.LINKS),
    (flags.SPELLED, Hint.DIGITS),
    (flags.CIPHERS, Hint.CIPHER),
    (flags.PREFIXES, Hint.PREFIXES),
    (flags.EVEN_LINES, Hint.BASE64 | Hint.BASE32 | Hint.DIGITS),
    (flags.SIDES, Hint.DIFF),
    (flags.COLUMNS, Hint.TABLES),
    (flags.DISGUISED, Hint.DISGUISE),
)
_MOVES = frozenset({"strings", "markup", "links", "column", "line-prefixes", "diff-new", "diff-old"})
_UNMOVED = Hint.BYTES | Hint.FOREIGN | Hint.SOFT_BREAKS | Hint.ESCAPES
"""What is not asked for again after a step that only moved pieces."""
UNESCAPED = frozenset({"disguise", "escapes", "percent", "entities"})
"""Names of the layers that the matcher mostly undoes by itself."""
_LETTERS = Hint.BASE64 | Hint.BASE32 | Hint.BASE85 | Hint.UU
_BY_LINE = flags.DUMP | flags.PREFIXES | flags.EVEN_LINES | flags.SIDES | flags.COLUMNS
_FEWEST_LINES = 3
_ESCAPED_BYTES = re.compile(r"\\(?:x[01]|x7[Ff]|u00[0189]|u007[Ff]|[0-7])")
_CONTROLS = bytes((*range(9), *range(14, 27), *range(28, 32), 0x7F))
_FEWEST_CONTROLS = 4
_SOFT_BREAK = re.compile(r"=(?<!==)(?:\r|\n|\\+[rn])")


class Search:
    """Says of a text, and then of each that stands behind it, what is to be undone there."""

    def __init__(self, pattern: matching.Pattern, first: int) -> None:
        """`first` are the flags of the text itself."""
        self._pattern = pattern
        self._first: int | None = first
        self.chains: Sequence[matching.Chain] = ()
        """In the last text behind the first one."""
        self.flag = 0
        """Of that text."""

    def __call__(self, text: str, step: Step | None) -> int:
        if self._first is not None:
            flag, self._first = self._first, None
            return undone(flag, text)
        self.chains = self._pattern.scan(text)
        longest = max((chain.private for chain in self.chains), default=0)
        flag = self.flag = self._pattern.flags(text, longest)
        if flag & flags.PACKED and not holds_packing(text):
            flag &= ~flags.PACKED
        asked = undone(flag, text) | _bytes_in(text)
        if step is None:
            return asked
        if step.name in _MOVES:
            return asked & ~(step.hints & _UNMOVED)
        if step.name in UNESCAPED and asked & _LETTERS and solid_runs(text) == solid_runs(step.before):
            return asked & ~_LETTERS
        return asked


def undone(flag: int, text: str) -> int:
    """The kinds of wrapping, as bits of `Hint`, that are to be undone in a text with such flags."""
    found = 0
    for bits, hints in _UNDONE:
        if flag & bits:
            found |= hints
    if flag & flags.ESCAPES:
        found |= _escapes_in(text)
    if found & Hint.BASE64 and goes_on_behind_prefixes(text):
        found |= Hint.PREFIXES | Hint.DIFF  # which the screen undoes for short lines only
    if (flag & _BY_LINE and text.count("\\n") >= _FEWEST_LINES) or (flag & flags.STRINGS and "\\" in text):
        found |= Hint.BACKSLASHES
    return found


def _escapes_in(text: str) -> int:
    found = _bytes_in(text)
    if _ESCAPED_BYTES.search(text):
        found |= Hint.BACKSLASHES | Hint.DIGITS
    if not found or "%" in text or "&" in text:
        found |= Hint.ESCAPES
    if "=" in text and _SOFT_BREAK.search(text):
        found |= Hint.SOFT_BREAKS
    return found


def _bytes_in(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return Hint.BYTES if len(data) - len(data.translate(None, _CONTROLS)) >= _FEWEST_CONTROLS else 0


def shown_behind(text: str, pattern: matching.Pattern) -> Iterator[Layer]:
    """The texts behind the wrappings of a text in which something of a pattern may stand."""
    return unfold(text, Budget(), Search(pattern, pattern.flags(text)))
