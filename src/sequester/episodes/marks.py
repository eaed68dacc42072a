"""Finding the marks of a template family in a text, and telling a delimiter from the mere mention of one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cached_property

from msgspec import Struct

from sequester.episodes.families import VOCABULARIES, Kind, scanners


class Mark(Struct, frozen=True, gc=False):
    """One delimiter or control token."""

    kind: Kind
    name: str
    start: int
    end: int
    mention: bool
    """In quotation marks or inline code: text about the delimiter, not the delimiter."""


# Looking a member up in its enum costs as much as making a mark, and hashing one more.
_CLOSE = Kind.CLOSE
_TAGS = {"open": Kind.OPEN, "close": _CLOSE}
_OPENING = (Kind.OPEN, Kind.CALL, Kind.RESULT)
_CLOSING = (Kind.CLOSE, Kind.CALL_END, Kind.RESULT_END)
_OPENING_QUOTES, _CLOSING_QUOTES = "“‘«「„", "”’»」“"
_REACH = 200
"""How far back on its line the opening apostrophe of a quoted closing delimiter is looked for."""
_FIRST_IDEOGRAPH = "\u2e80"
_INDENT = 40
"""White space before a fence on its line beyond which it is no fence."""
_FENCE = re.compile(r"```+|~~~+")
_BACKTICKS = re.compile(r"```+")
"""The same for a text without tildes, ten times as fast."""


class _Line:
    """Whether a position of a text stands in inline code or quotation marks on its line. Asked in ascending order; linear over
    all."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._at_line = 0
        self._counts = {"`": 0, '"': 0}
        self._next = {"`": -1, '"': -1, "'": -1}
        self._line_end = -1

    def quoted(self, start: int, end: int) -> bool:
        """For what stands neither at the beginning nor at the end of a line: that is quoted by nothing."""
        text = self._text
        self._advance(start)
        if self._line_end < end:
            found = text.find("\n", end)
            self._line_end = len(text) if found < 0 else found
        return self._between_neighbours(start, end) or any(
            count % 2 and self._follows(quote, end) for quote, count in self._counts.items()
        )

    def _between_neighbours(self, start: int, end: int) -> bool:
        """Quotation marks that cannot be told by counting: typographic and escaped ones, double backticks, apostrophes."""
        text = self._text
        before, after = text[max(0, start - 2) : start], text[end : end + 2]
        if before in ("``", '\\"') and before == after:
            return True
        if before[-1:] in tuple(_OPENING_QUOTES) and after[:1] in tuple(_CLOSING_QUOTES):
            return True
        if before[-1:] == "'" and not before[0].isalnum():
            return self._follows("'", end)
        if after[:1] == "'":
            opened = text.rfind("'", max(self._at_line, start - _REACH), start)
            return opened >= 0 and not text[opened - 1 : opened].isalnum()
        return False

    def _advance(self, to: int) -> None:
        text, at = self._text, self._at
        line = text.rfind("\n", at, to)
        if line >= 0:
            at = self._at_line = line + 1
            self._counts = {"`": 0, '"': 0}
        self._counts["`"] += text.count("`", at, to)
        self._counts['"'] += text.count('"', at, to) - text.count('\\"', at, to)
        self._at = to

    def _follows(self, quote: str, end: int) -> bool:
        if self._next[quote] < end:
            found = self._text.find(quote, end)
            self._next[quote] = len(self._text) if found < 0 else found
        return self._next[quote] < self._line_end


def find_marks(text: str, family: str) -> list[Mark]:
    """Every mark of a family of tags (see `families.VOCABULARIES`) in a text, in order, not overlapping."""
    vocabulary = VOCABULARIES[family]
    line: _Line | None = None
    marks = []
    for match in _matches(text, family):
        group = match.lastgroup or ""
        if group in _TAGS:
            kind, name = _TAGS[group], match[group].lower()
        else:
            delimiter = vocabulary[int(group[1:])]
            kind, name = delimiter.kind, delimiter.name
        start, end = match.span()
        mention = False
        if start > 0 and text[start - 1] != "\n" and end < len(text) and text[end] != "\n":
            line = line or _Line(text)
            mention = line.quoted(start, end)
        marks.append(Mark(kind, name, start, end, mention))
    return marks


def _matches(text: str, family: str) -> Iterator[re.Match[str]]:
    """What the scanners of a family find, in order; of two that overlap, the first."""
    ahead = [match for initial, scanner in scanners(family) if (match := _next(scanner, initial, text, 0))]
    while len(ahead) > 1:
        first = min(ahead, key=re.Match.start)
        yield first
        at = first.end()
        ahead = [
            found
            for match in ahead
            if (found := match if match.start() >= at else _next(match.re, text[match.start()], text, at))
        ]
    last = ahead[0] if ahead else None
    while last:
        yield last
        last = _next(last.re, text[last.start()], text, last.end())


def _next(scanner: re.Pattern[str], initial: str, text: str, start: int) -> re.Match[str] | None:
    """A scanner's next match. It need not look at the stretch before its first character, which `str.find` leaps over."""
    at = text.find(initial, start)
    return scanner.search(text, at) if at >= 0 else None


def with_line_breaks(text: str, marks: Iterable[Mark]) -> list[Mark]:
    """The marks that are no mentions, with the line breaks that templates write beside them: one inside each block, and up to
    two after reasoning."""
    floor = 0
    widened = []
    for mark in marks:
        if mark.mention:
            continue
        kind, start, end = mark.kind, mark.start, mark.end
        if kind in _OPENING and text.startswith("\n", end):
            end += 1
        if kind in _CLOSING and start > floor and text[start - 1] == "\n":
            start -= 1
        if kind is _CLOSE:
            end += 2 if text.startswith("\n\n", end) else text.startswith("\n", end)
        floor = end
        widened.append(Mark(kind, mark.name, start, end, False))
    return widened


def in_prose(text: str, mark: Mark) -> bool:
    """A mark inside a sentence, such as "the <think> tag" or "ends with </think>.": blank before it, the sentence going on
    after it."""
    before = text[mark.start - 1 : mark.start]
    after = text[mark.end : mark.end + 2]
    return before == " " and (after[:1] in tuple(".,;:!?)") or (after[:1] == " " and after[1:].islower()))


def between_ideographs(text: str, mark: Mark) -> bool:
    """The same in a script without blanks: characters of Chinese or Japanese, or their punctuation, on both sides of a mark."""
    return text[mark.start - 1 : mark.start] >= _FIRST_IDEOGRAPH and text[mark.end : mark.end + 1] >= _FIRST_IDEOGRAPH


def begins_line(text: str, position: int) -> bool:
    """Whether only a little white space stands before a position on its line."""
    indent = text[max(0, position - _INDENT) : position].rpartition("\n")[2]
    return not indent.strip(" \t") and (len(indent) < _INDENT or position == _INDENT)


class Fences:
    """Fenced code blocks of a text, found when they are first asked for."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _at(self) -> list[int]:
        text = self._text
        fence = _FENCE if "~" in text else _BACKTICKS
        return [match.start() for match in fence.finditer(text) if begins_line(text, match.start())]

    def holds(self, position: int, since: int) -> bool:
        """Whether a position stands in a closed fence that was opened at or after `since`."""
        if position == since:
            return False
        first, here = bisect_left(self._at, since), bisect_left(self._at, position)
        return (here - first) % 2 == 1 and here < len(self._at)
