"""Paths into a record, as field maps write them: `rollout.text`, `messages[-1].content`, `turns[*].reasoning`, `step?`.

The smallest language that reaches what logs nest; anything beyond it is a reader's work, not a map's. A name with dots or brackets
stands in quotes: `info."judge.prompt"`. Where a path goes on inside a text, that text is read as JSON: tables keep lists as such.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from sequester.errors import ConfigError, MalformedRecord
from sequester.keys import shown

_NAME = r'(?:"[^"]+"|[^."\[\]?]+)'
_PATH = re.compile(rf"{_NAME}(?:\.{_NAME}|\[(?:-?\d{{1,6}}|\*)\])*")
_STEP = re.compile(rf"{_NAME}|\[(-?\d{{1,6}}|\*)\]")
_EVERY = None
_KEYS_SHOWN = 20


class RecordPath(Struct, frozen=True):
    """Where a value stands in a record."""

    text: str
    """The path as written, without its `?`."""
    steps: tuple[str | int | None, ...]
    """Member names, item numbers, and None for every item of a list."""
    optional: bool
    """Whether a record may lack it; its value is then None."""

    def column(self, columns: Collection[str]) -> str:
        """The top-level key it begins with: its whole text if that is one of `columns`."""
        return self.text if self.text in columns else str(self.steps[0])

    def value_in(self, record: Mapping[str, Any], *, gaps: bool = False) -> Any:
        """The value there. A path through null gives null; `[*]` gives a list, without the items that lack the rest of the path (with
        `gaps`: None in their place). A record lacks the path if all items do.

        Raises MalformedRecord if the record lacks it and it is not optional.
        """
        if self.text in record:
            return record[self.text]
        found = _follow(record, self.steps, gaps)
        if found is not _ABSENT:
            return found
        if self.optional:
            return None
        raise MalformedRecord(f"has no {self.text!r}; {_where_it_ends(record, self.steps)}")


def record_path(text: str, where: str) -> RecordPath:
    """A path from a field map. Raises ConfigError, naming `where` it stands, if it is none."""
    bare = text.removesuffix("?")
    if not _PATH.fullmatch(bare):
        raise ConfigError(
            f"{text!r} is no path into a record",
            where=where,
            hint="write member names with dots and items as [0], [-1] or [*], such as messages[-1].content",
        )
    steps = tuple(_step(match) for match in _STEP.finditer(bare))
    return RecordPath(bare, steps, bare != text)


class _Absent:
    """The mark of a value that is not there, which null is not."""


_ABSENT = _Absent()


def _where_it_ends(record: Mapping[str, Any], steps: Sequence[str | int | None]) -> str:
    """The names that stand beside the first one that is missing.

    Only those of the record's own objects: what stands in a text may be the model's.
    """
    value, place = record, ""
    for step in steps:
        below = value.get(step) if isinstance(step, str) else None
        if not isinstance(below, Mapping) or not _names(below):
            break
        value, place = below, f"{place}.{step}".removeprefix(".")
    return f"{place + ' holds' if place else 'columns'}: {', '.join(_names(value))}"


def _names(members: Mapping[str, Any]) -> list[str]:
    """The first names in order; free text in the place of a name may be reasoning and is left out."""
    return sorted(name for name in members if shown(name))[:_KEYS_SHOWN]


def _step(match: re.Match[str]) -> str | int | None:
    if match[1] is None:
        return match[0].strip('"')
    return _EVERY if match[1] == "*" else int(match[1])


def _follow(value: Any, steps: Sequence[str | int | None], gaps: bool) -> Any:
    for at, step in enumerate(steps):
        if value is None:
            return None
        if isinstance(value, str):
            value = _from_json(value)
        if step is _EVERY:
            if not isinstance(value, list):
                return _ABSENT
            return _every(value, steps[at + 1 :], gaps)
        if isinstance(step, str):
            members = _members(value)
            if step not in members:
                return _ABSENT
            value = members[step]
        else:
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return _ABSENT
            value = value[step]
    return value


def _every(items: Sequence[Any], rest: Sequence[str | int | None], gaps: bool) -> Any:
    """What each item holds at the rest of a path, lists of lists as one."""
    found: list[Any] = [_follow(item, rest, gaps) for item in items]
    if items and all(item is _ABSENT for item in found):
        return _ABSENT
    kept = [None if item is _ABSENT else item for item in found if gaps or item is not _ABSENT]
    if _EVERY not in rest:
        return kept
    return [inner for item in kept for inner in (item if isinstance(item, list) else [item])]


def _members(value: Any) -> Mapping[str, Any]:
    """The members of an object, or of a map as Arrow gives it: a list of pairs. None of a map that has a key twice."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list) or not all(isinstance(pair, tuple) for pair in value):
        return {}
    members = dict(value)
    return members if len(members) == len(value) else {}


def _from_json(text: str) -> Any:
    """What a text of JSON holds; the text itself if it is none."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text
