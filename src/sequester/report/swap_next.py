"""What to do after a swap test: one step for each thing that it found, and for each that it lacked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sequester.findings.influence import is_unsettled, unusable
from sequester.findings.model import Severity
from sequester.findings.swapped import UNREAD, Effect, SwapResult, SwapVerdict
from sequester.report.summary import counted
from sequester.report.swap_branches import to_probe
from sequester.report.swap_reasons import why

_WORD = {"SQ302": "length", "SQ303": "delimiters"}
_NO_END_FOUND = frozenset(("ambiguous", "split_failed", "not_replaceable"))
"""Reasons of episodes that a template, or typed fields, may make usable."""


def next_steps(result: SwapResult) -> Iterator[str]:
    """Sentences, the most urgent first."""
    low = {one.rule for one in result.findings if one.severity is Severity.LOW and one.waiver is None}
    rules = {one.rule for one in result.findings if one.waiver is None} - low
    if rules:
        yield f"What to change: {_explained(rules)}. Then run the same command again."
    if low:
        yield f"To look at, as it does not fail: {_explained(low)}."
    declared = [_WORD[one.rule] for one in result.findings if one.waiver is None and one.rule in _WORD]
    if declared:
        yield (
            f"If {' and '.join(declared)} of the CoT should count, somebody answers for it: a waiver of `reward_path` "
            f"`{result.reward_path}` (`docs/howto-waivers.md`)."
        )
    if is_unsettled(result):
        yield (
            f"Whether the words move the score too is not settled ({why(result)}). Run the donors of content by themselves: `--donors "
            f"{','.join(name for name, donor in result.donors.items() if donor.effect is Effect.CONTENT) or 'own,adversarial'}`."
        )
    if result.verdict is SwapVerdict.UNDERPOWERED:
        if result.pairs_needed is not None and result.pairs_needed > result.pairs:
            yield (
                f"Give it more episodes or more calls: about {counted(result.pairs_needed, 'pair')} are needed for "
                f"`--smallest {result.smallest:g}`."
            )
        if "too_few_prompts" in result.reasons:
            yield "Give it episodes with more different prompts: bounds count prompts."
        if "identical_cot" in result.reasons:
            yield "Give it episodes with different CoTs: those of these are one and the same, so that none could be swapped for another."
        if "constant_scores" in result.reasons:
            yield "Give it episodes that this reward code scores differently, with the columns that it needs."
    yield from to_probe(result)
    if "budget_spent" in result.reasons:
        yield "Give it more calls or more time (`--calls`, `--seconds`): the notes say about how many calls are needed."
    if "grader_failed" in result.reasons:
        yield "Run it where the grader answers: the notes name what was asked in vain, and how often."
    if "memory_survives" in result.reasons:
        yield "Switch off the cache that the notes name, for the test; to empty it is not enough, as the test fills it."
    if {"rate_limited", "timeout"} & {*result.reasons}:
        yield "Ask the grader for less at once: `--batch 1`, or fewer requests side by side in the reward code; `--timeout` waits longer."
    if "wrong_length" in result.reasons:
        yield (
            "Return one score for each completion of the batch, as trainers ask for. A function that returns those it keeps of a group, as "
            "indices or as true and false, is tested with `--outcome keep`."
        )
    if _NO_END_FOUND & {*unusable(result)}:
        yield (
            "Where the CoT ends was not found in every episode: name the family of its delimiters with `--template`, or give `reasoning` "
            "and `answer` apart (`docs/interchange.md`)."
        )
    if "malformed" in unusable(result):
        first = next((note.removeprefix(UNREAD) for note in result.notes if note.startswith(UNREAD)), "")
        yield (
            f"Put right the records that could not be read{f', such as {first}' if first else ''}. A line is such as "
            """`{"episode_id": "1", "prompt": "...", "completion": "...", "columns": {"solution": "..."}}` """
            "(`docs/interchange.md`)."
        )
    if "same_input" in result.reasons:
        yield (
            "Both sides of a pair were one and the same to the reward code: write episodes whose completion holds the CoT as your trainer "
            "hands it over, or leave this function out if it is given no completion."
        )
    if "missing_columns" in result.reasons:
        file, _, name = result.source.rpartition(":")
        tested = f"`{file}:bound`" if file else "that"
        yield "Write the columns that the notes name into `columns` of each episode (`docs/interchange.md`)."
        yield (
            "An object that no column can hold, such as a judge or a parser, is bound to its parameter in the file, `bound = "
            f"functools.partial({name}, judge=MY_JUDGE)`, and {tested} is tested."
        )
    elif "no_episodes" in result.reasons:
        left = " The table says what was left out." if result.episodes.get("seen") else ""
        yield f"Give it episodes with reasoning and answer as interchange JSONL: `docs/interchange.md`.{left}"
    elif "no_score" in result.reasons and not result.pairs:
        yield (
            f"See why `{result.source}` scores none of these episodes, with either CoT: None means that a reward does not apply. Give it "
            "episodes that it does apply to, with the columns that it needs."
        )
    elif "scorer_failed" in result.reasons and "wrong_length" not in result.reasons:
        yield f"Call `{result.source}` on one episode by hand: the notes name what it raised, and where."


def _explained(rules: Iterable[str]) -> str:
    return ", ".join(f"`sequester explain {rule}`" for rule in sorted(rules))
