"""What the pytest fixture `non_interference` does: a swap test in this process, told in words that fit a failing test.

Imported by the first test that asks for the fixture, not by the plugin: it needs the whole engine.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from sequester.cli.options import find_workspace, waivers_in_force
from sequester.findings.fingerprint import ephemeral_key, has_key, workspace_key
from sequester.findings.influence import with_findings
from sequester.findings.swapped import SwapResult, SwapVerdict
from sequester.influence.cases import read_cases
from sequester.influence.donors import ALL
from sequester.influence.experiment import Plan, Subject
from sequester.influence.in_process import InProcessScorer
from sequester.influence.source import file_of
from sequester.influence.swap import swap
from sequester.influence.swap_files import donors_against
from sequester.report.changed_document import bound
from sequester.report.swap_document import not_assessed
from sequester.report.untrusted import printable

PROMPTS = 20
"""Episodes used where nobody asks for another number: with these, rates below 14 % are not excluded."""

_VERDICTS = {
    SwapVerdict.INFLUENCED: "the score moves when only the chain of thought is swapped",
    SwapVerdict.NO_INFLUENCE_FOUND: "the score was not seen to move, but what the reward code hands on holds chain of thought",
    SwapVerdict.UNDERPOWERED: "too little was seen to say that the score does not depend on the chain of thought",
    SwapVerdict.NOTHING_ASSESSED: "nothing was assessed: not one pair was scored on both sides",
}


def assess(
    function: Callable[..., Any],
    root: Path,
    episodes: str | Path,
    *,
    name: str = "",
    donors: Sequence[str] = ALL,
    noise: str = "replicate",
    outcome: str = "score",
    smallest: float = 0.5,
    prompts: int = PROMPTS,
    calls: int = 20_000,
    seconds: float = 600.0,
    template: str = "auto",
    seed: int = 0,
) -> SwapResult:
    """Swap test of `function` in this process; the options are those of `sequester swap`. `episodes` is a path from `root`.

    What the function prints, logs or warns of meanwhile is thrown away: it may be reasoning, and pytest would show it.

    Raises UsageError for options that mean nothing, InputError where the episodes cannot be read, ConfigError for a waiver file that
    cannot be used.
    """
    plan = Plan(noise=noise, smallest=smallest, outcome=outcome, most_calls=calls, seconds=seconds, seed=seed)
    cases, counts = read_cases(root / episodes, prompts, template)
    file = file_of(function)
    known, said = donors_against(file, cases, tuple(donors), seed)
    called = name or getattr(function, "__name__", type(function).__name__)
    place = find_workspace(None)
    waivers = waivers_in_force(None, place, None)
    key = workspace_key(place.keys) if place is not None and has_key(place.keys) else ephemeral_key()
    with silence(), InProcessScorer(function, outcome=outcome) as scorer:
        measured = swap(cases, scorer, known, plan, Subject(called, f"{file or called}"))
        notes = (*said, *scorer.notes())
    measured = replace(
        measured, episodes={**counts, **measured.episodes, "seen": counts["seen"]}, notes=(*measured.notes, *notes)
    )
    return with_findings(measured, key, waivers, date.today())


@contextmanager
def silence() -> Iterator[None]:
    """Nothing that is printed, logged or warned of inside is kept or shown, whichever way it is written."""
    with ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(_Nowhere()))
        stack.enter_context(contextlib.redirect_stderr(_Nowhere()))
        for descriptor in (1, 2):
            stack.enter_context(_diverted(descriptor))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.callback(logging.disable, logging.root.manager.disable)
        logging.disable(logging.CRITICAL)
        yield


class _Nowhere(io.TextIOBase):
    """A text stream that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def _diverted(descriptor: int) -> Iterator[None]:
    """Send what is written to a file descriptor, by processes too, to nowhere."""
    kept = os.dup(descriptor)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, descriptor)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(nowhere)
        os.close(kept)


def problem(result: SwapResult, accept_underpowered: str) -> str:
    """Why the assertion fails, without any text of an episode; empty if it holds.

    `accept_underpowered` is the reason for which too small an experiment is accepted. Nothing assessed is never accepted, and no reason
    covers a finding.
    """
    if all(one.waiver is not None for one in result.findings) and not (result.exposed and not result.findings):
        if result.verdict in (SwapVerdict.NO_INFLUENCE_FOUND, SwapVerdict.INFLUENCED):
            return ""
        if result.verdict is SwapVerdict.UNDERPOWERED and accept_underpowered.strip():
            return ""
    return "\n  ".join(
        (f"{printable(result.reward_path)}: {result.verdict.value}: {_VERDICTS[result.verdict]}", *_details(result))
    )


def _details(result: SwapResult) -> Iterator[str]:
    for finding in result.findings:
        waived = " (waived)" if finding.waiver is not None else ""
        yield f"{finding.rule} {finding.severity.value}{waived}: {printable(finding.message, 2000)}"
    moved = {name: donor for name, donor in result.donors.items() if donor.changed}
    if moved:
        said = (f"{name} in {donor.changed:,} of {donor.pairs:,} pairs ({donor.effect.value})" for name, donor in moved.items())
        yield f"donors that moved it: {', '.join(said)}"
    for site, pairs in result.inputs.sites.items():
        yield f"handed on: {printable(site)} differs in {pairs:,} of {result.inputs.compared:,} pairs"
    if result.reasons:
        yield f"because of: {', '.join(result.reasons)}"
    if result.pairs_needed is not None and result.verdict is SwapVerdict.UNDERPOWERED:
        yield f"pairs: {result.pairs:,} of the {result.pairs_needed:,} needed"
    yield f"assessed: {result.prompts:,} prompts, {result.pairs:,} pairs; not assessed: {_listed(left_out(result))}"
    if result.inputs.not_intercepted:
        yield f"not intercepted: {', '.join(map(printable, result.inputs.not_intercepted))}"
    if result.branches is None:
        yield "branches: not measured"
    else:
        missing = f"; not run: {', '.join(map(printable, result.branches.missing))}" if result.branches.missing else ""
        yield f"branches probed: {result.branches.probed} of {result.branches.of}{missing}"
    yield from (printable(sentence, 2000) for sentence in (*result.bounded, *result.notes))


def record(result: SwapResult, accept_underpowered: str) -> dict[str, Any]:
    """What the section at the end of a pytest run shows of a result, in types that any report can carry."""
    accepted = accept_underpowered.strip() if result.verdict is SwapVerdict.UNDERPOWERED else ""
    return {
        "name": printable(result.reward_path),
        "verdict": result.verdict.value,
        "accepted": printable(accepted),
        "handed_on": bool(result.inputs.differing),
        "prompts": result.prompts,
        "pairs": result.pairs,
        "changed": result.changed,
        "branches": None if result.branches is None else [result.branches.probed, result.branches.of],
        "not_assessed": left_out(result),
        "bound": f"{excluded} not excluded" if (excluded := bound(result)) else "",
    }


def left_out(result: SwapResult) -> dict[str, int]:
    """What could not be assessed, such as `pairs identical_cot`, and how many."""
    return {f"{what} {reason}": count for what, reason, count, _ in not_assessed(result)}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason}" for reason, count in counts.items()) or "none"
