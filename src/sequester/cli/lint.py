"""`sequester lint`: places in reward code, graders' prompts and configurations that read like a leak. Nothing is run."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from hashlib import sha256
from pathlib import Path

import click

from sequester.cli.options import (
    OutputOptions,
    allow_unassessed_option,
    fail_on_option,
    find_workspace,
    found_again,
    out_option,
    output_options,
    waiver_options,
    waivers_in_force,
    workspace_option,
)
from sequester.cli.output import Request, check_places, emit, parse_out, say
from sequester.cli.progress import Progress
from sequester.errors import UsageError
from sequester.findings.lint_verdict import UNASSESSED, accepting_options, exit_code, with_waivers
from sequester.findings.linted import LintResult
from sequester.findings.model import ExitCode, Severity
from sequester.findings.store import ResultStore
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
@workspace_option
@waiver_options("reward code")
@output_options
def command(
    paths: tuple[str, ...],
    out: tuple[str, ...],
    fail_on: str,
    allow_unassessed: tuple[str, ...],
    allow_nothing: bool,
    workspace: str | None,
    waiver_file: str | None,
    author: str | None,
    talk: OutputOptions,
) -> int:
    """Read reward code, graders' prompts and configurations for places where the chain of thought gets into the score.

    PATH is a file or folder, the present folder by default. Python, YAML, TOML, JSON and prompt templates are read as text and never run.
    A place that is meant to be so is waived on its line, `# noqa: SQ246 -- reason`, or in the waiver file (`sequester waive`).

    Examples:

    \b
      sequester lint
      sequester lint rewards/ configs/grpo.yaml --fail-on high
      sequester lint . --out text --out sarif=lint.sarif
    """
    requests = [parse_out(value, LintResult) for value in out] or [Request("text", None)]
    named = [Path(path) for path in paths] or [Path()]
    check_places(requests, named)
    allowed = parse_allowances(allow_unassessed, UNASSESSED)
    absent = [str(path) for path in named if not path.exists()]
    if absent:
        raise UsageError("no such file or directory", where=absent[0], hint="check the path; patterns are expanded by the shell")
    place = find_workspace(workspace)
    # What contradicts the waivers is said before a workspace is made for nothing.
    waivers = waivers_in_force(waiver_file, place, author, keyed=False)
    store = ResultStore(place) if place is not None else None
    progress = Progress(talk.quiet, "files")
    result = with_waivers(lint(named, progress), waivers, date.today())
    progress.done()
    try:
        if store is not None:
            kept = store.save("lint", result, _digests(result))
            look = f"; to look at a finding: sequester show {kept} ID{found_again(workspace)}" if result.findings else ""
            say(f"stored as {kept} in {store.workspace.root}{look}", talk.quiet)
    finally:  # whatever is wrong with the store, the work of the linter is not lost
        emit(result, requests, verbose=talk.verbose, color=talk.color, quiet=talk.quiet)
    code = exit_code(result, Severity(fail_on), allowed, allow_nothing=allow_nothing)
    if code is ExitCode.INCOMPLETE:
        say(f"to accept what is not assessed: {accepting_options(result)}", talk.quiet)
    return code


def _digests(result: LintResult) -> dict[str, str]:
    """SHA-256 of every file in which something was found, by path."""
    found = {}
    for path in sorted({one.path for one in result.findings}):
        with suppress(OSError):  # removed meanwhile
            found[path] = sha256(Path(path).read_bytes()).hexdigest()
    return found
