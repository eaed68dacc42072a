"""verl: the rollouts and validation generations that its trainers dump, one file `<step>.jsonl` per step.

Keys of a line: `input` and `output` (prompt and whole response, decoded without special tokens), `gts`, `score` (the summed
token-level score), `step`, every key of `reward_extra_info`, `request_id` or, from the v1 trainer, `uid`
(`<sample>_<rollout>_<output>`).

verl's contract says what the scorer got: `compute_score(data_source, solution_str, ground_truth, extra_info)`, where
`solution_str` is `output` with the reasoning in it. So the input is rebuilt from the line; `extra_info` is not in the file.
`score` is the one reward of the episode: the keys of `reward_extra_info` are components and outputs of the same call,
neither further paths nor inputs.

One limit: with several outputs per rollout verl scores the last one only; the others carry its score.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from sequester.episodes.assembly import from_completion
from sequester.episodes.flatten import flatten
from sequester.episodes.model import Episode, Evidence, Reason, RewardCall, Skipped, Source
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit
from sequester.episodes.readers.jsonlines import decoded_lines, line_units, numbered_lines
from sequester.episodes.readers.probing import probe as look
from sequester.episodes.readers.step_files import expected_steps, files_by_step, run_name, step_of
from sequester.errors import InputError, LimitExceeded

REWARD_PATH = "score"
HANDED_OVER = "solution_str"
_FILE_NAME = re.compile(r"([0-9]{1,18})\.jsonl")
_KEYS = ("input", "output", "score", "step")
_FILES_LOOKED_AT = 10


class _Line(Struct, frozen=True):
    input: str
    output: str
    score: Any
    step: int | None = None
    gts: Any = None
    uid: Any = None
    data_source: Any = None


_DECODER = msgspec.json.Decoder(_Line)


class VerlReader:
    name = "verl"
    title = "verl rollout and validation dumps (<step>.jsonl)"
    verified = "verl 0.9.1 (its dump function, run alone)"

    def recognise(self, probe: Probe) -> str | None:
        if probe.kind == "directory":
            files = files_by_step(probe.path, _FILE_NAME)
            return _missing(_first_keys([file for _, file in files])) if files else "no file named <step>.jsonl in it"
        return _missing(probe.columns) if probe.kind == "jsonl" else "not a JSONL file"

    def declared(self, path: Path, options: Options) -> Declared:
        if not path.is_dir():
            return Declared(rows=_lines(path))
        files = files_by_step(path, _FILE_NAME)
        counts = [_lines(file) for _, file in files]
        rows = None if None in counts else sum(count or 0 for count in counts)
        return Declared(rows=rows, step_set=expected_steps([step for step, _ in files]), steps_inferred=True)

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        for file in [file for _, file in files_by_step(path, _FILE_NAME)] if path.is_dir() else [path]:
            yield from line_units(file)

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        path = Path(unit.path)
        name, step = run_name(path), step_of(path, _FILE_NAME)
        for source, line in decoded_lines(unit, _DECODER):
            yield line if isinstance(line, Skipped) else _episode(line, source, name, step, options.template)


READER = VerlReader()


def _missing(keys: frozenset[str]) -> str | None:
    missing = [key for key in _KEYS if key not in keys]
    return f"no key {missing[0]!r}" if missing else None


def _first_keys(files: Sequence[Path]) -> frozenset[str]:
    """Keys of the first record of the first file that has one; none if there is none among the first files."""
    for file in files[:_FILES_LOOKED_AT]:
        try:
            if keys := look(file).columns:
                return keys
        except InputError:
            continue
    return frozenset()


def _lines(file: Path) -> int | None:
    """Records of a file; None if it cannot be read to its end, which reading it will report."""
    try:
        return sum(1 for _ in numbered_lines(Unit(str(file))))
    except InputError:
        return None


def _episode(line: _Line, source: Source, file: str, step: int | None, template: str) -> Episode | Skipped:
    step = step if line.step is None else line.step
    group, rollout = _group_of(line)
    try:
        truth = flatten("ground_truth", line.gts)
        assembled = from_completion(line.input, line.output, template)
    except LimitExceeded as error:
        return Skipped(source, Reason.LIMIT, error.message)
    inputs = flatten(HANDED_OVER, line.output) + truth
    return Episode(
        episode_id=f"{file}:{source.record}",
        segments=assembled.segments,
        split=assembled.split,
        source=source,
        calls=(RewardCall(REWARD_PATH, Evidence.REBUILT, inputs, score=_number(line.score), hands_over=HANDED_OVER),),
        environment=line.data_source if isinstance(line.data_source, str) else None,
        step=step,
        group=f"{step}:{group}",
        columns=truth,
        sample=rollout,
        visibility=assembled.visibility,
    )


def _group_of(line: _Line) -> tuple[str, int | None]:
    """The prompt an episode was sampled for, and which of its samples it is: from `uid`, else from the text of the prompt."""
    if isinstance(line.uid, str) and line.uid:
        sample, *numbers = line.uid.rsplit("_", 2)
        if sample and len(numbers) == 2 and all(number.isdecimal() and len(number) < 10 for number in numbers):
            return sample, int(numbers[0])
        return line.uid, None
    return blake2b(line.input.encode("utf-8", "replace"), digest_size=8).hexdigest(), None


def _number(value: Any) -> float | None:
    """A score; verl writes numbers that its JSON encoder does not know as strings."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
