"""The formats by name, and how a report gets into a file: whole or not at all.

A file is written beside its place and then renamed, so a reader never sees half a report and a failed run leaves the old
one. Inputs are never written to.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sequester.errors import UsageError
from sequester.findings.associated import AssociationResult
from sequester.findings.changed import ChangedResult
from sequester.findings.kinds import PrintedResult
from sequester.findings.linted import LintResult
from sequester.findings.model import Result
from sequester.findings.swapped import SwapResult
from sequester.report import (
    association_sarif,
    changed_sarif,
    document_html,
    document_md,
    document_text,
    html,
    json_format,
    lint_sarif,
    sarif,
    summary,
    swap_sarif,
    text,
)
from sequester.report.association_document import describe_association
from sequester.report.changed_document import describe_changed
from sequester.report.console import TextStyle, style_for
from sequester.report.document import Document
from sequester.report.lint_document import describe_lint
from sequester.report.swap_document import describe_swap
from sequester.report.untrusted import without_commands

Renderer = Callable[[Any], str]


class Reports(Struct, frozen=True):
    """How results of one kind are told."""

    text: Callable[[Any, TextStyle | None], str]
    files: Mapping[str, Renderer]
    """The formats beside text: functions from a result to the whole report."""
    last_line: Renderer
    """Every count, on one line."""

    @property
    def formats(self) -> Mapping[str, Renderer]:
        """Every format by its name."""
        return {"text": lambda result: self.text(result, None), **self.files}


def _of_document(describe: Callable[[Any], Document], sarif: Renderer) -> Reports:
    """The formats of results that are told by a document."""
    return Reports(
        lambda result, style: document_text.render(describe(result), style),
        {
            "json": json_format.render,
            "sarif": sarif,
            "md": lambda result: document_md.render(describe(result)),
            "html": lambda result: document_html.render(describe(result)),
        },
        lambda result: describe(result).summary,
    )


REPORTS: Mapping[type[PrintedResult], Reports] = MappingProxyType(
    {
        Result: Reports(
            text.render, {"json": json_format.render, "sarif": sarif.render, "html": html.render}, summary.summary_line
        ),
        SwapResult: _of_document(describe_swap, swap_sarif.render),
        ChangedResult: _of_document(describe_changed, changed_sarif.render),
        LintResult: _of_document(describe_lint, lint_sarif.render),
        AssociationResult: _of_document(describe_association, association_sarif.render),
    }
)
"""How each kind of result is told."""


def write(result: PrintedResult, name: str, file: Path | None, *, verbose: bool = False, color: bool = True) -> None:
    """Write `result` in the format `name` to `file`, or to stdout if it is None.

    `verbose` and `color` concern text only; colour needs a terminal anyway. Raises UsageError for an unknown format, for
    a file that cannot be written, and for one that is an input.
    """
    reports = REPORTS[type(result)]
    if name not in reports.formats:
        raise UsageError(f"there is no format {name!r}", hint=f"formats: {', '.join(reports.formats)}")
    if name == "text":
        style = style_for(sys.stdout, colour=color, verbose=verbose)
        plain = replace(style, width=TextStyle().width, colour=False, unicode=True, wraps=False)
        report = reports.text(result, style if file is None else plain)
    else:
        report = reports.files[name](result)
    if name in ("text", "md"):
        report = without_commands(report)
    if file is None:
        sys.stdout.write(report)
        return
    if isinstance(result, Result):
        refuse_inputs(file, [one.path for one in result.inputs])
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


def refuse_inputs(file: Path, inputs: Iterable[str | Path]) -> None:
    """Raises UsageError if a report would be written over one of the inputs."""
    try:
        over = [one for one in inputs if file.exists() and Path(one).exists() and file.samefile(one)]
    except (OSError, ValueError):
        over = []
    if over:
        raise UsageError("this is an input", where=str(file), hint="inputs are never written to; choose another file")
