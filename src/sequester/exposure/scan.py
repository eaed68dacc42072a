"""The scan of one unit of one input: read, screen in batches, look closely where something showed, count.

Memory is bounded by the batch, not by the input. A unit is scanned without knowledge of the others; what needs the whole run (shared
text, gaps, severity) is settled afterwards from the tallies.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from types import MappingProxyType
from zlib import crc32

from msgspec.structs import replace

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Evidence, Field, Reason, RewardCall, Skipped, SplitStatus, Visibility
from sequester.episodes.readers.flatten import is_label
from sequester.episodes.readers.interface import Options, Reader, Unit
from sequester.errors import InputError
from sequester.exposure import matching
from sequester.exposure.examine import Examination, examine, searched_texts
from sequester.exposure.naming import shown_name
from sequester.exposure.others import Encounters, Exposed, Known, exposed
from sequester.exposure.private import MIN_PRIVATE, Material, material
from sequester.exposure.sharing import Sharing
from sequester.exposure.subject import Subject, characters_per_byte
from sequester.exposure.tally import (
    CallOutcome,
    Candidate,
    Handover,
    Minor,
    Reach,
    Sighting,
    Suspect,
    Tally,
    count_episodes,
    count_lows,
    low,
)
from sequester.findings.fingerprint import FingerprintKey

BATCH = 64
"""Episodes screened in one call of the kernel: enough to amortise the call, few enough for their text to stay in the processor's cache."""

ECHO_LENGTH = 64
"""Normalised characters of its reasoning that an answer or tool call must repeat to be counted as echo."""

# Looking a member up in an enum costs as much as the rest of a step.
_SAMPLED = (Channel.REASONING, Channel.ANSWER, Channel.TOOL_CALL)
_NO_COT, _AMBIGUOUS = SplitStatus.NO_COT, SplitStatus.AMBIGUOUS
_RECORDED, _CONTRACT, _TOOL_CALL = Evidence.RECORDED, Evidence.CONTRACT, Channel.TOOL_CALL
_NO_HITS: Mapping[int, matching.Hit] = MappingProxyType({})


def scan_unit(
    reader: Reader, unit: Unit, options: Options, key: FingerprintKey, sketch: matching.Sketch, counts_groups: bool = False
) -> Tally:
    """Scan one unit. What can be read is counted; what stops the reading is kept in `Tally.errors`, never raised."""
    scan = _Scan(key, sketch, Tally(counts_groups=counts_groups))
    episodes = scan.counted(reader, unit, options)
    while batch := list(islice(episodes, BATCH)):
        scan.batch(batch)
    tally = scan.finished()
    pairs, tally.edges = scan.encounters.finished()
    if pairs:
        add_foreign(tally, exposed(read_again(reader, unit, options), pairs, key), unit, key)
    return tally


def read_again(reader: Reader, unit: Unit, options: Options) -> Iterator[Known]:
    """The episodes of a unit that were screened, in that order. Raises InputError where it cannot be read as before."""
    for record in reader.read(unit, options):
        if (
            isinstance(record, Episode)
            and record.split.status is not _NO_COT
            and (parts := material(record)).unassessable is None
        ):
            yield Known(record, parts)


def add_foreign(tally: Tally, found: Iterable[Exposed], unit: Unit, key: FingerprintKey) -> None:
    """Add other episodes' reasoning to what a tally knows of episodes that it counted. What stops the reading is kept in its errors."""
    known = {suspect.key for suspect in tally.suspects}
    try:
        for episode, candidates in found:
            name = _source(episode), shown_name(episode.episode_id)
            if name not in known and name not in tally.foreign:
                suspect = _alone(episode, key)
                if not suspect.suspicious and not tally.suspect_later(suspect):
                    raise InputError("changed while it was read", where=episode.source.path, hint="audit it again")
            calls = tally.foreign.setdefault(name, {})
            for number, one in candidates.items():
                calls[number] = max(calls.get(number, one), one, key=_weightiest)
    except InputError as error:
        tally.errors.setdefault(unit.path, _told(error))


def _weightiest(candidate: Candidate) -> tuple[int, str, str]:
    """Whatever border is compared first, the same one of two is kept."""
    return candidate.private, candidate.owner_source, candidate.owner


@dataclass
class _Alike:
    """Unsuspicious episodes whose calls came out alike."""

    places: Counter[tuple[str | None, int | None]] = dataclasses.field(default_factory=Counter)
    """How many, by environment and step."""
    advantage: float | None = None
    """Sum of the absolute advantages; None where none was logged."""


