"""The reasoning of *another* episode in a reward input: a shifted index, a shuffled batch, siblings joined into one prompt.

Which pairs. Sampled windows (`samples`) of all episodes of a unit meet; who holds VOTES windows of somebody's input is worth a close
look. A unit is read as a stream and an owner may come after its reader, so windows are compared at the unit's end (of a unit of more
than HORIZON windows in parts that overlap by half), and the few records concerned are read once more: nothing is kept of the others.

What counts. The owner's reasoning is searched for as it is in its own inputs (`matching.Pattern`), minus everything that the reader
has: prompt, columns, answer, reasoning. Siblings think alike, and every input is compared with all of them, so the bar is higher than
for an episode's own reasoning. Of a run count the characters whose sampled windows met (nobody says them openly, two reasonings at
most hold them), and which few inputs hold. What stands in the owner's own input too is a reference that the owner recites, unless owner and
reader are the only two who were given it, or it came into the inputs with the owner (`precedence`), or it is the whole reasoning. What
stands in CROWD inputs is a reference unless it came with the owner, or the stretches cover `never_shared` of the owner's reasoning and are
no mere phrase. All that does not hold for a digest, an input with the reasoning of DIGEST others. Measured on 14,080 real episodes with
another one's answer in the input, not subtracted: the longest of all coincidences is 108 characters.

Readers are all episodes, also those without reasoning; owners are those whose reasoning is known.

What it does not see: owners further away than the unit and EDGE episodes of the units beside it, encoded copies, token ids, pieces
under about 120 characters.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Episode, RewardCall
from sequester.episodes.naming import shown_name
from sequester.exposure import matching
from sequester.exposure.candidates import Finder, fields_of
from sequester.exposure.examine import searched_texts
from sequester.exposure.precedence import ENOUGH, ORIGIN, Origins, came_with_owner, origins_of
from sequester.exposure.private import Material
from sequester.exposure.samples import (
    ADDED,
    BELOW,
    CROWD,
    DENSELY,
    EDGE,
    INPUTS,
    NOBODY,
    REASONING,
    SHORT,
    Edge,
    Edges,
    Flags,
    Meetings,
    Numbers,
    Samples,
    Windows,
    sampled,
)
from sequester.exposure.severity import THRESHOLDS, ChainWeight, RunWeight
from sequester.exposure.subject import Subject
from sequester.exposure.suspects import Candidate
from sequester.exposure.weighing import own_bytes
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import FindingClass

VOTES = 2
"""Windows of an input that one other reasoning must hold."""
DIGEST = 3
"""Others of whose reasoning an input holds VOTES windows that nobody else has: then it collects reasoning."""
MOST_OWNERS = 8
"""Owners looked at for one reader, those with most windows first."""
MOST_KEPT = 1 << 26
"""Characters of episodes that are kept until those come by whose reasoning they may hold, or that may hold theirs."""
HORIZON = 1 << 22
"""Windows compared at once: those of some 150 MB of text."""
_COVERING = 0.3
"""Share of an owner's windows from which its reasoning may be covered as far as `never_shared` says."""


_WHOLE, _MANY = 0.7, 12
"""Share of an owner's windows, and how many of them (in some 400 characters), that are as good as its whole reasoning: nobody recites so
much and thinks so little beside. The rest may be what siblings think too."""


class Shared(NamedTuple):
    """The windows of a reader's inputs that one owner holds."""

    windows: Windows
    telling: Flags
    """Which of them count, whatever they cover."""
    stale: Flags
    """Which of them came into many inputs with the owner's episode."""
    leaked: Flags
    """Which of them are no shared wording where they stand in the owner's inputs too."""
    in_digest: bool


Pairs = dict[int, dict[int, Shared]]
"""Reader -> owner -> what they share. Episodes by their number among those screened."""


