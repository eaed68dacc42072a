"""What the pytest fixture `non_interference` does: a swap test in this process, told in words that fit a failing test.

Imported by the first test that asks for the fixture, not by the plugin: it needs the whole engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sequester.findings.swapped import SwapResult, SwapVerdict
from sequester.report.untrusted import printable

_VERDICTS = {
    SwapVerdict.INFLUENCED: "the score moves when only the chain of thought is swapped",
    SwapVerdict.NO_INFLUENCE_FOUND: "the score was not seen to move, but what the reward code hands on holds chain of thought",
    SwapVerdict.UNDERPOWERED: "too little was seen to say that the score does not depend on the chain of thought",
    SwapVerdict.NOTHING_ASSESSED: "nothing was assessed: not one pair was scored on both sides",
}


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
    yield f"assessed: {result.prompts:,} prompts, {result.pairs:,} pairs; not assessed: {_listed(not_assessed(result)) or 'none'}"
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
        "exposed": bool(result.exposed),
        "prompts": result.prompts,
        "pairs": result.pairs,
        "changed": result.changed,
        "branches": None if result.branches is None else [result.branches.probed, result.branches.of],
        "not_assessed": not_assessed(result),
        "bound": bound(result),
    }


def bound(result: SwapResult) -> str:
    """What was not excluded, in words."""
    if result.upper95 is None or result.upper95 >= 1:
        return "no rate excluded"
    return f"rates below {result.upper95:.0%} not excluded".replace("%", " %")


def not_assessed(result: SwapResult) -> dict[str, int]:
    """Pairs that could not be scored, and episodes that could not be used, by reason."""
    counts: Counter[str] = Counter()
    for donor in result.donors.values():
        counts.update(donor.not_assessed)
    counts.update({reason: count for reason, count in result.episodes.items() if reason not in ("seen", "used")})
    return {reason: count for reason, count in sorted(counts.items()) if count}


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in counts.items())
