"""Which pairs a report names, of those that changed: a few, so that somebody can look at one. Names and numbers only."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from sequester.episodes.naming import shown_name
from sequester.findings.swapped import Example, SwapResult
from sequester.influence.input_comparison import Differing
from sequester.influence.model import Case, Donors, Pair
from sequester.influence.record import Comparison, Record

MOST = 5
"""Of one donor."""
MOST_OF_INPUTS = 20
"""Of pairs whose inputs differ."""
OF_ONE_SITE = 2


def with_examples(result: SwapResult, record: Record, donors: Donors) -> SwapResult:
    """The result of an experiment, with the pairs that it names."""
    moved = {name: moved_most(record, donors, name) for name in result.donors}
    return replace(
        result,
        donors={name: replace(donor, examples=moved[name]) for name, donor in result.donors.items()},
        inputs=replace(result.inputs, examples=differing_inputs(record, donors)),
    )


def moved_most(record: Record, donors: Donors, donor: str) -> tuple[Example, ...]:
    """Of the pairs with a donor whose differences sum to something those that moved most, in standard errors, one of each episode. Pairs
    with the logged answer come first; of equal ones that of the earlier case and turn."""
    scored: dict[tuple[int, int], list[Comparison]] = {}
    for comparison in record.series[donor].comparisons:
        scored.setdefault((comparison.case, comparison.turn), []).append(comparison)
    totals = {pair: math.fsum(one.difference for one in found) for pair, found in scored.items()}

    def rank(pair: tuple[int, int]) -> tuple[bool, float, tuple[int, int]]:
        return not record.cases[pair[0]].logged, -abs(totals[pair]) / math.sqrt(len(scored[pair])), pair

    chosen: dict[str, tuple[int, int]] = {}
    for pair in sorted((pair for pair, total in totals.items() if total), key=rank):
        chosen.setdefault(record.cases[pair[0]].episode_id, pair)
    return tuple(
        replace(
            _example(record.cases[case], donors, donor, turn),
            original=_mean(one.sides[0] for one in scored[case, turn]),
            swapped=_mean(one.sides[1] for one in scored[case, turn]),
            scored=len(scored[case, turn]),
        )
        for case, turn in islice(chosen.values(), MOST)
    )


def differing_inputs(record: Record, donors: Donors) -> tuple[Example, ...]:
    """Of pairs whose inputs differ, those with the logged answer before others, the first of every donor and the first two of every
    site, as far as there is room."""
    ordered = sorted(record.differing, key=lambda pair: not record.cases[pair.case].logged)
    return tuple(
        replace(_example(record.cases[pair.case], donors, pair.donor, pair.turn), sites=tuple(sorted(pair.sites)))
        for pair in islice(_telling(ordered), MOST_OF_INPUTS)
    )


def _telling(pairs: Iterable[Differing]) -> Iterator[Differing]:
    named: set[str] = set()
    sites: Counter[str] = Counter()
    for pair in pairs:
        if pair.donor not in named or any(sites[site] < OF_ONE_SITE for site in pair.sites):
            named.add(pair.donor)
            sites.update(pair.sites)
            yield pair


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def _example(case: Case, donors: Donors, donor: str, turn: int) -> Example:
    """What is known of a pair without its scores. Made once more, it says what it followed from."""
    pair = donors.pair(case, donor, turn)
    order = pair.order if isinstance(pair, Pair) else ()
    return Example(donor, shown_name(case.episode_id), case.source, turn, other_answer=not case.logged, order=order)
