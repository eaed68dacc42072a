"""Any JSONL or Parquet through a TOML field map (`--map FILE`); what a map may say is in `map_file`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sequester.episodes.assembly import Assembled, from_completion, from_parts
from sequester.episodes.flatten import flatten, flatten_inputs, is_void
from sequester.episodes.model import Episode, Evidence, Reason, RewardCall, Skipped, Source, Visibility
from sequester.episodes.readers import parquet
from sequester.episodes.readers.foreign import require_lines
from sequester.episodes.readers.identity import without_repeats
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit
from sequester.episodes.readers.jsonlines import decoded_lines, line_units
from sequester.episodes.readers.map_file import FieldMap, Getter, MappedCall, look_up, parse_map
from sequester.episodes.readers.record_paths import RecordPath
from sequester.episodes.readers.streams import beginning
from sequester.episodes.readers.typed_values import TypedValues
from sequester.errors import LimitExceeded, MalformedRecord

_RECORD: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_ROLES = frozenset(("assistant", "model", "user", "system", "developer", "tool", "function"))
_SAID = frozenset(("content", "parts", "tool_calls"))
_Row = tuple[Source, dict[str, Any] | Skipped]
_VISIBILITIES = {visibility.value: visibility for visibility in Visibility}


class FieldMapReader:
    """`--map FILE`."""

    name = "map"
    title = "any JSONL or Parquet through a TOML field map (--map FILE)"
    verified = "its own specification"

    def recognise(self, probe: Probe) -> str | None:
        """Never by itself: what the fields mean, only the map says."""
        if probe.kind not in ("jsonl", "parquet"):
            return "is neither JSON lines nor Parquet"
        return "needs a field map, given with --map FILE"

    def declared(self, path: Path, options: Options) -> Declared:
        parse_map(options)
        if _is_parquet(path):
            return Declared(rows=parquet.read_footer(path).rows)
        require_lines(path)
        return Declared()

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        parse_map(options)
        return parquet.row_group_units(path) if _is_parquet(path) else line_units(path)

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        field_map = parse_map(options)
        rows = _parquet_rows(unit, field_map) if _is_parquet(Path(unit.path)) else _json_rows(unit)
        return without_repeats(_record(source, row, field_map, options) for source, row in rows)


READER = FieldMapReader()


def _is_parquet(path: Path) -> bool:
    return beginning(path, len(parquet.MAGIC)) == parquet.MAGIC


def _json_rows(unit: Unit) -> Iterator[_Row]:
    yield from decoded_lines(unit, _RECORD)


def _parquet_rows(unit: Unit, field_map: FieldMap) -> Iterator[_Row]:
    names = parquet.read_footer(Path(unit.path)).schema.names
    paths = [getter for getter in field_map.getters() if isinstance(getter, RecordPath)]
    tops = {path.column(names) for path in paths if not path.optional or path.column(names) in names}
    yield from parquet.records(unit, sorted(tops))


def _record(source: Source, row: dict[str, Any] | Skipped, field_map: FieldMap, options: Options) -> Episode | Skipped:
    if isinstance(row, Skipped):
        return row
    try:
        return _episode(source, row, field_map, options)
    except MalformedRecord as error:
        return Skipped(source, Reason.MALFORMED, str(error))
    except LimitExceeded as error:
        return Skipped(source, Reason.LIMIT, str(error))


def _episode(source: Source, row: dict[str, Any], field_map: FieldMap, options: Options) -> Episode:
    values = TypedValues({name: look_up(getter, row) for name, getter in field_map.fields.items()})
    _refuse_samples(values.values.get("completion"), field_map.fields.get("completion"))
    assembled = _assembled(values, field_map.template or options.template)
    visibility = values.label("visibility")
    if visibility is not None:
        if visibility not in _VISIBILITIES:
            raise MalformedRecord(f"visibility: not one of {', '.join(_VISIBILITIES)}")
        assembled = assembled.seen_as(_VISIBILITIES[visibility])
    return Episode(
        values.label("episode_id") or f"{Path(source.path).name}:{source.record}",
        assembled.segments,
        assembled.split,
        source,
        calls=tuple(_call(call, row) for call in field_map.calls),
        environment=values.label("environment"),
        step=values.integer("step"),
        group=values.label("group"),
        columns=flatten("", {name: look_up(getter, row) for name, getter in field_map.columns.items()})
        if field_map.columns
        else (),
        completion_ids=values.ids("completion_ids"),
        weight=values.number("weight"),
        model=values.label("model"),
        sample=values.integer("sample"),
        visibility=assembled.visibility,
        shard=values.label("shard"),
        advantage=values.number("advantage"),
    )


def _refuse_samples(completion: Any, getter: Getter | None) -> None:
    """Raises MalformedRecord for a list of texts that the map did not ask for as such: they are samples, each an episode of its own."""
    if isinstance(completion, list) and isinstance(getter, RecordPath) and None not in getter.steps:
        count = sum(isinstance(text, str | bytes) for text in completion)
        if count > 1:
            raise MalformedRecord(
                f"completion: holds {count} texts, and one record is one episode; unfold them, or map {getter.text}[*] if they are one text"
            )


def _assembled(values: TypedValues, template: str) -> Assembled:
    prompt = values.conversation("prompt") or ""
    tool_results = values.texts("tool_results")
    if "completion" not in values.values:
        return from_parts(prompt, values.text("reasoning"), values.text("answer"), tool_results)
    completion = values.conversation("completion")
    if completion is None:
        raise MalformedRecord("completion: expected text or messages, got null")
    if isinstance(completion, str):
        completion = _as_messages(completion) or completion
    return from_completion(prompt, completion, template, tool_results=tool_results)


def _as_messages(text: str) -> list[dict[str, Any]] | None:
    """Messages that a log keeps as JSON text, as tracers and tables do; None for any other text."""
    if text[:64].lstrip()[:1] not in ("[", "{") or ('"role"' not in text and '"choices"' not in text):
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    messages = value if isinstance(value, list) else [value]
    return messages if messages and all(map(_is_message, messages)) else None


def _is_message(value: Any) -> bool:
    """Whether an object is a message, or a provider's response, and not an answer in JSON."""
    if not isinstance(value, dict):
        return False
    role, choices = value.get("role"), value.get("choices")
    if isinstance(choices, list):
        return bool(choices) and isinstance(choices[0], dict) and "message" in choices[0]
    return isinstance(role, str) and role in _ROLES and not _SAID.isdisjoint(value)


