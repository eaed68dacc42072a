"""A close look at one reward call: every field, every decoding layer, every list of integers, with places and weights.

The screen (`scan.py`) has said that there is something here, or that something may be wrapped. This module is exact and slow; it
sees one call in a hundred.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Field, RewardCall
from sequester.exposure import matching
from sequester.exposure.integers import decode_integers, integer_lists, shared_ids
from sequester.exposure.layers import Budget, unfold, worth_unfolding
from sequester.exposure.oracle import certain_windows
from sequester.exposure.private import Material
from sequester.exposure.severity import THRESHOLDS
from sequester.exposure.tally import Candidate, ChainWeight, RunWeight
from sequester.findings.fingerprint import FingerprintKey
from sequester.findings.model import FindingClass, Span

RULE_OF_CLASS = {FindingClass.CONTENT: "SQ101", FindingClass.IDS: "SQ102", FindingClass.INDIRECT: "SQ103"}
"""The rule under which recorded and rebuilt findings of a class are reported."""

_MARKER = re.compile(r"</?(?:\w{1,8}:)?think\b|\[/?THINK\]|<\|(?:channel|message|end|start)\|>|<\|?channel\|?>|[◁]/?think[▷]")
_BESIDE = 16
"""Code points on both sides of a stretch in which a marker says that a split failed there."""
_CHARACTERS_PER_ID = 3
"""For weighing runs of token ids beside text: normalised characters of a token in English, on the low side."""
_SPANS_KEPT = 32
WHOLE = 0.9
"""Share of the reasoning that, once shown, leaves nothing to look for behind decoding layers of the same field."""


class Examination(Struct, frozen=True):
    """What a close look at one reward call found."""

    candidates: tuple[Candidate, ...]
    limits: tuple[str, ...]
    """Decoding limits that were hit: part of the input was not searched."""


class Subject:
    """An episode's reasoning, prepared for looking it up: the pattern, and the way back from normalised to raw places."""

    def __init__(self, episode: Episode, material: Material) -> None:
        self.episode = episode
        self.material = material
        self.pattern = matching.Pattern(
            [text.reveal_raw() for text in material.reasoning], [(text.reveal_raw(), first) for text, first in material.public]
        )
        self.normalised = b"\0".join(matching.normalise(text.reveal_raw()) for text in material.reasoning)
        self._unfolded: matching.Pattern | None = None
        self._map: tuple[matching.Places, matching.Places] | None = None
        self._echoed_by_tools: list[tuple[int, int]] | None = None

    def cot_span(self, start: int, end: int) -> tuple[int, int]:
        """Code points in the reasoning segments joined by a newline each, of a stretch of the pattern."""
        if self._map is None:
            self._map = _joined_map([text.reveal() for text in self.material.reasoning])
        starts, ends = self._map
        return int(starts[start]), int(ends[end - 1])

    @property
    def unfolded(self) -> matching.Pattern:
        """The pattern minus the public texts' decoding layers too: a column of the answer's own table is no private text."""
        if self._unfolded is None:
            layers = [
                (layer.text.reveal_raw(), first)
                for text, first in self.material.public
                if worth_unfolding(readable := text.reveal())
                for layer in unfold(readable, Budget())
            ]
            public = [(text.reveal_raw(), first) for text, first in self.material.public]
            self._unfolded = matching.Pattern([text.reveal_raw() for text in self.material.reasoning], public + layers) if layers else self.pattern
        return self._unfolded

    def identity(self, chains: Sequence[matching.Chain]) -> GuardedText:
        """The normalised stretches that some chains share, for the fingerprint."""
        runs = sorted({(run.cot_start, run.length) for chain in chains for run in chain.runs if run.private})
        return GuardedText(b"\0".join(self.normalised[start : start + length] for start, length in runs))

    def came_through_a_tool(self, start: int, end: int) -> bool:
        """Whether a later tool result repeats this stretch of the pattern."""
        if self._echoed_by_tools is None:
            self._echoed_by_tools = [
                (run.cot_start, run.cot_start + run.length)
                for text, _ in self.material.later
                for chain in self.pattern.scan(text.reveal_raw())
                for run in chain.runs
            ]
        return any(max(start, a) + THRESHOLDS.report <= min(end, b) for a, b in self._echoed_by_tools)


