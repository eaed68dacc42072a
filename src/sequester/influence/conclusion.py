"""What follows from an experiment: the verdict, why it is no stronger, and what is bounded. Pure: numbers in, a result out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from sequester import __version__
from sequester.findings.model import Tool
from sequester.findings.swapped import DonorCounts, Effect, SwapResult, SwapVerdict
from sequester.influence.control import is_alive
from sequester.influence.experiment import Plan, Subject
from sequester.influence.metering import SAME_INPUT
from sequester.influence.record import Comparison, Outcome, Record, Series, mean_e_value, scores_at
from sequester.statistics import paired

ENGINE = "swap/1"
"""Name and version of the experiment: a change of what it finds bumps it."""
OWN = "own"
"""Donor of CoTs as the model itself writes them: the one that the ratio of standard deviations is about."""
LEAST_PROMPTS = 5
DRIFT_P = 0.001
"""Passes over unchanged inputs that differ so improbably are called drift."""
_ANSWERED = ("constant_scores", "moved_unconfirmed", "remembers", "depends_on_batch")
"""Reasons that a score which moved does away with; the others still say why nothing more can be said."""
FAILURES = (SAME_INPUT, "missing_columns", "rate_limited", "timeout", "died", "wrong_length")
"""Failures that are reasons by their own name, beside `scorer_failed`."""


class Noise(Struct, frozen=True):
    """What the unchanged inputs showed."""

    free: bool
    """The same input always got the same outcome, in every comparison that was repeated too."""
    sd: float | None
    """Per call, in units of the score."""
    flip_rate: float | None
    stateful: bool
    constant: bool
    """Every unchanged input of every case got one and the same outcome."""
    alive: bool | None
    """With noise: whether the scorer reacts to episodes or answers beyond it."""


def noise_of(record: Record) -> Noise:
    """Noise before difference."""
    scored = [outcomes for outcomes in record.unchanged if outcomes]
    flips = [
        one != two
        for earlier, later in pairwise(record.passes)
        for one, two in zip(earlier, later, strict=True)
        if one is not None and two is not None
    ]
    complete = [case for case in range(len(record.cases)) if all(outcomes[case] for outcomes in record.passes)]
    drift = paired.drift_p([[_own(outcomes[case]) for case in complete] for outcomes in record.passes])
    return Noise(
        free=not record.noisy,
        sd=record.noise_sd,
        flip_rate=sum(flips) / len(flips) if flips else None,
        stateful=drift is not None and drift < DRIFT_P,
        constant=len({outcome for outcomes in scored for outcome in outcomes if outcome}) <= 1,
        alive=is_alive(record),
    )


def _range(record: Record, part: int) -> float:
    values = [value for scores in record.scores(part) for value in scores]
    return max(values) - min(values) if values else 0.0


def _own(outcome: Outcome | None) -> float:
    return outcome[0] if outcome else math.nan


def conclude(record: Record, plan: Plan, subject: Subject) -> SwapResult:
    """The result, without findings: ids need a key, and waivers a file."""
    noise = noise_of(record)
    planned = {name: series.planned for name, series in record.deciding.items()}
    everything = [comparison for comparisons in planned.values() for comparison in comparisons]
    prompts = {_prompt(record, comparison) for comparison in everything}
    changed = sum(bool(comparison.difference) for comparison in everything)
    moved = {_prompt(record, comparison) for comparison in everything if comparison.difference}
    e_value = record.e_value
    scored = [len(comparisons) for comparisons in planned.values() if comparisons]
    probing = max(1, len(record.probing))
    planning = (probing * record.parts, plan.alpha, record.jump, plan.smallest)
    detectable = paired.minimum_detectable(min(scored), *planning) if scored and noise.sd else math.inf
    needed = probing * paired.pairs_needed(plan.smallest, *planning) if noise.sd else None
    confirmed = plan.noise == "deterministic" and noise.free and any(series.reproduced for series in record.deciding.values())
    influenced = e_value >= 1.0 / plan.alpha or confirmed
    lacking = tuple(_reasons(record, plan, noise, len(prompts), detectable))
    reasons = tuple(reason for reason in lacking if reason not in _ANSWERED) if influenced else lacking
    verdict = (
        SwapVerdict.INFLUENCED if influenced
        else SwapVerdict.NOTHING_ASSESSED if not everything
        else SwapVerdict.UNDERPOWERED if reasons
        else SwapVerdict.NO_INFLUENCE_FOUND
    )  # fmt: skip
    upper = paired.share_upper(len(moved), len(prompts)) if noise.free else _turned_upper(record, noise, everything)
    ratio, ratio_upper = _largest_spread(record, noise, planned.get(OWN, []))
    if _shared(record):
        upper = ratio_upper = None
    return SwapResult(
        verdict=verdict,
        exposed=_exposed(record, influenced),
        prompts=len(prompts),
        pairs=len(everything),
        changed=changed,
        flip_rate=changed / len(everything) if everything else None,
        upper95=upper,
        e_value=e_value,
        mean_shift=_mean_shift(record, everything),
        noise_sd=noise.sd,
        sd_ratio=ratio,
        sd_ratio_upper95=ratio_upper,
        minimum_detectable=detectable * noise.sd if noise.sd and math.isfinite(detectable) else None,
        donors={name: _counts(record, series) for name, series in record.series.items() if series.effect or series.unavailable},
        tool=Tool(__version__, ENGINE, {"alpha": plan.alpha, "smallest": plan.smallest}),
        reward_path=subject.reward_path,
        source=subject.source,
        noise=plan.noise,
        alpha=plan.alpha,
        episodes={"seen": record.seen, "used": len({comparison.case for comparison in everything})},
        calls=record.calls,
        noise_flip_rate=noise.flip_rate,
        stateful=noise.stateful,
        smallest=plan.smallest,
        pairs_needed=needed,
        effects=_effects(record),
        reasons=reasons,
        bounded=tuple(_bounded(record, noise, planned, upper, ratio_upper, len(moved), len(prompts))),
        inputs=record.inputs,
        branches=record.branches,
        control=replace(record.control, alive=noise.alive),
        findings=(),
        notes=tuple(_notes(record, plan, noise)),
    )


def _prompt(record: Record, comparison: Comparison) -> str:
    return record.cases[comparison.case].prompt_key


def _shared(record: Record) -> bool:
    """What moved is shared by both sides of a pair: that the sides agree bounds nothing."""
    return record.remembers or _moves_batches(record)


def _moves_batches(record: Record) -> bool:
    """Whole batches moved, and not because pairs without noise do."""
    return bool(record.batches) and (
        record.noisy or not any(comparison.difference for series in record.deciding.values() for comparison in series.planned)
    )


def _exposed(record: Record, influenced: bool) -> bool | None:
    """A score moves only with what was delivered. That nothing differs is said only where everything could be compared."""
    if influenced or record.inputs.differing:
        return True
    if not record.inputs.compared or record.unstable or record.inputs.not_intercepted or record.absent:
        return None
    return False


def _reasons(record: Record, plan: Plan, noise: Noise, prompts: int, detectable: float) -> Iterator[str]:
    """Whatever keeps "nothing found" from meaning something. Empty: nothing does."""
    if not record.cases and not record.stopped:
        yield "no_episodes"
    failures = record.failures + sum((series.failed for series in record.deciding.values()), Counter())
    if set(failures) - {SAME_INPUT}:
        yield "scorer_failed"
    if failures:
        yield from (name for name in FAILURES if failures[name])
    for reason in sorted(
        {reason for series in record.deciding.values() if series.effect is None for reason in series.unavailable}
    ):
        if not record.probing or reason == "identical_cot":
            yield reason
    if not prompts:
        if any(series.without_score for series in record.deciding.values()):
            yield "no_score"
        if record.stopped:
            yield "budget_spent"
        return
    lacking = list(_lacking(record, plan, noise, prompts, detectable))
    yield from lacking
    if record.stopped and lacking:
        yield "budget_spent"


def _lacking(record: Record, plan: Plan, noise: Noise, prompts: int, detectable: float) -> Iterator[str]:
    """The same, where there are pairs."""
    if prompts < LEAST_PROMPTS:
        yield "too_few_prompts"
    if any(not series.planned and not series.without_score for series in record.probing.values()):
        yield "donor_not_scored"
    if noise.stateful:
        yield "stateful"
    if record.remembers:
        yield "remembers"
    if record.absent:
        yield "missing_state"
    yield from record.unchecked
    if _moves_batches(record):
        yield "depends_on_batch"
    if noise.free:
        if _dead(record, noise):
            yield "constant_scores"
        if any(comparison.difference for series in record.deciding.values() for comparison in series.comparisons):
            yield "moved_unconfirmed"
        return
    if plan.noise == "deterministic":
        yield "not_deterministic"
    if noise.alive is False:
        yield "answer_not_seen"
    if any(not comparison.measured for series in record.deciding.values() for comparison in series.comparisons):
        yield "score_or_none"
    if not noise.sd:
        yield "noise_unknown"
    elif detectable > plan.smallest:
        yield "too_few_pairs"


def _dead(record: Record, noise: Noise) -> bool:
    """Nothing has moved this scorer, not even another answer: that a CoT does not either says nothing."""
    return noise.constant and not record.control.moved and not any(series.reproduced for series in record.series.values())


def _turned_upper(record: Record, noise: Noise, planned: Sequence[Comparison]) -> float | None:
    if noise.stateful:
        return None
    unchanged = paired.cluster_means(
        (case.prompt_key, share)
        for case, outcomes in zip(record.cases, record.unchanged, strict=True)
        if (share := paired.differing(outcomes)) is not None
    )
    swapped = paired.cluster_means((_prompt(record, comparison), float(bool(comparison.difference))) for comparison in planned)
    shared = [prompt for prompt in swapped if prompt in unchanged]
    if not shared:
        return None
    return paired.turned_upper(
        [swapped[prompt] - unchanged[prompt] for prompt in shared],
        math.fsum(unchanged[prompt] for prompt in shared) / len(shared),
    )


def _largest_spread(record: Record, noise: Noise, own: Sequence[Comparison]) -> tuple[float | None, float | None]:
    """Of a panel's mean and its members, the largest ratio and the largest upper limit."""
    found = [_spread(record, noise, own, part) for part in range(record.parts)]
    ratios = [ratio for ratio, _ in found if ratio is not None]
    uppers = [upper for _, upper in found if upper is not None]
    return max(ratios, default=None), max(uppers, default=None)


