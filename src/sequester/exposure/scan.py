"""The scan of one unit of one input: read, screen in batches, look closely where something showed, count.

Memory is bounded by the batch, not by the input. A unit is scanned without knowledge of the others; what needs the whole run (shared
text, gaps, severity) is settled afterwards from the tallies.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from sequester.episodes.model import Episode, Evidence, Reason, RewardCall, Skipped, SplitStatus
from sequester.episodes.readers.interface import Options, Reader, Unit
from sequester.errors import InputError
from sequester.exposure import matching
from sequester.exposure.examine import Subject, characters_per_byte, examine, searched_texts
from sequester.exposure.private import MIN_PRIVATE, Material, lacks_answer, material, why_not_cleared, why_unassessable
from sequester.exposure.severity import THRESHOLDS
from sequester.exposure.tally import MALFORMED_SHOWN, CallOutcome, Candidate, Handover, Place, Reach, Suspect, Tally
from sequester.findings.fingerprint import FingerprintKey

BATCH = 250
"""Episodes screened in one call of the kernel: enough to amortise the call, little enough to stay in memory."""

MOST_WORDS = 7
LONGEST_NAME = 160
"""Characters up to which an environment, a reward path or an episode id is taken for a name."""

AUDITED = "audited"
ECHO_LENGTH = 64
"""Normalised characters of its reasoning that an answer or tool call must repeat to be counted as echo."""


def scan_unit(
    reader: Reader, unit: Unit, options: Options, key: FingerprintKey, sketch: matching.Sketch, counts_groups: bool = False
) -> Tally:
    """Scan one unit. What can be read is counted; what stops the reading is kept in `Tally.errors`, never raised."""
    tally = Tally(counts_groups=counts_groups)
    outlines: _Outlines = {}
    for batch in _batches(_counted(reader, unit, options, tally)):
        _scan_batch(batch, key, sketch, tally, outlines)
    for (environment, step, calls), alike in outlines.items():
        count_episode(tally, Suspect("", environment, step, "", alike.advantage, calls), frozenset(), alike.times)
    return tally


@dataclass
class _Alike:
    """Unsuspicious episodes that differ in nothing that is counted."""

    times: int = 0
    advantage: float | None = None
    """Sum of the absolute advantages; None where none was logged."""


_Outlines = dict[tuple[str | None, int | None, tuple[CallOutcome, ...]], _Alike]
"""Such episodes by environment, step and what became of their calls."""


def _counted(reader: Reader, unit: Unit, options: Options, tally: Tally) -> Iterator[Episode]:
    """The episodes of a unit that may hold reasoning; every record is counted, every skipped one with its reason.

    An error ends the episodes and is kept: what was read before it is scanned all the same.
    """
    try:
        for record in reader.read(unit, options):
            tally.records[unit.path] += 1
            tally.seen += 1
            if isinstance(record, Skipped):
                tally.episodes[record.reason.value] += 1
                if len(tally.malformed) < MALFORMED_SHOWN:
                    tally.malformed.append(f"{record.source.path}:{record.source.record}: {record.detail}")
                continue
            tally.place(unit.path, record)
            if record.split.status is SplitStatus.NO_COT:
                tally.without_cot += 1
                continue
            yield record
    except InputError as error:
        tally.errors[unit.path] = str(error) + (f" ({error.hint})" if error.hint else "")


def _batches(episodes: Iterator[Episode]) -> Iterator[list[Episode]]:
    while batch := list(islice(episodes, BATCH)):
        yield batch


class _Case(Struct):
    """One episode on its way through a batch."""

    episode: Episode
    material: Material
    unassessable: Reason | None
    not_cleared: Reason | None
    hits: dict[int, matching.Hit] = {}
    """Calls in which the screen saw something, by index."""


def _scan_batch(batch: list[Episode], key: FingerprintKey, sketch: matching.Sketch, tally: Tally, outlines: _Outlines) -> None:
    cases = [_Case(episode, material(episode), why_unassessable(episode), why_not_cleared(episode)) for episode in batch]
    searchable = [case for case in cases if case.unassessable is None]
    screened = matching.screen([_screenable(case) for case in searchable], sketch)
    first = 0
    for index, case in enumerate(searchable):
        after = first + len(case.material.public)
        _count_echo(case, screened.marked[first:after], tally)
        first = after
        if _too_little(case, screened.privates[index]):
            case.not_cleared = Reason.NO_PRIVATE_TEXT
    for hit in screened.hits:
        searchable[hit.episode].hits[hit.call] = hit
    for case in cases:
        _count_case(case, key, tally, outlines)


def _too_little(case: _Case, private: int) -> bool:
    """Whether the private text, of so many bytes, is too short to look for; see `characters_per_byte`."""
    if private >= 3 * MIN_PRIVATE:
        return False
    normalised = b"".join(matching.normalise(text.reveal_raw()) for text in case.material.reasoning)
    return private * characters_per_byte(normalised) < MIN_PRIVATE


def _screenable(case: _Case) -> matching.Episode:
    return (
        [text.reveal_raw() for text in case.material.reasoning],
        [(text.reveal_raw(), first) for text, first in case.material.public],
        [[text.reveal_raw() for _, text in searched_texts(call)] for call in case.episode.calls],
    )


def _count_echo(case: _Case, repeated: array[int], tally: Tally) -> None:
    """Count the channels in which the policy's own output repeats its reasoning."""
    tally.echo_of += 1
    channels = {kind for kind, length in zip(case.material.echoes, repeated, strict=True) if kind and length >= ECHO_LENGTH}
    tally.echo_episodes += bool(channels)
    for channel in channels:
        tally.echo[channel] += 1


