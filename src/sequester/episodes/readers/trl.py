"""TRL: the completions that `GRPOTrainer` writes with `log_completions=True`, one Parquet file per logged step.

Columns: `step`, `prompt`, `completion`, one of doubles per reward function, then whatever reward code logged through
`log_extra`, then `advantage`. Prompt and completion are lists of messages for conversational data sets, plain text
otherwise.

What the file does not say, TRL's contract does. Every reward function gets the whole `completions` of the file, so its
input is rebuilt from the row; and it gets `completion_ids`, the sampled tokens of the reasoning too, even where TRL had
parsed the reasoning out. Keyword arguments (data set columns, environments, extra fields of a `rollout_func`) are not in
the file.

Three limits. A column of doubles from `log_extra` looks like a reward and is read as one. Other extra columns are outputs
of reward code, neither inputs nor columns of the data set, and are left out. A reward that is a model gets text instead of
ids; the file does not tell it apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow as pa
from msgspec import Struct

from sequester.episodes.assembly import from_completion
from sequester.episodes.flatten import flatten
from sequester.episodes.model import Episode, Evidence, Field, Reason, RewardCall, Skipped, Source
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit
from sequester.episodes.readers.parquet import holds_text, read_footer, records, row_group_units
from sequester.episodes.readers.step_files import expected_steps, files_by_step, run_name, step_of
from sequester.errors import InputError, LimitExceeded, MalformedRecord

HANDED_OVER = "completion_ids"
_FILE_NAME = re.compile(r"completions_([0-9]{1,18})\.parquet")
_FOLDER = "completions"
_TEXTS = ("prompt", "completion")
_FIXED = frozenset({"step", *_TEXTS, "advantage"})


class _File(Struct, frozen=True):
    """What all rows of a file share."""

    name: str
    step: int | None
    rewards: tuple[str, ...]
    template: str


class TrlReader:
    name = "trl"
    title = "TRL completions (Parquet, log_completions=True)"
    verified = "trl 1.16.0"

    def recognise(self, probe: Probe) -> str | None:
        if probe.kind == "directory":
            return None if _step_files(probe.path) else "no file named completions_<step>.parquet in it"
        if probe.kind != "parquet":
            return "not a Parquet file"
        missing = sorted(_FIXED - probe.columns)
        return f"no column {missing[0]!r}" if missing else None

    def declared(self, path: Path, options: Options) -> Declared:
        if not path.is_dir():
            return Declared(rows=read_footer(path).rows)
        files = _step_files(path)
        counts = [_rows(file) for _, file in files]
        rows = None if None in counts else sum(count or 0 for count in counts)
        return Declared(rows=rows, step_set=expected_steps([step for step, _ in files]), steps_inferred=True)

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        if not path.is_dir():
            yield from row_group_units(path)
            return
        for _, file in _step_files(path):
            if _rows(file) is None:
                yield Unit(str(file))
            else:
                yield from row_group_units(file)

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        path = Path(unit.path)
        schema = read_footer(path).schema
        _check(schema, path)
        rewards = tuple(field.name for field in schema if pa.types.is_floating(field.type) and field.name not in _FIXED)
        wanted = [name for name in schema.names if name in _FIXED or name in rewards]
        file = _File(run_name(path, _FOLDER), step_of(path, _FILE_NAME), rewards, options.template)
        for source, row in records(unit, wanted):
            yield row if isinstance(row, Skipped) else _episode(row, source, file)


READER = TrlReader()


def _step_files(path: Path) -> list[tuple[int, Path]]:
    """The files of a `completions` folder, or of one in a trainer's output folder."""
    return files_by_step(path, _FILE_NAME) or (files_by_step(path / _FOLDER, _FILE_NAME) if (path / _FOLDER).is_dir() else [])


def _rows(file: Path) -> int | None:
    """Rows of one file among many; None if it is damaged, which reading it will report."""
    try:
        return read_footer(file).rows
    except InputError:
        return None


def _check(schema: pa.Schema, path: Path) -> None:
    for name in _TEXTS:
        kind = schema.field(name).type if name in schema.names else None
        if kind is None:
            raise InputError(
                f"has no column {name!r}", where=str(path), hint="check --format; TRL writes step, prompt, completion"
            )
        if not (holds_text(kind) or pa.types.is_null(kind) or _holds_messages(kind)):
            raise InputError(f"column {name!r} holds neither text nor messages", where=str(path), hint="map it with --map")


def _holds_messages(kind: pa.DataType) -> bool:
    return (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_struct(kind.value_type)


def _episode(row: Mapping[str, Any], source: Source, file: _File) -> Episode | Skipped:
    prompt, completion = _text_or_messages(row["prompt"]), _text_or_messages(row["completion"])
    if prompt is None or completion is None:
        return Skipped(source, Reason.MALFORMED, f"{'prompt' if prompt is None else 'completion'}: null, or a null message")
    try:
        given = flatten("prompts", prompt)
        inputs = given + flatten("completions", completion)
        assembled = from_completion(prompt, completion, file.template)
    except LimitExceeded as error:
        return Skipped(source, Reason.LIMIT, error.message)
    except MalformedRecord as error:
        return Skipped(source, Reason.MALFORMED, f"{error.where}: {error.message}")
    step = _integer(row.get("step"), file.step)
    return Episode(
        episode_id=f"{file.name}:{source.record}",
        segments=assembled.segments,
        split=assembled.split,
        source=source,
        calls=tuple(
            RewardCall(name, Evidence.REBUILT, inputs, score=_number(row[name]), hands_over=HANDED_OVER) for name in file.rewards
        ),
        step=step,
        group=f"{step}:{_digest(given)}",
        visibility=assembled.visibility,
        advantage=_number(row.get("advantage")),
    )


def _text_or_messages(value: Any) -> str | list[dict[str, Any]] | None:
    """Messages without the keys that Arrow filled with null because other messages have them."""
    if value is None or isinstance(value, str):
        return value
    if any(message is None for message in value):
        return None
    return [{key: part for key, part in message.items() if part is not None} for message in value]


def _digest(prompt: tuple[Field, ...]) -> str:
    """Names a prompt: the completions of one prompt and step are scored against each other."""
    digest = blake2b(digest_size=8)
    for field in prompt:
        if field.text is not None:
            digest.update(field.text.reveal_utf8())
            digest.update(b"\0")
    return digest.hexdigest()


def _number(value: Any) -> float | None:
    """A score; TRL writes NaN where a reward function returned None."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _integer(value: Any, default: int | None) -> int | None:
    """The step; older versions wrote it as a string."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    return value if isinstance(value, int) and not isinstance(value, bool) else default