def _spread(record: Record, noise: Noise, own: Sequence[Comparison], part: int) -> tuple[float | None, float | None]:
    """s.d. of the score caused by own-model CoTs over the s.d. within groups, and its upper limit. A difference of two CoTs has twice the
    variance of one; noise is taken off by multiplying differences of separate scorings of one pair, whose noise is independent."""
    pairs: dict[tuple[int, int], list[float]] = {}
    for comparison in filter(_measured, own):
        pairs.setdefault((comparison.case, comparison.turn), []).append(record.shift(comparison, part))
    variances = []
    for (case, _), found in pairs.items():
        if noise.free:
            variances += [(record.cases[case].prompt_key, difference**2 / 2.0) for difference in found]
        elif len(found) > 1:
            products = math.fsum(found) ** 2 - math.fsum(difference**2 for difference in found)
            variances.append((record.cases[case].prompt_key, products / (len(found) * (len(found) - 1)) / 2.0))
    groups: dict[str, list[float]] = {}
    for outcomes in record.passes[:1]:
        for episode, outcome in zip(record.cases, outcomes, strict=True):
            groups.setdefault(episode.group, []).extend(scores_at([outcome] if outcome else [], part))
    within = paired.pooled_sd(groups.values())
    if not variances or not within:
        return None, None
    means = list(paired.cluster_means(variances).values())
    upper = paired.mean_upper(means, _reach(record, part) ** 2 / 2.0)
    ratio = math.sqrt(max(0.0, math.fsum(means) / len(means))) / within
    return ratio, math.sqrt(max(0.0, upper)) / within if upper is not None else None


