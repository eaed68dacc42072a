"""Input comparison: what reward code hands on with one CoT and with another, as digests by site. One differing byte proves exposure.

One pair with each donor on each code path is enough where the whole text or none of it is handed on, for a deterministic scorer and for a
noisy grader alike; where a piece of fixed size is, it takes episodes of other lengths, too. Inputs that differ by themselves (a clock, a
shuffle, a random id) are recognised by looking at the same rendition again, and prove nothing, unless words that stand in one of the two
CoTs alone stand in the inputs of that side and in none of the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from sequester.influence.interception.library_calls import text_of
from sequester.influence.interception.output import SITE as OUTPUT
from sequester.influence.interception.windows import Sketch, only_in, windows
from sequester.influence.model import Case, Pair, Rendition, Scoring

Observe = Callable[[Rendition], Scoring | None]
"""None if the scorer failed or may not be called any more."""


class Compared(NamedTuple):
    """What became of the pairs."""

    pairs: list[set[str]]
    """For each pair with an input on either side: the sites at which the two sides differ."""
    unstable: set[str]
    """Sites at which a rendition differs from itself."""
    held: list[set[str]]
    """For each pair: the sites of inputs that hold words of its own CoT on one side at least, and not on the other."""
    spent: set[str]
    """Sites that were handed less when a rendition was scored again: a cache may have answered."""

    def sites(self) -> Counter[str]:
        """In how many pairs a site differs, those left out that differ by themselves."""
        return Counter(site for found in self._proven() for site in found)

    def differing(self) -> int:
        """Pairs with such a site."""
        return sum(map(bool, self._proven()))

    def _proven(self) -> Iterator[set[str]]:
        return ((found - self.unstable) | held for found, held in zip(self.pairs, self.held, strict=True))


def at_the_ends(cases: Sequence[Case], indices: Sequence[int]) -> list[int]:
    """The first of these cases, and those with the shortest and longest answer and the shortest CoT, each once."""
    if not indices:
        return []

    def answer(index: int) -> int:
        return len(cases[index].answer)

    ends = (
        indices[0],
        min(indices, key=answer),
        max(indices, key=answer),
        min(indices, key=lambda index: sum(map(len, cases[index].reasoning))),
    )
    return list(dict.fromkeys(ends))


def compare_inputs(paths: Iterable[tuple[Rendition, Scoring, Iterable[Pair]]], observe: Observe) -> Compared:
    """For each code path its original, what was seen of it, and the pairs to compare."""
    compared = Compared([], set(), [], set())
    for original, seen, pairs in paths:
        again = observe(original)
        if again is not None:
            compared.unstable.update(differing_sites(seen, again))
            first, second = (Counter(each.site for each in scoring.seen) for scoring in (seen, again))
            compared.spent.update(first - second)
        for pair in pairs:
            before = seen if pair.original == original else observe(pair.original)
            swapped = observe(pair.swapped)
            if before is None or swapped is None or not (before.seen or swapped.seen):
                continue
            sites, held = differing_sites(before, swapped), set[str]()
            if not sites and {seen.site for seen in before.seen} == {OUTPUT}:
                continue  # the same words printed are nothing handed on
            if sites:
                # Looked at twice: a clock that ticks once a second lies still between most looks.
                after, once_more = observe(pair.original), observe(pair.swapped)
                if after is None or once_more is None:
                    continue
                compared.unstable.update(differing_sites(before, after), differing_sites(swapped, once_more))
                held = set(_holding(pair, sites, (before, after), (swapped, once_more)))
            compared.pairs.append(sites)
            compared.held.append(held)
    return compared


def differing_sites(one: Scoring, other: Scoring) -> set[str]:
    """Sites that were handed different inputs, as multisets, or by one side only."""
    counts: dict[str, Counter[bytes]] = {}
    for scoring, sign in ((one, 1), (other, -1)):
        for seen in scoring.seen:
            counts.setdefault(seen.site, Counter())[seen.digest] += sign
    return {site for site, digests in counts.items() if any(digests.values())}


def _holding(pair: Pair, sites: Iterable[str], before: Sequence[Scoring], swapped: Sequence[Scoring]) -> Iterator[str]:
    """Sites that were handed words of one rendition's CoT each time, and never with the other rendition."""
    one, other = windows(text_of(pair.original.completion)), windows(text_of(pair.swapped.completion))
    for site in sites:
        for own, sides, others in ((one - other, before, swapped), (other - one, swapped, before)):
            lacking = [words for scoring in others for words in _words(scoring, site)]
            if lacking and all(only_in(own, _words(scoring, site), lacking) for scoring in sides):
                yield site
                break


def _words(scoring: Scoring, site: str) -> list[Sketch]:
    return [seen.words for seen in scoring.seen if seen.site == site]