class Encounters:
    """Collects the windows of a unit's episodes, and says which episodes meet."""

    def __init__(self) -> None:
        self.samples = Samples()
        self._records = array("q")
        """`Source.record` of every episode."""
        self._origins: list[Origins] = []
        self._forgotten = 0
        self._first = Edge()
        self._pairs: Pairs = {}

    def noted(self, episodes: Sequence[Episode]) -> None:
        """To be called when episodes were added to `samples`."""
        self._records.extend(episode.source.record for episode in episodes)
        self._origins.append(origins_of(episodes))
        if self.samples.size > HORIZON:
            self._meet()
            forgotten = self.samples.forget_half()
            self._origins = [np.concatenate(self._origins)[forgotten:]]
            self._forgotten += forgotten

    def finished(self) -> tuple[Pairs, Edges]:
        """All pairs worth a close look, and what the units before and after this one are compared with."""
        last = self._meet()
        at_end = tuple(self._records[self._forgotten :][-EDGE:])
        alike = sum(map(frozenset(at_end).__contains__, self._records[: len(self._records) - len(at_end)]))
        return self._pairs, Edges(self._first, last, tuple(self._records[:EDGE]), at_end, alike)

    def places(self) -> tuple[frozenset[int], Iterator[int]]:
        """Where the episodes that `finished` paired stand: their `Source.record`, and the numbers of all episodes with one of these."""
        paired = set(self._pairs).union(*self._pairs.values())
        wanted = frozenset(self._records[number] for number in paired)
        return wanted, (number for number, record in enumerate(self._records) if record in wanted)

    def _meet(self) -> Edge:
        """Add the pairs among what is there; returns the last episodes."""
        meetings = matching.meetings(self.samples)
        origins = np.concatenate([np.empty(0, ORIGIN), *self._origins])
        if not self._forgotten:
            self._first = self._edge(slice(EDGE), meetings, origins)
        for reader, owners in _pairs(self.samples, meetings, origins).items():
            known = self._pairs.setdefault(reader + self._forgotten, {})
            known.update({owner + self._forgotten: shared for owner, shared in owners.items()})
        return self._edge(slice(-EDGE, None), meetings, origins)

    def _edge(self, episodes: slice, meetings: Meetings, origins: Origins) -> Edge:
        return Edge(*self.samples.part(episodes, meetings.common), origins[episodes].tobytes())


def collected(pairs: Pairs) -> set[int]:
    """Windows of reasoning that digests hold, and beside them its owner's inputs alone."""
    shared = (one for owners in pairs.values() for one in owners.values() if one.in_digest)
    return {window for one in shared for window in one.windows[one.leaked].tolist()}


def pairs_across(last: Edge, first: Edge) -> Pairs:
    """The pairs of an episode at the end of a unit and one at the beginning of the next, numbered from the first of `last` on."""
    samples = Samples()
    samples.add(last.windows, last.counts)
    border = len(samples.counts)
    samples.add(first.windows, first.counts)
    origins = np.frombuffer(last.origins + first.origins, ORIGIN)
    found = {
        reader: {owner: shared for owner, shared in owners.items() if (owner < border) != (reader < border)}
        for reader, owners in _pairs(samples, matching.meetings(samples), origins).items()
    }
    return {reader: owners for reader, owners in found.items() if owners}