def _reach(record: Record, part: int) -> float:
    """The largest difference of two scores that was seen: of two unchanged inputs, or of the two sides of a pair."""
    found = (comparison for series in record.deciding.values() for comparison in series.comparisons if comparison.measured)
    return max([_range(record, part), *(abs(record.shift(comparison, part)) for comparison in found)])


def _mean_shift(record: Record, planned: Sequence[Comparison]) -> float | None:
    means = _prompt_means(record, planned)
    return math.fsum(means) / len(means) if means else None


def _prompt_means(record: Record, planned: Sequence[Comparison], part: int = 0) -> list[float]:
    return list(
        paired.cluster_means(
            (_prompt(record, comparison), record.shift(comparison, part)) for comparison in filter(_measured, planned)
        ).values()
    )


def _measured(comparison: Comparison) -> bool:
    return comparison.measured


def _counts(record: Record, series: Series) -> DonorCounts:
    planned = series.planned
    return DonorCounts(
        pairs=len(planned),
        changed=sum(bool(comparison.difference) for comparison in planned),
        effect=series.effect or Effect.CONTENT,
        prompts=len({_prompt(record, comparison) for comparison in planned}),
        changed_prompts=len({_prompt(record, comparison) for comparison in planned if comparison.difference}),
        e_value=series.e_value,
        mean_shift=_mean_shift(record, planned),
        not_assessed=dict(series.unavailable + series.failed + Counter(no_score=series.without_score)),
    )


