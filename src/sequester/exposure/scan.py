"""The scan of one unit of one input: read, screen in batches, look closely where something showed, count.

Memory is bounded by the batch, not by the input. A unit is scanned without knowledge of the others; what needs the whole run (shared
text, gaps, severity) is settled afterwards from the tallies.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import lru_cache, partial
from itertools import islice
from types import MappingProxyType
from zlib import crc32

from msgspec.structs import replace

from sequester.episodes.flatten import is_label
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Evidence, Field, Reason, RewardCall, Skipped, SplitStatus, Visibility
from sequester.episodes.naming import shown_name
from sequester.episodes.readers.interface import Options, Reader, Unit
from sequester.errors import InputError
from sequester.exposure import matching
from sequester.exposure.counts import IDS_COMPARED, Handover
from sequester.exposure.examine import Examination, examine, searched_texts
from sequester.exposure.lows import Reach, count_lows, low
from sequester.exposure.others import Encounters, Exposed, Known, collected, exposed
from sequester.exposure.private import MIN_PRIVATE, Material, material
from sequester.exposure.samples import SHORT
from sequester.exposure.subject import Subject, characters_per_byte
from sequester.exposure.suspects import CallOutcome, Candidate, Foreign, Minor, Sighting, Suspect
from sequester.exposure.tally import Tally
from sequester.exposure.vicinity import VICINITY, Notes
from sequester.findings.fingerprint import FingerprintKey

_OTHERS_KEPT = "episodes kept for comparison"
"""The limit `others.MOST_KEPT`, as reports name it."""
BATCH = 64
"""Episodes screened in one call of the kernel: enough to amortise the call, few enough for their text to stay in the processor's cache."""

ECHO_LENGTH = 64
"""Normalised characters of its reasoning that an answer or tool call must repeat to be counted as echo."""

_MOSTLY_STOCK = 512
"""Bytes of private text from which on a reasoning is not looked through for stock text: nobody recites so much and thinks nothing."""
_BEGINNING, _FEW = 64, 8
"""Characters of a reasoning in which so few different ones say that all of it may be too uniform to be looked for."""

# Looking a member up in an enum costs as much as the rest of a step.
_SAMPLED = (Channel.REASONING, Channel.ANSWER, Channel.TOOL_CALL)
_NO_COT, _AMBIGUOUS = SplitStatus.NO_COT, SplitStatus.AMBIGUOUS
_RECORDED, _CONTRACT, _TOOL_CALL = Evidence.RECORDED, Evidence.CONTRACT, Channel.TOOL_CALL
_NO_HITS: Mapping[int, matching.Hit] = MappingProxyType({})


def scan_unit(
    reader: Reader, unit: Unit, options: Options, key: FingerprintKey, notes: Notes, counts_groups: bool = False
) -> Tally:
    """Scan one unit, the next of a chunk. What can be read is counted; what stops the reading is kept in `Tally.errors`, never raised."""
    scan = _Scan(key, notes, Tally(counts_groups=counts_groups))
    episodes = scan.counted(reader, unit, options)
    while batch := list(islice(episodes, BATCH)):
        scan.batch(batch)
    tally = scan.tally
    tally.count_unsuspicious()
    pairs, tally.edges = scan.encounters.finished()
    if pairs:
        tally.leaked = collected(pairs)
        suspects = tally.keys()
        wanted, numbers = scan.encounters.places()
        again = zip(numbers, read_again(reader, unit, options, wanted), strict=False)
        try:
            for found in exposed(again, pairs, key):
                add_foreign(tally, suspects, found, key)
        except InputError as error:
            tally.errors.setdefault(unit.path, told(error))
    notes.end()
    return tally


def read_again(reader: Reader, unit: Unit, options: Options, wanted: frozenset[int]) -> Iterator[Known]:
    """The episodes of a unit that were screened and have one of these `Source.record`, in that order.

    Raises InputError where it cannot be read as before.
    """
    for record in reader.read(replace(unit, wanted=wanted), options):
        if isinstance(record, Episode) and record.source.record in wanted and _is_screened(record):
            yield Known(record, material(record))


