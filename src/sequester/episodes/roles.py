"""Splitting token ids before any decoding: by the role that a log gives each token, or by the ids of the delimiters.

Splitting ids is surer than splitting text: what a model writes about a delimiter is other tokens than the delimiter, and a
decode that drops special tokens cannot remove the boundary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from sequester.episodes.model import Channel, Split, SplitStatus
from sequester.errors import UsageError

LABELS: dict[str, Channel] = {
    "reasoning": Channel.REASONING,
    "thinking": Channel.REASONING,
    "think": Channel.REASONING,
    "analysis": Channel.REASONING,
    "answer": Channel.ANSWER,
    "content": Channel.ANSWER,
    "final": Channel.ANSWER,
    "tool_call": Channel.TOOL_CALL,
    "tool_result": Channel.TOOL_RESULT,
    "tool": Channel.TOOL_RESULT,
    "observation": Channel.TOOL_RESULT,
    "prompt": Channel.PROMPT,
    "user": Channel.PROMPT,
    "system": Channel.PROMPT,
}
"""Names of token roles, as logs write them. The label `""` or `control` is a token that belongs to no channel."""

Spelling = tuple[int, ...]
"""The ids of one delimiter, in order; most are a single special token."""


class Markers(Struct, frozen=True):
    """The ids of a tokenizer's delimiters."""

    openers: tuple[Spelling, ...]
    closers: tuple[Spelling, ...]
    call_openers: tuple[Spelling, ...] = ()
    call_closers: tuple[Spelling, ...] = ()
    control: tuple[Spelling, ...] = ()
    """Tokens that belong to no channel: end of turn, padding."""
    opened: bool = False
    """The prompt ends with an opener."""


class IdSpan(Struct, frozen=True):
    """A stretch of ids in one channel; `end` is exclusive. Delimiters belong to none."""

    channel: Channel
    start: int
    end: int


def split_ids(ids: Sequence[int], roles: Sequence[str] | Markers) -> tuple[tuple[IdSpan, ...], Split]:
    """Spans of a completion's ids by channel, in order, and the verdict.

    `roles` is one label per id (see `LABELS`), or the ids of the delimiters. By delimiters, reasoning runs from an opener, or
    from the start where a closer comes first, to the last closer before the next opener. Raises UsageError for labels that do
    not fit.
    """
    if isinstance(roles, Markers):
        return _by_markers(ids, roles)
    return _by_labels(ids, roles)


def _by_labels(ids: Sequence[int], labels: Sequence[str]) -> tuple[tuple[IdSpan, ...], Split]:
    if len(labels) != len(ids):
        raise UsageError(f"{len(labels)} labels for {len(ids)} ids", where="token roles", hint="give one label per id")
    spans = []
    for label, run in groupby(range(len(ids)), key=labels.__getitem__):
        positions = list(run)
        if label in ("", "control"):
            continue
        if label not in LABELS:
            raise UsageError("unknown token role", where="token roles", hint=f"one of: {' '.join(LABELS)} control")
        spans.append(IdSpan(LABELS[label], positions[0], positions[-1] + 1))
    return tuple(spans), _verdict(spans, labelled=bool(ids))


def _by_markers(ids: Sequence[int], markers: Markers) -> tuple[tuple[IdSpan, ...], Split]:
    spans: list[IdSpan] = []
    channel = Channel.REASONING if markers.opened else Channel.ANSWER
    at = block = 0
    """`block` is where the reasoning begins that a further closer would extend."""
    closed = False
    for name, start, end in _found(ids, markers):
        if channel is Channel.REASONING and name in ("openers", "call_openers", "call_closers"):
            continue
        if name == "call_closers" and channel is not Channel.TOOL_CALL:
            continue
        if name == "control" and end < len(ids):
            continue
        if name == "closers" and channel is not Channel.REASONING:
            while spans and spans[-1].start >= block:
                spans.pop()
            channel, at = Channel.REASONING, block
        _add(spans, channel, at, start)
        at = end
        if name == "openers":
            block = end
        closed = closed or name == "closers"
        channel = _AFTER.get(name, channel)
    _add(spans, channel, at, len(ids))
    return tuple(spans), _verdict(spans, labelled=closed)


_AFTER = {
    "openers": Channel.REASONING,
    "closers": Channel.ANSWER,
    "call_openers": Channel.TOOL_CALL,
    "call_closers": Channel.ANSWER,
}
"""The channel that a delimiter leads into."""


def _add(spans: list[IdSpan], channel: Channel, start: int, end: int) -> None:
    if start < end:
        spans.append(IdSpan(channel, start, end))


def _found(ids: Sequence[int], markers: Markers) -> Iterator[tuple[str, int, int]]:
    """Every delimiter in the ids: which kind, and from where to where; the longest where several fit."""
    spellings: dict[int, list[tuple[Spelling, str]]] = {}
    for name in ("openers", "closers", "call_openers", "call_closers", "control"):
        for spelling in getattr(markers, name):
            if not spelling:
                raise UsageError("a delimiter without ids", where=name, hint="give at least one id")
            spellings.setdefault(spelling[0], []).append((spelling, name))
    for candidates in spellings.values():
        candidates.sort(key=lambda candidate: -len(candidate[0]))
    position = 0
    while position < len(ids):
        for spelling, name in spellings.get(ids[position], ()):
            if tuple(ids[position : position + len(spelling)]) == spelling:
                yield name, position, position + len(spelling)
                position += len(spelling)
                break
        else:
            position += 1


def _verdict(spans: Sequence[IdSpan], *, labelled: bool) -> Split:
    if any(span.channel is Channel.REASONING for span in spans):
        return Split(SplitStatus.SPLIT, "the ids of the reasoning are known", "ids")
    if labelled:
        return Split(SplitStatus.NO_COT, "the ids have roles, and none is reasoning", "ids")
    return Split(SplitStatus.AMBIGUOUS, "no delimiter among the ids", "ids")
