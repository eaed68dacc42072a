"""The matching algorithm in plain Python: the reference for the C kernel, and the matcher where there is no compiler.

Grams. The reasoning is indexed by its grams of GRAM bytes at every INDEX_STRIDE-th position. Of another text, the grams at the first
INDEX_STRIDE positions of every stride (of PUBLIC_STRIDE or INPUT_STRIDE bytes) are looked up. RUN bytes at least make a run.

The guarantee. Wherever a shared run stands in both texts, any `stride` consecutive positions of it hold INDEX_STRIDE of the other text
that are looked up, and since the stride is a multiple of INDEX_STRIDE, their places in the reasoning have all remainders by
INDEX_STRIDE: one of them is indexed. A run of GRAM + stride - 1 bytes has so many positions at which a gram fits. So none of that length
is missed: with public text 15 bytes, hence every run; with an input 23, hence every run of GUARANTEE bytes.

Runs. A gram that stands in both texts is extended exactly to both sides; of several places in the reasoning (at most TRIES runs are
tried) the longest run wins, then the one with more private bytes, then the one that best continues the run before, then the first.
Runs do not overlap in the input: the longer one keeps what both cover. Grams inside a run are skipped, so the work is linear; but not
those less than a stride after its first one, since a longer run through the same bytes may only there meet an indexed position.
Private runs of low entropy are discarded.

Chains. A run joins the chain of the run before it if it follows within INPUT_GAP bytes of the input and within COT_GAP bytes of the
reasoning (going back at most OVERLAP bytes there, which are cut off). Chains are trimmed of public runs at both ends; then gaps and
both sides (EDGE bytes) are searched for shorter exact pieces of at least PIECE bytes. Chains under GUARANTEE private bytes are dropped.

Public text. Runs that the reasoning shares with public text are marked, as are private stretches under CLOSING bytes between two of
them. All of them are, wherever they stand: what is public must not count as private only because an input is cut otherwise.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from sequester.exposure.flags import ARMOUR, DIGITS, DISGUISED, DUMP, KEYED, NUMBERS, REARRANGED, UNFOLDED, WIDE, flags_of
from sequester.exposure.normaliser import disguises, normalise, without_disguise
from sequester.exposure.rearranged import is_dump, rearranged
from sequester.exposure.samples import BELOW, DENSELY, SHORT, Samples, sampled
from sequester.exposure.sketch import EXPOSED_RUN, NOTE_STRIDE, WINDOW, Sketch, window_hash

GRAM = 8
INDEX_STRIDE = 4
PUBLIC_STRIDE = 8
COPY, MOST_COPIES = 256, 8
"""Bytes of a public text, and how many such texts of an episode are looked for in a field, before its hints are."""
SECTION = 256
"""Bytes from which on a section ends before the next heading."""
FEWEST_DISGUISES = 6
_HEADING = re.compile(rb"(?<=\n\n)#")
INPUT_STRIDE = 16
RUN = 16
GUARANTEE = 24
PLACES = 1024
"""Of a gram that stands in the reasoning more often, the other places are not looked at: the work stays linear."""
TRIES = 8
COT_GAP = 48
INPUT_GAP = 256
OVERLAP = 16
EDGE = 64
PIECE = 6
CLOSING = 8
_COT_BREAK = b"\0"
_INPUT_BREAK = b"\1"

RawRun = tuple[int, int, int, int, int]
"""Field, start in the reasoning, start in the field, length, private bytes."""
RawChain = tuple[int, tuple[RawRun, ...]]
"""Private bytes, runs."""
RawHit = tuple[int, int, list[RawChain], tuple[int, ...]]
"""Episode, call, chains, flags of each field."""


def probed(text: bytes, stride: int) -> Iterator[tuple[int, bytes]]:
    """The grams of a text that are looked up, and where they stand."""
    for start in range(0, len(text) - GRAM + 1, stride):
        for at in range(start, min(start + INDEX_STRIDE, len(text) - GRAM + 1)):
            yield at, text[at : at + GRAM]


def low_entropy(text: bytes) -> bool:
    """Fewer than 6 distinct bytes, or for a step of 1 to 8: 7 of 8 bytes equal the byte a step before or follow it in the alphabet.

    Holds for repeated units, alphabets and counters. A long text is of low entropy only if its first 256 bytes are.
    """
    head = text[:256]
    return _monotonous(head) and (len(text) <= 256 or _monotonous(text))


def _monotonous(text: bytes) -> bool:
    if len(set(text)) < 6:
        return True
    for step in range(1, 9):
        differences = [b - a for a, b in zip(text, text[step:], strict=False)]
        same = differences.count(0)
        ladder = same + max(differences.count(1), differences.count(-1))
        if 8 * ladder >= 7 * len(differences):
            return True
    return False


def _shared_before(a: bytes, i: int, b: bytes, j: int) -> int:
    limit, size, step = min(i, j), 0, 64
    while size + step <= limit and a[i - size - step : i - size] == b[j - size - step : j - size]:
        size += step
    while size < limit and a[i - size - 1] == b[j - size - 1]:
        size += 1
    return size


def _shared_after(a: bytes, i: int, b: bytes, j: int) -> int:
    limit, size, step = min(len(a) - i, len(b) - j), 0, 64
    while size + step <= limit and a[i + size : i + size + step] == b[j + size : j + size + step]:
        size += step
    while size < limit and a[i + size] == b[j + size]:
        size += 1
    return size


class _Link(NamedTuple):
    """A run in stream coordinates."""

    cot: int
    at: int
    length: int

    @property
    def end(self) -> int:
        return self.at + self.length

    @property
    def cot_end(self) -> int:
        return self.cot + self.length


class Pattern:
    """The reasoning of one episode, its public parts marked, ready to be searched for."""

    def __init__(self, reasoning: Sequence[bytes], public: Sequence[tuple[bytes, int]]) -> None:
        segments = [normalise(text)[0] for text in reasoning]
        self._cot = _COT_BREAK.join(segments)
        self._starts = [0]
        for segment in segments:
            self._starts.append(self._starts[-1] + len(segment) + 1)
        self._index: dict[bytes, list[int]] = {}
        for at in range(0, len(self._cot) - GRAM + 1, INDEX_STRIDE):
            self._index.setdefault(self._cot[at : at + GRAM], []).append(at)
        self._marks = bytearray(len(self._cot))
        self.marked: list[int] = []
        for text, first in public:
            before = self._marks.count(1)
            if first < len(segments):
                self._mark(normalise(text)[0], self._starts[max(0, first)])
            self.marked.append(self._marks.count(1) - before)
        self._close()
        self.length = sum(map(len, segments))
        self.private = self.length - self._marks.count(1)

    def _mark(self, text: bytes, base: int) -> None:
        settled: set[bytes] = set()
        for at, gram in probed(text, PUBLIC_STRIDE):
            if gram not in self._index or gram in settled:
                continue
            places = self._index[gram]
            first = bisect_left(places, base)
            places = places[first : first + PLACES]
            for cot in places:
                if 0 in self._marks[cot : cot + GRAM]:
                    start, length = self._run_through(cot, text, at)
                    if length >= RUN:
                        self._marks[start : start + length] = b"\1" * length
            if all(0 not in self._marks[cot : cot + GRAM] for cot in places):
                settled.add(gram)

    def _run_through(self, cot: int, text: bytes, at: int) -> tuple[int, int]:
        """Start in the reasoning and length of the run through a place of both texts."""
        before = _shared_before(self._cot, cot, text, at)
        return cot - before, before + _shared_after(self._cot, cot, text, at)

    def _close(self) -> None:
        at = self._marks.find(1)
        while at >= 0:
            start = self._marks.find(0, at)
            at = self._marks.find(1, start) if start >= 0 else -1
            if at >= 0 and at - start < CLOSING and 0 not in self._cot[start:at]:
                self._marks[start:at] = b"\1" * (at - start)

    def _private(self, start: int, length: int) -> int:
        return self._marks.count(0, start, start + length)

    def scan(self, fields: Sequence[bytes]) -> list[RawChain]:
        """The chains in the fields of one reward call, in order."""
        return _Stream([normalise(field)[0] for field in fields]).chains(self)

    def flags(self, text: bytes, known: int) -> int:
        """The flags of a text for itself, of which the longest chain has `known` private bytes."""
        return _flags(text, Counts.of(text), self, known)


class _Stream:
    """The normalised fields of one reward call, one after the other."""

    def __init__(self, fields: Sequence[bytes]) -> None:
        self.text = _INPUT_BREAK.join(fields)
        self.starts = [0]
        for field in fields:
            self.starts.append(self.starts[-1] + len(field) + 1)

    def chains(self, pattern: Pattern) -> list[RawChain]:
        joined = list(_joined(self._links(pattern)))
        kept, floor = [], 0
        for number, chain in enumerate(joined):
            ceiling = joined[number + 1][0].at if number + 1 < len(joined) else len(self.text)
            floor, found = self._completed(pattern, chain, floor, ceiling)
            if found:
                kept.append(found)
        return kept

    def _links(self, pattern: Pattern) -> list[_Link]:
        links: list[_Link] = []
        covered, settled, diagonal = 0, 0, 0
        for at, gram in probed(self.text, INPUT_STRIDE):
            if (at + GRAM <= covered and at >= settled) or gram not in pattern._index:
                continue
            link = self._longest(pattern, at, pattern._index[gram][:PLACES], diagonal)
            if link is None:
                continue
            while links and link.at < links[-1].end and link.length > links[-1].length:
                shorter = links.pop()
                if link.at - shorter.at >= PIECE:
                    links.append(_Link(shorter.cot, shorter.at, link.at - shorter.at))
                covered = links[-1].end if links else 0
            cut = max(0, covered - link.at)
            if link.length - cut < PIECE:
                continue
            link = _Link(link.cot + cut, link.at + cut, link.length - cut)
            if at >= settled:
                settled = at + INPUT_STRIDE
            covered = link.end
            if not (pattern._private(link.cot, link.length) and low_entropy(pattern._cot[link.cot : link.cot_end])):
                diagonal = link.cot - link.at
                links.append(link)
        return links

    def _longest(self, pattern: Pattern, at: int, places: Sequence[int], diagonal: int) -> _Link | None:
        best, rank, tries = None, (0, 0, 0), 0
        for place in places:
            cot, length = pattern._run_through(place, self.text, at)
            if length < RUN:
                continue
            link = _Link(cot, at - (place - cot), length)
            candidate = (length, pattern._private(cot, length), -abs(link.cot - link.at - diagonal))
            if best is None or candidate > rank:
                best, rank = link, candidate
            tries += 1
            if tries == TRIES:
                break
        return best

    def _completed(self, pattern: Pattern, chain: list[_Link], floor: int, ceiling: int) -> tuple[int, RawChain | None]:
        """The end of the chain in the input, and the chain with its pieces if it is worth reporting."""
        end = chain[-1].end
        bearing = [number for number, link in enumerate(chain) if pattern._private(link.cot, link.length)]
        if not bearing:
            return end, None
        floor = chain[bearing[0] - 1].end if bearing[0] else floor
        ceiling = chain[bearing[-1] + 1].at if bearing[-1] + 1 < len(chain) else ceiling
        links = self._with_pieces(pattern._cot, chain[bearing[0] : bearing[-1] + 1], floor, ceiling)
        runs = tuple(self._run(pattern, link) for link in links)
        private = sum(run[4] for run in runs)
        return max(end, links[-1].end), (private, runs) if private >= GUARANTEE else None

    def _with_pieces(self, cot: bytes, chain: list[_Link], floor: int, ceiling: int) -> list[_Link]:
        first, last = chain[0], chain[-1]
        links = [*self._pieces(cot, max(0, first.cot - EDGE), first.cot, max(floor, first.at - EDGE), first.at), first]
        for before, after in pairwise(chain):
            middle = before.end + EDGE
            start = before.cot_end
            for low, high in ((before.end, min(middle, after.at)), (max(middle, after.at - EDGE), after.at)):
                found = self._pieces(cot, start, after.cot, low, high)
                start = found[-1].cot_end if found else start
                links += found
            links.append(after)
        return links + self._pieces(
            cot, last.cot_end, min(len(cot), last.cot_end + EDGE), last.end, min(ceiling, last.end + EDGE)
        )

    def _pieces(self, cot: bytes, cot_low: int, cot_high: int, low: int, high: int) -> list[_Link]:
        """Greedily, from the left: exact pieces of at least PIECE bytes that advance in both texts, inside the two windows."""
        found = []
        while low + PIECE <= high:
            start = self.text[low : low + PIECE]
            place = cot.find(start, cot_low, cot_high) if len(set(start)) > 2 else -1
            if place < 0:
                low += 1
                continue
            size = PIECE
            while low + size < high and place + size < cot_high and self.text[low + size] == cot[place + size]:
                size += 1
            found.append(_Link(place, low, size))
            low, cot_low = low + size, place + size
        return found

    def _run(self, pattern: Pattern, link: _Link) -> RawRun:
        field = next(number for number, start in enumerate(self.starts[1:]) if link.at < start)
        return field, link.cot, link.at - self.starts[field], link.length, pattern._private(link.cot, link.length)

    def foreign_windows(self, chains: Sequence[RawChain]) -> Iterator[int]:
        """Windows that do not touch a private run of one of the chains; none where a run may be a leak."""
        if any(run[4] >= EXPOSED_RUN for _, chain in chains for run in chain):
            return
        runs = [(self.starts[run[0]] + run[2], run[3]) for _, chain in chains for run in chain if run[4]]
        number = 0
        for at in range(0, len(self.text) - WINDOW + 1, NOTE_STRIDE):
            while number < len(runs) and sum(runs[number]) <= at:
                number += 1
            if number == len(runs) or at + WINDOW <= runs[number][0]:
                yield window_hash(self.text, at)


def _joined(links: Sequence[_Link]) -> Iterator[list[_Link]]:
    chain: list[_Link] = []
    for link in links:
        if chain and link.at - chain[-1].end <= INPUT_GAP and -OVERLAP <= (gap := link.cot - chain[-1].cot_end) <= COT_GAP:
            cut = max(0, -gap)
            if link.length - cut >= PIECE:
                chain.append(_Link(link.cot + cut, link.at + cut, link.length - cut))
                continue
        if chain:
            yield chain
        chain = [link]
    if chain:
        yield chain


def _without_copies(raw: bytes, known: Sequence[bytes]) -> list[bytes]:
    """The stretches of a field around a copy of each of the first public texts that might stand in it: no layer of those is private."""
    stretches, tries = [raw], 0
    for text in known:
        if COPY <= len(text) <= len(raw) and tries < MOST_COPIES:
            tries += 1
            for index, stretch in enumerate(stretches):
                at = stretch.find(text[:COPY])
                if at >= 0 and stretch.startswith(text, at):
                    stretches[index : index + 1] = [stretch[:at], stretch[at + len(text) :]]
                    break
    return stretches


class Counts(NamedTuple):
    """What normalising a whole field counted, by which its sections are judged."""

    odd: int
    wide: int
    disguises: int

    @classmethod
    def of(cls, raw: bytes) -> Counts:
        """The counts of a text."""
        return cls(*normalise(raw)[1:], disguises(raw))


def _field_flags(raw: bytes, known: Sequence[bytes], counts: Counts, pattern: Pattern, best: int) -> int:
    """The flags of a field whose call has a chain of `best` private bytes; a copy of a public text has none."""
    flags = 0
    for stretch in () if raw in known else _without_copies(raw, known):
        for section in _sections(stretch):
            flags |= _flags(section, counts, pattern, best)
    return flags


def _sections(stretch: bytes) -> Iterator[bytes]:
    """The parts of a text between headings, not too short ones: what stands in many inputs is mostly a whole one."""
    start = 0
    for heading in _HEADING.finditer(stretch):
        if heading.start() - start >= SECTION:
            yield stretch[start : heading.start()]
            start = heading.start()
    if start < len(stretch):
        yield stretch[start:]


def _flags(raw: bytes, counts: Counts, pattern: Pattern, best: int) -> int:
    """The flags of a section of a field, also whether more of it is private once it is put together again, or without disguise."""
    flags = flags_of(raw, counts.odd, counts.wide)
    if pattern.private < GUARANTEE:
        return flags
    flags |= _rearranged_flags(raw, flags, pattern, best)
    if counts.disguises < FEWEST_DISGUISES:
        return flags
    plain, changed = without_disguise(raw)
    if changed < FEWEST_DISGUISES:
        return flags
    normalised, odd, wide = normalise(plain)
    seen = flags_of(plain, odd, wide)
    seen |= _rearranged_flags(plain, seen, pattern, best)
    if normalised != normalise(raw)[0]:
        chains = _Stream([normalised]).chains(pattern)
        seen |= REARRANGED if max((private for private, _ in chains), default=0) > best else 0
    new = seen & UNFOLDED & ~flags
    return flags | (seen & (NUMBERS | KEYED)) | (DISGUISED if seen & UNFOLDED else 0) | (REARRANGED if new else 0)


def _rearranged_flags(raw: bytes, flags: int, pattern: Pattern, best: int) -> int:
    cut = [(way, text, *normalise(text)) for way, text in rearranged(raw)]
    longest: dict[int, int] = {}
    for private, runs in _Stream([normalised for _, _, normalised, _, _ in cut]).chains(pattern) if cut else ():
        way = cut[runs[0][0]][0]
        longest[way] = max(private, longest.get(way, 0))
    rearrangements = REARRANGED | DUMP if is_dump(raw) else 0
    for way in {one[0] for one in cut}:
        # Nothing encoded goes on over a NUL.
        joined = b"\0".join(text for of, text, *_ in cut if of == way) + b"\0"
        seen = flags_of(joined, 0, sum(wide for of, _, _, _, wide in cut if of == way))
        encoded = seen & (ARMOUR | DIGITS | WIDE)
        rearrangements |= KEYED if seen & NUMBERS else 0
        more = longest.get(way, 0) > best
        # What was misread is put right before pieces are put together.
        rearrangements |= way if encoded & ~(flags & WIDE) or more else 0
        rearrangements |= REARRANGED if encoded & ~flags or more else 0
    return rearrangements


def _sampled(pattern: Pattern, own: Sequence[bytes], calls: Sequence[Sequence[bytes]], densely: bool) -> tuple[bytes, bytes]:
    """Sampled windows of each kind (`samples`), and their numbers."""
    said, given = (
        _INPUT_BREAK.join(normalise(text)[0] for text in texts) for texts in (own, [one for texts in calls for one in texts])
    )
    others, is_short = DENSELY if densely else BELOW, len(pattern._cot) <= SHORT
    kinds = [
        sampled(pattern._cot, pattern._marks),
        sampled(said, to=others),
        sampled(given, to=others),
        sampled(pattern._cot if is_short else b"", pattern._marks, BELOW, DENSELY),
    ]
    return b"".join(kind.tobytes() for kind in kinds), array("I", map(len, kinds)).tobytes()


RawEpisode = tuple[Sequence[bytes] | None, Sequence[tuple[bytes, int]], Sequence[Sequence[bytes]]]


def screen(
    episodes: Sequence[RawEpisode],
    sketch: Sketch | None,
    samples: Samples | None = None,
    own: Sequence[int] = (),
    densely: bool = False,
) -> tuple[array[int], array[int], array[int], list[RawHit]]:
    """Lengths and private lengths of all episodes, bytes marked by each public text, and the calls in which there is something."""
    lengths, privates, marked, hits = array("Q"), array("Q"), array("Q"), list[RawHit]()
    for number, (reasoning, public, calls) in enumerate(episodes):
        pattern = Pattern(reasoning or (), public)
        lengths.append(pattern.length)
        privates.append(pattern.private)
        marked.extend(pattern.marked)
        if samples is not None:
            samples.add(*_sampled(pattern, [text for text, _ in public][max(0, len(public) - own[number]) :], calls, densely))
        for call, fields in enumerate(calls if reasoning is not None else ()):
            normalised = [normalise(field) for field in fields]
            stream = _Stream([text for text, _, _ in normalised])
            chains = stream.chains(pattern)
            known = [text for text, first in public if first <= 0]
            best = max((private for private, _ in chains), default=0)
            flags = tuple(
                _field_flags(raw, known, Counts(odd, wide, disguises(raw)), pattern, best)
                for raw, (_, odd, wide) in zip(fields, normalised, strict=True)
            )
            if chains or any(flags):
                hits.append((number, call, chains, flags))
            if sketch:
                for window in stream.foreign_windows(chains):
                    sketch.note(window)
    return lengths, privates, marked, hits
