"""What was expected and what came instead, in the words of the format that people wrote: JSON or TOML, not Python.

Values are never shown: in a log they may be reasoning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import msgspec

from sequester.keys import unknown

JSON: Mapping[str, str] = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
"""What JSON calls the types of msgspec."""
TOML: Mapping[str, str] = {**JSON, "object": "a table", "date": "a date", "datetime": "a date and time", "time": "a time"}
Keys = Collection[str] | Mapping[str, Collection[str]]
"""The valid keys: all of them, or by the place of their object, such as `reward_calls` for the objects of this list."""
_ITEM = re.compile(r"\[[^\]]*\]")
_PYTHON = {"dict": "object", "list": "array", "tuple": "array", "NoneType": "null", "Decimal": "float"}
_UNKNOWN_KEY = re.compile(r"Object contains unknown field `(.*?)`(?: - at `\$([\w.\[\]]*)`)?", re.DOTALL)
_MISSING_KEY = re.compile(r"Object missing required field `(\w+)`")
_TYPES = re.compile(r"`([\w |]+)`")
_GOT = re.compile(r"got `(\w+)`")
_LENGTH = re.compile(r" of length (>= |<= |)(\d+)")
_BOUNDS = {">= ": "at least ", "<= ": "at most ", "": ""}


def kind_of(value: object, words: Mapping[str, str] = JSON) -> str:
    """What a decoded value is: `a string`, `a list`."""
    name = type(value).__name__
    return _got(_PYTHON.get(name, name), words)


def explain(error: Exception, keys: Keys = (), words: Mapping[str, str] = JSON) -> str:
    """Why something could not be decoded: `field: what was expected`, or why it is no JSON at all.

    For an unknown key it names the nearest of `keys` that are valid there, if one is near. Takes what msgspec raises: DecodeError
    and its ValidationError, UnicodeError, RecursionError.
    """
    if isinstance(error, msgspec.ValidationError):
        return _mismatch(str(error), keys, words)
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeError):
        return "not valid UTF-8"
    said = str(error).removeprefix("JSON is malformed: ")
    return f"not valid JSON: {'it ends early' if 'truncated' in said else said}"


def _mismatch(said: str, keys: Keys, words: Mapping[str, str]) -> str:
    if match := _UNKNOWN_KEY.fullmatch(said):
        place = match[2] or ""
        here = keys.get(_ITEM.sub("", place).strip("."), ()) if isinstance(keys, Mapping) else keys
        elsewhere = frozenset(chain(*keys.values())) if isinstance(keys, Mapping) else ()
        sentence = unknown(match[1], here, elsewhere)
    else:
        said, _, place = said.partition(" - at `")
        sentence = _sentence(said, words)
    place = place.removeprefix("$").strip(".`")
    return f"{place}: {sentence}" if place else sentence


def _sentence(said: str, words: Mapping[str, str]) -> str:
    if match := _MISSING_KEY.fullmatch(said):
        return f"the key {match[1]!r} is missing"
    if said.startswith("Invalid enum value"):  # which quotes the value
        return "not one of the known values"
    said = _GOT.sub(lambda match: f"got {_got(match[1], words)}", said)
    said = _TYPES.sub(lambda match: _either(match[1].split(" | "), words), said)
    said = _LENGTH.sub(lambda match: f" of length {_BOUNDS[match[1]]}{match[2]}", said)
    return said[:1].lower() + said[1:]


def _got(name: str, words: Mapping[str, str]) -> str:
    return "a number with a decimal point" if name == "float" else words.get(name, name)


def _either(types: Sequence[str], words: Mapping[str, str]) -> str:
    *most, last = (words.get(name, name) for name in types)
    return f"{', '.join(most)} or {last}" if most else last
