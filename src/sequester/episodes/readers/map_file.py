"""The field map: TOML that says where in the records of an unknown log the fields of an episode stand.

    [episode]                              # everything in it is optional; see `_EpisodeMap` for all keys
    episode_id = "uid"                     # without it: file name and record number
    prompt = "messages"                    # a text, or a list of {role, content}
    completion = "rollout.text"            # a path: members with dots, items as [0], [-1] or [*] (all of them)
    template = "qwen3"                     # a family name, no path
    environment = { value = "gsm8k" }      # a constant
    step = "global_step?"                  # may be absent from a record
    columns = ["ground_truth"]             # or { name = "path" }

    [[reward_call]]
    path = "judge"                         # name of the reward path
    inputs = { question = "messages[0].content", response = "judge_input" }
    evidence = "recorded"                  # or "rebuilt" (the framework determines these inputs), or "contract" with `hands_over`
    score = "rewards.judge"

A path whose whole text is the name of a column means that column. Lists of strings where one text is wanted are joined by blank
lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Literal

import msgspec
from msgspec import Struct

from sequester.episodes.families import FAMILIES
from sequester.episodes.model import Evidence
from sequester.episodes.readers.interface import Options
from sequester.episodes.readers.record_paths import RecordPath, record_path
from sequester.errors import ConfigError
from sequester.mismatch import TOML, explain
from sequester.toml_file import place_of


class Constant(Struct, forbid_unknown_fields=True):
    """The same for every record."""

    value: str | int | float | bool


Place = str | Constant


class _EpisodeMap(Struct, forbid_unknown_fields=True):
    """Table `[episode]`."""

    prompt: Place
    episode_id: Place | None = None
    reasoning: Place | None = None
    answer: Place | None = None
    completion: Place | None = None
    template: str | None = None
    tool_results: Place | None = None
    columns: dict[str, Place] | list[str] = []
    completion_ids: Place | None = None
    environment: Place | None = None
    step: Place | None = None
    group: Place | None = None
    weight: Place | None = None
    advantage: Place | None = None
    model: Place | None = None
    sample: Place | None = None
    visibility: Place | None = None
    shard: Place | None = None


class _CallMap(Struct, forbid_unknown_fields=True):
    """A table `[[reward_call]]`."""

    path: str
    inputs: dict[str, Place] | None = None
    evidence: Literal["recorded", "rebuilt", "contract"] = "recorded"
    score: Place | None = None
    hands_over: str = ""


class _MapFile(Struct, forbid_unknown_fields=True):
    episode: _EpisodeMap
    reward_call: list[_CallMap] = []


_TABLES = {"[episode]": _EpisodeMap, "[[reward_call]]": _CallMap}
_KEYS = frozenset(name for kind in (_MapFile, _EpisodeMap, _CallMap, Constant) for name in kind.__struct_fields__)
Getter = RecordPath | Constant
"""Where a field comes from."""


class MappedCall(Struct, frozen=True):
    """A reward call of the map with its paths parsed."""

    path: str
    evidence: Evidence
    inputs: dict[str, Getter] | None
    score: Getter | None
    hands_over: str


class FieldMap(Struct, frozen=True):
    """A field map with its paths parsed."""

    fields: dict[str, Getter]
    template: str | None
    columns: dict[str, Getter]
    calls: tuple[MappedCall, ...]

    def getters(self) -> Iterator[Getter]:
        yield from self.fields.values()
        yield from self.columns.values()
        for call in self.calls:
            yield from (call.inputs or {}).values()
            if call.score is not None:
                yield call.score


def parse_map(options: Options) -> FieldMap:
    """Raises ConfigError if the map is missing, has an unknown key or a path that is none, or contradicts itself."""
    if options.field_map is None:
        raise ConfigError("the format `map` needs a field map", hint="write one and give it with --map FILE")
    try:
        return _parsed(options.field_map)
    except ConfigError as error:
        where = f"{place_of(options.map_name, error.where)}: {error.where}".removesuffix(": ")
        raise ConfigError(error.message, where=where, hint=error.hint) from None


def _parsed(tables: dict[str, Any]) -> FieldMap:
    """As `parse_map`; errors name the key, such as `reward_call[0].score`."""
    try:
        file = msgspec.convert(tables, _MapFile)
    except msgspec.ValidationError as error:
        raise _mismatch(error) from None
    episode = file.episode
    typed = episode.reasoning is not None or episode.answer is not None
    if typed == (episode.completion is not None):
        raise ConfigError(
            f"maps {'both `completion` and' if typed else 'neither `completion` nor'} `reasoning` or `answer`",
            where="episode",
            hint="map `completion` where the log has the sampled text, `reasoning` and `answer` where it has them apart",
        )
    if episode.template is not None and episode.template not in FAMILIES:
        raise ConfigError("unknown template family", where="episode.template", hint=f"one of {', '.join(FAMILIES)}")
    places = {name: getattr(episode, name) for name in episode.__struct_fields__ if name not in ("template", "columns")}
    columns = episode.columns if isinstance(episode.columns, dict) else {name: name for name in episode.columns}
    return FieldMap(
        {name: _getter(place, f"episode.{name}") for name, place in places.items() if place is not None},
        episode.template,
        {name: _getter(place, f"episode.columns.{name}") for name, place in columns.items()},
        tuple(_parsed_call(call, f"reward_call[{number}]") for number, call in enumerate(file.reward_call)),
    )


def _mismatch(error: msgspec.ValidationError) -> ConfigError:
    said = explain(error, _KEYS, TOML)
    key, colon, rest = said.partition(": ")
    if not colon or not re.fullmatch(r"[\w.\[\]]+", key):
        key, rest = "", said
    unknown = re.match(r"unknown key '([^']*)'", rest)
    if unknown and (home := [name for name, table in _TABLES.items() if unknown[1] in table.__struct_fields__]):
        rest = f"unknown key {unknown[1]!r} in this place: it belongs in {' or '.join(home)}"
    return ConfigError(rest, where=f"{key}.{unknown[1]}".strip(".") if unknown else key, hint=_hint(key, rest))


def _hint(key: str, said: str) -> str:
    if key.endswith(".evidence"):
        return "evidence is recorded, rebuilt or contract"
    if said.startswith("expected a string or a table"):
        return 'write a path in quotes, such as "messages[-1].content", or { value = "..." } for what all records share'
    return "; ".join(f"keys of {name}: {', '.join(table.__struct_fields__)}" for name, table in _TABLES.items())


def _parsed_call(call: _CallMap, where: str) -> MappedCall:
    if (call.evidence == "contract") != bool(call.hands_over) or (call.hands_over and call.inputs):
        raise ConfigError(
            '`hands_over` and `evidence = "contract"` belong together, without `inputs`',
            where=where,
            hint="name the argument by which the framework hands the reasoning over, such as completion_ids",
        )
    places = call.inputs
    inputs = None if places is None else {name: _getter(place, f"{where}.inputs.{name}") for name, place in places.items()}
    score = None if call.score is None else _getter(call.score, f"{where}.score")
    return MappedCall(call.path, Evidence(call.evidence), inputs, score, call.hands_over)


def _getter(place: Place, where: str) -> Getter:
    if isinstance(place, Constant) and isinstance(place.value, float) and not isfinite(place.value):
        raise ConfigError("a constant must be a finite number", where=where, hint="leave the key out where the value is unknown")
    return place if isinstance(place, Constant) else record_path(place, where)


def look_up(getter: Getter, record: Mapping[str, Any], *, gaps: bool = False) -> Any:
    """The field's value in a record, `gaps` as in `RecordPath.value_in`. Raises MalformedRecord if the record lacks it."""
    return getter.value if isinstance(getter, Constant) else getter.value_in(record, gaps=gaps)
