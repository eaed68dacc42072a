"""`sequester lint`: places in reward code, graders' prompts and configurations that read like a leak. Nothing is run."""

from __future__ import annotations

from pathlib import Path

import click

from sequester.cli.options import (
    OutputOptions,
    allow_unassessed_option,
    config_option,
    fail_on_option,
    out_option,
    output_options,
)
from sequester.cli.output import Request, check_places, emit, parse_out
from sequester.cli.progress import Progress
from sequester.errors import UsageError
from sequester.findings.lint_verdict import UNASSESSED, exit_code
from sequester.findings.linted import LintResult
from sequester.findings.model import Severity
from sequester.findings.verdict import parse_allowances
from sequester.lint.engine import lint


@click.command(
    "lint",
    epilog="Exit codes: 0 nothing at or above --fail-on, and no more left unassessed than was allowed; 1 findings; 2 usage, "
    "configuration or internal error; 3 nothing was assessed; 4 incomplete.",
)
@click.argument("paths", nargs=-1, type=click.Path(readable=False), metavar="[PATH]...")
@out_option("text, json, sarif, md or html")
@fail_on_option()
@allow_unassessed_option(
    "Share of the files that may stay unassessed without exit 4; repeatable.",
    UNASSESSED,
)
@click.option(
    "--allow-nothing",
    is_flag=True,
    help="Exit 0 where no file holds anything to lint: for hooks that are handed the files of one commit.",
)
@config_option
@output_options
def command(
    paths: tuple[str, ...],
    out: tuple[str, ...],
    fail_on: str,
    allow_unassessed: tuple[str, ...],
    allow_nothing: bool,
    talk: OutputOptions,
) -> int:
    """Read reward code, graders' prompts and configurations for places where the chain of thought gets into the score.

    PATH is a file or folder, the present folder by default. Python, YAML, TOML, JSON and prompt templates are read as text and never run.
    A place that is meant to be so is waived on its line: `# noqa: SQ246 -- reason`.

    Examples:

    \b
      sequester lint
      sequester lint rewards/ configs/grpo.yaml --fail-on high
      sequester lint . --out text --out sarif=lint.sarif
    """
    named = [Path(path) for path in paths] or [Path()]
    absent = [path for path in named if not path.exists()]
    if absent:
        raise UsageError(
            "no such file or directory", where=str(absent[0]), hint="check the path; patterns are expanded by the shell"
        )
    requests = [parse_out(value, LintResult) for value in out] or [Request("text", None)]
    check_places(requests, named)
    allowed = parse_allowances(allow_unassessed, UNASSESSED)
    progress = Progress(talk.quiet, "files")
    result = lint(named, progress)
    progress.done()
    emit(result, requests, verbose=talk.verbose, color=talk.color, quiet=talk.quiet)
    return exit_code(result, Severity(fail_on), allowed, allow_nothing=allow_nothing)