def _is_screened(episode: Episode) -> bool:
    """Whether it may hold reasoning, or a scorer of it may have been handed some."""
    return episode.split.status is not _NO_COT or bool(episode.calls)


def add_foreign(tally: Tally, suspects: Set[tuple[str, str]], found: Exposed, key: FingerprintKey) -> None:
    """Add other episodes' reasoning to what is known of an episode that a tally counted. `suspects` are those it had, by `Suspect.key`.

    Raises InputError where it counted no such episode.
    """
    episode = found.episode
    name = _source(episode), shown_name(episode.episode_id)
    if name not in suspects and name not in tally.foreign and not _suspect_later(tally, episode, key):
        raise InputError("changed while it was read", where=episode.source.path, hint="audit it again")
    foreign = tally.foreign.setdefault(name, Foreign())
    for call, one in found.candidates.items():
        foreign.candidates[call] = max(foreign.candidates.get(call, one), one, key=_weightiest)
    if not found.is_searched:
        foreign.is_searched = False
        tally.limits[_OTHERS_KEPT] += 1
    tally.leaked.update(found.leaked)


def _suspect_later(tally: Tally, episode: Episode, key: FingerprintKey) -> bool:
    """Take an episode that was counted among the suspects, if it is none yet; False where no such episode was counted."""
    if episode.split.status is not _NO_COT:
        return tally.suspect_later(_alone(episode, key))
    # Reasoning had a part in its score, though none of its own: it is counted as what holds some.
    tally.without_cot -= 1
    tally.suspects.append(_without_cot(episode))
    return tally.without_cot >= 0


def _weightiest(candidate: Candidate) -> tuple[int, str, str]:
    """Whatever border is compared first, the same one of two is kept."""
    return candidate.private, candidate.owner_source, candidate.owner


