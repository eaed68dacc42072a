"""`sequester swap --logged`: what existing logs say about scores and the length and markup of CoTs, without running any reward code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

from sequester import __version__
from sequester.cli.options import InputOptions, OutputOptions, find_workspace, fingerprint_key, found_again, waivers_in_force
from sequester.cli.output import Request, check_places, emit, parse_out, say
from sequester.cli.progress import Progress
from sequester.episodes.model import Episode, Skipped
from sequester.episodes.readers.registry import load_readers
from sequester.errors import InputError, UsageError
from sequester.exposure.inputs import Formats, Job, digests, find_jobs, tasks
from sequester.findings.associated import AssociationResult
from sequester.findings.association import exit_code, with_ids
from sequester.findings.model import ExitCode, Severity, Tool
from sequester.findings.store import ResultStore
from sequester.influence.association import ALPHA, SMALLEST, Log, conclude

ASSOCIATION = "association/1"
"""Name and version of the method."""


class Terms(NamedTuple):
    """What the user says about the outcome, as the options of `swap` have it."""

    out: Sequence[str]
    fail_on: Severity
    workspace: str | None
    waiver_file: str | None
    author: str | None
    talk: OutputOptions


def tell_associations(logs: Sequence[str], read_as: InputOptions, terms: Terms) -> ExitCode:
    """Read the logs, tell and store the result. Raises UsageError and ConfigError before anything is read."""
    paths, talk = [Path(log) for log in logs], terms.talk
    absent = [path for path in paths if not path.exists()]
    if absent:
        raise UsageError("no such file or directory", where=str(absent[0]), hint="check the path; --logged takes one, repeatable")
    requests = [parse_out(value, AssociationResult) for value in terms.out] or [Request("text", None)]
    check_places(requests, paths)
    place = find_workspace(terms.workspace)
    waivers = waivers_in_force(terms.waiver_file, place, terms.author)
    key = fingerprint_key(place)
    store = ResultStore(place) if place is not None else None
    measured = associate_logs(paths, Formats(load_readers(), read_as.options, read_as.format), Progress(talk.quiet))
    result = with_ids(measured, key, waivers, date.today())
    try:
        if store is not None:
            kept = store.save("swap", result, digests(paths))
            again = f"sequester show {kept}{found_again(terms.workspace)}"
            say(f"stored as {kept} in {store.workspace.root}; to see it again: {again}", talk.quiet)
    finally:  # whatever is wrong with the store, the work is not lost
        emit(result, requests, verbose=talk.verbose, color=talk.color, quiet=talk.quiet)
    return exit_code(result, terms.fail_on)


def associate_logs(paths: Sequence[Path], formats: Formats, progress: Progress) -> AssociationResult:
    """Read logs in any format that a reader knows, once and with bounded memory."""
    jobs = find_jobs(paths, formats)
    log, unread = Log(), list[str]()
    for path, record in _records(jobs, formats, unread):
        log.add(record)
        progress(log.seen, path)
    progress.done()
    unread += [f"{job.path}: {job.error}" for job in jobs if job.error]
    return conclude(log, Tool(__version__, ASSOCIATION, {"alpha": ALPHA, "smallest": SMALLEST}), unread)


def _records(jobs: list[Job], formats: Formats, unread: list[str]) -> Iterator[tuple[str, Episode | Skipped]]:
    """Every record with the file it stands in. What cannot be read is added to `unread`; the rest is read all the same."""
    readers = {reader.name: reader for reader in formats.readers}
    for task in tasks(jobs, formats):
        try:
            for record in readers[task.reader].read(task.unit, formats.options):
                yield task.unit.path, record
        except InputError as error:
            unread.append(f"{task.unit.path}: {error.message}")
