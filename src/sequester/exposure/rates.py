"""How many of how many: episodes and reward calls, and their rates, no kind of evidence mixed with another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from msgspec.structs import replace

from sequester.episodes.model import Evidence, Reason
from sequester.exposure.counts import ASSESSED, AUDITED, BY_CONTRACT, EXPOSED, Counts
from sequester.findings.model import CallCounts, EpisodeCounts, Rate
from sequester.findings.verdict import EXPOSED_CALLS, EXPOSED_EPISODES, denominator, outside_breakdown, rate, with_cot

_NOT_LOGGED = Reason.INPUT_NOT_LOGGED.value


def episode_counts(counts: Counts, gaps: int) -> EpisodeCounts:
    """Episodes by what became of them, and so many gaps as missing ones."""
    not_assessed = {status: count for status, count in sorted(counts.episodes.items()) if status != AUDITED}
    if gaps:
        not_assessed[Reason.MISSING_PART.value] = not_assessed.get(Reason.MISSING_PART.value, 0) + gaps
    return EpisodeCounts(
        seen=counts.seen + gaps,
        without_cot=counts.without_cot,
        audited=counts.episodes[AUDITED],
        exposed=sum(counts.exposed.values()),
        not_assessed=not_assessed,
        unreadable=counts.unreadable,
        undelimited=counts.undelimited,
    )


def call_counts(counts: Counts) -> CallCounts:
    """Reward calls by what became of them, and by kind of evidence."""
    evidence: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for (kind, status), count in counts.calls.items():
        # A call whose input the log does not hold is no evidence of any kind.
        evidence[kind] += count if status != _NOT_LOGGED else 0
        statuses[status] += count
    return CallCounts(
        seen=sum(statuses.values()),
        audited=sum(statuses[status] for status in ASSESSED),
        exposed=statuses[EXPOSED] + statuses[BY_CONTRACT],
        evidence={kind.value: evidence[kind.value] for kind in Evidence},
        not_assessed={status: count for status, count in sorted(statuses.items()) if status not in ASSESSED},
    )


def rates(counts: Counts, episodes: EpisodeCounts, complete: bool) -> Iterator[Rate]:
    """Episodes and reward calls, each kind of evidence for itself. Where an unknown number is missing, no bound below 1 is known."""
    for one in _known_rates(counts, episodes, complete):
        yield one if complete or one.high is None else replace(one, high=1.0)


def _known_rates(counts: Counts, episodes: EpisodeCounts, complete: bool) -> Iterator[Rate]:
    kinds = [kind.value for kind in Evidence if counts.with_evidence[kind.value]]
    # Nobody knows how many calls, and by what evidence, an unreadable or missing record would have shown.
    whose = " of the records read" if outside_breakdown(episodes) or not complete else ""
    if len(kinds) < 2:
        # One kind of evidence, or none: nothing is mixed, and records that never came to a reward call count too.
        names = (EXPOSED_EPISODES, denominator(episodes), kinds[0] if kinds else "all evidence")
        yield rate(names, episodes.exposed, with_cot(episodes), _neither(counts, episodes))
    for kind in kinds:
        statuses = {
            status: count for (evidence, status), count in counts.calls.items() if evidence == kind and status != _NOT_LOGGED
        }
        if len(kinds) > 1:
            names = (EXPOSED_EPISODES, f"episodes with {kind} reward calls{whose}", kind)
            yield rate(names, counts.exposed_by[kind], counts.with_evidence[kind], counts.unassessed_with[kind])
        unknown = sum(count for status, count in statuses.items() if status not in ASSESSED)
        shown = sum(statuses.get(status, 0) for status in (EXPOSED, BY_CONTRACT))
        yield rate((EXPOSED_CALLS, f"{kind} reward calls{whose}", kind), shown, sum(statuses.values()), unknown)
    if unlogged := sum(count for (_, status), count in counts.calls.items() if status == _NOT_LOGGED):
        yield rate((EXPOSED_CALLS, "reward calls whose input the log does not hold", _NOT_LOGGED), 0, unlogged, unlogged)


def _neither(counts: Counts, episodes: EpisodeCounts) -> int:
    """Episodes that are neither audited nor exposed."""
    exposed_unaudited = sum(count for status, count in counts.exposed.items() if status != AUDITED)
    return sum(episodes.not_assessed.values()) - exposed_unaudited