class _Scan:
    """The scan of a unit as far as it has come."""

    def __init__(self, key: FingerprintKey, sketch: matching.Sketch, tally: Tally) -> None:
        self._key = key
        self._sketch = sketch
        self._tally = tally
        self._sharing = Sharing(sketch)
        self._waiting: deque[tuple[int, int]] = deque()
        """When so many suspects had been found; those before the first are looked up."""
        self._looked_up = 0
        self._unsuspicious: defaultdict[tuple[CallOutcome, ...], _Alike] = defaultdict(_Alike)
        """Unsuspicious episodes by what became of their calls."""
        self.encounters = Encounters()

    def counted(self, reader: Reader, unit: Unit, options: Options) -> Iterator[Episode]:
        """The episodes of a unit that may hold reasoning; every record is counted, every skipped one with its reason.

        An error ends the episodes and is kept: what was read before it is scanned all the same.
        """
        tally, path = self._tally, unit.path
        steps: set[int | None] = set()
        shards: set[str | None] = set()
        try:
            for record in reader.read(unit, options):
                tally.seen += 1
                if isinstance(record, Skipped):
                    tally.skip(record)
                    continue
                steps.add(record.step)
                shards.add(record.shard)
                if tally.counts_groups and record.group is not None:
                    tally.groups[path, crc32(record.group.encode("utf-8", "replace"))] += 1
                if record.split.status is _NO_COT:
                    tally.without_cot += 1
                else:
                    yield record
        except InputError as error:
            tally.errors[path] = _told(error)
        if tally.seen:
            tally.records[path] = tally.seen
        if known_steps := {step for step in steps if step is not None}:
            tally.steps[path] = known_steps
        if known_shards := {shard for shard in shards if shard is not None}:
            tally.shards[path] = known_shards

    def batch(self, episodes: Sequence[Episode]) -> None:
        """Screen some episodes, examine what the screen points at, and count them all."""
        searched: list[tuple[Episode, Material]] = []
        for episode in episodes:
            parts = material(episode)
            if parts.unassessable is None:
                searched.append((episode, parts))
            else:
                self._count(episode, parts)
        texts = [_texts(episode, parts) for episode, parts in searched]
        screened = matching.screen(texts, self._sketch, self.encounters.samples, [len(parts.own) for _, parts in searched])
        self.encounters.noted()
        hits: dict[int, dict[int, matching.Hit]] = {}
        for hit in screened.hits:
            hits.setdefault(hit.episode, {})[hit.call] = hit
        self._tally.echo_of += len(searched)
        publics = 0
        for number, (episode, parts) in enumerate(searched):
            publics += len(parts.public)
            self._count_echo(parts.own, screened.marked[publics - len(parts.own) : publics])
            barred = Reason.NO_PRIVATE_TEXT if _too_little(parts.reasoning, screened.privates[number]) else None
            self._count(episode, parts, barred, hits.get(number, _NO_HITS))
        self._look_up_older()

    def _look_up_older(self) -> None:
        """Look up the suspects whose time has come: a unit may hold more text than the sketch reaches back over."""
        if not self._waiting or self._waiting[-1][0] != self._sharing.now:
            self._waiting.append((self._sharing.now, len(self._tally.suspects)))
        while self._sharing.is_due(self._waiting[0][0]):
            _, until = self._waiting.popleft()
            self._tally.look_up(self._sharing, self._looked_up, until)
            self._looked_up = until

    def _count_echo(self, own: Sequence[Channel], repeated: array[int]) -> None:
        """Count the channels in which the policy's own output repeats its reasoning."""
        channels = {channel.value for channel, length in zip(own, repeated, strict=True) if length >= ECHO_LENGTH}
        if channels:
            self._tally.echo_episodes += 1
            for channel in channels:
                self._tally.echo[channel] += 1

    def _count(
        self,
        episode: Episode,
        parts: Material,
        barred: Reason | None = None,
        hits: Mapping[int, matching.Hit] = _NO_HITS,
    ) -> None:
        """Decide what became of every call of one episode, and count it or keep it as a suspect.

        `barred` is why the screen cannot clear it, `hits` are the calls in which it saw something.
        """
        subject: Subject | None = None
        suspicious = False
        outcomes = []
        minors: list[tuple[int, Minor]] = []
        for index, call in enumerate(episode.calls):
            reason = parts.unassessable or _why_not_searched(call) or barred
            candidates: tuple[Candidate, ...] = ()
            evidence = call.evidence
            hands_over = bool(call.hands_over) and not _is_empty(episode)
            if hands_over:
                # By contract the scorer holds the reasoning whatever the log says: one finding per path, no search.
                evidence = _CONTRACT
                self._tally.handovers.setdefault(Handover(shown_name(call.path), call.hands_over), Reach()).add(episode.step)
            elif reason is None or (reason is Reason.NO_PRIVATE_TEXT and index in hits and _TOOL_CALL in parts.own):
                hit = hits.get(index)
                if hit or _id_lists(call):
                    subject = subject or Subject(episode, parts, hit.private if hit else None)
                    found, unknown = self._examined(subject, call, hit)
                    candidates = found.candidates
                    minors += ((index, minor) for minor in found.minors)
                    reason = reason or unknown
                    suspicious = suspicious or bool(candidates)
                reason = parts.not_cleared or reason or (None if evidence is _RECORDED else Reason.REBUILT_ONLY)
            outcome = _outcome(call.path, evidence, hands_over, reason)
            outcomes.append(replace(outcome, candidates=candidates) if candidates else outcome)
        if episode.split.status is _AMBIGUOUS and any(outcome.by_contract for outcome in outcomes):
            self._tally.undelimited += 1
        environment = shown_name(episode.environment) if episode.environment is not None else None
        if suspicious:
            for index, minor in minors:
                outcomes[index] = replace(outcomes[index], candidates=(*outcomes[index].candidates, minor.candidate()))
            self._tally.suspects.append(_suspect(episode, environment, tuple(outcomes)))
            return
        if minors:
            self._count_minors(episode, environment, outcomes, minors)
        alike = self._unsuspicious[tuple(outcomes)]
        alike.places[environment, episode.step] += 1
        if episode.advantage is not None:
            alike.advantage = (alike.advantage or 0.0) + abs(episode.advantage)

    def _count_minors(
        self, episode: Episode, environment: str | None, outcomes: Sequence[CallOutcome], minors: Sequence[tuple[int, Minor]]
    ) -> None:
        """Count what is below `medium` in an episode that has nothing else."""
        source = _source(episode)

        def sighting(index: int, minor: Minor) -> Sighting:
            at = outcomes[index]
            name = shown_name(episode.episode_id)
            return Sighting(minor.candidate(), name, environment, episode.step, source, at.path, at.evidence, index)

        found = (
            low(minor, outcomes[index].path, outcomes[index].evidence, source, index, partial(sighting, index, minor))
            for index, minor in minors
        )
        count_lows(self._tally, episode.step, found)

    def _examined(self, subject: Subject, call: RewardCall, hit: matching.Hit | None) -> tuple[Examination, Reason | None]:
        """What a close look at a call shows, and why it does not clear it."""
        found = examine(subject, call, hit, self._key)
        self._tally.limits.update(found.limits)
        return found, Reason.LIMIT if found.limits else Reason.IDS_UNKNOWN if found.ids_unknown else None

    def only(self, episode: Episode) -> Suspect:
        """The one episode that was scanned."""
        for suspect in self._tally.suspects:
            return suspect
        ((calls, alike),) = self._unsuspicious.items()
        ((environment, _),) = alike.places
        return _suspect(episode, environment, calls)

    def finished(self) -> Tally:
        """The tally, with the unsuspicious episodes in it."""
        for calls, alike in self._unsuspicious.items():
            count_episodes(self._tally, calls, frozenset(), alike.places, alike.advantage)
        return self._tally


