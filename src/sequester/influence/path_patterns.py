"""Patterns of paths: `*` stays within a folder, `**` does not."""

from __future__ import annotations

import re

_WILD = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]*\]")
_MEANS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_wild(pattern: str) -> bool:
    """Whether it may fit more than one path."""
    return _WILD.search(pattern) is not None


def literal_start(pattern: str) -> str:
    """What stands before the first wild card."""
    return _WILD.split(pattern)[0]


def expression(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern. Raises re.error for one that is none."""
    parts, at = [], 0
    for match in _WILD.finditer(pattern):
        parts += [re.escape(pattern[at : match.start()]), _MEANS.get(match[0]) or _characters(match[0][1:-1])]
        at = match.end()
    return re.compile("".join((*parts, re.escape(pattern[at:]))))


def _characters(listed: str) -> str:
    """The regular expression of `[listed]`, in which `-` makes a range and `!` at the start means all others."""
    others = listed.startswith("!")
    ranges = re.sub("-+", "-", listed.removeprefix("!")).split("-")
    return f"[{'^' if others else ''}{'-'.join(map(re.escape, ranges))}]"
