"""Where results go: `--out FORMAT[=FILE]`, several in one run, each file whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from sequester.errors import UsageError
from sequester.findings.model import Result
from sequester.report.formats import FORMATS, write


class Request(NamedTuple):
    """One `--out`."""

    format: str
    file: Path | None
    """None: stdout."""


def parse_out(value: str) -> Request:
    """Read `FORMAT` or `FORMAT=FILE`. Raises UsageError for a format that does not exist."""
    name, equals, file = value.partition("=")
    if name not in FORMATS:
        raise UsageError(f"--out {name}: no such format", hint=f"formats: {', '.join(FORMATS)}")
    if equals and not file:
        raise UsageError(f"--out {value}: the file name is empty", hint=f"write --out {name}=FILE, or --out {name} for stdout")
    return Request(name, Path(file) if file else None)


def emit(result: Result, requests: Sequence[Request], *, verbose: bool, color: bool, quiet: bool) -> None:
    """Write a result in every format asked for."""
    for request in requests:
        write(result, request.format, request.file, verbose=verbose, color=color)
        if request.file is not None:
            say(f"wrote {request.format} to {request.file}", quiet)


def say(message: str, quiet: bool) -> None:
    """A message to stderr."""
    if not quiet:
        click.echo(message, err=True)