def _pairs(samples: Samples, meetings: Meetings, origins: Origins) -> Pairs:
    """The pairs worth a close look among those that meet."""
    met, voices = meetings.met, meetings.voices
    speakers = voices[met["reader"]]
    own = (met["first"] == speakers) | (met["second"] == speakers)
    hearings = _hearings(met, speakers, own, origins, samples.counts[:, INPUTS] > 0)
    held = _held(met[~own], hearings[~own], samples.added)
    if not len(held):
        return {}
    starts = np.flatnonzero(np.diff(held["reader"], prepend=-1) | np.diff(held["owner"], prepend=-1))
    in_digest = _in_digests(held, starts)
    between_two = held["sole"] & held["recited"] & (held["heard"] == 2)
    stale = held["sole"] & held["stale"] & (held["heard"] >= ENOUGH)
    sparse = ~held["added"]
    owned = samples.counts[held["owner"][starts]]
    is_whole = _per_pair(held["sole"] & sparse, starts) >= np.maximum(_WHOLE * owned[:, REASONING], _MANY)
    leaked = between_two | stale | (held["sole"] & np.repeat(is_whole, np.diff(starts, append=len(held))))
    counted = in_digest | leaked | ~held["recited"]
    telling = in_digest | between_two | (~held["recited"] & (held["heard"] < CROWD))
    is_worth_it = (_per_pair((telling | stale) & sparse, starts) >= VOTES) | (
        (_per_pair(counted & sparse, starts) >= _COVERING * np.maximum(owned[:, REASONING], 1))
        | (_per_pair(counted, starts) >= _COVERING * owned[:, [REASONING, ADDED]].sum(axis=1))
    )
    found: Pairs = {}
    stops = np.append(starts[1:], len(held))
    for start, stop in zip(starts[is_worth_it].tolist(), stops[is_worth_it].tolist(), strict=True):
        some = start + np.flatnonzero(counted[start:stop])
        shared = Shared(held["window"][some], telling[some], stale[some], leaked[some], bool(in_digest[start]))
        found.setdefault(int(held["reader"][start]), {})[int(held["owner"][start])] = shared
    return found


def _per_pair(which: Flags, starts: NDArray[np.intp]) -> NDArray[np.int64]:
    """How many of the windows of each pair; `starts` are the first ones."""
    found: NDArray[np.int64] = np.add.reduceat(which, starts, dtype=np.int64)
    return found


_HEARING = np.dtype([("heard", "i8"), ("recited", "?"), ("stale", "?")])
"""Of a window that meets a reasoning: in the inputs of how many voices it stands, whether one of them holds it, and whether it came
there with its owner (`precedence`)."""
_HELD = np.dtype([("reader", "i8"), ("owner", "i8"), ("window", "u8"), ("sole", "?"), ("added", "?"), *_HEARING.descr])
"""A window of a reader's inputs that an owner holds. Sole: no other reasoning does. Added: by dense sampling, and no vote."""


def _held(met: NDArray[np.void], hearings: NDArray[np.void], added: Windows) -> NDArray[np.void]:
    """What is held, once each, in order of reader and owner."""
    two = np.flatnonzero(met["second"] != NOBODY)
    rows = np.concatenate([np.arange(len(met)), two])
    held = np.empty(len(rows), _HELD)
    held["reader"], held["window"] = met["reader"][rows], met["window"][rows]
    held["owner"] = np.concatenate([met["first"], met["second"][two]])
    held["sole"] = met["second"][rows] == NOBODY
    for name in _HEARING.names or ():
        held[name] = hearings[name][rows]
    held["added"] = np.isin(held["window"], added)
    held = held[np.lexsort((held["window"], held["owner"], held["reader"]))]
    fresh = [np.diff(held[name], prepend=0) != 0 for name in ("reader", "owner", "window")]
    fresh[0][:1] = True
    return held[np.logical_or.reduce(fresh)]


def _in_digests(held: NDArray[np.void], starts: NDArray[np.intp]) -> Flags:
    """Which windows stand in a digest."""
    alone = _per_pair(held["sole"] & ~held["added"], starts) >= VOTES
    readers, collected = np.unique(held["reader"][starts[alone]], return_counts=True)
    return np.isin(held["reader"], readers[collected >= DIGEST])


def _hearings(met: NDArray[np.void], speakers: Numbers, own: Flags, origins: Origins, is_scored: Flags) -> NDArray[np.void]:
    """What is known of each window that meets."""
    known, where = np.unique(met["window"], return_inverse=True)
    readers = np.unique(np.stack([where.astype(np.int64), speakers.astype(np.int64)]), axis=1)
    recited = np.zeros(len(known), np.bool_)
    recited[where[own]] = True
    hearings = np.empty(len(met), _HEARING)
    hearings["heard"], hearings["recited"] = np.bincount(readers[0], minlength=len(known))[where], recited[where]
    hearings["stale"] = came_with_owner(met["window"], met["reader"], met["first"], origins, is_scored)
    return hearings


