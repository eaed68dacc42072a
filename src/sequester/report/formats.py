"""The formats by name, and how a report gets into a file: whole or not at all.

A file is written beside its place and then renamed, so a reader never sees half a report and a failed run leaves the old
one. Inputs are never written to.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from sequester.errors import UsageError
from sequester.findings.model import Result
from sequester.report import html, json_format, sarif, text
from sequester.report.console import TextStyle, style_for

FORMATS: Mapping[str, Callable[[Result], str]] = MappingProxyType(
    {"text": text.render, "json": json_format.render, "sarif": sarif.render, "html": html.render}
)
"""Every format: a function from a result to the whole report."""


def write(result: Result, name: str, file: Path | None, *, verbose: bool = False, color: bool = True) -> None:
    """Write `result` in the format `name` to `file`, or to stdout if it is None.

    `verbose` and `color` concern text only; colour needs a terminal anyway. Raises UsageError for an unknown format, for
    a file that cannot be written, and for one that is an input.
    """
    if name not in FORMATS:
        raise UsageError(f"there is no format {name!r}", hint=f"formats: {', '.join(FORMATS)}")
    if name == "text":
        style = style_for(sys.stdout, colour=color, verbose=verbose)
        report = text.render(
            result, style if file is None else replace(style, width=TextStyle().width, colour=False, unicode=True)
        )
    else:
        report = FORMATS[name](result)
    if file is None:
        sys.stdout.write(report)
        return
    _refuse_input(result, file)
    replace_file(file, report)


def replace_file(file: Path, content: str) -> None:
    """Put `content` into `file` in one step; a device or pipe is written to directly. Raises UsageError if that cannot be done."""
    try:
        _replace(file, content)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"the file cannot be written ({error.strerror})", where=str(file), hint="check the folder") from error


def _replace(file: Path, content: str) -> None:
    if file.exists() and not file.is_file():
        file.write_text(content, encoding="utf-8")
        return
    target = file.resolve()
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with draft.open("x", encoding="utf-8", newline="") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _refuse_input(result: Result, file: Path) -> None:
    try:
        inputs = [one.path for one in result.inputs if file.exists() and Path(one.path).exists() and file.samefile(one.path)]
    except (OSError, ValueError):
        inputs = []
    if inputs:
        raise UsageError(
            "this is an input of the audit", where=str(file), hint="inputs are never written to; choose another file"
        )
