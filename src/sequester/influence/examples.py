"""Which pairs a report names, of those that changed: a few, so that somebody can look at one. Names and numbers only."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from sequester.episodes.naming import shown_name
from sequester.findings.swapped import Example, SwapResult
from sequester.influence.input_comparison import Differing
from sequester.influence.model import Case
from sequester.influence.record import Comparison, Record

MOST = 5
"""Of one donor."""
MOST_OF_INPUTS = 20
"""Of pairs whose inputs differ."""
OF_ONE_SITE = 2


def with_examples(result: SwapResult, record: Record) -> SwapResult:
    """The result of an experiment, with the pairs that it names."""
    inputs = replace(result.inputs, examples=differing_inputs(record.cases, record.differing))
    donors = {name: replace(donor, examples=moved_most(record, name)) for name, donor in result.donors.items()}
    return replace(result, donors=donors, inputs=inputs)


def moved_most(record: Record, donor: str) -> tuple[Example, ...]:
    """Of the pairs with a donor whose differences sum to something those that moved most, in standard errors, one of each episode. Pairs
    with the logged answer come first; of equal ones that of the earlier case and turn."""
    scored: dict[tuple[int, int], list[Comparison]] = {}
    for comparison in record.series[donor].comparisons:
        scored.setdefault((comparison.case, comparison.turn), []).append(comparison)
    totals = {pair: math.fsum(one.difference for one in found) for pair, found in scored.items()}

    def rank(pair: tuple[int, int]) -> tuple[bool, float, tuple[int, int]]:
        return not record.cases[pair[0]].logged, -abs(totals[pair]) / math.sqrt(len(scored[pair])), pair

    chosen: dict[str, Example] = {}
    for case, turn in sorted((pair for pair, total in totals.items() if total), key=rank):
        episode = record.cases[case]
        if episode.episode_id not in chosen:
            found = scored[case, turn]
            original, swapped = (_mean(one.sides[side] for one in found) for side in (0, 1))
            chosen[episode.episode_id] = _example(episode, donor, turn, (original, swapped), len(found))
        if len(chosen) == MOST:
            break
    return tuple(chosen.values())


def differing_inputs(cases: Sequence[Case], pairs: Iterable[Differing]) -> tuple[Example, ...]:
    """Of pairs whose inputs differ, those with the logged answer before others, the first of every donor and the first two of every
    site, as far as there is room."""
    ordered = sorted(pairs, key=lambda pair: not cases[pair.case].logged)
    return tuple(
        _example(cases[pair.case], pair.donor, pair.turn, sites=tuple(sorted(pair.sites)))
        for pair in islice(_telling(ordered), MOST_OF_INPUTS)
    )


def _telling(pairs: Iterable[Differing]) -> Iterator[Differing]:
    donors: set[str] = set()
    sites: Counter[str] = Counter()
    for pair in pairs:
        if pair.donor not in donors or any(sites[site] < OF_ONE_SITE for site in pair.sites):
            donors.add(pair.donor)
            sites.update(pair.sites)
            yield pair


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def _example(
    case: Case,
    donor: str,
    turn: int,
    scores: tuple[float | None, float | None] = (None, None),
    scored: int = 0,
    sites: tuple[str, ...] = (),
) -> Example:
    return Example(donor, shown_name(case.episode_id), case.source, turn, *scores, scored, sites, not case.logged)
