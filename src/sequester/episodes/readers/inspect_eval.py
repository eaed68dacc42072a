"""Inspect logs: `.eval` files (a ZIP of JSON entries) and the older `.json` ones.

A sample stands in one entry, `samples/ID_epoch_N.json`, or in chunks under `samples/ID_epoch_N/`: a shell, and sequences of
messages, events, calls and attachments whose entries are named by the index of their first item. Samples are read one at a time.

A folder that `eval_set` or `inspect view` keeps is one input: beside the logs it holds lists of them, which are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from sequester.episodes.model import Episode, Reason, Skipped, Source
from sequester.episodes.readers.inspect_sample import Log, sample_episode
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit
from sequester.episodes.readers.jsonlines import repaired
from sequester.episodes.readers.zipped import MAX_ENTRY, ZippedFile
from sequester.errors import InputError, LimitExceeded
from sequester.mismatch import explain, kind_of

JsonObject = dict[str, Any]
T = TypeVar("T")

_HEADER = "header.json"
_START = "_journal/start.json"
"""What a log that is not finished has in place of the header."""
_LISTS = frozenset({"eval-set.json", "logs.json"})
"""What Inspect writes beside the logs of a folder."""
_SAMPLES = "samples/"
_SHELL = "/sample.json"
_SCHEMA_VERSIONS = (1, 2)
_UNIT_BYTES = 32 << 20
"""Inflated bytes of samples, as the directory claims them, that make a slice."""
_JSON_HEAD = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:\s*"')
_SEQUENCE_ENTRY = re.compile(r"(messages|events|attachments)/(\d{1,12})\.json")
_ANOTHER = "copy the log again from where it was written, or let `inspect log dump` read it"


class _Dataset(Struct, frozen=True):
    samples: int | None = None
    sample_ids: list[int | str] | None = None


class _Config(Struct, frozen=True):
    epochs: int | None = None


class _Eval(Struct, frozen=True):
    eval_id: str = ""
    run_id: str = ""
    task: str | None = None
    model: str | None = None
    dataset: _Dataset = _Dataset()
    config: _Config = _Config()


class _Results(Struct, frozen=True):
    total_samples: int | None = None


class _Header(Struct, frozen=True):
    """The head of a log, whichever file it stands in."""

    eval: _Eval
    version: int = 1
    results: _Results | None = None


class InspectReader:
    """`--format inspect`."""

    name = "inspect"
    title = "Inspect logs (.eval, or .json), with the exact prompts of model-graded scorers"
    verified = "inspect_ai 0.3.285"

    def recognise(self, probe: Probe) -> str | None:
        if probe.kind == "directory":
            return _why_no_folder_of_logs(probe)
        if probe.kind == "zip":
            inside = any(name == _HEADER or name.split("/")[0] == "_journal" for name in probe.columns)
            return None if inside else "a ZIP file with neither `header.json` nor `_journal/`"
        if probe.kind in ("json", "jsonl"):
            return None if _JSON_HEAD.match(_head(probe.path)) else "JSON that does not begin as a log does"
        return "neither a ZIP file nor JSON"

    def declared(self, path: Path, options: Options) -> Declared:
        """The number of samples times epochs that the log says it was to hold."""
        counts = [_rows_of_many(log) for log in _logs(path)] if path.is_dir() else [_rows(_read_header(path))]
        return Declared(rows=None if None in counts else sum(count or 0 for count in counts))

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        if path.is_dir():
            for log in _logs(path):
                yield from self._units_of_many(log, options)
            return
        if not _is_zip(path):
            yield Unit(str(path))
            return
        with ZippedFile(path) as archive:
            names = _samples(archive)
            start = size = 0
            for index, name in enumerate(names):
                size += archive.entries[name].file_size
                if size >= _UNIT_BYTES or index == len(names) - 1:
                    yield Unit(str(path), start, index + 1, start + 1)
                    start, size = index + 1, 0

    def _units_of_many(self, log: Path, options: Options) -> Iterator[Unit]:
        """The slices of one log among many; all of it in one if it is damaged, which reading it will report."""
        try:
            yield from list(self.units(log, options))
        except InputError:
            yield Unit(str(log))

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        path = Path(unit.path)
        if not _is_zip(path):
            yield from _json_log(path)
            return
        with ZippedFile(path) as archive:
            log = _log(_zip_header(archive, path))
            names = _samples(archive)
            for number, name in enumerate(names[unit.start : None if unit.stop < 0 else unit.stop], unit.first_record):
                if unit.wanted is not None and number not in unit.wanted:
                    continue
                source = Source(unit.path, number)
                record = _sample(archive, name, source)
                yield record if isinstance(record, Skipped) else sample_episode(record, log, source)


READER = InspectReader()


def _why_no_folder_of_logs(probe: Probe) -> str | None:
    if not probe.columns & _LISTS:
        return f"no {' or '.join(sorted(_LISTS))} in it"
    if any(entry.is_dir() and not entry.name.startswith(".") for entry in probe.path.iterdir()):
        return "holds folders beside the logs"
    return None if _logs(probe.path) else "no logs in it"


def _logs(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.glob("[!.]*") if path.is_file() and path.name not in _LISTS)
    return [path for path in files if path.suffix == ".eval" or (path.suffix == ".json" and _JSON_HEAD.match(_head(path)))]


def _rows_of_many(log: Path) -> int | None:
    try:
        return _rows(_read_header(log))
    except InputError:
        return None


def _rows(header: _Header) -> int | None:
    if header.results is not None and header.results.total_samples:
        return header.results.total_samples
    dataset = header.eval.dataset
    samples = len(dataset.sample_ids) if dataset.sample_ids is not None else dataset.samples
    return None if samples is None else samples * (header.eval.config.epochs or 1)


def _log(header: _Header) -> Log:
    return Log(header.eval.eval_id or header.eval.run_id, header.eval.task, header.eval.model)


def _read_header(path: Path) -> _Header:
    if _is_zip(path):
        with ZippedFile(path) as archive:
            return _zip_header(archive, path)
    return _checked(_whole_json(path), path)


def _zip_header(archive: ZippedFile, path: Path) -> _Header:
    name = next((name for name in (_HEADER, _START) if name in archive.entries), None)
    if name is None:
        raise InputError("has no `header.json` and no `_journal/start.json`", where=str(path), hint=_ANOTHER)
    decoded = _decoded(archive.read(name), dict, Source(str(path), 0))
    if isinstance(decoded, Skipped):
        raise InputError(f"`{name}` cannot be read as a log: {decoded.detail}", where=str(path), hint=_ANOTHER)
    return _checked(decoded, path)


def _checked(header: JsonObject, path: Path) -> _Header:
    version = header.get("version", 1)
    if version not in _SCHEMA_VERSIONS:
        shown = version if isinstance(version, int) else kind_of(version)
        raise InputError(
            f"log schema version {shown}; this reader knows {' and '.join(map(str, _SCHEMA_VERSIONS))}",
            where=str(path),
            hint="look for a newer release of Sequester, or write the log with an older inspect_ai",
        )
    try:
        return msgspec.convert(header, _Header)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise InputError(f"the header is not as expected: {explain(error)}", where=str(path), hint=_ANOTHER) from None


def _samples(archive: ZippedFile) -> list[str]:
    """One entry per sample, in the order in which they were written: the sample itself, or the shell of one in chunks."""
    return [name for name in archive.entries if name.startswith(_SAMPLES) and _is_sample(name.removeprefix(_SAMPLES))]


def _is_sample(name: str) -> bool:
    return name.endswith(_SHELL) if "/" in name else name.endswith(".json")


def _sample(archive: ZippedFile, name: str, source: Source) -> JsonObject | Skipped:
    """A sample, put together again if it was written in chunks."""
    try:
        record = _decoded(archive.read(name), dict, source)
        if name.endswith(_SHELL) and isinstance(record, dict):
            return _unchunked(archive, name.removesuffix(_SHELL[1:]), record, source)
        return record
    except LimitExceeded as error:
        return Skipped(source, Reason.LIMIT, error.message)
    except InputError as error:
        return Skipped(source, Reason.MALFORMED, error.message)


def _unchunked(archive: ZippedFile, folder: str, shell: JsonObject, source: Source) -> JsonObject | Skipped:
    """The sample whose shell and sequences stand in a folder. All of it together may be no larger than one entry."""
    chunks: dict[str, list[tuple[int, str]]] = {"messages": [], "events": [], "attachments": []}
    for name in archive.entries:
        if name.startswith(folder) and (match := _SEQUENCE_ENTRY.fullmatch(name, len(folder))):
            chunks[match[1]].append((int(match[2]), name))
    left = MAX_ENTRY
    sequences: dict[str, list[Any]] = {}
    for sequence, entries in chunks.items():
        items = sequences.setdefault(sequence, [])
        for start, name in sorted(entries):
            data = archive.read(name, left)
            left -= len(data)
            chunk = _decoded(data, list, source)
            if isinstance(chunk, Skipped):
                return chunk
            if start != len(items):
                return Skipped(source, Reason.MALFORMED, f"a chunk of {sequence} is missing")
            items.extend(chunk)
    attachments = {str(index): text for index, text in enumerate(sequences["attachments"])}
    messages = [message for start, stop in _ranges(shell.get("message_refs")) for message in sequences["messages"][start:stop]]
    return {
        **shell,
        "messages": messages,
        "events": sequences["events"],
        "events_data": {"messages": sequences["messages"]},
        "attachments": attachments,
    }


def _ranges(references: Any) -> Iterator[tuple[int, int]]:
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, list) and len(reference) == 2 and all(isinstance(end, int) and end >= 0 for end in reference):
            yield reference[0], reference[1]


def _decoded(data: bytes, kind: type[T], source: Source) -> T | Skipped:
    """An entry's JSON, which must be of the kind. Inspect writes NaN for a missing score."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            value = msgspec.json.decode(repaired(data))
        except RecursionError as error:
            return Skipped(source, Reason.LIMIT, explain(error))
        except ValueError as error:
            return Skipped(source, Reason.MALFORMED, explain(error))
    if isinstance(value, kind):
        return value
    return Skipped(source, Reason.MALFORMED, f"expected {kind_of(kind())}, got {kind_of(value)}")


