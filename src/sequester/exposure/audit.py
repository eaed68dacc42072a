"""The audit: inputs to a result, over one process or several.

    paths -> reader by content -> units -> tallies (scan) -> result (settle)

A file that cannot be read becomes an error of its own and a share not assessed; the others are audited all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import file_digest
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from sequester import __version__
from sequester.episodes.readers.interface import Declared, Options, Reader
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.registry import recognise
from sequester.errors import InputError
from sequester.exposure.calibration import Calibration, matches, sentence, shipped
from sequester.exposure.matching import Sketch, implementation
from sequester.exposure.settle import Input, settle
from sequester.exposure.severity import THRESHOLDS
from sequester.exposure.sharing import Sharing
from sequester.exposure.tally import Tally
from sequester.exposure.workers import Task, scan_apart, scan_here
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import Result, Tool
from sequester.findings.waivers import Waivers

DETECTOR = "lexical/1"
"""Name and version of the detector: a change of what it finds bumps it."""


class Progress(Protocol):
    """Told after every unit; episodes and input so far."""

    def __call__(self, episodes: int, path: str) -> None: ...


class Job(Struct, frozen=True):
    """One recognised input."""

    reader: Reader
    path: Path
    declared: Declared


def audit(
    paths: Sequence[Path],
    readers: Sequence[Reader],
    options: Options,
    key: FingerprintKey,
    waivers: Waivers,
    *,
    today: date,
    format: str | None = None,
    jobs: int = 1,
    own_calibrations: Sequence[Calibration] = (),
    progress: Progress | None = None,
) -> Result:
    """Audit all inputs. Raises UsageError and ConfigError; what is wrong with an input is in the result."""
    jobs_found = [job for path in paths for job in _jobs(path, readers, options, format)]
    tally, sketch = Tally(), Sketch()
    tasks = _tasks(jobs_found, readers, options, tally)
    by_name = {reader.name: reader for reader in readers}
    scanned = scan_apart(tasks, jobs, options, key, sketch) if jobs > 1 else scan_here(tasks, by_name, options, key, sketch)
    for task, part in scanned:
        tally.merge(part)
        if progress is not None:
            progress(tally.seen, task.unit.path)
    inputs = [job if isinstance(job, Input) else Input(str(job.path), job.reader.name, job.declared) for job in jobs_found]
    unverified = sorted({job.reader.name for job in jobs_found if isinstance(job, Job) and not job.reader.verified})
    thresholds = {name: float(getattr(THRESHOLDS, name)) for name in THRESHOLDS.__struct_fields__}
    tool = Tool(__version__, f"{DETECTOR} ({implementation})", thresholds)
    calibrations = [] if (measured := shipped()) is None or not matches(measured, DETECTOR) else [sentence(measured, "Shipped")]
    calibrations += [sentence(own, "Your own") for own in own_calibrations]
    result = settle(tally, inputs, Sharing(sketch), tool, key, waivers, today)
    notes = tuple(
        f"The reader `{name}` is unverified: its framework's own code could not be run to write its test data."
        for name in unverified
    )
    return replace(result, notes=(*calibrations, *result.notes, *notes))


def digests(paths: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of every input file, by path; directories file by file."""
    found = {}
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
            if file.is_file():
                with file.open("rb") as stream:
                    found[str(file)] = file_digest(stream, "sha256").hexdigest()
    return found


def _jobs(path: Path, readers: Sequence[Reader], options: Options, format: str | None) -> Iterator[Job | Input]:
    """The inputs at a path. A directory is one input where a reader takes it as a whole, else each file in it is one."""
    if path.is_dir():
        try:
            reader = recognise(path, readers, format)
            if reader.recognise(probe(path)) is None:
                yield _job(path, reader, options)
                return
        except InputError:
            pass  # no reader takes it whole: its files speak for themselves
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and not file.name.startswith(".")]
        if not files:
            yield Input(str(path), "", Declared(), "is a directory without files")
        for file in files:
            yield from _jobs(file, readers, options, format)
        return
    try:
        yield _job(path, recognise(path, readers, format), options)
    except InputError as error:
        yield _unread(path, "", error)


def _job(path: Path, reader: Reader, options: Options) -> Job | Input:
    """An input and its reader, or the input with the error that kept it from being read."""
    try:
        return Job(reader, path, reader.declared(path, options))
    except InputError as error:
        return _unread(path, reader.name, error)


def _unread(path: Path, format: str, error: InputError) -> Input:
    return Input(str(path), format, Declared(), f"{error.message}. {error.hint}".strip())


def _tasks(jobs: list[Job | Input], readers: Sequence[Reader], options: Options, tally: Tally) -> Iterator[Task]:
    """Every unit of every input. Files beside the units of a directory become inputs of their own, if a reader knows them."""
    for job in jobs:
        if isinstance(job, Input):
            continue
        read = set()
        try:
            for unit in job.reader.units(job.path, options):
                read.add(Path(unit.path))
                yield Task(job.reader.name, unit, job.declared.group_size is not None)
        except InputError as error:
            tally.errors[str(job.path)] = error.message
        if job.path.is_dir():
            jobs += _strays(read, readers, options)


def _strays(read: set[Path], readers: Sequence[Reader], options: Options) -> Iterator[Job]:
    for file in sorted({file for folder in {path.parent for path in read} for file in folder.iterdir()} - read):
        try:
            if file.is_file() and isinstance(job := _job(file, recognise(file, readers), options), Job):
                yield job
        except InputError:
            pass  # no log that anybody knows: a README, a configuration
