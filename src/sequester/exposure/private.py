"""What is private about an episode's reasoning, and what may be subtracted from it.

Private text of a reasoning segment (docs/architecture.md) = the segment minus what the model had been given before it wrote it, minus
its own answer, minus the dataset columns that the scorer legitimately holds. What comes *later* (a tool result that repeats the
reasoning, a file, another model's input) is never subtracted: there it is an indirect finding.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Reason, SplitStatus, Visibility
from sequester.episodes.pieces import TYPED

MIN_PRIVATE = 31
"""Normalised private characters below which there is nothing to look for (`no_private_text`)."""

GIVEN = "given"
"""`Split.family` of an episode whose log names its parts."""
# Looking a member up in an enum costs as much as the rest of a step.
_REASONING, _ANSWER, _TOOL_CALL, _TOOL_RESULT = Channel.REASONING, Channel.ANSWER, Channel.TOOL_CALL, Channel.TOOL_RESULT
_AMBIGUOUS, _SPLIT_FAILED, _NO_COT = SplitStatus.AMBIGUOUS, SplitStatus.SPLIT_FAILED, SplitStatus.NO_COT
_RAW = Visibility.RAW


class Material(Struct, frozen=True, gc=False):
    """The texts of an episode, by the part they play in the subtraction, and how far they can be judged."""

    reasoning: tuple[GuardedText, ...]
    """One per reasoning segment, in order."""
    public: tuple[tuple[GuardedText, int], ...]
    """(text, first): subtracted from the reasoning segments with index >= first."""
    own: tuple[Channel, ...]
    """The last texts of `public` are the policy's own output; its channel, one by one."""
    later: tuple[tuple[GuardedText, int], ...]
    """(tool result, n): it came after n reasoning segments, so it may repeat those."""
    lacks_answer: bool
    """The log names the reasoning and not the answer: then echo cannot be told from a leak."""
    unassessable: Reason | None
    """Why this reasoning cannot be looked for at all; None where it can."""
    not_cleared: Reason | None
    """Why finding nothing would not count as an audit; None where it would."""


def material(episode: Episode) -> Material:
    """Sort an episode's segments into reasoning, public text and later tool results."""
    reasoning: list[GuardedText] = []
    given: list[tuple[GuardedText, int]] = []
    own: list[tuple[GuardedText, int]] = []
    channels: list[Channel] = []
    later: list[tuple[GuardedText, int]] = []
    split = episode.split
    failed = split.status is _SPLIT_FAILED
    guessed = failed and split.family not in (GIVEN, TYPED)
    # Where the log names the parts and the answer holds the reasoning itself, subtracting it would hide what we look for.
    trust_answer = not failed or split.family != GIVEN
    logged = answered = False
    for segment in episode.segments:
        channel, text = segment.channel, segment.text
        if channel is _REASONING:
            logged = logged or bool(text)
            reasoning.append(_surely_reasoning(text) if guessed else text)
        elif channel is _ANSWER or channel is _TOOL_CALL:
            answered = True
            if trust_answer:
                own.append((text, 0))
                channels.append(channel)
        else:
            given.append((text, len(reasoning)))
            if reasoning and channel is _TOOL_RESULT:
                later.append((text, len(reasoning)))
    if episode.columns:
        given += [(column.text, 0) for column in episode.columns if column.text is not None]
    lacks_answer = not answered and split.family == GIVEN
    return Material(
        tuple(reasoning),
        # What was given comes first, so that an echo counts only what the answer repeats from the reasoning alone.
        tuple(given + own),
        tuple(channels),
        tuple(later),
        lacks_answer,
        _why_unassessable(split.status, logged),
        _why_not_cleared(split.status, lacks_answer, episode.visibility),
    )


def without_calls(of: Material) -> Material | None:
    """The same without subtracting what the policy sent in tool calls; None where it sent none."""
    if _TOOL_CALL not in of.own:
        return None
    given = of.public[: -len(of.own)]
    kept = [(text, channel) for text, channel in zip(of.public[len(given) :], of.own, strict=True) if channel is not _TOOL_CALL]
    return replace(of, public=given + tuple(text for text, _ in kept), own=tuple(channel for _, channel in kept))


def _surely_reasoning(text: GuardedText) -> GuardedText:
    """The first half of a piece that a failed split took for reasoning: its end may be the answer."""
    whole = text.reveal()
    return GuardedText(whole[: len(whole) // 2])


def _why_unassessable(status: SplitStatus, logged: bool) -> Reason | None:
    if status is _AMBIGUOUS:
        return Reason.AMBIGUOUS
    if logged and status is not _NO_COT:
        return None
    return Reason.SPLIT_FAILED if status is _SPLIT_FAILED else Reason.NOT_LOGGED


def _why_not_cleared(status: SplitStatus, lacks_answer: bool, visibility: Visibility) -> Reason | None:
    if status is _SPLIT_FAILED:
        return Reason.SPLIT_FAILED
    if lacks_answer:
        return Reason.ANSWER_NOT_LOGGED
    if visibility is _RAW:
        return None
    return Reason.SUMMARY_ONLY if visibility is Visibility.SUMMARY else Reason.NOT_LOGGED