class Known(NamedTuple):
    """An episode that can be searched for, and in."""

    episode: Episode
    material: Material

    @property
    def size(self) -> int:
        """Characters of its texts, roughly the bytes that keeping it takes."""
        texts = [segment.text for segment in self.episode.segments]
        texts += [field.text for call in self.episode.calls for field in call.inputs or () if field.text is not None]
        return sum(len(text.reveal_raw()) for text in texts)


class Exposed(NamedTuple):
    """What a close look at an episode's reward inputs shows."""

    episode: Episode
    candidates: Mapping[int, Candidate]
    """By reward call: the reasoning of others that was found."""
    is_searched: bool
    """False where the episode, or one whose reasoning it may hold, was not kept."""
    leaked: frozenset[int]
    """Windows of reasoning that was found here and stands in its owner's inputs too, and nowhere else."""
    number: int
    """Of the episode, in the order in which they were screened."""


def exposed(episodes: Iterable[tuple[int, Known]], pairs: Pairs, key: FingerprintKey) -> Iterator[Exposed]:
    """Look closely at pairs, as their episodes come by with their numbers, in order. Reads no further than needed."""
    chosen = {reader: _most(owners) for reader, owners in pairs.items()}
    ready: dict[int, list[int]] = {}
    last: dict[int, int] = {}
    for reader, owners in chosen.items():
        complete = max(reader, *owners)
        ready.setdefault(complete, []).append(reader)
        last.update({one: max(complete, last.get(one, 0)) for one in (reader, *owners)})
    kept: dict[int, Known] = {}
    size = 0
    longest: list[tuple[int, int]] = []
    """What is or was kept, by minus how long it is needed."""
    for number, known in episodes:
        if number in last:
            kept[number] = known
            size += known.size
            heappush(longest, (-last[number], number))
        while size > MOST_KEPT and -longest[0][0] > number:
            _, one = heappop(longest)
            if (let_go := kept.pop(one, None)) is not None:
                size -= let_go.size
                if one in chosen:
                    yield Exposed(let_go.episode, {}, False, frozenset(), one)
        for reader in ready.pop(number, ()):
            if reader in kept:
                owners = chosen[reader]
                present = [(kept[owner], shared) for owner, shared in owners.items() if owner in kept]
                found = _looked_at(reader, kept[reader], present, key)
                is_searched = all(owner in kept for owner in owners)
                if found.candidates or not is_searched:
                    yield found._replace(is_searched=is_searched)
        if not ready:
            return
        for one in [one for one in kept if last[one] <= number]:
            size -= kept.pop(one).size


def _most(owners: Mapping[int, Shared]) -> dict[int, Shared]:
    """The owners with most windows."""
    ranked = sorted(owners.items(), key=lambda one: (-int(one[1].telling.sum()), -len(one[1].windows), one[0]))
    return dict(ranked[:MOST_OWNERS])


def _looked_at(place: int, reader: Known, owners: Sequence[tuple[Known, Shared]], key: FingerprintKey) -> Exposed:
    """Per call of the reader, the episode at that place, the weightiest candidate, if any."""
    calls = {number: searched_texts(call) for number, call in enumerate(reader.episode.calls) if not call.hands_over}
    found: dict[int, list[_Sight]] = {}
    leaked: list[int] = []
    for owner, shared in owners:
        search = _Search(_subject(reader.material, owner), shared)
        sights = {
            number: sight for number, texts in calls.items() if (sight := search.look([text.reveal_raw() for _, text in texts]))
        }
        for number, sight in sights.items():
            found.setdefault(number, []).append(sight)
        if sights:
            leaked += shared.windows[shared.leaked].tolist()
    candidates = {
        number: replace(
            max(sights, key=lambda sight: sight.size).candidate(reader.episode.calls[number], calls[number], key),
            further=len(sights) - 1,
        )
        for number, sights in found.items()
    }
    return Exposed(reader.episode, candidates, True, frozenset(leaked), place)


