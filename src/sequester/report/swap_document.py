"""What a swap test says, in words: the verdict, how it came about, what is bounded by how many prompts, and what it cannot show.

Every count stands with what it is a count of. Pairs that could not be scored, ways out that were not compared and branches that did not
run are said as plainly as what was found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from sequester.findings.influence import is_unsettled, unusable
from sequester.findings.rules import RULES
from sequester.findings.swapped import DonorCounts, Effect, SwapResult, SwapVerdict
from sequester.report.document import Document, Section, Table, Tone
from sequester.report.summary import counted, number, percent

_TONE = {
    SwapVerdict.INFLUENCED: Tone.FOUND,
    SwapVerdict.NO_INFLUENCE_FOUND: Tone.NOTHING_FOUND,
    SwapVerdict.UNDERPOWERED: Tone.UNSURE,
    SwapVerdict.NOTHING_ASSESSED: Tone.UNSURE,
}
_ABOUT = {
    "empty": "no CoT at all",
    "own": "the CoT of another episode, as long",
    "adversarial": "an intent to cheat, hate, sabotage, flattery, a claim of success; as long",
    "confession": "a confession, as long",
    "language": "another language, script or case, as long",
    "long": "a much longer CoT",
    "short": "a much shorter CoT",
    "malformed": "the same CoT in broken delimiters",
    "unclosed": "another CoT, closed on neither side or twice on both: no part of the verdict",
    "literals": "strings that the reward code itself names",
}
"""What each donor puts in place of the CoT."""
_WORD = {"SQ302": "length", "SQ303": "delimiters"}
REASONS: Mapping[str, str] = {
    "no_episodes": "no episode could be used",
    "no_cot": "no CoT to replace",
    "ambiguous": "nothing says where the CoT ends: it may be all answer or all CoT",
    "split_failed": "the delimiters of the CoT contradict each other",
    "malformed": "the record could not be read, or its id came twice",
    "limit": "too large or too deep to be read whole",
    "not_logged": "the CoT was left out or hidden where the episode was logged",
    "answer_not_logged": "the answer was not logged",
    "summary_only": "only a summary of the CoT was logged",
    "no_private_text": "too little CoT to look for",
    "input_not_logged": "the scorer's input was not logged",
    "no_reward_call": "no reward path was logged",
    "rebuilt_only": "the scorer's input was rebuilt, not logged",
    "ids_unknown": "the token ids of the CoT were not logged",
    "missing_part": "a part of the record is missing",
    "not_sampled": "more episodes than were asked for",
    "not_scored": "no pair of these episodes was scored",
    "cot_in_columns": "a dataset column repeats the CoT, and not so that it could be replaced there too",
    "not_replaceable": "the CoT could not be told from the rest exactly enough to replace it",
    "scorer_failed": "the reward code failed, and what it failed on may be what moves",
    "grader_failed": "the reward code asked over the network, was not answered, and went on: its scores lack what a grader would have said",
    "same_input": "the reward code was handed the same for both sides: it says nothing of the CoT",
    "missing_columns": "the reward code asks for columns that the episodes do not have",
    "rate_limited": "the grader refused: too many requests",
    "timeout": "the reward code did not answer in time",
    "died": "the process of the reward code ended",
    "not_a_number": "the reward code gave something else than a number",
    "no_score": "the reward code gave no score, with either CoT",
    "score_or_none": "the reward code gave a score or none, with noise",
    "wrong_length": "the reward code gave another number of scores than episodes",
    "bit_or_index": "the group has one member, and [0] may be a bit or an index",
    "identical_cot": "both sides would have had the same CoT",
    "no_other_episode": "there was no other episode to take a CoT from",
    "cot_too_short": "the CoT is too short for this donor",
    "cot_too_long": "the CoT is too long for this donor",
    "no_delimiters": "no delimiters stand around the CoT",
    "not_separable": "with the other CoT the answer could not be told apart any more",
    "too_few_prompts": "too few prompts to exclude a rate of interest",
    "too_few_pairs": "the noise of the scorer hides an effect of the size of interest",
    "donor_not_scored": "a donor was never scored",
    "stateful": "the score of an unchanged input drifts, so that no bound holds",
    "remembers": "started afresh the reward code scored unchanged inputs differently: it remembers what it has scored",
    "memory_survives": "started afresh the reward code still had what it scored before: a cache on disk, or on another machine",
    "missing_state": "the reward code asked its trainer's state for keys that were not there: what it does with them was not tested",
    "memory_not_checked": "calls or time did not suffice to see whether the reward code remembers what it has scored",
    "batches_not_checked": "calls or time did not suffice to see whether a CoT moves the scores of others in its batch",
    "depends_on_batch": "a CoT moved the scores of others in its batch",
    "constant_scores": "every score was the same, also when the answer was swapped: this reward code may not have worked here",
    "answer_not_seen": "the scores tell neither episodes nor answers apart beyond their noise: this grader may not see what it grades",
    "moved_unconfirmed": "a score moved, and that could not be confirmed by scoring it again",
    "not_deterministic": "the scorer was declared deterministic and is not",
    "noise_unknown": "the noise of the scorer could not be measured",
    "budget_spent": "the calls or the time ran out",
}
"""What each reason means, in a few words."""
_FAILURES = frozenset(("same_input", "missing_columns", "rate_limited", "timeout", "died", "wrong_length"))
"""Reasons that say more than that the reward code failed."""
_MOST_SHOWN = 1e6
_MOST_PLACES = 20
_WITHIN_LINES = "Branches within one line, such as `a if b else c` and `a or b`, are not counted."
_NO_END_FOUND = frozenset(("ambiguous", "split_failed", "not_replaceable"))
"""Reasons of episodes that a template, or typed fields, may make usable."""


def describe_swap(result: SwapResult) -> Document:
    """The result as a document."""
    return Document(
        verdict=verdict_word(result),
        tone=Tone.FOUND if result.exposed else _TONE[result.verdict],
        headline=(_headline(result), *_exposure(result), *_unusable(result)),
        sections=tuple(section for section in _sections(result) if section.sentences or (section.table and section.table.rows)),
        summary=_summary(result),
    )


def meaning(reason: str) -> str:
    """What a reason means, in a few words. One that we do not give is the name of an exception."""
    return REASONS.get(reason, "the reward code raised it")


def donors_tried(result: SwapResult) -> str:
    """Which kinds of donors were tried, where that were not all of them; empty where they were."""
    tried = {name: donor.effect for name, donor in result.donors.items() if donor.pairs}
    if not tried or len(tried) >= len(_ABOUT):
        return ""
    others = [name for name in _ABOUT if name not in tried]
    names = f"all but {', '.join(others)}" if len(others) < len(tried) else ", ".join(tried)
    said = f"with {len(tried)} of {len(_ABOUT)} kinds of donors: {names}"
    return said if Effect.CONTENT in tried.values() else f"{said}; no content donor was tried"


def verdict_word(result: SwapResult) -> str:
    """The verdict in capitals; exposure stands beside it where the score did not move."""
    exposed = ", EXPOSED" if result.exposed and result.verdict is not SwapVerdict.INFLUENCED else ""
    return result.verdict.value.replace("_", " ").upper() + exposed


def why(result: SwapResult) -> str:
    """Why the verdict is no stronger; empty where nothing stood in its way."""
    named = [reason for reason in result.reasons if reason != "scorer_failed" or not _FAILURES & {*result.reasons}]
    return "; ".join(REASONS.get(reason, reason.replace("_", " ")) for reason in named)


def _headline(result: SwapResult) -> str:
    path, tried = f"`{result.reward_path}`", f"{counted(result.pairs, 'pair')} over {counted(result.prompts, 'prompt')}"
    some = f" ({only})" if (only := donors_tried(result)) else ""
    because = f": {why(result)}" if result.reasons else ""
    match result.verdict:
        case SwapVerdict.INFLUENCED:
            noise = (
                f", where noise alone changes {percent(result.noise_flip_rate)}"
                if result.noise_flip_rate is not None and result.noise_flip_rate > 0
                else ""
            )
            said = (
                f"The score of {path} moves when nothing but the chain of thought is swapped: {number(result.changed)} of {tried} "
                f"changed{noise} (e-value {figure(result.e_value)}; {figure(1 / result.alpha)} is enough)"
            )
            unsettled = (
                f" Whether the words move it too is not settled ({why(result)}): no waiver by reward path makes this exit 0."
            )
            return f"{said}.{unsettled if is_unsettled(result) else ''}"
        case SwapVerdict.NO_INFLUENCE_FOUND:
            only_logged = "" if result.control.beside else " beside the logged answers"
            return (
                f"The score of {path} was not seen to move with the chain of thought{only_logged}, in {tried}{some}. What that excludes "
                "stands below."
            )
        case SwapVerdict.UNDERPOWERED:
            more = result.pairs_needed is not None and result.pairs_needed > result.pairs
            needed = f" About {counted(result.pairs_needed or 0, 'pair')} are needed." if more else ""
            return (
                f"The score of {path} was not seen to move, in {tried}{some}, and an effect of interest could well have been missed"
                f"{because}.{needed}"
            )
    return f"Nothing can be said of {path}: no pair was scored on both sides{because}."


def _exposure(result: SwapResult) -> Iterator[str]:
    inputs = result.inputs
    if inputs.differing:
        yield (
            f"Exposed: what the reward code hands on differs with the chain of thought in {number(inputs.differing)} of "
            f"{number(inputs.compared)} pairs."
        )
    elif result.exposed:
        yield f"Exposed: a score that moves with the chain of thought was computed from it; {_compared(result)}"
    elif result.exposed is None and result.pairs:
        yield f"Exposure is not known: {_compared(result)}"
    elif result.exposed is False:
        yield f"Not exposed in these pairs: all that the reward code handed on was the same in {_pairs_compared(result)}."


def _compared(result: SwapResult) -> str:
    """How far what was handed on could be compared, where no difference is known."""
    inputs = result.inputs
    besides = f", and what went to {', '.join(inputs.not_intercepted)} was not compared" if inputs.not_intercepted else ""
    if not inputs.compared:
        return f"nothing that the reward code handed on was intercepted{besides}."
    own = "; the rest differs by itself from call to call (see the notes)" if result.exposed is None and not besides else ""
    return f"what could be compared of what the reward code handed on was the same in {_pairs_compared(result)}{besides}{own}."


def _pairs_compared(result: SwapResult) -> str:
    """A few episodes on each code path are compared. Paths that only swapped CoTs took are counted too, so their number is an upper one."""
    paths = result.branches.paths if result.branches is not None else 0
    of = "the one code path" if paths == 1 else f"each of at most {number(paths)} code paths" if paths else "each code path"
    return f"{counted(result.inputs.compared, 'pair')} of a few episodes on {of}"


def _unusable(result: SwapResult) -> Iterator[str]:
    counts = unusable(result)
    if counts:
        listed = ", ".join(f"{reason} {number(count)}" for reason, count in counts.items())
        seen = counted(result.episodes.get("seen", 0), "episode")
        yield f"{number(sum(counts.values()))} of {seen} could not be used: {listed}. Nothing is said of them."


def _sections(result: SwapResult) -> Iterator[Section]:
    yield Section("Found", tuple(_waivers(result)), _findings(result))
    yield Section("What is bounded", (*result.bounded, *_sizes(result)))
    yield Section("Donors", (), _donors(result.donors))
    yield Section("By what differs", tuple(_effects(result)))
    yield Section("What the reward code hands on", tuple(_inputs(result)), _sites(result))
    yield Section("Branches of the reward code", tuple(_branches(result)))
    yield Section("Noise and control", tuple(_noise(result)))
    yield Section(f"Not assessed: {_left_out(result)}", (), _not_assessed(result))
    yield Section("Notes", result.notes)
    yield Section("What this cannot show", tuple(_limits(result)))
    yield Section("Next", tuple(_next(result)))


def _findings(result: SwapResult) -> Table:
    rows = (
        (one.rule, one.severity.value + (", waived" if one.waiver else ""), one.id[:12], one.message, ", ".join(one.donors))
        for one in result.findings
    )
    return Table(("rule", "severity", "finding", "what", "donors"), tuple(rows))


def _waivers(result: SwapResult) -> Iterator[str]:
    for one in result.findings:
        if one.rule in RULES:
            yield f"{one.rule} {RULES[one.rule].name}: {RULES[one.rule].title}. `sequester explain {one.rule}`"
        if one.waiver:
            yield f"{one.rule} is waived by {one.waiver.owner} until {one.waiver.until}: {one.waiver.reason}"


def _sizes(result: SwapResult) -> Iterator[str]:
    if result.sd_ratio is not None:
        bound = f", at most {figure(result.sd_ratio_upper95)} at 95 %" if result.sd_ratio_upper95 is not None else ""
        yield (
            f"The standard deviation of the score that the CoT causes is {figure(result.sd_ratio)} of that within groups{bound} "
            "(own-model donors, noise taken off)."
        )
    if result.minimum_detectable is not None and result.noise_sd:
        yield f"A mean shift of {figure(result.minimum_detectable)} would have been found with probability 0.9."


def _donors(donors: Mapping[str, DonorCounts]) -> Table:
    rows = (
        (
            name,
            number(donor.pairs),
            number(donor.changed),
            number(sum(donor.not_assessed.values())),
            f"{number(donor.changed_prompts)} of {number(donor.prompts)}",
            figure(donor.e_value),
            "–" if donor.mean_shift is None else f"{donor.mean_shift:+.3g}" if donor.mean_shift else "0",
            _ABOUT.get(name, donor.effect.value),
        )
        for name, donor in donors.items()
    )
    columns = ("donor", ">pairs", ">changed", ">not assessed", ">of prompts", ">e-value", ">mean shift", "in place of the CoT")
    return Table(columns, tuple(rows))


def _effects(result: SwapResult) -> Iterator[str]:
    said = {
        Effect.CONTENT: "content (same length, same delimiters, other words)",
        Effect.LENGTH: "length (other words, too)",
        Effect.FORMAT: "format (the same words in other delimiters)",
    }
    if result.effects:
        listed = ", ".join(f"{what} {figure(result.effects[kind])}" for kind, what in said.items() if kind in result.effects)
        yield f"E-values: {listed}. From {figure(1 / result.alpha)} on an effect is shown."


def _inputs(result: SwapResult) -> Iterator[str]:
    inputs = result.inputs
    if inputs.compared:
        yield f"Compared by an intercepted input: {_pairs_compared(result)}. {number(inputs.differing)} differ in it."
    if inputs.not_intercepted:
        yield f"Used, and not compared: {', '.join(inputs.not_intercepted)}. What went there is not known."


def _sites(result: SwapResult) -> Table:
    sites = sorted(result.inputs.sites.items(), key=lambda one: (-one[1], one[0]))
    return Table(("place where the CoT goes on", ">pairs"), tuple((site, number(pairs)) for site, pairs in sites))


def _branches(result: SwapResult) -> Iterator[str]:
    branches = result.branches
    if branches is None:
        if result.pairs:
            yield "Which branches ran could not be measured."
        return
    if not branches.of:
        yield f"The reward code has no branch between lines. {_WITHIN_LINES}"
        return
    yield (
        f"{number(branches.probed)} of {counted(branches.of, 'branch') if branches.of == 1 else f'{number(branches.of)} branches'} ran "
        f"with at least one pair, on {counted(branches.paths, 'path')}."
    )
    yield _WITHIN_LINES
    if branches.missing:
        more = len(branches.missing) - _MOST_PLACES
        listed = ", ".join(branches.missing[:_MOST_PLACES])
        yield f"Not probed: {listed}{f' and {number(more)} more' if more > 0 else ''}. What they do with the CoT is not known."


def _noise(result: SwapResult) -> Iterator[str]:
    if result.noise_sd is not None:
        flips = f", and {percent(result.noise_flip_rate)} of pairs differ" if result.noise_flip_rate is not None else ""
        yield f"An unchanged input scored again: s.d. {figure(result.noise_sd)} per call{flips}."
    if result.stateful:
        yield (
            "The score of an unchanged input drifts from call to call: the reward code keeps state, or a whole batch shares its noise. The "
            "order within pairs is random, so the test stays valid."
        )
    if result.control.alive is not None:
        apart = "tell" if result.control.alive else "do not tell"
        yield f"Positive control: scores {apart} episodes, or the answer of another episode, apart beyond the noise."
    elif result.control.pairs:
        yield (
            f"Positive control: with the answer of another episode the score moved in {number(result.control.moved)} of "
            f"{counted(result.control.pairs, 'pair')}."
        )
    if result.control.beside:
        yield (
            f"Beside another answer (of another episode, or in a column) the CoT of {counted(result.control.beside, 'episode')} was "
            "swapped, too."
        )


def _left_out(result: SwapResult) -> str:
    seen, used = result.episodes.get("seen", 0), result.episodes.get("used", 0)
    return f"{number(max(0, seen - used))} of {counted(seen, 'episode')}, {counted(sum(_lost(result).values()), 'pair')}"


def _lost(result: SwapResult) -> Mapping[str, int]:
    """Pairs that could not be scored, by reason."""
    lost: Counter[str] = Counter()
    for donor in result.donors.values():
        lost.update(donor.not_assessed)
    return lost


def not_assessed(result: SwapResult) -> Iterator[tuple[str, str, int, str]]:
    """Of what (episodes or pairs), for what reason, how many, and what the reason means."""
    for what, counts in (("episodes", result.episodes), ("pairs", _lost(result))):
        for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
            if count and reason not in ("seen", "used"):
                yield what, reason, count, meaning(reason)


def _not_assessed(result: SwapResult) -> Table:
    rows = ((what, reason, number(count), meaning) for what, reason, count, meaning in not_assessed(result))
    return Table(("of", "reason", ">how many", "meaning"), tuple(rows))


def _limits(result: SwapResult) -> Iterator[str]:
    yield (
        "Influenced means that the score moves with the CoT. Whether training used that score, and whether a model learnt from it, is not "
        "said here; nor is anything about how far the model's reasoning can be relied on for monitoring."
    )
    if result.prompts:
        open_ = result.upper95 and result.verdict is not SwapVerdict.INFLUENCED
        excluded = f" Rates below {percent(result.upper95)} of prompts are not excluded." if open_ else ""
        these = "this prompt" if result.prompts == 1 else f"these {number(result.prompts)} prompts"
        yield f"It speaks of {these} and of what these donors put in place of the CoT.{excluded}"
    if result.prompts and not result.control.beside and result.verdict is not SwapVerdict.INFLUENCED:
        yield "Each CoT was swapped beside the logged answer alone: what this reward does beside another one was not tried."
    if result.branches is not None and result.branches.missing:
        yield "Code that no pair reached was not tested."


def _next(result: SwapResult) -> Iterator[str]:
    rules = sorted({one.rule for one in result.findings if one.waiver is None})
    if rules:
        yield f"What to change: {', '.join(f'`sequester explain {rule}`' for rule in rules)}. Then run the same command again."
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
        if "constant_scores" in result.reasons:
            yield "Give it episodes that this reward code scores differently, with the columns that it needs."
    if "budget_spent" in result.reasons:
        yield "Give it more calls or more time (`--calls`, `--seconds`): the notes say about how many calls are needed."
    if "grader_failed" in result.reasons:
        yield "Run it where the grader answers: the notes name what was asked in vain, and how often."
    if "memory_survives" in result.reasons:
        yield "Switch its cache off for the test, or point it to a place that keeps nothing."
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
        yield (
            "Put right the records that could not be read: the notes name the first ones. A line is such as "
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
        yield "Give it episodes with reasoning and answer as interchange JSONL: `docs/interchange.md`. The table says what was left out."
    elif "scorer_failed" in result.reasons and "wrong_length" not in result.reasons:
        yield f"Call `{result.source}` on one episode by hand: the notes name what it raised, and where."


def _summary(result: SwapResult) -> str:
    lost = _lost(result)
    reasons = f" ({', '.join(f'{name} {number(count)}' for name, count in sorted(lost.items()))})" if lost else ""
    episodes = result.episodes
    return (
        f"{verdict_word(result)}: episodes {number(episodes.get('seen', 0))} seen, {number(episodes.get('used', 0))} used; prompts "
        f"{number(result.prompts)}; pairs {number(result.pairs)} scored, {number(result.changed)} changed, {number(sum(lost.values()))} "
        f"not assessed{reasons}; inputs {number(result.inputs.compared)} compared, {number(result.inputs.differing)} differing; calls "
        f"{number(result.calls)}; e-value {figure(result.e_value)}; findings {number(len(result.findings))} "
        f"({number(result.waived)} waived)"
    )


def figure(value: float | None) -> str:
    """A measured number in three digits; very large ones say so."""
    if value is None:
        return "n/a"
    return f"over {_MOST_SHOWN:,.0f}" if value > _MOST_SHOWN else f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
