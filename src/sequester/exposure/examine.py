"""A close look at one reward call: every field, every decoding layer, every list of integers, with places and weights.

The screen (`scan.py`) has said that there is something here, or that something may be wrapped. This module is exact and slow; it
sees one call in a hundred.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sequester.episodes.families import DELIMITERS, HARMONY_TOKENS, spotter
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import RewardCall
from sequester.exposure import flags, matching
from sequester.exposure.integers import RUN, decode_integers, integer_lists, shared_ids
from sequester.exposure.layers import Budget, holds_packing, retrace, unfold
from sequester.exposure.severity import THRESHOLDS, ChainWeight, RunWeight, Stretch, grade, stretch_of, telling_run
from sequester.exposure.sharing import windows_for
from sequester.exposure.subject import SampledIds, Subject
from sequester.exposure.tally import RULE_OF_CLASS, Candidate, Minor
from sequester.exposure.undoing import Search
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import FindingClass, Severity, Span

_has_marker = spotter([*DELIMITERS, *((token[0], re.escape(token)) for token in HARMONY_TOKENS)])
_BESIDE = 16
"""Code points on both sides of a stretch in which a marker says that a split failed there."""
_CHARACTERS_PER_ID = 3
"""For weighing runs of token ids beside text: normalised characters of a token in English, on the low side."""
_ARMOURS = frozenset({"base64", "base32", "base85", "z85", "ascii85", "uuencode", "hex"})
_COMPRESSED = frozenset({"gzip", "zlib", "deflate", "bz2", "xz", "lzma", "zstd", "lz4", "brotli", "tar", "zip"})
PACKINGS = _ARMOURS | _COMPRESSED
"""Wrappings in which files are collected."""
_SPANS_KEPT = 32
WHOLE = 0.9
"""Share of the reasoning that, once shown, leaves nothing to look for behind decoding layers of the same field."""


class Examination(Struct, frozen=True):
    """What a close look at one reward call found."""

    candidates: tuple[Candidate, ...]
    minors: tuple[Minor, ...]
    limits: tuple[str, ...]
    """Decoding limits that were hit: part of the input was not searched."""
    ids_unknown: bool
    """Token ids were handed over that cannot be compared, because the log lacks those of the reasoning."""


def examine(subject: Subject, call: RewardCall, hit: matching.Hit | None, key: FingerprintKey) -> Examination:
    """All candidates in one reward call with known inputs, and the limits that were hit on the way.

    `hit` is what the screen saw in it: the stretches that need no decoding, and by field whether something may be wrapped. A field
    without such a flag is not unfolded, because unfolding costs a thousand times more.
    """
    texts = searched_texts(call)
    lists = [(field.name, field.ids) for field in call.inputs or () if field.ids is not None]
    budget = Budget()
    finder = Finder(subject, call.path, key)
    found = [*_plain(finder, texts, hit.chains)] if hit is not None and hit.chains else []
    for (name, text), flag in zip(texts, hit.flags if hit is not None and any(hit.flags) else (), strict=False):
        if flag & flags.PACKED and not holds_packing(text.reveal()):
            flag &= ~flags.PACKED
        if flag & (flags.UNFOLDED | flags.PACKED):
            found += _wrapped(finder, name, text.reveal(), budget, flag)
        if flag & flags.NUMBERS and (flag & flags.DIGITS or subject.ids.cot or _ID_NAME.search(name)):
            lists += [(name, values) for _, _, values in integer_lists(text.reveal())]
    for name, values in lists:
        found += _integers(finder, name, values)
    unknown = any(map(partial(_cannot_be_compared, subject.ids), lists)) if lists else False
    least = THRESHOLDS.never_shared if subject.material.lacks_answer else 0.0
    return Examination(
        tuple(one for one in found if isinstance(one, Candidate) and one.covered >= least),
        tuple(one for one in found if isinstance(one, Minor)),
        budget.exhausted,
        unknown,
    )


def searched_texts(call: RewardCall) -> list[tuple[str, GuardedText]]:
    """The text fields of a call by name, and its short leaves joined: a text in pieces too short to be found one by one."""
    texts, short = [], 0
    for field in call.inputs or ():
        if field.text is not None:
            texts.append((field.name, field.text))
            short += len(field.text.reveal_raw()) < SHORT_LEAF
    return texts + _short_leaves_joined(texts) if short > 1 else texts


def _short_leaves_joined(texts: Sequence[tuple[str, GuardedText]]) -> list[tuple[str, GuardedText]]:
    pieces: dict[str, list[str]] = {}
    for name, text in texts:
        if len(text.reveal_raw()) < SHORT_LEAF:
            for place in {_INDEX.sub("[*]", name), _INDEX_BEFORE_LAST.sub("[*]", name)}:
                pieces.setdefault(place, []).append(text.reveal())
    # Tokenizers write a leading space or a line break as one of these letters.
    joined = [
        (f"{place} joined", GuardedText("".join(leaves).translate(_TOKEN_SPACES)))
        for place, leaves in pieces.items()
        if len(leaves) >= SHORT_LEAVES
    ]
    if len(pieces) >= SHORT_LEAVES:
        joined.append((JOINED, GuardedText("".join(leaves[0] for leaves in pieces.values()))))
    return joined


_INDEX = re.compile(r"\[\d+\]")
_INDEX_BEFORE_LAST = re.compile(r"\[\d+\](?=.*\[\d+\])")
_TOKEN_SPACES = str.maketrans("ĠĊ▁", "   ")
JOINED = "(short leaves joined)"
SHORT_LEAF = 48
SHORT_LEAVES = 3


def _cannot_be_compared(known: SampledIds, listed: tuple[str, array[int]]) -> bool:
    """Whether a list of integers, with its name, is token ids of which the log cannot say whose they are."""
    name, values = listed
    return bool(shared_ids(known.unsure, array("q"), values)) if known.cot else _may_be_token_ids(name, values)


def _may_be_token_ids(name: str, values: array[int]) -> bool:
    """Whether a list of integers is token ids by its name, and not bytes or code points, which were searched as text."""
    if len(values) < RUN or _ID_NAME.search(name) is None:
        return False
    return sum(0x09 <= value < 0x250 for value in values) < _TEXT_SHARE * len(values)


_TEXT_SHARE = 0.6
"""Share of values below U+0250 from which a list of integers is taken for text: token ids reach far higher."""


_ID_NAME = re.compile(
    r"(?:ids?|tokens?|sequences?|responses?|completions?|outputs?|samples?|tensor|data)(?:\[\d*\])*$", re.IGNORECASE
)


def _plain(
    finder: Finder, texts: Sequence[tuple[str, GuardedText]], found: Sequence[matching.Chain]
) -> Iterator[Candidate | Minor]:
    """Stretches that the screen saw without decoding, also where they continue from one field into the next."""
    inputs = [text.reveal() for _, text in texts]
    by_fields: dict[tuple[int, ...], list[matching.Chain]] = {}
    for chain in found:
        by_fields.setdefault(fields_of(chain), []).append(chain)
    for indices, chains in by_fields.items():
        name, how, fields = _named(texts, indices)
        yield from finder.candidates(name, how, chains, inputs, fields=fields)


def fields_of(chain: matching.Chain) -> tuple[int, ...]:
    """The fields that a chain goes over."""
    first, last = chain.runs[0].field, chain.runs[-1].field
    return (first,) if first == last else tuple(sorted({run.field for run in chain.runs}))


def _named(texts: Sequence[tuple[str, GuardedText]], indices: Sequence[int]) -> tuple[str, tuple[str, ...], Sequence[str]]:
    """What a finding in some fields is called, its transforms, and the names of all fields where it goes over several."""
    if len(indices) == 1:
        return texts[indices[0]][0], (), ()
    name = " + ".join(texts[index][0] for index in indices[:3]) + (" + …" if len(indices) > 3 else "")
    return name, ("split-over-fields",), [field for field, _ in texts]


def _wrapped(finder: Finder, name: str, text: str, budget: Budget, flag: int) -> Iterator[Candidate | Minor]:
    """Stretches behind decoding layers. What a shallower layer already showed whole is not reported again.

    `flag` is what the screen saw wrapped in the text.
    """
    subject, search = finder.subject, Search(finder.subject.pattern, flag)
    whole = WHOLE * subject.pattern.length
    chains = subject.pattern.scan(text)
    shown = _places(_telling(subject, chains)) if chains else 0
    if shown.bit_count() >= whole:
        return
    for layer in unfold(text, budget, search):
        plainly = _places(search.chains)
        if not plainly:
            yield from _collected(finder, name, layer.transforms, layer.text.reveal())
        # The public texts are unfolded only once a layer shows more than is known.
        if (plainly & ~shown).bit_count() < THRESHOLDS.report:
            continue
        chains = subject.unfolded.scan(layer.text.reveal())
        if (_places(chains) & ~shown).bit_count() < THRESHOLDS.report:
            continue
        shown |= _places(_telling(subject, chains))
        yield from finder.candidates(name, layer.transforms, chains, [layer.text.reveal()])
        if shown.bit_count() >= whole:
            return


def _collected(finder: Finder, name: str, transforms: tuple[str, ...], decoded: str) -> Iterator[Candidate | Minor]:
    """A file that a tool call wrote and that came to the scorer packed: reasoning if it holds a reasoning segment whole.

    Where the call itself is to be seen, as in a transcript, it is the policy's own output repeating its reasoning (echo). A file that
    holds part of a segment may be what was drafted there and asked for.
    """
    sent = finder.subject.sent
    if sent is None or not PACKINGS.intersection(transforms):
        return
    chains = sent.pattern.scan(decoded)
    reached, seen, start = _places(chains), b"", 0
    for segment in sent.normalised.split(b"\0"):
        here = range(start, start + len(segment))
        start = here.stop + 1
        if len(segment) < THRESHOLDS.run or _within(reached, here) < WHOLE * len(segment):
            continue
        seen = seen or matching.normalise(decoded)
        if not any(frame in seen for frame in sent.call_frames(segment)):
            whole = [chain for chain in chains if any(run.cot_start in here for run in chain.runs)]
            yield from finder._replace(subject=sent).candidates(name, transforms, whole, [decoded], FindingClass.INDIRECT)


def _integers(finder: Finder, name: str, values: array[int]) -> Iterator[Candidate | Minor]:
    """A list of integers: bytes and code points as text, token ids by equality with the sampled ids."""
    for reading, text in decode_integers(values):
        if chains := finder.subject.pattern.scan(text):
            yield from finder.candidates(name, ("integers", reading), chains, [text], FindingClass.IDS)
    cot, public, _ = finder.subject.ids
    runs = shared_ids(cot, public, values) if cot else []
    if runs:
        weights = ((length * _CHARACTERS_PER_ID, length) for _, _, length in runs)
        telling = telling_run(len(cot) * _CHARACTERS_PER_ID)
        matched = tuple(
            ChainWeight(size, min(1.0, length / len(cot)), (RunWeight(size, size, b""),), beside_marker=False, telling=telling)
            for size, length in weights
        )
        start, _, length = max(runs, key=lambda run: run[2])
        spans = tuple(Span((a, a + n), (b, b + n)) for a, b, n in runs[:_SPANS_KEPT])
        identity = GuardedText(cot[start : start + length].tobytes())
        id_ = finder.fingerprint(FindingClass.IDS, identity)
        yield Candidate(FindingClass.IDS, name, ("token-ids",), spans, matched, id_, len(runs) - len(spans))


def _places(chains: Sequence[matching.Chain]) -> int:
    """The positions of the pattern that some chains reach, as bits."""
    reached = 0
    for chain in chains:
        for run in chain.runs:
            reached |= ((1 << run.length) - 1) << run.cot_start
    return reached


def _within(places: int, here: range) -> int:
    return (places >> here.start & (1 << len(here)) - 1).bit_count()


def _telling(subject: Subject, chains: Sequence[matching.Chain]) -> list[matching.Chain]:
    """The chains that may be more than `low`. Crumbs of others may stand in one piece behind a layer."""
    return [chain for chain in chains if not _weighs_little(subject, chain)]


class Finder(NamedTuple):
    """What turns chains into candidates: whose reasoning, which reward path, which key."""

    subject: Subject
    path: str
    key: FingerprintKey

    def fingerprint(self, class_: FindingClass, identity: GuardedText) -> str:
        return self.key.fingerprint(RULE_OF_CLASS[class_], self.path, identity)

    def located(
        self, texts: Sequence[tuple[str, GuardedText]], chains: Sequence[matching.Chain], class_: FindingClass
    ) -> Candidate:
        """The finding-to-be from chains that go over the same fields, all of them localised."""
        name, how, fields = _named(texts, fields_of(chains[0]))
        return self._candidate(name, how, chains, (), chains, [text.reveal() for _, text in texts], class_, fields)

    def candidates(
        self,
        name: str,
        transforms: tuple[str, ...],
        chains: Sequence[matching.Chain],
        inputs: Sequence[str],
        class_: FindingClass = FindingClass.CONTENT,
        fields: Sequence[str] = (),
    ) -> Iterator[Candidate | Minor]:
        """The finding-to-be, if any, from the chains of one field under one stack of transforms. `fields` are the names of the
        inputs where the chains go over several.

        What comes to `low` whatever else the run holds is only weighed: two that write about one task share many such stretches.
        """
        subject, private = self.subject, 0
        low: list[matching.Chain] = []
        telling: list[matching.Chain] = []
        marked: dict[int, bool] = {}
        for chain in chains:
            own = _private(subject, chain)
            if own >= THRESHOLDS.report:
                private += own
                (low if _is_low(subject, chain, inputs, marked) else telling).append(chain)
        if not private:
            return
        whole = partial(self._candidate, name, transforms, chains, low, telling, inputs, class_, fields)
        if telling or subject.material.lacks_answer:
            yield whole()
        else:
            yield Minor(self._class_of(chains, class_), name, transforms, private, whole)

    def _candidate(
        self,
        name: str,
        transforms: tuple[str, ...],
        chains: Sequence[matching.Chain],
        low: Sequence[matching.Chain],
        telling: Sequence[matching.Chain],
        inputs: Sequence[str],
        class_: FindingClass,
        fields: Sequence[str],
    ) -> Candidate:
        """Of `chains`, those that come to `low` whatever else the run holds are not localised; the `telling` ones are."""
        subject = self.subject
        normalised = cache(lambda field: matching.normalise(inputs[field]))

        def look_up(run: matching.Run, text: bytes) -> bytes:
            return windows_for(text, partial(normalised, run.field), run.input_start)

        weights = [_weight(subject, chain, look_up) for chain in low]
        spans: list[Span] = []
        places: dict[int, matching.Offsets] = {}
        for chain in telling:
            weight = _weight(subject, chain, look_up)
            localised, beside = _localise(subject, chain, inputs, places, fields)
            spans += localised
            # The words need to be looked up only where they decide.
            is_term = weight.telling < THRESHOLDS.run and not _is_news(subject, localised)
            weights.append(replace(weight, beside_marker=beside, telling=THRESHOLDS.run if is_term else weight.telling))
        spans.sort(key=lambda span: span.cot)
        if class_ in (FindingClass.CONTENT, FindingClass.CROSS_EPISODE) and spans and not transforms:
            transforms = ("verbatim",) if _verbatim(subject, spans, inputs) else ("reformatted",)
        class_ = self._class_of(chains, class_)
        identity = self.fingerprint(class_, subject.identity(chains))
        kept = tuple(spans[:_SPANS_KEPT])
        return Candidate(class_, name, transforms, kept, tuple(weights), identity, len(spans) - len(kept))

    def _class_of(self, chains: Sequence[matching.Chain], class_: FindingClass) -> FindingClass:
        """Content that a later tool result holds too may have come from there."""
        if class_ is not FindingClass.CONTENT or not self.subject.material.later:
            return class_
        longest = max((run for chain in chains for run in chain.runs), key=lambda run: run.private)
        through = self.subject.came_through_a_tool(longest.cot_start, longest.cot_start + longest.length)
        return FindingClass.INDIRECT if through else class_


def _stock(subject: Subject, run: matching.Run) -> int:
    """Private bytes of a run that are stock text."""
    return min(subject.stock(run.cot_start, run.length), run.private)


def _private(subject: Subject, chain: matching.Chain) -> int:
    """Private characters of a chain that are no stock text."""
    stock = [_stock(subject, run) for run in chain.runs if run.private >= THRESHOLDS.substantial]
    return subject.characters(chain.private - sum(stock))


LookUp = Callable[[matching.Run, bytes], bytes]
"""The windows by which a run, with its normalised text, is looked up in other scorer inputs."""


def _weight(subject: Subject, chain: matching.Chain, look_up: LookUp = lambda run, text: b"") -> ChainWeight:
    """What a chain weighs by itself: its substantial runs, without what is stock text."""
    runs, stock = [], 0
    for run in chain.runs:
        if run.private >= THRESHOLDS.substantial:
            common = _stock(subject, run)
            stock += common
            if run.private - common >= THRESHOLDS.substantial:
                text = subject.normalised[run.cot_start : run.cot_start + run.length]
                length, private = (subject.characters(size - common) for size in (run.length, run.private))
                runs.append(RunWeight(length, private, look_up(run, text)))
    private = subject.characters(chain.private - stock)
    covered = min(1.0, private / max(1, subject.own))
    return ChainWeight(private, covered, tuple(runs), beside_marker=False, telling=telling_run(subject.own))


def _at_most(subject: Subject, chain: matching.Chain) -> Stretch:
    """More than a chain can weigh: as though a character were a byte, nothing of it stock text, and most of the reasoning that."""
    longest = max([run.private for run in chain.runs])
    quoting = max([run.private for run in chain.runs if run.length >= THRESHOLDS.quoted_run], default=0)
    # One byte more and less, because characters are rounded.
    covered = min(1.0, (chain.private + 1) / max(1, subject.private // 4 - 1))
    # A character takes two bytes at most, as `Subject.characters` counts them.
    return Stretch(chain.private, chain.private, longest, quoting, covered, telling=telling_run(subject.private // 8 - 1))


def _is_low(subject: Subject, chain: matching.Chain, inputs: Sequence[str], marked: dict[int, bool]) -> bool:
    """Whether a chain cannot be more than `low`, whatever else the run holds. Only an input without markers can have none beside it;
    `marked` keeps which inputs have some."""
    if grade(_at_most(subject, chain)) is not Severity.LOW and not _weighs_little(subject, chain):
        return False
    if subject.has_drafts and any(subject.drafts_a_call(run.cot_start, run.cot_start + run.length) for run in chain.runs):
        return False
    for field in {run.field for run in chain.runs}:
        if field not in marked:
            marked[field] = _has_marker(inputs[field])
        if marked[field]:
            return False
    return True


def _weighs_little(subject: Subject, chain: matching.Chain) -> bool:
    """Whether a chain comes to `low` or to nothing without a marker beside it, also where no other input shares it."""
    return grade(stretch_of(_weight(subject, chain))) in (None, Severity.LOW)


def _localise(
    subject: Subject,
    chain: matching.Chain,
    inputs: Sequence[str],
    places: dict[int, matching.Offsets],
    fields: Sequence[str],
) -> tuple[list[Span], bool]:
    """The spans of a chain in code points, and whether a marker stands beside one. `places` keeps the maps of the inputs."""
    spans, beside = [], False
    for run in chain.runs:
        if run.field not in places:
            places[run.field] = matching.Offsets(inputs[run.field])
        start, end = places[run.field].span(run.input_start, run.input_start + run.length)
        spans.append(
            Span(subject.cot_span(run.cot_start, run.cot_start + run.length), (start, end), fields[run.field] if fields else "")
        )
        text = inputs[run.field]
        around = text[max(0, start - _BESIDE) : start] + " " + text[end : end + _BESIDE]
        beside = beside or _has_marker(around) or subject.drafts_a_call(run.cot_start, run.cot_start + run.length)
    return spans, beside


def _is_news(subject: Subject, spans: Sequence[Span]) -> bool:
    """Whether the longest of some spans has words of its own."""
    longest = max(spans, key=lambda span: span.cot[1] - span.cot[0])
    return subject.news(*longest.cot) >= THRESHOLDS.new_letters


def _verbatim(subject: Subject, spans: Sequence[Span], inputs: Sequence[str]) -> bool:
    """Whether the longest span stands in an input character for character."""
    start, end = max((span.cot for span in spans), key=lambda cot: cot[1] - cot[0])
    return any(subject.joined[start:end] in text for text in inputs)


def texts_of(call: RewardCall, name: str, transforms: tuple[str, ...]) -> list[str]:
    """The decoded texts of one field, in one of which a candidate's input spans count code points. For revealing on purpose only."""
    for field, guarded in searched_texts(call):
        if field != name:
            continue
        text = guarded.reveal()
        if transforms in (("verbatim",), ("reformatted",), ("split-over-fields",)):
            return [text]
        return [layer.text.reveal() for layer in retrace(text, transforms)]
    return []
