"""verifiers and prime-rl: `traces.jsonl` of verifiers v1, one `Episode` record per line, and the legacy `results.jsonl`.

prime-rl writes `rollouts/step_<N>/<train|eval>/<all|effective>/traces.jsonl`; `effective` repeats what of `all` was trained on. A
record may hold the traces of several agents: each that is trained is an episode of the policy, the others scored or spoke to it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from sequester.episodes.model import Episode, Reason, Skipped, Source
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit
from sequester.episodes.readers.jsonlines import decoded_lines, line_units
from sequester.episodes.readers.probing import probe as look
from sequester.episodes.readers.step_files import expected_steps
from sequester.episodes.readers.verifiers_config import RunConfig, run_config
from sequester.episodes.readers.verifiers_legacy import Row, Run, row_episode
from sequester.episodes.readers.verifiers_trace import Setting, Trace, trace_episode
from sequester.errors import InputError, LimitExceeded, MalformedRecord

TRACES = "traces.jsonl"
RESULTS = "results.jsonl"
_METADATA = "metadata.json"
_SCHEMA_VERSIONS = (1,)
_STEP = re.compile(r"step_([0-9]{1,18})")
_ROLLOUTS = "rollouts"
_EPISODE_KEYS = frozenset({"traces", "task"})
_TRACE_KEYS = frozenset({"nodes", "task", "rewards"})
_LEGACY_KEYS = frozenset({"example_id", "prompt", "completion", "reward"})


class _Env(Struct, frozen=True):
    id: str = ""
    name: str | None = None


class _Group(Struct, frozen=True):
    id: str | None = None


class _Line(Row, frozen=True):
    """A record of either format; which it is, its keys say."""

    id: Any = None
    env: _Env = _Env()
    group: _Group | None = None
    task: Any = None
    """An object in a trace; in rows of verifiers before 0.1.9 the name of a data set."""
    run: dict[str, Any] | None = None
    traces: list[Trace] | None = None
    nodes: Any = None


_LINE = msgspec.json.Decoder(_Line)


class VerifiersReader:
    """`--format verifiers`."""

    name = "verifiers"
    title = "verifiers v1 and prime-rl traces (traces.jsonl), and verifiers' legacy results.jsonl"
    verified = "verifiers 0.4.0, legacy: verifiers 0.1.14"

    def recognise(self, probe: Probe) -> str | None:
        if probe.kind == "directory":
            first = next(iter(_files(probe.path)), None)
            if first is None:
                return f"no {TRACES}, no {RESULTS} with {_METADATA}, no {_ROLLOUTS}/step_<N>"
            # The names are common ones: the content of the first file decides.
            return self.recognise(look(first))
        if probe.kind != "jsonl":
            return "not JSON lines"
        if any(keys <= probe.columns for keys in (_EPISODE_KEYS, _TRACE_KEYS, _LEGACY_KEYS)):
            return None
        return "the first object has neither `traces` and `task` nor `example_id`, `prompt`, `completion` and `reward`"

    def declared(self, path: Path, options: Options) -> Declared:
        """JSON lines declare nothing; of a run's folder, the steps between the first and the last are expected."""
        if not path.is_dir():
            return Declared()
        steps = {step for file in _files(path) if "train" in file.parts and (step := _step(file)) is not None}
        repeats = frozenset(str(file) for _, *rest in _stages(path) for file in rest)
        return Declared(step_set=expected_steps(steps) if steps else None, steps_inferred=True, answered_for=repeats)

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        for file in _files(path) if path.is_dir() else (path,):
            yield from line_units(file)

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        path = Path(unit.path)
        config, run, step = run_config(path.parent), _metadata(path.parent), _step(path)
        for source, line in decoded_lines(unit, _LINE):
            if isinstance(line, Skipped):
                yield line
                continue
            try:
                if line.traces is not None:
                    yield from _record(line, source, step, config)
                elif line.nodes is not None:
                    yield Skipped(source, Reason.MALFORMED, "a bare trace: expected an episode record with `traces`")
                elif line.example_id is not None:
                    yield row_episode(line, source, run, options.template)
                else:
                    yield Skipped(source, Reason.MALFORMED, "neither `traces` nor `example_id`")
            except LimitExceeded as error:
                yield Skipped(source, Reason.LIMIT, error.message)
            except MalformedRecord as error:
                yield Skipped(source, Reason.MALFORMED, f"{error.where}: {error.message}")


