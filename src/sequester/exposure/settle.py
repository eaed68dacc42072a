"""From tallies to a result: what needs the whole run is decided here.

Severity, waivers, exposure of episodes, gaps against what the run declared, the affected section, rates and verdict. Pure: the same
tallies give the same result, in whatever order units were scanned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Evidence, Reason
from sequester.episodes.readers.interface import Declared
from sequester.exposure.severity import THRESHOLDS, grade, stretch_of
from sequester.exposure.tally import (
    ASSESSED,
    AUDITED,
    BY_CONTRACT,
    EXPOSED,
    LISTED,
    RULE_OF_CLASS,
    Handover,
    Low,
    Lows,
    Reach,
    Sighting,
    Suspect,
    Tally,
    count_episode,
    count_lows,
    low,
)
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.grouping import Unlisted, group_findings
from sequester.findings.model import (
    Affected,
    Breakdown,
    CallCounts,
    Echo,
    EpisodeCounts,
    Finding,
    FindingClass,
    Group,
    HeatCell,
    InputFile,
    Rate,
    Result,
    RewardMass,
    Scope,
    Severity,
    Tool,
)
from sequester.findings.verdict import (
    EXPOSED_CALLS,
    EXPOSED_EPISODES,
    bounds,
    denominator,
    is_unread,
    outside_breakdown,
    rate,
    verdict,
    with_cot,
)
from sequester.findings.waivers import LookedAt, Waivers, apply

T = TypeVar("T")

STAGES = 10
"""The breakdown by stage cuts the steps seen into so many parts."""


class Input(Struct, frozen=True):
    """One input file or directory, as it was recognised."""

    path: str
    format: str
    declared: Declared
    error: str | None = None
    hint: str = ""
    units: frozenset[str] = frozenset()
    """Paths of the files that were read for it; empty: its own path."""


def settle(tally: Tally, inputs: Sequence[Input], tool: Tool, key: FingerprintKey, waivers: Waivers, today: date) -> Result:
    """The result of an audit. Consumes the tally: suspects are settled in it."""
    tally.settle_unsuspicious()
    findings = sorted(
        _recorded_findings(tally), key=lambda one: (-one.severity.rank, one.episode_id, one.call, one.field, one.id)
    )
    findings += _contract_findings(tally, key)
    unlisted = {group: _unlisted(lows) for group, lows in tally.lows.items()}
    files = tuple(_file(one, tally) for one in inputs)
    gaps, gap_notes = _gaps(tally, inputs, files)
    episodes = _episode_counts(tally, gaps)
    calls = _call_counts(tally)
    applied = apply(waivers, findings, today, looked_at=_looked_at(episodes, calls, files))
    seen_whole = inputs and all(one.declared.closed for one in inputs) and not gaps and not any(map(is_unread, files))
    scope = Scope.RUN if seen_whole else Scope.FILES_GIVEN
    cells = _cells(tally)
    return Result(
        tool=tool,
        verdict=verdict(episodes, calls, files),
        scope=scope,
        inputs=files,
        episodes=episodes,
        reward_calls=calls,
        rates=tuple(_rates(tally, episodes, complete=all(map(_is_counted, inputs, files)))),
        by=tuple(_breakdown(tally)),
        affected=_affected(cells),
        groups=tuple(_over_all_steps(group, tally) for group in group_findings(applied.findings, tally.scored, unlisted)),
        findings=applied.findings,
        waived=applied.waived,
        below_threshold=sum(lows.findings for lows in tally.lows.values()),
        echo=Echo(tally.echo_episodes, tally.echo_of, dict(sorted(tally.echo.items()))),
        reward_mass=RewardMass(tally.mass_observed, tally.mass) if tally.mass_known else None,
        notes=(*applied.notes, *gap_notes, *_limit_notes(tally), *_unlisted_notes(unlisted.values())),
        heat=tuple(_heat(cells)),
        skipped=tuple(tally.skipped),
    )


def _looked_at(episodes: EpisodeCounts, calls: CallCounts, files: Sequence[InputFile]) -> LookedAt:
    """How much of the inputs could have held a finding that a waiver is for."""
    if not calls.audited and not calls.exposed:
        return LookedAt.NOTHING
    unassessed = episodes.not_assessed or calls.not_assessed or any(map(is_unread, files))
    return LookedAt.PART if unassessed else LookedAt.ALL


def _over_all_steps(group: Group, tally: Tally) -> Group:
    """A contract holds at every step of its path, though there is one finding only."""
    reach = tally.handovers.get(Handover(group.reward_path, group.field))
    if group.evidence != Evidence.CONTRACT or reach is None:
        return group
    return replace(group, first_step=reach.first_step, last_step=reach.last_step)


def _heat(cells: Mapping[tuple[str, int | None, str], tuple[int, int, int]]) -> Iterator[HeatCell]:
    known = ((path, step, evidence, counts) for (path, step, evidence), counts in cells.items() if step is not None)
    for path, step, evidence, counts in sorted(known):
        yield HeatCell(path, step, *counts, evidence)


def _recorded_findings(tally: Tally) -> Iterator[Finding]:
    """Grade every candidate, count its episode, and yield what is worth reporting: all from `medium` on, below that the largest."""
    for suspect in tally.take_suspects():
        exposed, lows = set(), []
        for at in _sightings(suspect):
            finding = _finding(at)
            if finding is None:
                continue
            if finding.severity.at_least(Severity.MEDIUM):
                exposed.add(at.call)
                yield finding
            else:
                lows.append(_low(at))
        count_lows(tally, suspect.step, lows)
        count_episode(tally, suspect, frozenset(exposed))
    for group in tally.lows.values():
        yield from filter(None, (_finding(sighting) for _, sighting in group.listed))


def _sightings(suspect: Suspect) -> Iterator[Sighting]:
    for index, call in enumerate(suspect.calls):
        for candidate in call.candidates:
            yield Sighting(
                candidate, suspect.episode_id, suspect.environment, suspect.step, suspect.source, call.path, call.evidence, index
            )


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


def _finding(sighting: Sighting) -> Finding | None:
    candidate = sighting.candidate
    stretches = [stretch_of(chain) for chain in candidate.chains]
    grades = [found for stretch in stretches if (found := grade(stretch)) is not None]
    if not grades:
        return None
    severity = max(grades, key=lambda one: one.rank)
    unshared = sum(stretch.unshared for stretch in stretches)
    elsewhere = round(sum(stretch.elsewhere for stretch in stretches) * candidate.once)
    notes = [f"{elsewhere} of these characters stand in other episodes' scorer inputs too"] if elsewhere else []
    if severity is Severity.LOW and not candidate.spans:
        notes.append("too little to be more than low: its places were not looked up")
    if candidate.owner:
        further = f", and of {candidate.further} further episode(s)" if candidate.further else ""
        notes.append(f"the reasoning is that of episode {candidate.owner}{further}")
    if candidate.unlisted:
        notes.append(f"{len(candidate.spans)} of {len(candidate.spans) + candidate.unlisted} spans are listed")
    return Finding(
        id=candidate.fingerprint,
        rule=RULE_OF_CLASS[candidate.class_],
        class_=candidate.class_,
        severity=severity,
        confidence=Severity.HIGH
        if unshared >= THRESHOLDS.run
        else Severity.MEDIUM
        if unshared >= THRESHOLDS.report
        else Severity.LOW,
        evidence=sighting.evidence.value,
        episode_id=sighting.episode_id,
        reward_path=sighting.path,
        call=sighting.call,
        field=candidate.field,
        transforms=candidate.transforms,
        spans=candidate.spans,
        private_chars=candidate.private,
        cot_fraction=round(candidate.covered, 4),
        environment=sighting.environment,
        step=sighting.step,
        source=sighting.source,
        note="; ".join(notes),
        owner=candidate.owner,
        owner_source=candidate.owner_source,
    )


def _contract_findings(tally: Tally, key: FingerprintKey) -> list[Finding]:
    """One finding per reward path and argument by which the framework hands the CoT over."""
    found = []
    for handover, reach in sorted(tally.handovers.items()):
        ids = "ids" in handover.argument
        rule = "SQ111" if ids else "SQ110"
        found.append(
            Finding(
                id=key.fingerprint(rule, handover.path, GuardedText(handover.argument)),
                rule=rule,
                class_=FindingClass.IDS if ids else FindingClass.CONTENT,
                severity=Severity.MEDIUM,
                confidence=Severity.HIGH,
                evidence=Evidence.CONTRACT.value,
                episode_id="",
                reward_path=handover.path,
                call=0,
                field=handover.argument,
                transforms=(),
                spans=(),
                private_chars=0,
                cot_fraction=1.0,
                step=reach.first_step,
                note=f"handed over by the framework's contract, in all {reach.episodes} episodes of this path; next step: "
                "`sequester swap` (comes with a later version)",
            )
        )
    return found


def _file(one: Input, tally: Tally) -> InputFile:
    paths = sorted(_paths(one))
    read = sum(tally.records[path] for path in paths)
    error = one.error or next((tally.errors[path] for path in paths if path in tally.errors), None)
    return InputFile(one.path, one.format, one.declared.rows, read, error, one.hint if one.error else "")


def _is_counted(one: Input, file: InputFile) -> bool:
    """Whether all records of an input are counted, read or not."""
    return one.declared.counts_all or not is_unread(file)


def _gaps(tally: Tally, inputs: Sequence[Input], files: Sequence[InputFile]) -> tuple[int, list[str]]:
    """Records, steps, ranks and group members that were declared but not seen. Each is at least one thing not assessed."""
    missing, notes = 0, []
    sizes: dict[str, list[int]] = {}
    for (path, _), size in tally.groups.items():
        sizes.setdefault(path, []).append(size)
    for one, file in zip(inputs, files, strict=True):
        group_sizes = [size for path in _paths(one) for size in sizes.get(path, ())]
        found = list(_missing(one.declared, file.rows_read, _seen(tally.steps, one), _seen(tally.shards, one), group_sizes))
        notes += [f"{one.path}: {what}." for _, what in found]
        # Records that were not read may be those of the missing steps, ranks and groups: nothing is counted twice.
        rows = max(0, (one.declared.rows or 0) - file.rows_read)
        missing += max(rows, sum(count for count, _ in found) - rows)
    return missing, notes


def _missing(
    declared: Declared, rows: int, steps: set[int], shards: set[str], group_sizes: Sequence[int]
) -> Iterator[tuple[int, str]]:
    """What a run declared and did not show: how many, and in words."""
    if declared.rows is not None and rows < declared.rows:
        yield declared.rows - rows, f"{rows} of {declared.rows} declared records were read"
    expected = set(declared.step_set or ())
    if declared.steps is not None:
        expected |= set(range(declared.steps[0], declared.steps[1] + 1))
    if absent := sorted(expected - steps):
        yield len(absent), f"no episode of {len(absent)} declared step(s), the first of them {absent[0]}"
    if declared.ranks is not None and len(shards) < declared.ranks:
        yield declared.ranks - len(shards), f"no episode of {declared.ranks - len(shards)} of {declared.ranks} declared ranks"
    short = sum(max(0, (declared.group_size or 0) - size) for size in group_sizes)
    if short:
        yield short, f"{short} members are missing from advantage groups of {declared.group_size}"


def _paths(one: Input) -> frozenset[str]:
    """Files that were read for an input."""
    return one.units or frozenset((one.path,))


def _seen(by_path: Mapping[str, set[T]], one: Input) -> set[T]:
    """What was seen in all files of one input."""
    return {item for path in _paths(one) for item in by_path.get(path, ())}


def _episode_counts(tally: Tally, gaps: int) -> EpisodeCounts:
    not_assessed = {status: count for status, count in sorted(tally.episodes.items()) if status != AUDITED}
    if gaps:
        not_assessed[Reason.MISSING_PART.value] = not_assessed.get(Reason.MISSING_PART.value, 0) + gaps
    return EpisodeCounts(
        seen=tally.seen + gaps,
        without_cot=tally.without_cot,
        audited=tally.episodes[AUDITED],
        exposed=sum(tally.exposed.values()),
        not_assessed=not_assessed,
        unreadable=tally.unreadable,
        undelimited=tally.undelimited,
    )


def _call_counts(tally: Tally) -> CallCounts:
    evidence: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    for (kind, status), count in tally.calls.items():
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


def _rates(tally: Tally, episodes: EpisodeCounts, complete: bool) -> Iterator[Rate]:
    """Episodes and reward calls, each kind of evidence for itself. Without the end of an input no bound below 1 is known."""
    for one in _known_rates(tally, episodes):
        yield one if complete or one.high is None else replace(one, high=1.0)


def _known_rates(tally: Tally, episodes: EpisodeCounts) -> Iterator[Rate]:
    kinds = [kind.value for kind in Evidence if tally.with_evidence[kind.value]]
    # Nobody knows how many calls, and by what evidence, an unreadable or missing record would have shown.
    whose = " of the records read" if outside_breakdown(episodes) else ""
    if len(kinds) < 2:
        # One kind of evidence, or none: nothing is mixed, and records that never came to a reward call count too.
        names = (EXPOSED_EPISODES, denominator(episodes), kinds[0] if kinds else "all evidence")
        yield rate(names, episodes.exposed, with_cot(episodes), _neither(tally, episodes))
    for kind in kinds:
        statuses = {
            status: count for (evidence, status), count in tally.calls.items() if evidence == kind and status != _NOT_LOGGED
        }
        if len(kinds) > 1:
            names = (EXPOSED_EPISODES, f"episodes with {kind} reward calls{whose}", kind)
            yield rate(names, tally.exposed_by[kind], tally.with_evidence[kind], tally.unassessed_with[kind])
        unknown = sum(count for status, count in statuses.items() if status not in ASSESSED)
        shown = sum(statuses.get(status, 0) for status in (EXPOSED, BY_CONTRACT))
        yield rate((EXPOSED_CALLS, f"{kind} reward calls{whose}", kind), shown, sum(statuses.values()), unknown)
    if unlogged := sum(count for (_, status), count in tally.calls.items() if status == _NOT_LOGGED):
        yield rate((EXPOSED_CALLS, "reward calls whose input the log does not hold", _NOT_LOGGED), 0, unlogged, unlogged)


def _neither(tally: Tally, episodes: EpisodeCounts) -> int:
    """Episodes that are neither audited nor exposed."""
    exposed_unaudited = sum(count for status, count in tally.exposed.items() if status != AUDITED)
    return sum(episodes.not_assessed.values()) - exposed_unaudited


_NOT_LOGGED = Reason.INPUT_NOT_LOGGED.value


def _breakdown(tally: Tally) -> Iterator[Breakdown]:
    stage = _stages({step for steps in tally.steps.values() for step in steps})
    rows: dict[tuple[str, str, int, str], Counter[str]] = {}
    names: dict[tuple[str, str, int, str], tuple[str | None, str | None]] = {}
    for (place, status), count in tally.places.items():
        number, name = stage(place.step)
        at = (place.environment or "", place.path, number, place.evidence)
        names[at] = (place.environment, name)
        rows.setdefault(at, Counter())[status] += count
    for at in sorted(rows):
        counts = rows[at]
        seen, found = counts.total(), counts[EXPOSED] + counts[BY_CONTRACT]
        unknown = sum(count for status, count in counts.items() if status not in ASSESSED)
        (environment, name), (_, path, _, evidence) = names[at], at
        yield Breakdown(environment, path, name, seen, found, *bounds(found, unknown, seen), evidence)


def _stages(steps: set[int]) -> Callable[[int | None], tuple[int, str | None]]:
    """Step -> (number, name) of its stage; steps are cut into `STAGES` parts of equal width, or fewer."""
    if not steps:
        return lambda step: (-1, None)
    first, last = min(steps), max(steps)
    width = max(1, -(-(last - first + 1) // STAGES))

    def stage(step: int | None) -> tuple[int, str | None]:
        if step is None:
            return -1, None
        number = (step - first) // width
        low = first + number * width
        high = min(last, low + width - 1)
        return number, f"step {low}" if low == high else f"steps {low}-{high}"

    return stage


def _cells(tally: Tally) -> dict[tuple[str, int | None, str], tuple[int, int, int]]:
    """(reward path, step, kind of evidence) -> episodes, exposed, not assessed."""
    cells: dict[tuple[str, int | None, str], list[int]] = {}
    for (place, status), count in tally.places.items():
        cell = cells.setdefault((place.path, place.step, place.evidence), [0, 0, 0])
        cell[0] += count
        cell[1] += count if status in (EXPOSED, BY_CONTRACT) else 0
        cell[2] += count if status not in ASSESSED else 0
    return {at: (cell[0], cell[1], cell[2]) for at, cell in cells.items()}


def _affected(cells: Mapping[tuple[str, int | None, str], tuple[int, int, int]]) -> Affected:
    """All steps at which a reward path that is exposed anywhere was live."""
    offending = {path for (path, _, _), (_, exposed, _) in cells.items() if exposed}
    reach = Reach()
    for path, step, _ in cells:
        if path in offending:
            reach.add(step)
    return Affected(reach.first_step, reach.last_step)


def _limit_notes(tally: Tally) -> Iterator[str]:
    for limit, count in sorted(tally.limits.items()):
        yield f"The limit `{limit}` was hit {count} time(s); what lies beyond it was not searched."