def _effects(record: Record) -> dict[str, float]:
    kinds = {effect: [series for series in record.probing.values() if series.effect is effect] for effect in Effect}
    return {effect.value: mean_e_value(found) for effect, found in kinds.items() if found}


def _bounded(
    record: Record,
    noise: Noise,
    planned: Mapping[str, Sequence[Comparison]],
    upper: float | None,
    ratio_upper: float | None,
    moved: int,
    prompts: int,
) -> Iterator[str]:
    """What is excluded with 95 % confidence, for CoTs such as were swapped in."""
    if _dead(record, noise) or _shared(record):
        return
    for part in range(record.parts):
        reach = _reach(record, part)
        limits = [
            limit for comparisons in planned.values()
            if (limit := paired.mean_limits(_prompt_means(record, comparisons, part), reach)) is not None
        ]  # fmt: skip
        largest = max((max(abs(low), abs(high)) for low, high in limits), default=0.0)
        if largest:
            yield (
                f"Mean shift{_of_what(record, part)}: if no CoT moves a score by more than {reach:.3g}, the largest difference seen, more "
                f"than {largest:.3g} points of score either way with any one donor is excluded ({prompts} prompts)."
            )
    if ratio_upper is not None:
        each = " of the mean and of each score of the panel" if record.parts > 1 else ""
        yield (
            f"Spread{each}: on the same condition, CoTs of the same model causing more than {ratio_upper:.3g} of the s.d. within groups is "
            "excluded."
        )
    if upper is None or upper >= 1.0:
        return
    if noise.free:
        yield f"Flips: {moved} of {prompts} prompts moved; a share above {upper:.1%} of prompts is excluded, lower shares are not."
    else:
        yield f"Flips beyond the noise: a CoT that turns the verdict over in more than {upper:.1%} of prompts is excluded."


def _of_what(record: Record, part: int) -> str:
    if record.parts == 1:
        return ""
    return f" of score {part} of {record.parts - 1}" if part else " of the panel's mean"


def _notes(record: Record, plan: Plan, noise: Noise) -> Iterator[str]:
    if plan.noise == "deterministic" and not noise.free:
        yield "The scorer was declared deterministic, and gave different scores to the same input: replicates are the evidence instead."
    if record.parts > 1:
        yield (
            f"An episode gets {record.parts - 1} scores. A pair has changed if any of them has, and evidence is looked for in their mean "
            "and in each of them; mean shift and noise are told of their mean."
        )
    if record.failures:
        failed = ", ".join(f"{name} {count:,}" for name, count in sorted(record.failures.items()))
        yield f"Unchanged inputs that got no score, by what went wrong: {failed}."
    if noise.stateful:
        yield "The score of unchanged inputs drifts from call to call: the scorer keeps a state. The e-value holds; bounds need not."
    if record.absent:
        yield (
            f"The reward code asked for what is not there: {', '.join(record.absent)}. What it does with that was not tested: write it "
            "into a column of that name (of `info` or `extra_info` for a key of theirs), empty where your trainer has none."
        )
    if record.fresh is False:
        yield "That the reward code remembers what it has scored (a cache) is not excluded: it could not be started afresh."
    if record.remembers:
        yield (
            "Started afresh, and given the swapped CoTs first, the reward code gave other scores to unchanged inputs: it remembers what it "
            "has scored (a cache by prompt and answer does that), or depends on its process. The two sides of each pair were scored in "
            "processes of their own."
        )
    if _moves_batches(record):
        yield (
            f"A batch got other scores, the same each time, when CoTs in it were swapped ({', '.join(dict.fromkeys(record.batches))}): a "
            "CoT moves the scores of others there, which both sides of a pair share."
        )
    if record.unstable:
        yield f"Inputs that differ by themselves from call to call were not compared: {', '.join(record.unstable)}."
    if record.stopped:
        yield f"The budget covered {len(record.cases)} of {record.seen} episodes, or ended before the plan was done."
