"""`sequester swap`: hold prompt and answer, swap the chain of thought, and see whether the score moves."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType

import click

from sequester.cli.association import Terms as Logged
from sequester.cli.association import tell_associations
from sequester.cli.base_revision import AUTO
from sequester.cli.changed import PROMPTS, Terms, changed_since_revision
from sequester.cli.configuration import FILE
from sequester.cli.options import (
    Count,
    InputOptions,
    OutputOptions,
    allow_unassessed_option,
    fail_on_option,
    find_workspace,
    fingerprint_key,
    found_again,
    input_options,
    out_option,
    output_options,
    waiver_options,
    waivers_in_force,
    workspace_option,
)
from sequester.cli.output import Request, check_places, emit, parse_out, say
from sequester.cli.progress import Progress
from sequester.episodes.model import Skipped
from sequester.errors import UsageError
from sequester.exposure.inputs import digests
from sequester.findings.changed import ChangedResult
from sequester.findings.changed_verdict import NOT_DECLARED, accepting_share, changed_exit_code
from sequester.findings.influence import ALL_ALLOWED, UNASSESSED, accepting_options, exit_code, with_findings
from sequester.findings.model import ExitCode, Severity
from sequester.findings.store import ResultStore
from sequester.findings.swapped import SwapResult
from sequester.findings.verdict import Allowances, parse_allowances
from sequester.influence.donors import ALL
from sequester.influence.experiment import Plan
from sequester.influence.sizing import MANY
from sequester.influence.sizing import PROMPTS as QUIET_PROMPTS
from sequester.influence.source import parse_source
from sequester.influence.swap_files import Settings, swap_files
from sequester.report.untrusted import printable

_MOST_SKIPPED = 5
"""Records that could not be read, of which -v says why."""


class Positive(click.FloatRange):
    """A number above 0."""

    name = "number"

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)


@click.command(
    "swap",
    epilog="Exit codes: 0 no influence found, and what that excludes is printed; 1 influenced or exposed; 2 usage, configuration or "
    "internal error; 3 nothing was assessed; 4 underpowered, or episodes could not be used.",
)
@click.argument("source", metavar="[FILE.py:FUNCTION]", default="")
@click.option("--episodes", type=click.Path(dir_okay=False), default="", help="Episodes as interchange JSONL.")
@click.option(
    "--changed-since",
    metavar="REV",
    default="",
    help=f"Instead of one function: probe the reward paths declared in {FILE} of which something changed since this revision; "
    f"{AUTO}: since the base that pre-commit or the CI service names, else the upstream branch.",
)
@allow_unassessed_option(
    "Share of the episodes seen that may be unusable without exit 4 (ambiguous, malformed, ...); with --changed-since also the "
    f"share of reward functions that may stay undeclared ({NOT_DECLARED}). Repeatable.",
    (NOT_DECLARED, *UNASSESSED),
)
@click.option(
    "--logged",
    multiple=True,
    type=click.Path(readable=False),
    metavar="PATH",
    help="Instead of running reward code: say whether the scores in this log go with length or markup of the CoT, given the answer; "
    "repeatable. Any format that `audit` reads.",
)
@click.option("--donors", default=",".join(ALL), metavar="NAME,...", help=f"What to swap in: {', '.join(ALL)}. [default: all]")
@click.option(
    "--noise",
    type=click.Choice(["replicate", "deterministic"]),
    default="replicate",
    show_default=True,
    help="Whether the same input may get another score: measured, or declared not to.",
)
@click.option(
    "--outcome",
    type=click.Choice(["score", "keep"]),
    default="score",
    show_default=True,
    help="What the function returns: scores, or which members of a group it keeps.",
)
@click.option(
    "--smallest",
    type=Positive(),
    default=0.5,
    show_default=True,
    help="Smallest mean shift of interest, in per-call s.d. of the noise.",
)
@click.option("--batch", type=Count(1), default=32, show_default=True, help="Episodes in one call, at most.")
@click.option(
    "--prompts",
    type=Count(1),
    default=None,
    help=f"Episodes used at most, other prompts first. [default: with noise up to {MANY}, without it those of {QUIET_PROMPTS} "
    f"prompts; {PROMPTS} with --changed-since]",
)
@click.option(
    "--calls", type=Count(1), default=100_000, show_default=True, help="Episodes scored at most, again and again included."
)
@click.option(
    "--seconds", type=Positive(), default=600, show_default=True, help="Time for scoring; then the result so far is told."
)
@click.option("--timeout", type=Positive(), default=60, show_default=True, help="Seconds that one call may take.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of every choice made by lot.")
@click.option(
    "--name", "reward_path", default="", metavar="REWARD_PATH", help="Its name in reports and waivers. [default: FUNCTION]"
)
@input_options
@out_option("text, json, sarif, md or html")
@fail_on_option(": influence is high, exposure medium")
@workspace_option
@waiver_options("reward code")
@output_options
def command(
    source: str,
    episodes: str,
    changed_since: str,
    allow_unassessed: tuple[str, ...],
    logged: tuple[str, ...],
    donors: str,
    noise: str,
    outcome: str,
    smallest: float,
    batch: int,
    prompts: int | None,
    calls: int,
    seconds: float,
    timeout: float,
    seed: int,
    reward_path: str,
    read_as: InputOptions,
    out: tuple[str, ...],
    fail_on: str,
    workspace: str | None,
    waiver_file: str | None,
    author: str | None,
    talk: OutputOptions,
) -> int:
    """Say whether a reward moves when only the chain of thought is swapped.

    FUNCTION is called as TRL calls it, f(prompts, completions, **columns) -> list of scores, in a process of its own, with this Python.
    Prompt and answer are held; the chain of thought is left out, replaced by that of another episode, and more. What the function hands
    on, to a grader or a library, is compared too. The reward code is run as often as --calls and --seconds allow: a grader that costs
    money costs it here.

    Examples:

    \b
      sequester swap rewards.py:accuracy --episodes episodes.jsonl
      sequester swap rewards.py:judge --episodes episodes.jsonl --calls 500 --out md=summary.md
      sequester swap rewards.py:length --episodes episodes.jsonl --noise deterministic --donors empty,long,own
      sequester swap --logged runs/grpo/completions
    """
    if logged:
        if source or episodes or changed_since or reward_path:
            what = "--logged reads scores from a log, and takes no function, episodes, name or revision"
            raise UsageError(what, hint="leave one or the other out")
        return tell_associations(logged, read_as, Logged(out, Severity(fail_on), workspace, waiver_file, author, talk))
    if read_as.format:
        raise UsageError("--format and --map go with --logged", hint="--episodes takes interchange JSONL")
    requests = [parse_out(value, ChangedResult if changed_since else SwapResult) for value in out] or [Request("text", None)]
    settings = Settings(
        Plan(noise=noise, smallest=smallest, batch=batch, outcome=outcome, most_calls=calls, seconds=seconds, seed=seed),
        _donors(donors),
        prompts or (PROMPTS if changed_since else None),
        read_as.options.template,
        timeout,
        reward_path,
    )
    check_places(requests, [] if changed_since else [_named(source), _there(episodes)])
    if changed_since and (source or episodes or reward_path):
        what = "--changed-since probes what is declared, and takes no function, episodes or name"
        raise UsageError(what, hint="leave one or the other out")
    place = find_workspace(workspace)
    # What contradicts the waivers is said before a workspace is made for nothing.
    waivers = waivers_in_force(waiver_file, place, author)
    key = fingerprint_key(place)
    allowed = parse_allowances(allow_unassessed, (NOT_DECLARED, *UNASSESSED))
    store = ResultStore(place) if place is not None else None
    progress, skipped = Progress(talk.quiet), _Skipped(talk)
    if changed_since:
        with _ended_by_interrupt(talk.quiet) as clock:
            terms = Terms(settings, key, waivers, store, progress, skipped, clock, talk.quiet)
            found = changed_since_revision(changed_since, click.get_current_context().meta["sequester.config"], terms)
        emit(found, requests, verbose=talk.verbose, color=talk.color, quiet=talk.quiet)
        code = changed_exit_code(found, Severity(fail_on), allowed)
        if found.undeclared and code is ExitCode.INCOMPLETE:
            say(f"to accept what is not declared: --allow-unassessed {NOT_DECLARED}={accepting_share(found):g}", talk.quiet)
        for path in found.changed:
            if path.result is not None and code is ExitCode.INCOMPLETE:
                _say_how_to_accept(path.result, Severity(fail_on), allowed, talk.quiet)
        return code
    with _ended_by_interrupt(talk.quiet) as clock:
        measured = swap_files(source, Path(episodes), settings, progress, skipped, clock)
    progress.done()
    result = with_findings(measured, key, waivers, date.today())
    try:
        if store is not None:
            kept = store.save("swap", result, digests([_named(source), Path(episodes)]))
            say(
                f"stored as {kept} in {store.workspace.root}; to see it again: sequester show {kept}{found_again(workspace)}",
                talk.quiet,
            )
    finally:  # whatever is wrong with the store, the work is not lost
        emit(result, requests, verbose=talk.verbose, color=talk.color, quiet=talk.quiet)
    _say_how_to_accept(result, Severity(fail_on), allowed, talk.quiet)
    return exit_code(result, Severity(fail_on), allowed)


def _say_how_to_accept(result: SwapResult, fail_on: Severity, allowed: Allowances, quiet: bool) -> None:
    """The options for episodes that could not be used, where these alone stand between the result and exit 0."""
    if exit_code(result, fail_on, allowed) is ExitCode.INCOMPLETE and exit_code(result, fail_on, ALL_ALLOWED) is ExitCode.OK:
        say(f"to accept what was not assessed of {printable(result.reward_path)}: {accepting_options(result)}", quiet)


def _named(source: str) -> Path:
    """The file of a function."""
    if not source:
        what = "no reward function is named"
        raise UsageError(
            what, hint="sequester swap FILE.py:FUNCTION --episodes FILE.jsonl, --changed-since REV, or --logged PATH"
        )
    return parse_source(source).file


def _there(episodes: str) -> Path:
    if not episodes:
        raise UsageError("--episodes is missing", hint="give episodes as interchange JSONL: docs/interchange.md")
    if not Path(episodes).is_file():
        raise UsageError("no such file", where=episodes, hint="give episodes as interchange JSONL: docs/interchange.md")
    return Path(episodes)


def _donors(names: str) -> tuple[str, ...]:
    """The names of --donors, each once, in the given order. Raises UsageError if there is none."""
    found = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    if not found:
        raise UsageError("no donor is named", where="--donors", hint=f"donors: {', '.join(ALL)}")
    return found


@contextmanager
def _ended_by_interrupt(quiet: bool) -> Iterator[Callable[[], float]]:
    """A clock by which the time is over once Ctrl-C was pressed: the evidence so far is as good as at any other end.

    Pressed again, it stops everything at once.
    """
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        say("stopping after this call, with the result so far; Ctrl-C again stops at once", quiet)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: math.inf if pressed.is_set() else time.monotonic()
    finally:
        signal.signal(signal.SIGINT, before)


class _Skipped:
    """Says on stderr why the first records could not be read; the report counts them all."""

    def __init__(self, talk: OutputOptions) -> None:
        self._talk = talk
        self._left = _MOST_SKIPPED if talk.verbose else 1

    def __call__(self, record: Skipped) -> None:
        if self._left > 0:
            self._left -= 1
            say(f"{printable(record.source.path)}:{record.source.record}: {printable(record.detail, 300)}", self._talk.quiet)