def _joined_map(texts: Sequence[str]) -> tuple[matching.Places, matching.Places]:
    """Normalised position -> first and last+1 code point in the joined reasoning; one separator position between segments."""
    starts, ends = [], []
    base = 0
    for text in texts:
        first, last = matching.offsets(text)
        # The terminal entry of `offsets` stands for the separator.
        starts.append(first + base)
        ends.append(last + base)
        base += len(text) + 1
    return np.concatenate(starts), np.concatenate(ends)


def examine(subject: Subject, call: RewardCall, key: FingerprintKey) -> Examination:
    """All candidates in one reward call with known inputs, and the limits that were hit on the way."""
    fields = call.inputs or ()
    budget = Budget()
    found = [
        *_plain(subject, call, fields, key),
        *_wrapped(subject, call, fields, budget, key),
        *_integers(subject, call, fields, key),
    ]
    return Examination(tuple(found), budget.exhausted)


def _plain(subject: Subject, call: RewardCall, fields: Sequence[Field], key: FingerprintKey) -> Iterator[Candidate]:
    """Stretches that the matcher sees without decoding, also where they continue from one field into the next."""
    texts = [(field.name, field.text.reveal()) for field in fields if field.text is not None]
    by_fields: dict[tuple[int, ...], list[matching.Chain]] = {}
    for chain in subject.pattern.scan_many([text for _, text in texts]):
        by_fields.setdefault(tuple(sorted({run.field for run in chain.runs})), []).append(chain)
    for indices, chains in by_fields.items():
        name = " + ".join(texts[index][0] for index in indices[:3]) + (" + …" if len(indices) > 3 else "")
        if len(indices) > 1:
            how: tuple[str, ...] = ("split-over-fields",)
        else:
            how = ("verbatim",) if _verbatim(subject, chains, texts[indices[0]][1]) else ("reformatted",)
        yield _candidate(subject, call, key, name, how, chains, [text for _, text in texts])


def _verbatim(subject: Subject, chains: Sequence[matching.Chain], text: str) -> bool:
    """Whether the longest run stands in the input character for character."""
    run = max((run for chain in chains for run in chain.runs), key=lambda run: run.length)
    start, end = subject.cot_span(run.cot_start, run.cot_start + run.length)
    joined = "\n".join(part.reveal() for part in subject.material.reasoning)
    return joined[start:end] in text


def _wrapped(
    subject: Subject, call: RewardCall, fields: Sequence[Field], budget: Budget, key: FingerprintKey
) -> Iterator[Candidate]:
    """Stretches behind decoding layers. What a shallower layer already showed whole is not reported again."""
    for field in fields:
        if field.text is None:
            continue
        text = field.text.reveal()
        shown = _positions(subject.pattern.scan(text))
        if len(shown) >= WHOLE * subject.pattern.length or not worth_unfolding(text):
            continue
        for layer in unfold(text, budget):
            decoded = layer.text.reveal()
            if not subject.pattern.scan(decoded):
                continue
            chains = subject.unfolded.scan(decoded)
            reached = _positions(chains)
            if len(reached - shown) < THRESHOLDS.report:
                continue
            shown |= reached
            yield _candidate(subject, call, key, field.name, layer.transforms, chains, [decoded])


def _integers(subject: Subject, call: RewardCall, fields: Sequence[Field], key: FingerprintKey) -> Iterator[Candidate]:
    """Lists of integers, as values or written out: bytes and code points as text, token ids by equality with the sampled ids."""
    for field in fields:
        lists = [("ids", field.ids)] if field.ids is not None else []
        if field.text is not None:
            lists += [("integer-list", values) for _, _, values in integer_lists(field.text.reveal())]
        for how, values in lists:
            for reading, text in decode_integers(values):
                if chains := subject.pattern.scan(text):
                    yield _candidate(subject, call, key, field.name, (how, reading), chains, [text], FindingClass.IDS)
            if match := _token_ids(subject, call, key, field.name, how, values):
                yield match