class _Sight(NamedTuple):
    """One owner's reasoning in one call: the chains in the fields that hold most of it."""

    subject: Subject
    chains: list[matching.Chain]
    weights: tuple[ChainWeight, ...]

    @property
    def size(self) -> int:
        return sum(weight.private for weight in self.weights)

    def candidate(self, call: RewardCall, texts: Sequence[tuple[str, GuardedText]], key: FingerprintKey) -> Candidate:
        """The finding-to-be, with its places."""
        owner = self.subject.episode
        located = Finder(self.subject, call.path, key).located(texts, self.chains, FindingClass.CROSS_EPISODE)
        source = f"{owner.source.path}:{owner.source.record}"
        return replace(located, chains=self.weights, owner=shown_name(owner.episode_id), owner_source=source)


class _Search:
    """One owner's reasoning, to be looked for in the inputs of one reader."""

    def __init__(self, subject: Subject, shared: Shared) -> None:
        self._subject = subject
        self._windows = frozenset(shared.windows.tolist())
        self._telling = frozenset(shared.windows[shared.telling].tolist())
        self._stale = frozenset(shared.windows[shared.telling | shared.stale].tolist())
        self._private = _private_windows(subject)

    def look(self, texts: Sequence[matching.Text]) -> _Sight | None:
        """What some texts hold."""
        weighed: dict[tuple[int, ...], list[tuple[matching.Chain, ChainWeight]]] = {}
        for chain in self._subject.pattern.scan_many(texts):
            if weight := self._weight(chain):
                weighed.setdefault(fields_of(chain), []).append((chain, weight))
        sights = [
            _Sight(self._subject, [chain for chain, _ in some], tuple(weight for _, weight in some)) for some in weighed.values()
        ]
        return max(sights, key=lambda sight: sight.size, default=None)

    def _weight(self, chain: matching.Chain) -> ChainWeight | None:
        """What a chain weighs; None where it may be a coincidence."""
        subject = self._subject
        own = max(1, subject.own)
        enough = max(THRESHOLDS.quoted_run, THRESHOLDS.never_shared * own)
        if chain.private < min(enough, THRESHOLDS.another):
            return None
        alone = telling = either = 0.0
        for run in chain.runs:
            text = subject.normalised[run.cot_start : run.cot_start + run.length]
            private = own_bytes(subject, run)
            # Inputs that were screened before the first short reasoning are sampled sparsely.
            bounds = (BELOW, DENSELY) if len(subject.normalised) <= SHORT else (BELOW,)
            sampled_so = [self._private.intersection(sampled(text, to=bound).tolist()) for bound in bounds]
            alone += private * max(_share(windows, self._windows) for windows in sampled_so)
            telling += private * max(_share(windows, self._telling) for windows in sampled_so)
            either += private * max(_share(windows, self._stale) for windows in sampled_so)
        size, sure, new = (subject.characters(round(counted)) for counted in (alone, telling, either))
        # A few sentences that several scorers were given are said by somebody else, also where they are most of a short reasoning.
        if size < (enough if sure >= enough else max(enough, THRESHOLDS.high_run)):
            size = new
            if size < THRESHOLDS.another:
                return None
        return ChainWeight(size, min(1.0, size / own), (RunWeight(size, size, b""),), beside_marker=False)


def _subject(reader: Material, owner: Known) -> Subject:
    """The owner's reasoning minus what the reader has."""
    has = tuple((text, 0) for text, _ in reader.public) + tuple((text, 0) for text in reader.reasoning)
    return Subject(owner.episode, replace(owner.material, public=has + owner.material.public))


def _private_windows(subject: Subject) -> frozenset[int]:
    samples, material = Samples(), subject.material
    reasoning = [text.reveal_raw() for text in material.reasoning]
    public = [(text.reveal_raw(), first) for text, first in material.public]
    matching.screen([(reasoning, public, ())], None, samples, [0])
    return frozenset(samples.windows.tolist())


def _share(windows: frozenset[int], counting: frozenset[int]) -> float:
    """How much of a run counts: all of it where half of its windows do, since a few sentences of anybody's are said by somebody else."""
    return min(1.0, 2 * len(windows & counting) / len(windows)) if windows else 0.0