class _Scan:
    """The scan of a unit as far as it has come."""

    def __init__(self, key: FingerprintKey, notes: Notes, tally: Tally) -> None:
        self._key = key
        self._notes = notes
        self.tally = tally
        notes.begin(tally)
        self._densely = False
        """Whether there was a short reasoning, of which few windows are sampled otherwise."""
        self.encounters = Encounters()

    def counted(self, reader: Reader, unit: Unit, options: Options) -> Iterator[Episode]:
        """The episodes of a unit that are screened; every record is counted, every skipped one with its reason.

        An error ends the episodes and is kept: what was read before it is scanned all the same.
        """
        tally, path = self.tally, unit.path
        steps: set[int | None] = set()
        shards: set[str | None] = set()
        try:
            for record in reader.read(unit, options):
                tally.seen += 1
                if isinstance(record, Skipped):
                    tally.skip(record)
                    continue
                if record.source.record <= IDS_COMPARED:
                    named = f"{record.episode_id}\0{record.step}".encode("utf-8", "replace")
                    tally.ids.setdefault(path, set()).add(crc32(named))
                steps.add(record.step)
                shards.add(record.shard)
                if tally.counts_groups and record.group is not None:
                    tally.groups[path, crc32(record.group.encode("utf-8", "replace"))] += 1
                if record.split.status is _NO_COT:
                    tally.without_cot += 1
                if _is_screened(record):
                    yield record
        except InputError as error:
            tally.errors[path] = told(error)
        if tally.seen:
            tally.records[path] = tally.seen
        if known_steps := {step for step in steps if step is not None}:
            tally.steps[path] = known_steps
        if known_shards := {shard for shard in shards if shard is not None}:
            tally.shards[path] = known_shards

    def batch(self, episodes: Sequence[Episode]) -> None:
        """Screen some episodes, examine what the screen points at, and count them all."""
        known = [(episode, material(episode)) for episode in episodes]
        texts = [_texts(episode, parts) for episode, parts in known]
        self._densely = self._densely or any(_is_short(parts) for _, parts in known)
        own = [len(parts.own) for _, parts in known]
        screened = matching.screen(texts, self._notes.sketch, self.encounters.samples, own, self._densely)
        self.encounters.noted(episodes)
        hits: dict[int, dict[int, matching.Hit]] = {}
        for hit in screened.hits:
            hits.setdefault(hit.episode, {})[hit.call] = hit
        publics = 0
        for number, (episode, parts) in enumerate(known):
            publics += len(parts.public)
            if parts.unassessable is None:
                self.tally.echo_of += 1
                repeated = screened.marked[publics - len(parts.own) : publics]
                if repeated and max(repeated) >= ECHO_LENGTH:
                    self._count_echo(parts.own, repeated)
                barred = Reason.NO_PRIVATE_TEXT if _too_little(parts.reasoning, screened.privates[number]) else None
                self._count(episode, parts, barred, hits.get(number, _NO_HITS))
            elif episode.split.status is not _NO_COT:
                self._count(episode, parts)
        self._notes.screened()

    def _count_echo(self, own: Sequence[Channel], repeated: array[int]) -> None:
        """Count the channels in which the policy's own output repeats its reasoning."""
        self.tally.echo_episodes += 1
        for channel in {channel.value for channel, length in zip(own, repeated, strict=True) if length >= ECHO_LENGTH}:
            self.tally.echo[channel] += 1

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
            reason = parts.unassessable or _why_not_searched(call, episode) or barred
            # Of an input that the log holds in part, that part is searched.
            in_part = reason is call.missing and call.inputs is not None and barred is None
            candidates: tuple[Candidate, ...] = ()
            evidence = call.evidence
            hands_over = bool(call.hands_over) and not _is_empty(episode)
            if hands_over:
                # By contract the scorer holds the reasoning whatever the log says: one finding per path, no search.
                evidence = _CONTRACT
                self.tally.handovers.setdefault(Handover(shown_name(call.path), call.hands_over), Reach()).add(episode.step)
            elif reason is None or in_part or (reason is Reason.NO_PRIVATE_TEXT and index in hits and _TOOL_CALL in parts.own):
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
            self.tally.undelimited += 1
        environment = _environment(episode)
        if suspicious:
            for index, minor in minors:
                outcomes[index] = replace(outcomes[index], candidates=(*outcomes[index].candidates, minor.candidate()))
            self.tally.suspects.append(_suspect(episode, environment, tuple(outcomes)))
            return
        if minors:
            self._count_minors(episode, environment, outcomes, minors)
        self.tally.unsuspicious[tuple(outcomes)].add(environment, episode.step, episode.advantage)

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
        count_lows(self.tally.lows, episode.step, found)

    def _examined(self, subject: Subject, call: RewardCall, hit: matching.Hit | None) -> tuple[Examination, Reason | None]:
        """What a close look at a call shows, and why it does not clear it."""
        found = examine(subject, call, hit, self._key)
        if found.limits:
            self.tally.limits.update(found.limits)
        return found, Reason.LIMIT if found.limits else Reason.IDS_UNKNOWN if found.ids_unknown else None


def _alone(episode: Episode, key: FingerprintKey) -> Suspect:
    """What a scan says of one episode."""
    tally = Tally()
    _Scan(key, Notes(matching.Sketch(64), VICINITY), tally).batch([episode])
    for suspect in tally.suspects:
        return suspect
    ((calls, alike),) = tally.unsuspicious.items()
    ((environment, _),) = alike.places
    return _suspect(episode, environment, calls)


def _without_cot(episode: Episode) -> Suspect:
    """An episode without reasoning, of which nothing but that of others is searched for."""
    calls = []
    for call in episode.calls:
        reason = _why_not_searched(call, episode) or (None if call.evidence is _RECORDED else Reason.REBUILT_ONLY)
        calls.append(_outcome(call.path, call.evidence, False, reason))
    return _suspect(episode, _environment(episode), tuple(calls))