def _alone(episode: Episode, key: FingerprintKey) -> Suspect:
    """What a scan says of one episode."""
    scan = _Scan(key, matching.Sketch(64), Tally())
    scan.batch([episode])
    return scan.only(episode)


def _told(error: InputError) -> str:
    return str(error) + (f" ({error.hint})" if error.hint else "")


def _suspect(episode: Episode, environment: str | None, calls: tuple[CallOutcome, ...]) -> Suspect:
    return Suspect(shown_name(episode.episode_id), environment, episode.step, _source(episode), episode.advantage, calls)


def _is_empty(episode: Episode) -> bool:
    """Whether the policy wrote nothing at all, so that there was nothing to hand over. Reasoning that the log dropped is something."""
    return episode.visibility is Visibility.RAW and not any(segment.channel in _SAMPLED for segment in episode.segments)


def _source(episode: Episode) -> str:
    return f"{episode.source.path}:{episode.source.record}"


def _texts(episode: Episode, parts: Material) -> matching.Episode:
    """What the screen gets of an episode. A call that hands the reasoning over by contract is counted as it is, and not searched."""
    return (
        [text.reveal_raw() for text in parts.reasoning],
        [(text.reveal_raw(), first) for text, first in parts.public],
        [() if call.hands_over else [text.reveal_raw() for _, text in searched_texts(call)] for call in episode.calls],
    )


def _too_little(reasoning: Sequence[GuardedText], private: int) -> bool:
    """Whether the private text, of so many bytes, is too short to look for; see `characters_per_byte`."""
    if private >= 3 * MIN_PRIVATE:
        return False
    normalised = b"".join(matching.normalise(text.reveal_raw()) for text in reasoning)
    return private * characters_per_byte(normalised) < MIN_PRIVATE


def _why_not_searched(call: RewardCall) -> Reason | None:
    if call.inputs is None:
        return call.missing or (Reason.REBUILT_ONLY if call.evidence is _CONTRACT else Reason.INPUT_NOT_LOGGED)
    for field in call.inputs:
        if (field.text and not is_label(field)) or field.ids:
            return None
    return Reason.INPUT_NOT_LOGGED


def _id_lists(call: RewardCall) -> list[Field]:
    return [field for field in call.inputs or () if field.ids is not None]


@lru_cache(4096)
def _outcome(path: str, evidence: Evidence, by_contract: bool, reason: Reason | None) -> CallOutcome:
    return CallOutcome(shown_name(path), evidence, by_contract, reason)