def _json_log(path: Path) -> Iterator[Episode | Skipped]:
    """The samples of a log in one JSON object. It has to be read whole, and is bounded for that."""
    whole = _whole_json(path)
    log = _log(_checked(whole, path))
    samples = whole.get("samples")
    for number, record in enumerate(samples if isinstance(samples, list) else [], 1):
        source = Source(str(path), number)
        if isinstance(record, Mapping):
            yield sample_episode(record, log, source)
        else:
            yield Skipped(source, Reason.MALFORMED, f"expected an object, got {kind_of(record)}")


def _whole_json(path: Path) -> JsonObject:
    try:
        if path.stat().st_size > MAX_ENTRY:
            raise LimitExceeded(
                f"a JSON log of more than {MAX_ENTRY >> 20} MB cannot be read in bounded memory",
                where=str(path),
                hint="convert it: inspect log convert --to eval --output-dir DIR FILE",
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), hint="check the path") from None
    decoded = _decoded(data, dict, Source(str(path), 0))
    if isinstance(decoded, Skipped):
        raise InputError(f"cannot be read as a log: {decoded.detail}", where=str(path), hint=_ANOTHER)
    return decoded


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path), hint="check the path") from None


def _is_zip(path: Path) -> bool:
    return _head(path).startswith(b"PK")