def _token_ids(
    subject: Subject, call: RewardCall, key: FingerprintKey, name: str, how: str, values: array[int]
) -> Candidate | None:
    cot, public = _sampled_ids(subject.episode)
    if not cot:
        return None
    runs = shared_ids(cot, public, values)
    if not runs:
        return None
    chains = tuple(
        ChainWeight(
            length * _CHARACTERS_PER_ID,
            min(1.0, length / len(cot)),
            (RunWeight(length * _CHARACTERS_PER_ID, length * _CHARACTERS_PER_ID, ()),),
            beside_marker=False,
        )
        for _, _, length in runs
    )
    start, _, length = max(runs, key=lambda run: run[2])
    spans = tuple(Span((a, a + n), (b, b + n)) for a, b, n in runs[:_SPANS_KEPT])
    identity = GuardedText(cot[start : start + length].tobytes())
    return Candidate(FindingClass.IDS, name, (how, "token-ids"), spans, chains, key.fingerprint("SQ102", call.path, identity))


def _sampled_ids(episode: Episode) -> tuple[array[int], array[int]]:
    """The sampled ids of the reasoning, and those of prompt and answer. Ids of a whole completion count as reasoning up to the answer's share."""
    cot, public = array("q"), array("q")
    for segment in episode.segments:
        if segment.ids is not None:
            (cot if segment.channel is Channel.REASONING else public).extend(segment.ids)
    if not cot and episode.completion_ids:
        lengths = dict.fromkeys(Channel, 0)
        for segment in episode.segments:
            lengths[segment.channel] += len(segment.text)
        sampled = lengths[Channel.REASONING] + lengths[Channel.ANSWER] + lengths[Channel.TOOL_CALL]
        # Without ids per segment the boundary is estimated from text lengths; 0.8 keeps the answer's first tokens out.
        cut = int(len(episode.completion_ids) * 0.8 * lengths[Channel.REASONING] / max(1, sampled))
        cot, public = episode.completion_ids[:cut], episode.completion_ids[cut:]
    return cot, public


def _positions(chains: Sequence[matching.Chain]) -> set[int]:
    """Positions of the pattern that some chains reach."""
    return {at for chain in chains for run in chain.runs for at in range(run.cot_start, run.cot_start + run.length)}


def _candidate(
    subject: Subject,
    call: RewardCall,
    key: FingerprintKey,
    name: str,
    transforms: tuple[str, ...],
    chains: Sequence[matching.Chain],
    inputs: Sequence[str],
    class_: FindingClass = FindingClass.CONTENT,
) -> Candidate:
    """One finding-to-be from the chains of one field under one stack of transforms."""
    maps = {index: matching.offsets(inputs[index]) for index in {run.field for chain in chains for run in chain.runs}}
    spans = []
    weights = []
    for chain in chains:
        beside = False
        for run in chain.runs:
            first, last = maps[run.field]
            place = (int(first[run.input_start]), int(last[run.input_start + run.length - 1]))
            spans.append(Span(subject.cot_span(run.cot_start, run.cot_start + run.length), place))
            text = inputs[run.field]
            around = text[max(0, place[0] - _BESIDE) : place[0]] + " " + text[place[1] : place[1] + _BESIDE]
            beside |= _MARKER.search(around) is not None
        runs = tuple(
            RunWeight(run.length, run.private, tuple(certain_windows(subject.normalised[run.cot_start : run.cot_start + run.length]))) for run in chain.runs
        )
        weights.append(ChainWeight(chain.private, chain.private / max(1, subject.pattern.private), runs, beside))
    longest = max((run for chain in chains for run in chain.runs), key=lambda run: run.private)
    if class_ is FindingClass.CONTENT and subject.came_through_a_tool(longest.cot_start, longest.cot_start + longest.length):
        class_ = FindingClass.INDIRECT
    spans.sort(key=lambda span: span.cot)
    return Candidate(
        class_,
        name,
        transforms,
        tuple(spans[:_SPANS_KEPT]),
        tuple(weights),
        key.fingerprint(RULE_OF_CLASS[class_], call.path, subject.identity(chains)),
    )


def texts_of(call: RewardCall, name: str, transforms: tuple[str, ...]) -> list[str]:
    """The decoded text of one field in which a candidate's input spans count code points. For revealing on purpose only."""
    for field in call.inputs or ():
        if field.name != name or field.text is None:
            continue
        text = field.text.reveal()
        if transforms in (("verbatim",), ("reformatted",)):
            return [text]
        return [layer.text.reveal() for layer in unfold(text, Budget()) if layer.transforms == transforms][:1]
    return []
