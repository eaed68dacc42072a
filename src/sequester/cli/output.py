"""Where results go: `--out FORMAT[=FILE]`, several in one run, each file whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from sequester.errors import UsageError
from sequester.findings.kinds import PrintedResult
from sequester.report.formats import REPORTS, refuse_inputs, write
from sequester.report.untrusted import message_lines


class Request(NamedTuple):
    """One `--out`."""

    format: str
    file: Path | None
    """None: stdout."""


def parse_out(value: str, kind: type[PrintedResult]) -> Request:
    """Read `FORMAT` or `FORMAT=FILE`. Raises UsageError for a format that results of this kind do not have."""
    name, equals, file = value.partition("=")
    formats = REPORTS[kind].formats
    if name not in formats:
        raise UsageError(f"--out {name}: no such format", hint=f"formats: {', '.join(formats)}")
    if equals and not file:
        raise UsageError(f"--out {value}: the file name is empty", hint=f"write --out {name}=FILE, or --out {name} for stdout")
    return Request(name, Path(file) if file else None)


def check_places(requests: Sequence[Request], inputs: Sequence[Path] = ()) -> None:
    """That every report has a place of its own that can be written to, and is none of the inputs.

    Raises UsageError: before the work, not after it.
    """
    places = [request.file.resolve() for request in requests if request.file]
    for place in places:
        if places.count(place) > 1 and (place.is_file() or not place.exists()):
            raise UsageError(f"--out: two reports would go to {place}", hint="give each a file of its own: --out json=FILE")
    if len(requests) - len(places) > 1:
        click.echo("warning: several reports follow one another on stdout; --out FORMAT=FILE keeps them apart", err=True)
    for request in requests:
        if request.file is None:
            continue
        refuse_inputs(request.file, inputs)
        if request.file.is_dir():
            raise UsageError("is a directory", where=f"--out {request.format}={request.file}", hint="name a file in it")
        if request.file.exists() and not request.file.is_file():
            continue  # a device or a pipe
        folder = request.file.resolve().parent
        if not folder.is_dir():
            raise UsageError(
                f"there is no folder {folder}", where=f"--out {request.format}={request.file}", hint=f"mkdir -p {folder}"
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise UsageError(
                f"nothing can be written into {folder}",
                where=f"--out {request.format}={request.file}",
                hint="choose another folder, or change its permissions",
            )


def emit(result: PrintedResult, requests: Sequence[Request], *, verbose: bool, color: bool, quiet: bool) -> None:
    """Write a result in every format asked for; where nothing goes to stdout, the line of counts is said on stderr."""
    for request in requests:
        write(result, request.format, request.file, verbose=verbose, color=color)
        if request.file is not None:
            say(f"wrote {request.format} to {request.file}", quiet)
    if all(request.file is not None for request in requests):
        say(REPORTS[type(result)].last_line(result), quiet)


def say(message: str, quiet: bool) -> None:
    """A message to stderr."""
    if not quiet:
        click.echo(message_lines(message), err=True)
