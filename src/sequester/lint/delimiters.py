"""Delimiters of reasoning as they stand in string constants and regular expressions of reward code."""

from __future__ import annotations

import re
from functools import cache

from sequester.episodes.families import PAIRS, TAG_NAMES, Kind

_LITERALS = {
    kind: "|".join(
        re.escape(mark.literal)
        for name, pair in PAIRS.items()
        if name not in ("phrase", "role")
        for mark in pair
        if mark.kind is kind
    )
    for kind in (Kind.OPEN, Kind.CLOSE)
}
_OPENER = re.compile(rf"<(?:{TAG_NAMES})\b[^<>/]{{0,40}}>|{_LITERALS[Kind.OPEN]}|<\|channel\|>analysis", re.I)
_CLOSER = re.compile(rf"</(?:{TAG_NAMES})\s{{0,3}}>|{_LITERALS[Kind.CLOSE]}|<\|channel\|>final|assistantfinal", re.I)
_ESCAPE = re.compile(r"\\([<>/|\[\]\-_ ])")
_LONGEST = 20_000
"""Longer constants are prompts and data, not patterns."""
_ANYTHING = re.compile(r"\.[*+]|\((?:\?:)?(?:\.\|\\n|\\n\|\.|\.\|\\s|\\s\|\.)\)[*+]|\[\\[sS]\\[sS]\]|\[\^|\(\?s|\\[sSwWdD][*+]")
_OPTIONAL_CLOSER = re.compile(r"(?:\||\(\?:)\s*(?:\$|\\Z)|(?:\$|\\Z)\)?\s*\||\$\)$")
_OPTIONAL_OPENER = re.compile(r"(?:\(\?:|\(|\|)\s*(?:\^|\\A)\s*(?:\||\))|\|(?:\^|\\A)\)|\)\?")


@cache
def plain(text: str) -> str:
    """A regular expression with the backslashes before punctuation taken away."""
    return _ESCAPE.sub(r"\1", text[:_LONGEST])


@cache
def opens(text: str) -> bool:
    """Whether an opening delimiter stands in it."""
    return _OPENER.search(plain(text)) is not None


@cache
def closes(text: str) -> bool:
    """Whether a closing delimiter stands in it."""
    return _CLOSER.search(plain(text)) is not None


def names_delimiter(text: str) -> bool:
    """Whether an opening or closing delimiter stands in it."""
    return opens(text) or closes(text) or _either(text)


@cache
def _either(text: str) -> bool:
    """Such as `</?think>`."""
    return "/?" in text and re.search(rf"</\?(?:{TAG_NAMES})\b", plain(text), re.I) is not None


@cache
def spans(pattern: str) -> bool:
    """Whether the expression takes in text between or around the delimiters, and not just the delimiters."""
    return _ANYTHING.search(pattern) is not None


@cache
def needs(pattern: str) -> str:
    """Which delimiters must be there for the expression to match: `both tags`, `a closing tag`, `an opening tag`, or nothing."""
    opener = opens(pattern) and not _OPTIONAL_OPENER.search(_around(pattern, _OPENER))
    closer = closes(pattern) and not _OPTIONAL_CLOSER.search(_around(pattern, _CLOSER))
    if opener and closer:
        return "both tags"
    if closer:
        return "a closing tag"
    return "an opening tag" if opener else ""


def _around(pattern: str, delimiter: re.Pattern[str]) -> str:
    text = plain(pattern)
    found = delimiter.search(text)
    return text[max(0, found.start() - 6) : found.end() + 8] if found else ""


@cache
def group_is_reasoning(pattern: str, group: str | int) -> bool:
    """Whether this group (0-based place, or name) of the expression lies between the delimiters."""
    text = plain(pattern)
    closer = _CLOSER.search(text)
    if isinstance(group, str):
        start = text.find(f"(?P<{group}>")
    else:
        starts = [found.start() for found in re.finditer(r"(?<!\\)\((?!\?[:=!<]|\?[a-zA-Z]+\))|\(\?P<", text)]
        start = starts[group] if 0 <= group < len(starts) else -1
    if start < 0:
        return closer is None
    return start < closer.start() if closer else opens(text)