def _count_case(case: _Case, key: FingerprintKey, tally: Tally, outlines: _Outlines) -> None:
    """Decide what became of every call of one episode, and count it or keep it as a suspect."""
    episode = case.episode
    subject: Subject | None = None
    least = THRESHOLDS.never_shared if lacks_answer(episode) else 0.0
    outcomes = []
    for index, call in enumerate(episode.calls):
        reason = _why_not_searched(case, call)
        candidates: tuple[Candidate, ...] = ()
        if call.hands_over:
            # By contract the scorer holds the reasoning whatever the log says: one finding per path, no search.
            tally.handovers.setdefault(Handover(shown_name(call.path), call.hands_over), Reach()).add(episode.step)
        elif reason is None:
            hit = case.hits.get(index)
            if hit or any(field.ids is not None for field in call.inputs or ()):
                subject = subject or Subject(episode, case.material)
                found = (
                    examine(subject, call, hit.flags, key, bool(hit.chains)) if hit else examine(subject, call, (), key, False)
                )
                candidates = tuple(one for one in found.candidates if one.covered >= least)
                tally.limits.update(found.limits)
                reason = Reason.LIMIT if found.limits else Reason.IDS_UNKNOWN if found.ids_unknown else None
            reason = case.not_cleared or reason or (Reason.REBUILT_ONLY if call.evidence is not Evidence.RECORDED else None)
        outcome = _outcome(call.path, Evidence.CONTRACT if call.hands_over else call.evidence, bool(call.hands_over), reason)
        outcomes.append(replace(outcome, candidates=candidates) if candidates else outcome)
    environment = shown_name(episode.environment) if episode.environment is not None else None
    if any(outcome.candidates for outcome in outcomes):
        source = f"{episode.source.path}:{episode.source.record}"
        name = shown_name(episode.episode_id)
        tally.suspects.append(Suspect(name, environment, episode.step, source, episode.advantage, tuple(outcomes)))
        return
    alike = outlines.setdefault((environment, episode.step, tuple(outcomes)), _Alike())
    alike.times += 1
    if episode.advantage is not None:
        alike.advantage = (alike.advantage or 0.0) + abs(episode.advantage)


@lru_cache(4096)
def _outcome(path: str, evidence: Evidence, by_contract: bool, reason: Reason | None) -> CallOutcome:
    return CallOutcome(shown_name(path), evidence, by_contract, reason)


@lru_cache(4096)
def shown_name(name: str) -> str:
    """A name from the log as it may be printed. Free text in the place of a name may be reasoning: only its length is told."""
    if len(name) <= LONGEST_NAME and name.isprintable() and name.count(" ") < MOST_WORDS:
        return name
    return f"({len(name)} characters, no name)"


def _why_not_searched(case: _Case, call: RewardCall) -> Reason | None:
    if case.unassessable is not None:
        return case.unassessable
    if call.inputs is None:
        return call.missing or (Reason.REBUILT_ONLY if call.evidence is Evidence.CONTRACT else Reason.INPUT_NOT_LOGGED)
    if not any(field.text or field.ids for field in call.inputs):
        return Reason.INPUT_NOT_LOGGED
    return Reason.NO_PRIVATE_TEXT if case.not_cleared is Reason.NO_PRIVATE_TEXT else None


def count_episode(tally: Tally, suspect: Suspect, exposed_calls: frozenset[int], times: int = 1) -> None:
    """Add an episode, or `times` alike, to the counts; `exposed_calls` are the indices of the calls with a finding at or above medium.

    The advantage of several episodes alike is their sum.

    An episode is audited if every call of it was assessed: searched whole, or shown to be exposed.
    """
    statuses = []
    for index, call in enumerate(suspect.calls):
        if index in exposed_calls:
            status = EXPOSED
        elif call.by_contract:
            status = BY_CONTRACT
        else:
            status = AUDITED if call.reason is None else call.reason.value
        statuses.append(status)
        tally.calls[call.evidence.value, status] += times
    places: dict[Place, str] = {}
    for call, status in zip(suspect.calls, statuses, strict=True):
        place = Place(suspect.environment, call.path, suspect.step)
        places[place] = max(places.get(place, AUDITED), status, key=_gravity)
    for place, status in places.items():
        tally.places[place, status] += times
    worst = Reason.NO_REWARD_CALL.value if not statuses else next((s for s in statuses if s not in ASSESSED), AUDITED)
    tally.episodes[worst] += times
    shown = [status for status in statuses if status in (EXPOSED, BY_CONTRACT)]
    if shown:
        tally.exposed[worst] += times
        for kind in {suspect.calls[index].evidence.value for index, status in enumerate(statuses) if status in shown}:
            tally.exposed_by[kind] += times
    for kind in {call.evidence.value for call in suspect.calls if call.reason is not Reason.INPUT_NOT_LOGGED}:
        tally.with_evidence[kind] += times
        tally.unassessed_with[kind] += 0 if shown or worst == AUDITED else times
    for path, kind in {(call.path, call.evidence.value) for call in suspect.calls}:
        tally.scored[path, kind] += times
    if suspect.advantage is not None:
        tally.mass += abs(suspect.advantage)
        tally.mass_observed += abs(suspect.advantage) if worst == AUDITED else 0.0
        tally.mass_known = True


EXPOSED = "exposed"
BY_CONTRACT = "exposed by contract"
ASSESSED = frozenset({AUDITED, EXPOSED, BY_CONTRACT})


def _gravity(status: str) -> int:
    """Order in which several calls on one path of one episode are summed up: exposure first, then what is unknown."""
    return 3 if status == EXPOSED else 2 if status == BY_CONTRACT else 1 if status != AUDITED else 0