READER = VerifiersReader()


def _record(line: _Line, source: Source, step: int | None, config: RunConfig) -> Iterator[Episode | Skipped]:
    """The episodes of one record: one for every trace that is trained."""
    traces = line.traces or []
    for trace in traces:
        _check_version(trace, source)
    policy = [trace for trace in traces if trace.agent.trainable] or traces[:1]
    if not policy:
        yield Skipped(source, Reason.MALFORMED, "no traces: the episode failed before any agent ran")
        return
    others = tuple(trace for trace in traces if trace not in policy)
    identity = str(line.id or f"{source.path}:{source.record}")
    group = line.group.id if line.group else None
    for number, trace in enumerate(policy):
        setting = Setting(
            source=source,
            episode_id=identity if len(policy) == 1 else f"{identity}/{number}",
            environment=line.env.name or line.env.id or None,
            step=step if step is not None else _work_step(line.run),
            group=group or (identity if len(policy) > 1 else None),
            config=config,
            judges=others,
        )
        yield trace_episode(trace, setting)


def _check_version(trace: Trace, source: Source) -> None:
    """Raises InputError for a trace schema that this reader does not know: what it would make of it might be wrong."""
    if trace.version is not UNSET and trace.version not in _SCHEMA_VERSIONS:
        raise InputError(
            f"trace schema version {trace.version} (verifiers {trace.verifiers.version[:32]!r}); this reader knows version 1",
            where=f"{source.path}: line {source.record}",
            hint="look for a newer release of Sequester",
        )


def _work_step(run: dict[str, Any] | None) -> int | None:
    """The training step at which an episode was dispatched, from its run identity."""
    work = run.get("work") if run else None
    step = work.get("step") if isinstance(work, dict) else None
    return step if isinstance(step, int) else None


def _step(path: Path) -> int | None:
    """The step in prime-rl's layout, `rollouts/step_<N>/...`."""
    parts = path.absolute().parts
    for place, part in pairwise(parts):
        if place == _ROLLOUTS and (match := _STEP.fullmatch(part)):
            return int(match[1])
    return None


def _files(folder: Path) -> Iterator[Path]:
    """The logs in a run's folder, by step. Of `all` and `effective` only one is read: they hold the same episodes."""
    if (folder / TRACES).is_file():
        yield folder / TRACES
    elif (folder / RESULTS).is_file() and (folder / _METADATA).is_file():
        yield folder / RESULTS
    yield from (first for first, *_ in _stages(folder))


def _stages(folder: Path) -> Iterator[list[Path]]:
    """The logs of each stage of each step in prime-rl's layout, the fullest first."""
    rollouts = folder if folder.name == _ROLLOUTS else folder / _ROLLOUTS
    for _, step in sorted((int(match[1]), path) for path in _listed(rollouts) if (match := _STEP.fullmatch(path.name))):
        for stage in _listed(step):
            found = [stage / part / TRACES for part in ("all", "effective") if (stage / part / TRACES).is_file()]
            if found:
                yield found


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    except OSError as error:
        raise InputError(f"cannot be listed ({error.strerror})", where=str(folder), hint="check its permissions") from None


def _metadata(folder: Path) -> Run:
    """What a legacy run says about itself; nothing if it does not."""
    try:
        return msgspec.convert(json.loads((folder / _METADATA).read_bytes()), Run)
    except (OSError, ValueError, RecursionError, msgspec.ValidationError):
        return Run()
