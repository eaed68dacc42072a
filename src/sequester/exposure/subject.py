"""An episode's reasoning as the close look needs it: what is private, what its words are, and the way back to raw places.

Everything is made when it is first asked for: most calls that look wrapped hold nothing to compare.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import dropwhile, takewhile
from typing import NamedTuple

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Segment
from sequester.exposure import matching
from sequester.exposure.integers import RUN, outside, without_padding
from sequester.exposure.private import Material, without_calls
from sequester.exposure.severity import THRESHOLDS, telling_run
from sequester.exposure.undoing import shown_behind

_DRAFTED_TAG = re.compile(r"<(?:\|?tool_?calls?\b|function[ =]|invoke\b)", re.IGNORECASE)
_DRAFTED_WORDS = (
    (b"arguments", (b"'arguments'", b'"arguments"'), re.compile(r"[\"']arguments[\"']\s*:", re.IGNORECASE)),
    (b"ofunctions", (b"to=functions.",), re.compile(r"to=functions\.", re.IGNORECASE)),
)
"""How else a drafted tool call begins: what such a text holds once it is normalised, what in lower case, and the pattern, which is slow."""
_DRAFT_REACH = 2000
"""Code points of a drafted tool call that are looked at."""
_WORD = re.compile(r"[^\W_]{3,}")
_FRAME = 24
"""Normalised bytes by which the beginning of a tool call is recognised."""


class Subject:
    """An episode's reasoning, prepared for looking it up: the pattern, and the way back from normalised to raw places."""

    def __init__(self, episode: Episode, material: Material, private: int | None = None) -> None:
        """`private` is what the screen counted of it, where it did."""
        self.episode = episode
        self.material = material
        self._screened = private

    @cached_property
    def pattern(self) -> matching.Pattern:
        """The reasoning minus the public texts."""
        public = [(text.reveal_raw(), first) for text, first in self.material.public]
        return matching.Pattern([text.reveal_raw() for text in self.material.reasoning], public)

    @cached_property
    def ids(self) -> SampledIds:
        """The sampled token ids, by what is known of them."""
        return sampled_ids(self.episode, not self.material.lacks_answer)

    @cached_property
    def normalised(self) -> bytes:
        """The reasoning segments as the matcher sees them, a NUL between two."""
        return b"\0".join(matching.normalise(text.reveal_raw()) for text in self.material.reasoning)

    @cached_property
    def joined(self) -> str:
        """The reasoning segments, a newline between two. Its code points are what spans count."""
        return "\n".join(text.reveal() for text in self.material.reasoning)

    def cot_spans(self, stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Code points in the joined reasoning of stretches of the pattern, each within one segment."""
        if not stretches:
            return []
        found: dict[tuple[int, int], tuple[int, int]] = {}
        begin = joined = 0
        for text, normalised in zip(self.material.reasoning, self.normalised.split(b"\0"), strict=True):
            end = begin + len(normalised)
            if here := [stretch for stretch in stretches if begin <= stretch[0] < end]:
                spans = matching.spans(text.reveal_raw(), [(first - begin, last - begin) for first, last in here])
                found |= {stretch: (joined + first, joined + last) for stretch, (first, last) in zip(here, spans, strict=True)}
            begin, joined = end + 1, joined + len(text) + 1
        return [found[stretch] for stretch in stretches]

    @property
    def private(self) -> int:
        """Bytes of the pattern that are private."""
        return self.pattern.private if self._screened is None else self._screened

    @cached_property
    def scale(self) -> Scale:
        """What its bytes are worth."""
        per_byte = characters_per_byte(self.normalised)
        own = round(max(self.private - matching.stock_length(self.normalised), self.private // 4) * per_byte)
        return Scale(per_byte, own, telling_run(own))

    @property
    def own(self) -> int:
        """Characters of the reasoning that are private and no stock text."""
        return self.scale.own

    def stock(self, start: int, length: int) -> int:
        """What stock text takes from the weight of a stretch of the pattern: its bytes if it is most of the stretch, else nothing."""
        stock = matching.stock_length(self.normalised[start : start + length])
        return stock if 2 * stock > length else 0

    def news(self, start: int, end: int) -> int:
        """Letters of the words at some code points of the joined reasoning that stand nowhere in the public texts."""
        text = self.joined
        while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
            start -= 1
        while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
            end += 1
        return sum(len(word) for word in _WORD.findall(text[start:end].casefold()) if word not in self._public_words)

    @cached_property
    def _public_words(self) -> set[str]:
        return {word for text, _ in self.material.public for word in _WORD.findall(text.reveal().casefold())}

    @cached_property
    def unfolded(self) -> matching.Pattern:
        """The pattern minus the public texts' decoding layers too: a column of the answer's own table is no private text."""
        layers = [
            (layer.text.reveal_raw(), first)
            for text, first in self.material.public
            for layer in shown_behind(text.reveal(), self.pattern)
        ]
        public = [(text.reveal_raw(), first) for text, first in self.material.public]
        return (
            matching.Pattern([text.reveal_raw() for text in self.material.reasoning], public + layers) if layers else self.pattern
        )

    @cached_property
    def sent(self) -> Subject | None:
        """The same episode without subtracting its tool calls; None where those repeat too little of the reasoning to matter."""
        material = without_calls(self.material)
        if material is None:
            return None
        other = Subject(self.episode, material)
        return other if other.pattern.private >= self.pattern.private + THRESHOLDS.run else None

    def call_frames(self, segment: bytes) -> Iterator[bytes]:
        """How the tool calls begin, normalised, that repeat a normalised reasoning segment: with what is not the segment."""
        for part in self.episode.segments:
            if part.channel is Channel.TOOL_CALL:
                call = matching.normalise(part.text.reveal_raw())
                repeated = [at for end in (segment[:_FRAME], segment[-_FRAME:]) if (at := call.find(end)) >= 0]
                if repeated and min(repeated) > 0:
                    yield call[: min(*repeated, _FRAME)]

    def drafts_a_call(self, start: int, end: int) -> bool:
        """Whether a stretch of the pattern stands in one of `drafts`."""
        return any(self.normalised[start:end] in draft for draft in self.drafts)

    @cached_property
    def drafts(self) -> list[bytes]:
        """Tool calls drafted in the reasoning, normalised."""
        readable, begins = self.joined, []
        if "<" in readable:
            begins.append(_DRAFTED_TAG)
        for word, spellings, begin in _DRAFTED_WORDS:
            if word in self.normalised:
                lower = readable.encode("utf-8", "surrogatepass").lower()
                begins += [begin] * any(spelling in lower for spelling in spellings)
        starts = (found.start() for begin in begins for found in begin.finditer(readable))
        return [matching.normalise(readable[start : start + _DRAFT_REACH]) for start in starts]

    def characters(self, normalised: int) -> int:
        """So many bytes of this reasoning, normalised, in characters."""
        return round(normalised * self.scale.characters_per_byte)

    def identity(self, chains: Sequence[matching.Chain]) -> GuardedText:
        """The normalised stretches that some chains share, for the fingerprint."""
        runs = sorted({(run.cot_start, run.length) for chain in chains for run in chain.runs if run.private})
        return GuardedText(b"\0".join(self.normalised[start : start + length] for start, length in runs))

    def came_through_a_tool(self, start: int, end: int) -> bool:
        """Whether a later tool result repeats this stretch of the pattern."""
        return any(max(start, a) + THRESHOLDS.report <= min(end, b) for a, b in self._echoed_by_tools)

    @cached_property
    def _echoed_by_tools(self) -> list[tuple[int, int]]:
        return [
            (run.cot_start, run.cot_start + run.length)
            for text, _ in self.material.later
            for chain in self.pattern.scan(text.reveal_raw())
            for run in chain.runs
        ]


class Scale(NamedTuple):
    """By what stretches of a reasoning are weighed."""

    characters_per_byte: float
    own: int
    """Characters of it that are private and no stock text."""
    telling: int
    """How long one unshared run must be to be medium."""


class SampledIds(NamedTuple):
    """The sampled ids of an episode, by what is known of them."""

    cot: array[int]
    """Certainly of the reasoning."""
    public: array[int]
    """Certainly of other text."""
    unsure: array[int]
    """Of either, where the log has ids of the whole completion only. Begins with the last of `cot`, for runs that reach over."""
    later: array[int]
    """What stands behind `cot` in a completion: runs of `cot` that stand there too may be another text's."""


def sampled_ids(episode: Episode, all_logged: bool = True) -> SampledIds:
    """Ids per segment where the log has them; those of a whole completion where they are certain, whatever a token holds.

    Without a tokenizer nobody knows where in a completion the reasoning ends. At least so many ids at its beginning are of reasoning
    that stands there, and at least so many at its end of the text behind the last reasoning, as those texts take when tokens are long;
    and no text takes more ids than it has bytes, which tells how many are left for the reasoning if `all_logged`, all the sampled text.
    """
    nothing, cot, public = array("q"), array("q"), array("q")
    reasoning = [segment.ids for segment in episode.segments if segment.channel is Channel.REASONING]
    for segment in episode.segments:
        if segment.ids is not None:
            (cot if segment.channel is Channel.REASONING else public).extend(segment.ids)
    if not episode.completion_ids or (cot and None not in reasoning):
        return SampledIds(cot, public, nothing, nothing)
    if cot:
        return SampledIds(cot, public, outside(episode.completion_ids, cot + public), nothing)
    ids = without_padding(episode.completion_ids)
    first, last = _certain(episode.segments, len(ids), all_logged)
    return SampledIds(ids[:first], public + ids[last:], ids[max(0, first - RUN + 1) : last], ids[first:])


def _certain(segments: Sequence[Segment], count: int, all_logged: bool) -> tuple[int, int]:
    """How many of `count` ids are certainly of reasoning, from the first on, and from which on certainly of other text."""
    sampled = list(dropwhile(lambda segment: segment.channel is Channel.PROMPT, segments))
    leading = list(takewhile(lambda segment: segment.channel is Channel.REASONING, sampled))
    trailing = list(takewhile(lambda segment: segment.channel is not Channel.REASONING, reversed(sampled)))
    last = max(0, count - sum(_fewest_ids(segment) for segment in trailing if segment.channel in _SAMPLED))
    if not leading:
        return 0, last
    first = sum(map(_fewest_ids, leading))
    if all_logged:
        behind = sampled[len(leading) :]
        first = max(first, count - RUN - sum(_most_ids(segment) for segment in behind))
    return min(first, last), last


def _fewest_ids(segment: Segment) -> int:
    return len("".join(segment.text.reveal().split())) // _LONGEST_TOKENS


def _most_ids(segment: Segment) -> int:
    """As many as bytes, and the template's own around them."""
    return len(segment.text.reveal().encode("utf-8", "surrogatepass")) + RUN


_SAMPLED = (Channel.ANSWER, Channel.TOOL_CALL)
_LONGEST_TOKENS = 8
"""Characters of a token that are no white space, on average over a text, at most; in English they are four."""


def characters_per_byte(normalised: bytes) -> float:
    """Characters in a byte of normalised UTF-8, on average; 1 for ASCII. An ideograph tells as much as two letters and counts as two."""
    if normalised.isascii():
        return 1.0
    leads = len(normalised.translate(None, _CONTINUATIONS))
    ideographs = len(normalised) - len(normalised.translate(None, _LEADS_OF_THREE))
    return (leads + ideographs) / len(normalised)


_CONTINUATIONS, _LEADS_OF_THREE = bytes(range(0x80, 0xC0)), bytes(range(0xE0, 0x100))
