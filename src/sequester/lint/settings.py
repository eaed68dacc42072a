"""Settings of a YAML, TOML or JSON file: every key and value, flat, with line and column.

YAML and JSON are read as events or tokens and never built into objects, so an alias costs what it adds and nothing runs. Keys with
dots (`grpo.reward_shaping.enabled`, as Hydra and OmegaConf take them) are the nested keys they stand for.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import NamedTuple, cast

import yaml

from sequester.errors import InputError, LimitExceeded
from sequester.lint.hit import Place
from sequester.lint.lines import Lines
from sequester.toml_file import key_places

DEEPEST = 60
"""Levels of nesting. No configuration that people write comes near."""
MOST = 200_000
"""Settings of one file, those that aliases repeat included."""
MOST_ENTRIES = 10_000
"""Entries of one table or list of a JSON file. What has more is a vocabulary or a set of records."""

_MOST_REPEATED = 4 << 20
"""Characters that the aliases of a file may add to it."""
DOCUMENT = "---"
"""Begins the first part of every path in the second document of a YAML file and those after it."""

Scalar = str | int | float | bool | None


class Setting(NamedTuple):
    """One key with its value, or one item of a list."""

    path: tuple[str, ...]
    """Keys from the top; an item of a list is named by its index."""
    value: Scalar
    """None for null, and for a table or list, whose entries follow on their own."""
    inner: bool
    """Whether the value is a table or a list."""
    key: Place
    """Of the key; of an item of a list, the item."""
    end: tuple[int, int]
    """Line and column behind the value; behind the key where the format does not tell."""

    @property
    def name(self) -> str:
        """The last key; of an item of a list, that of the list."""
        return next((part for part in reversed(self.path) if not part.isdigit()), "")

    @property
    def subject(self) -> str:
        """The whole key, such as `grpo.reward_shaping.enabled`."""
        return ".".join(part for part in self.path if not part.startswith(DOCUMENT))


def settings_of(kind: str, text: str, where: str) -> list[Setting]:
    """Every setting of a file of this kind (`yaml`, `toml`, `json`), in order; `where` names it in errors.

    Raises InputError if the text breaks the format, LimitExceeded if it nests or repeats beyond bounds, HoldsRecords if a table or list of
    a JSON file is longer than any that people write.
    """
    found: list[Setting] = []
    for setting in _READ[kind](text, where):
        if len(found) == MOST:
            raise LimitExceeded(f"holds more than {MOST} settings", where=where, hint="this is not a configuration file")
        found.append(setting)
    return found


class HoldsRecords(Exception):
    """A JSON file holds data and no settings."""


class _Frame:
    """An open table or list while a file is read."""

    __slots__ = ("index", "is_list", "key", "merges", "path")

    def __init__(self, path: tuple[str, ...], is_list: bool, merges: bool = False) -> None:
        self.path = path
        self.is_list = is_list
        self.merges = merges
        """Whether this is the value of `<<`: its keys, or those of its items, are keys of the table around it."""
        self.index = 0
        """Of the next entry."""
        self.key: tuple[str, Place] | None = None

    def take(self, own: Place) -> tuple[tuple[str, ...], Place]:
        """Path and place of the value that comes now."""
        self.index += 1
        if self.is_list:
            return (*self.path, str(self.index - 1)), own
        assert self.key is not None
        name, place = self.key
        self.key = None
        return (*self.path, *_parts(name)), place


def _parts(name: str) -> tuple[str, ...]:
    """The keys that one written key stands for."""
    stripped = name.lstrip("+~")
    return tuple(stripped.split(".")) if _DOTTED.fullmatch(stripped) else (name,)


_DOTTED = re.compile(r"\w[\w-]*(?:\.\w[\w-]*)+")


# --- YAML --------------------------------------------------------------------------------------------------------------------

_LOADER = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))
_NULL = re.compile(r"~|null|Null|NULL|")
_YES, _NO = ("true", "yes", "on"), ("false", "no", "off")
_BOOL = {form: low in _YES for low in (*_YES, *_NO) for form in (low, low.capitalize(), low.upper())}
_INT = re.compile(r"[-+]?\d[\d_]{0,17}")
_FLOAT = re.compile(r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")


def _yaml(text: str, where: str) -> Iterator[Setting]:
    stack: list[_Frame] = []
    documents = 0
    anchors: dict[str, list[yaml.Event]] = {}
    recording: list[tuple[str, int, list[yaml.Event]]] = []
    try:
        for event in _replayed(text, anchors, where):
            _record(event, anchors, recording)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
            elif not stack and isinstance(event, yaml.CollectionStartEvent):
                top = (f"{DOCUMENT}{documents}",) if documents > 1 else ()
                stack.append(_Frame(top, isinstance(event, yaml.SequenceStartEvent)))
            else:
                yield from _take(event, stack, where)
    except UnicodeEncodeError as error:
        raise InputError("cannot be read as YAML: it holds half a character", where=where) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        at = f":{mark.line + 1}" if mark is not None else ""
        raise InputError("cannot be read as YAML", where=f"{where}{at}", hint="correct that line") from error


def _replayed(text: str, anchors: dict[str, list[yaml.Event]], where: str) -> Iterator[yaml.Event]:
    """The events of the file, aliases replaced by what they stand for."""
    repeated = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if not isinstance(event, yaml.AliasEvent):
            yield event
            continue
        events = anchors.get(event.anchor or "", [])
        if not events:
            problem = "cannot be read as YAML: an alias of nothing that came before"
            raise InputError(problem, where=f"{where}:{_place(event).line}")
        repeated += sum(len(one.value) + 1 if isinstance(one, yaml.ScalarEvent) else 1 for one in events)
        if repeated > _MOST_REPEATED:
            raise LimitExceeded("repeats itself through aliases without bound", where=where, hint="write it out")
        yield from events


def _record(event: yaml.Event, anchors: dict[str, list[yaml.Event]], recording: list[tuple[str, int, list[yaml.Event]]]) -> None:
    """Keep the events of an anchored node, for its aliases."""
    opens = isinstance(event, yaml.CollectionStartEvent)
    closes = isinstance(event, yaml.CollectionEndEvent)
    for at, (name, depth, events) in enumerate(recording):
        events.append(event)
        recording[at] = (name, depth + opens - closes, events)
    while recording and recording[-1][1] == 0:
        name, _, events = recording.pop()
        anchors[name] = events
    anchor = getattr(event, "anchor", None)
    if anchor and not isinstance(event, yaml.AliasEvent):
        if opens:
            recording.append((anchor, 1, [event]))
        else:
            anchors[anchor] = [event]


def _take(event: yaml.Event, stack: list[_Frame], where: str) -> Iterator[Setting]:
    if isinstance(event, yaml.CollectionStartEvent):
        if len(stack) == DEEPEST:
            raise LimitExceeded(f"nests deeper than {DEEPEST} levels", where=f"{where}:{_place(event).line}")
        top, is_list = stack[-1], isinstance(event, yaml.SequenceStartEvent)
        if not top.is_list and top.key is None:
            top.key = ("?", _place(event))  # a key that is itself a table: named so that nothing matches it
            stack.append(_Frame((*top.path, "?"), is_list))
        elif top.key is not None and top.key[0] == "<<":
            top.key = None
            stack.append(_Frame(top.path, is_list, merges=is_list))
        elif top.merges:
            stack.append(_Frame(top.path, is_list))
        else:
            path, place = top.take(_place(event))
            yield Setting(path, None, True, place, (place.end_line, place.end_column))
            stack.append(_Frame(path, is_list))
    elif isinstance(event, yaml.CollectionEndEvent):
        stack.pop()
    elif isinstance(event, yaml.ScalarEvent) and stack:
        top = stack[-1]
        if not top.is_list and top.key is None:
            top.key = (event.value, _place(event))
            return
        own = _place(event)
        path, place = top.take(own)
        yield Setting(path, _scalar(event), False, place, (own.end_line, own.end_column))


def _place(event: yaml.Event) -> Place:
    start, end = event.start_mark, event.end_mark
    assert start is not None and end is not None  # events of a text have their marks
    return Place(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    return event.value if event.style or (event.tag or "").endswith(":str") else plain(event.value)


def plain(text: str) -> Scalar:
    """What a word without quotes stands for in YAML."""
    if text in _BOOL:
        return _BOOL[text]
    if _NULL.fullmatch(text):
        return None
    if _INT.fullmatch(text):
        return int(text)
    return float(text.replace("_", "")) if _FLOAT.fullmatch(text) else text


# --- JSON --------------------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r'[ \t\r\n]*("(?:[^"\\\n]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|$)')
_OPENERS = {"{": False, "[": True}
_NAMED = {"true": True, "false": False, "null": None}


def _json(text: str, where: str) -> Iterator[Setting]:
    lines = Lines(text)
    stack: list[_Frame] = []
    before = ""  # the token before: `,` `:` or an opener ask for what comes next
    at = 1 if text.startswith("\ufeff") else 0
    while (found := _TOKEN.match(text, at)) and found[1]:
        token, start, at = found[1], found.start(1), found.end()
        place = lines.place(start, at)
        if token in ",:":
            pass
        elif token in "}]":
            if not stack or stack[-1].is_list != (token == "]"):
                raise _broken_json(where, place.line)
            stack.pop()
        elif token in _OPENERS:
            if len(stack) == DEEPEST:
                raise LimitExceeded(f"nests deeper than {DEEPEST} levels", where=f"{where}:{place.line}")
            path: tuple[str, ...] = ()
            if stack:
                if not stack[-1].is_list and stack[-1].key is None:
                    raise _broken_json(where, place.line)
                if stack[-1].index == MOST_ENTRIES:
                    raise HoldsRecords
                path, place = stack[-1].take(place)
                yield Setting(path, None, True, place, (place.end_line, place.end_column))
            stack.append(_Frame(path, _OPENERS[token]))
        elif stack and not stack[-1].is_list and stack[-1].key is None:
            stack[-1].key = (str(_json_scalar(token, where, place.line)), place)
        elif stack:
            if stack[-1].index == MOST_ENTRIES:
                raise HoldsRecords
            path, key = stack[-1].take(place)
            yield Setting(path, _json_scalar(token, where, place.line), False, key, (place.end_line, place.end_column))
        elif before:
            raise _broken_json(where, place.line)
        before = token
    if stack or found is None:
        raise _broken_json(where, text.count("\n", 0, at) + 1)


def _json_scalar(token: str, where: str, line: int) -> Scalar:
    if token in _NAMED:
        return _NAMED[token]
    try:
        value = json.loads(token)
    except (ValueError, RecursionError) as error:
        raise _broken_json(where, line) from error
    return cast("Scalar", value)


def _broken_json(where: str, line: int) -> InputError:
    return InputError("cannot be read as JSON", where=f"{where}:{line}", hint="correct that line")


# --- TOML --------------------------------------------------------------------------------------------------------------------

_TOML_LINE = re.compile(r"at line (\d+)")


def _toml(text: str, where: str) -> Iterator[Setting]:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        placed = _TOML_LINE.search(str(error))
        line = placed[1] if placed else str(text.count("\n") + 1)
        raise InputError("cannot be read as TOML", where=f"{where}:{line}", hint="correct that line") from error
    except (ValueError, RecursionError) as error:  # integers too long for Python, and arrays nested too deeply
        raise LimitExceeded("nests too deeply, or holds a number beyond bounds", where=where) from error
    places = key_places(text.splitlines())
    open_: list[tuple[tuple[str, ...], str, object, Place]] = [((), "", table, Place(1, 1, 1, 1))]
    while open_:
        path, written, value, place = open_.pop()
        if len(path) > DEEPEST:
            raise LimitExceeded(f"nests deeper than {DEEPEST} levels", where=f"{where}:{place.line}")
        inner = isinstance(value, dict | list)
        if path:
            shown = value if isinstance(value, str | int | float) else None if inner else str(value)
            yield Setting(path, shown, inner, place, (place.end_line, place.end_column))
        if isinstance(value, dict):
            entries = [((*path, *_parts(key)), f"{written}.{key}".lstrip("."), one) for key, one in value.items()]
        elif isinstance(value, list):
            entries = [((*path, str(at)), f"{written}[{at}]", one) for at, one in enumerate(value)]
        else:
            continue
        for inside, name, one in reversed(entries):
            found = places.get(name)
            column = len(name.rpartition(".")[2])
            open_.append((inside, name, one, Place(*found, found[0], found[1] + column) if found else place))


_READ = {"yaml": _yaml, "json": _json, "toml": _toml}