def _environment(episode: Episode) -> str | None:
    return shown_name(episode.environment) if episode.environment is not None else None


def told(error: InputError) -> str:
    """An error as results name it."""
    return str(error) + (f" ({error.hint})" if error.hint else "")


def _suspect(episode: Episode, environment: str | None, calls: tuple[CallOutcome, ...]) -> Suspect:
    return Suspect(shown_name(episode.episode_id), environment, episode.step, _source(episode), episode.advantage, calls)


def _is_empty(episode: Episode) -> bool:
    """Whether the policy wrote nothing at all, so that there was nothing to hand over. Reasoning that the log dropped is something."""
    return episode.visibility is Visibility.RAW and not any(segment.channel in _SAMPLED for segment in episode.segments)


def _source(episode: Episode) -> str:
    return f"{episode.source.path}:{episode.source.record}"


def _texts(episode: Episode, parts: Material) -> matching.Episode:
    """What the screen gets of an episode: no reasoning where it has none, and None where nobody knows what of it is some.

    A call that hands the reasoning over by contract is counted as it is, and not searched.
    """
    is_known = parts.unassessable is None or episode.split.status is _NO_COT
    return (
        [text.reveal_raw() for text in parts.reasoning] if is_known else None,
        [(text.reveal_raw(), first) for text, first in parts.public],
        [() if call.hands_over else [text.reveal_raw() for _, text in searched_texts(call)] for call in episode.calls],
    )


def _is_short(parts: Material) -> bool:
    """Whether it is, or may be, sampled densely. Most texts get shorter when they are normalised."""
    return parts.unassessable is None and 4 * sum(len(text.reveal_raw()) for text in parts.reasoning) <= 5 * SHORT


def _too_little(reasoning: Sequence[GuardedText], private: int) -> bool:
    """Whether the private text, of so many bytes, is too short to look for (see `characters_per_byte`): without what is stock text where
    that is most of the reasoning, and none at all of a reasoning so uniform that it stands everywhere."""
    if private >= _MOSTLY_STOCK and not any(map(_begins_uniformly, reasoning)):
        return False
    normalised = b"".join(matching.normalise(text.reveal_raw()) for text in reasoning)
    if matching.low_entropy(normalised):
        return True
    stock = matching.stock_length(normalised)
    own = private - stock if 2 * stock > len(normalised) else private
    return own * characters_per_byte(normalised) < MIN_PRIVATE


def _begins_uniformly(text: GuardedText) -> bool:
    beginning = text.reveal_raw()[:_BEGINNING]
    # Most show it in a quarter of that.
    return len(set(beginning[: _BEGINNING // 4])) <= _FEW and len(set(beginning)) <= _FEW


def _why_not_searched(call: RewardCall, episode: Episode) -> Reason | None:
    """Why a search of what the log holds of an input does not clear it. A part is missing, or all that is there is empty: unless it is a
    text, and the answer is empty too."""
    if call.missing is not None:
        return call.missing
    if call.inputs is None:
        return Reason.REBUILT_ONLY if call.evidence is _CONTRACT else Reason.INPUT_NOT_LOGGED
    has_text = False
    for field in call.inputs:
        if field.text is None:
            if field.ids is None or field.ids:
                return None
        elif not is_label(field):
            if field.text:
                return None
            has_text = True
    return None if has_text and not _has_answer(episode) else Reason.INPUT_NOT_LOGGED


def _has_answer(episode: Episode) -> bool:
    return any(segment.channel is Channel.ANSWER and segment.text for segment in episode.segments)


def _id_lists(call: RewardCall) -> list[Field]:
    return [field for field in call.inputs or () if field.ids is not None]


@lru_cache(4096)
def _outcome(path: str, evidence: Evidence, by_contract: bool, reason: Reason | None) -> CallOutcome:
    return CallOutcome(shown_name(path), evidence, by_contract, reason)
