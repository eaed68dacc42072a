"""A swap test from names: `FILE.py:function` and a file of episodes to a result, the reward code in a process of its own."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from sequester.episodes.model import Skipped
from sequester.findings.swapped import SwapResult
from sequester.influence.cases import SEEN, USED, ignore, read_cases
from sequester.influence.donors import ALL, make_donors
from sequester.influence.experiment import Plan, Subject
from sequester.influence.literals import read_literals
from sequester.influence.metering import Progress
from sequester.influence.process import ProcessScorer
from sequester.influence.source import Source, parse_source
from sequester.influence.swap import swap

MOST = 200
"""Episodes used unless said otherwise: enough to exclude a rate of 1.5 % of prompts, and few enough for a grader that costs money."""
NOT_SCORED = "not_scored"
"""Reason of episodes that could be used and of which no pair was scored."""


class Settings(Struct, frozen=True):
    """How to test, where the defaults will not do."""

    plan: Plan = Plan()
    donors: tuple[str, ...] = ALL
    most: int = MOST
    """Episodes used at most; each of another prompt as far as there are so many."""
    template: str = "auto"
    """Family of completions that name none."""
    timeout: float = 60.0
    """Seconds that one call of the reward code may take."""
    reward_path: str = ""
    """Its name in reports and waivers; the function's where it is empty."""


def swap_files(
    source: str,
    episodes: Path,
    settings: Settings = Settings(),  # noqa: B008  # frozen
    progress: Progress | None = None,
    on_skipped: Callable[[Skipped], None] = ignore,
    clock: Callable[[], float] = time.monotonic,
) -> SwapResult:
    """Test the reward function `FILE.py:function` on a file of interchange JSONL. Without findings, as `influence.swap`.

    `clock` gives the seconds that `plan.seconds` are counted by.

    Raises UsageError for names that mean nothing, InputError where the episodes cannot be read, SequesterError where the reward code does
    not load. What the reward code raises later is counted.
    """
    named = parse_source(source)
    cases, counts = read_cases(episodes, settings.most, settings.template, on_skipped)
    donors = make_donors(cases, settings.donors, read_literals([named.file]), settings.plan.seed)
    subject = Subject(settings.reward_path or named.name, source)
    with ProcessScorer(named, timeout=settings.timeout, outcome=settings.plan.outcome) as scorer:
        result = swap(cases, scorer, donors, settings.plan, subject, progress, clock=clock)
        notes = scorer.notes()
    return replace(result, line=_line(named), episodes=_counts(counts, result), notes=(*result.notes, *notes))


def _counts(read: Mapping[str, int], result: SwapResult) -> Mapping[str, int]:
    """Of the whole file: what was used, and by reason what was not."""
    used = result.episodes[USED]
    reasons = {reason: count for reason, count in read.items() if count and reason not in (SEEN, USED)}
    left = {NOT_SCORED: read[USED] - used} if read[USED] > used else {}
    return {SEEN: read[SEEN], USED: used, **reasons, **left}


def _line(source: Source) -> int | None:
    """Where the function is defined; None for one that is made otherwise."""
    body: list[ast.stmt] = ast.parse(source.file.read_bytes()).body
    found: int | None = None
    for part in source.name.split("."):
        nodes = [
            node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == part
        ]
        if not nodes:
            return None
        found, body = nodes[-1].lineno, nodes[-1].body
    return found
