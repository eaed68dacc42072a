"""From tallies to a result: unit by unit, in order, and at the end what needs the whole run.

A unit is settled once it was compared with the units around it: its suspects are graded and counted, and only what is worth reporting is
kept. Gaps, rates, waivers and verdict come last, in the one `Result`. Pure: the same tallies give the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from sequester.episodes.model import Evidence
from sequester.exposure.breakdown import affected, breakdown, cells, heat
from sequester.exposure.counts import Counts, Handover, Mass
from sequester.exposure.gaps import Input, reconciled
from sequester.exposure.grading import contract_findings, finding, sightings
from sequester.exposure.lows import LISTED, Low, Lows, count_lows, low
from sequester.exposure.rates import call_counts, episode_counts, rates
from sequester.exposure.suspects import Sighting
from sequester.exposure.tally import Tally
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.grouping import Unlisted, group_findings
from sequester.findings.model import (
    CallCounts,
    Echo,
    EpisodeCounts,
    Finding,
    Group,
    InputFile,
    Result,
    RewardMass,
    Scope,
    Severity,
    Tool,
)
from sequester.findings.verdict import is_unread, verdict, with_cot
from sequester.findings.waivers import LookedAt, Waivers, apply


class Terms(NamedTuple):
    """Under which findings are named, and which of them are waived."""

    key: FingerprintKey
    waivers: Waivers
    today: date
    """The day on which waivers must hold."""


class Settlement:
    """The units that are settled, and what was found in them."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._found: list[Finding] = []
        """From `medium` on."""

    def add(self, tally: Tally) -> None:
        """Settle the next unit: nothing more is looked for in it."""
        self.counts.merge(tally)
        for suspect in tally.completed():
            exposed, lows = set(), []
            for at in sightings(suspect):
                found = finding(at)
                if found is None:
                    continue
                if found.severity.at_least(Severity.MEDIUM):
                    exposed.add(at.call)
                    self._found.append(found)
                else:
                    lows.append(_low(at))
            count_lows(self.counts.lows, suspect.step, lows)
            place = suspect.environment, suspect.step
            self.counts.add_episodes(suspect.calls, frozenset(exposed), {place: 1}, Mass().plus(suspect.advantage))

    def result(self, inputs: Sequence[Input], tool: Tool, terms: Terms) -> Result:
        """The result of the audit."""
        counts = self.counts
        findings = self._findings(terms.key)
        unlisted = {group: _unlisted(lows) for group, lows in counts.lows.items()}
        accounts = tuple(reconciled(counts, inputs))
        files = tuple(one.file for one in accounts)
        gap_notes = [note for one in accounts for note in one.notes]
        missing = sum(one.missing for one in accounts)
        episodes = episode_counts(counts, missing)
        calls = call_counts(counts)
        applied = apply(terms.waivers, findings, terms.today, looked_at=_looked_at(episodes, calls, files))
        seen_whole = inputs and all(one.declared.closed for one in inputs) and not missing and not any(map(is_unread, files))
        scope = Scope.RUN if seen_whole else Scope.FILES_GIVEN
        places = cells(counts)
        return Result(
            tool=tool,
            verdict=verdict(episodes, calls, files),
            scope=scope,
            inputs=files,
            episodes=episodes,
            reward_calls=calls,
            rates=tuple(rates(counts, episodes, complete=all(one.counted for one in accounts))),
            by=tuple(breakdown(counts)),
            affected=affected(places),
            groups=tuple(_over_all_steps(group, counts) for group in group_findings(applied.findings, counts.scored, unlisted)),
            findings=applied.findings,
            waived=applied.waived,
            below_threshold=sum(lows.findings for lows in counts.lows.values()),
            echo=Echo(counts.echo_episodes, counts.echo_of, dict(sorted(counts.echo.items()))),
            reward_mass=_reward_mass(counts, episodes),
            notes=(
                *applied.notes,
                *gap_notes,
                *_repetition_notes(counts),
                *_limit_notes(counts),
                *_unlisted_notes(unlisted.values()),
            ),
            heat=tuple(heat(places)),
            skipped=tuple(counts.skipped),
        )

    def _findings(self, key: FingerprintKey) -> list[Finding]:
        """All from `medium` on, below that the largest, and those by contract."""
        listed = (finding(sighting) for lows in self.counts.lows.values() for _, sighting in lows.listed)
        found = sorted(
            (*self._found, *filter(None, listed)),
            key=lambda one: (-one.severity.rank, one.episode_id, one.call, one.field, one.id),
        )
        return found + contract_findings(self.counts.handovers, key)


def _reward_mass(counts: Counts, episodes: EpisodeCounts) -> RewardMass | None:
    known = counts.mass_episodes
    return RewardMass(counts.mass_observed, counts.mass, with_cot(episodes) - known) if known else None


def _looked_at(episodes: EpisodeCounts, calls: CallCounts, files: Sequence[InputFile]) -> LookedAt:
    """How much of the inputs could have held a finding that a waiver is for."""
    if not calls.audited and not calls.exposed:
        return LookedAt.NOTHING
    unassessed = episodes.not_assessed or calls.not_assessed or any(map(is_unread, files))
    return LookedAt.PART if unassessed else LookedAt.ALL


def _over_all_steps(group: Group, counts: Counts) -> Group:
    """A contract holds at every step of its path, though there is one finding only."""
    reach = counts.handovers.get(Handover(group.reward_path, group.field))
    if group.evidence != Evidence.CONTRACT or reach is None:
        return group
    return replace(group, first_step=reach.first_step, last_step=reach.last_step)


def _low(at: Sighting) -> Low:
    return low(at.candidate, at.path, at.evidence, at.source, at.call, lambda: at)


def _unlisted(lows: Lows) -> Unlisted:
    listed = {sighting.episode_id for _, sighting in lows.listed}
    reach = lows.reach
    return Unlisted(lows.findings - len(lows.listed), reach.episodes - len(listed), reach.first_step, reach.last_step)


def _unlisted_notes(groups: Iterable[Unlisted]) -> Iterator[str]:
    if left_out := sum(group.findings for group in groups):
        yield (
            f"{left_out:,} findings below medium are counted in their groups and not listed: "
            f"of each group the {LISTED} with the most private characters are."
        )


def _repetition_notes(counts: Counts) -> Iterator[str]:
    first: dict[int, str] = {}
    pairs = [(first[one], path) for path, ids in counts.ids.items() for one in sorted(ids) if first.setdefault(one, path) != path]
    if pairs:
        one, other = pairs[0]
        more = len({path for _, path in pairs}) - 1
        yield (
            f"{one} and {other}{f' and {more:,} more inputs' if more else ''} name episodes alike, by id and step. If these are the same "
            "episodes, every rate counts each once for every input that holds it: then write all reward calls of an episode into one line."
        )


def _limit_notes(counts: Counts) -> Iterator[str]:
    for limit, count in sorted(counts.limits.items()):
        yield f"The limit `{limit}` was hit {count} time(s); what lies beyond it was not searched."