def _score(value: Any) -> float | None:
    """A score, or the sum of those that a trainer keeps for every token of an episode. Of an object of components nobody knows the
    weights, so that no score is known."""
    if isinstance(value, dict):
        return None
    parts = value if isinstance(value, list) else [value]
    numbers = [TypedValues({"score": part}).number("score") for part in parts]
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _call(call: MappedCall, row: Mapping[str, Any]) -> RewardCall:
    score = None if call.score is None else _score(look_up(call.score, row))
    if call.evidence is Evidence.CONTRACT:
        return RewardCall(call.path, call.evidence, None, score, call.hands_over)
    if call.inputs is None:
        return RewardCall(call.path, call.evidence, None, score, missing=Reason.INPUT_NOT_LOGGED)
    given = {name: look_up(getter, row, gaps=True) for name, getter in call.inputs.items()}
    try:
        inputs = flatten_inputs(given)
    except LimitExceeded:
        return RewardCall(call.path, call.evidence, None, score, missing=Reason.LIMIT)
    if any(_is_missing(getter, given[name]) for name, getter in call.inputs.items()):
        return RewardCall(call.path, call.evidence, inputs or None, score, missing=Reason.INPUT_NOT_LOGGED)
    return RewardCall(call.path, call.evidence, inputs, score)


def _is_missing(getter: Getter, value: Any) -> bool:
    """Whether the record lacks something of what a path of the map says that the scorer was given. A constant is never missing."""
    if not isinstance(getter, RecordPath):
        return False
    return is_void(value) or (None in getter.steps and isinstance(value, list) and None in value)
