"""The interchange JSONL: one episode per line, in the keys of the contract's table and no others."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from sequester.episodes.assembly import Assembled, from_completion, from_parts, from_segments
from sequester.episodes.families import FAMILIES
from sequester.episodes.flatten import MAX_LEAVES, flatten, flatten_inputs, integer_array
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import (
    Channel,
    Episode,
    Evidence,
    Field,
    Reason,
    RewardCall,
    Segment,
    Skipped,
    Source,
    Visibility,
)
from sequester.episodes.readers.foreign import require_lines
from sequester.episodes.readers.identity import without_repeats
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit
from sequester.episodes.readers.jsonlines import decoded_lines, line_units
from sequester.errors import LimitExceeded, MalformedRecord

Name = Annotated[str, Meta(min_length=1, max_length=1024)]
"""An identifier: reports print it."""
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Turn = Annotated[int, Meta(ge=0, le=1_000_000)]


class _Call(Struct, forbid_unknown_fields=True, gc=False):
    reward_path: Name
    inputs: dict[str, Any] | None = None
    score: float | None = None


class _Piece(Struct, forbid_unknown_fields=True, gc=False):
    turn: Turn
    channel: str
    text: str
    ids: list[int] | None = None
    weight: float | None = None


class Line(Struct, forbid_unknown_fields=True, gc=False):
    """The table of the contract, key by key."""

    episode_id: Name
    prompt: str | list[dict[str, Any]]
    environment: str | None = None
    step: Integer | None = None
    group: str | None = None
    reasoning: str | None = None
    answer: str | None = None
    completion: str | list[dict[str, Any]] | None = None
    template: str | None = None
    segments: list[_Piece] | None = None
    tool_results: list[str] | None = None
    columns: dict[str, Any] | None = None
    completion_ids: list[int] | None = None
    weight: float | None = None
    model: str | None = None
    sample: Integer | None = None
    visibility: str | None = None
    reward_calls: list[_Call] | None = None


_DECODER = msgspec.json.Decoder(Line)
_KEYS = {"": Line.__struct_fields__, "segments": _Piece.__struct_fields__, "reward_calls": _Call.__struct_fields__}
_CHANNELS = {channel.value: channel for channel in Channel}
_VISIBILITIES = {visibility.value: visibility for visibility in Visibility}
_RECORDED = Evidence.RECORDED
_TEXT_KEYS = ("reasoning", "answer", "completion", "segments")


class InterchangeReader:
    """`--format jsonl`."""

    name = "jsonl"
    title = "interchange JSONL, one episode per line (plain, gzip or zstd)"
    verified = "its own specification"

    def recognise(self, probe: Probe) -> str | None:
        if probe.kind != "jsonl":
            return "is not JSON lines"
        if "episode_id" not in probe.columns:
            return "the first object has no key `episode_id`"
        if not probe.columns.intersection(_TEXT_KEYS):
            return "the first object has none of the keys `reasoning`, `answer`, `completion`, `segments`"
        return None

    def declared(self, path: Path, options: Options) -> Declared:
        """JSON lines declare nothing about themselves."""
        require_lines(path)
        return Declared()

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        return line_units(path)

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        return without_repeats(_records(unit, options))


READER = InterchangeReader()


def _records(unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
    for record in lines_with_episodes(unit, options):
        yield record if isinstance(record, Skipped) else record[1]


def lines_with_episodes(unit: Unit, options: Options) -> Iterator[tuple[Line, Episode] | Skipped]:
    """Every line of a slice as it was logged, and as the episode it is: for whoever puts an episode together again."""
    for source, line in decoded_lines(unit, _DECODER, _KEYS):
        if isinstance(line, Skipped):
            yield line
            continue
        try:
            yield line, _episode(line, source, options)
        except MalformedRecord as error:
            yield Skipped(source, Reason.MALFORMED, str(error))
        except LimitExceeded as error:
            yield Skipped(source, Reason.LIMIT, str(error))


def _episode(line: Line, source: Source, options: Options) -> Episode:
    assembled = _assembled(line, options)
    if line.visibility is not None:
        if line.visibility not in _VISIBILITIES:
            raise MalformedRecord(f"visibility: not one of {', '.join(_VISIBILITIES)}")
        assembled = assembled.seen_as(_VISIBILITIES[line.visibility])
    return Episode(
        line.episode_id,
        assembled.segments,
        assembled.split,
        source,
        _calls(line.reward_calls) if line.reward_calls else (),
        line.environment,
        line.step,
        line.group,
        flatten("", line.columns) if line.columns else (),
        _ids(line.completion_ids),
        line.weight,
        line.model,
        line.sample,
        assembled.visibility,
    )


def _assembled(line: Line, options: Options) -> Assembled:
    """The episode's text from whichever of the three forms the line has; more than one would contradict each other."""
    typed = line.reasoning is not None or line.answer is not None
    if typed + (line.completion is not None) + (line.segments is not None) != 1:
        given = [f"`{key}`" for key in _TEXT_KEYS if getattr(line, key) is not None]
        found = f"{' and '.join(given)} together" if given else "none of them"
        raise MalformedRecord(f"needs `reasoning` and `answer`, or `completion`, or `segments`; has {found}")
    tool_results = line.tool_results or ()
    if typed:
        return from_parts(line.prompt, line.reasoning, line.answer, tool_results)
    if line.completion is not None:
        if line.template is not None and line.template not in FAMILIES:
            raise MalformedRecord(f"template: not one of {', '.join(FAMILIES)}")
        return from_completion(line.prompt, line.completion, line.template or options.template, tool_results=tool_results)
    return from_segments(line.prompt, tuple(map(_segment, line.segments or ())), tool_results)


def _segment(piece: _Piece) -> Segment:
    channel = _CHANNELS.get(piece.channel)
    if channel is None:
        raise MalformedRecord(f"segments: a channel is not one of {', '.join(_CHANNELS)}")
    return Segment(piece.turn, channel, GuardedText(piece.text), _ids(piece.ids), piece.weight)


def _calls(calls: list[_Call]) -> tuple[RewardCall, ...]:
    """Reward calls with their flattened inputs, which share one bound on the number of leaves."""
    made, left = [], MAX_LEAVES
    for call in calls:
        inputs: tuple[Field, ...] | None = None
        missing = Reason.INPUT_NOT_LOGGED
        if call.inputs is not None:
            try:
                inputs = flatten_inputs(call.inputs, left)
                left -= len(inputs)
            except LimitExceeded:
                missing = Reason.LIMIT
        made.append(RewardCall(call.reward_path, _RECORDED, inputs, call.score, missing=missing if inputs is None else None))
    return tuple(made)


def _ids(values: list[int] | None) -> array[int] | None:
    return None if values is None else integer_array(values)
