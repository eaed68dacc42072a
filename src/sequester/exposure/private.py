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
_OWN_OUTPUT = frozenset({Channel.ANSWER, Channel.TOOL_CALL})


class Material(Struct, frozen=True):
    """The texts of an episode, by the part they play in the subtraction."""

    reasoning: tuple[GuardedText, ...]
    """One per reasoning segment, in order."""
    public: tuple[tuple[GuardedText, int], ...]
    """(text, first): subtracted from the reasoning segments with index >= first."""
    echoes: tuple[str, ...]
    """Beside `public`: `answer` or `tool_call` where the text is the policy's own output, else empty."""
    later: tuple[tuple[GuardedText, int], ...]
    """(tool result, n): it came after n reasoning segments, so it may repeat those."""


def material(episode: Episode) -> Material:
    """Sort an episode's segments into reasoning, public text and later tool results."""
    reasoning: list[GuardedText] = []
    given: list[tuple[GuardedText, int]] = []
    own: list[tuple[GuardedText, int]] = []
    kinds: list[str] = []
    later: list[tuple[GuardedText, int]] = []
    failed = episode.split.status is SplitStatus.SPLIT_FAILED
    guessed = failed and episode.split.family not in (GIVEN, TYPED)
    # Where the log names the parts and the answer holds the reasoning itself, subtracting it would hide what we look for.
    trust_answer = not (failed and episode.split.family == GIVEN)
    for segment in episode.segments:
        if segment.channel is Channel.REASONING:
            reasoning.append(_surely_reasoning(segment.text) if guessed else segment.text)
        elif segment.channel in _OWN_OUTPUT:
            if trust_answer:
                own.append((segment.text, 0))
                kinds.append(segment.channel.value)
        else:
            given.append((segment.text, len(reasoning)))
            if segment.channel is Channel.TOOL_RESULT and reasoning:
                later.append((segment.text, len(reasoning)))
    given += [(column.text, 0) for column in episode.columns if column.text is not None]
    # What was given comes first, so that an echo counts only what the answer repeats from the reasoning alone.
    return Material(tuple(reasoning), tuple(given + own), ("",) * len(given) + tuple(kinds), tuple(later))


def without_calls(of: Material) -> Material | None:
    """The same without subtracting what the policy sent in tool calls; None where it sent none."""
    if Channel.TOOL_CALL.value not in of.echoes:
        return None
    kept = [at for at, echo in enumerate(of.echoes) if echo != Channel.TOOL_CALL.value]
    return replace(of, public=tuple(of.public[at] for at in kept), echoes=tuple(of.echoes[at] for at in kept))


def _surely_reasoning(text: GuardedText) -> GuardedText:
    """The first half of a piece that a failed split took for reasoning: its end may be the answer."""
    whole = text.reveal()
    return GuardedText(whole[: len(whole) // 2])


def lacks_answer(episode: Episode) -> bool:
    """Whether the log names the reasoning and not the answer: then echo cannot be told from a leak."""
    return episode.split.family == GIVEN and not any(segment.channel in _OWN_OUTPUT for segment in episode.segments)


def why_unassessable(episode: Episode) -> Reason | None:
    """The reason for which this episode's reasoning cannot be looked for at all; None where it can."""
    if episode.split.status is SplitStatus.AMBIGUOUS:
        return Reason.AMBIGUOUS
    if any(segment.channel is Channel.REASONING and segment.text for segment in episode.segments):
        return None
    if episode.split.status is SplitStatus.SPLIT_FAILED:
        return Reason.SPLIT_FAILED
    return Reason.NOT_LOGGED


def why_not_cleared(episode: Episode) -> Reason | None:
    """The reason for which finding nothing in this episode would not count as an audit; None where it would."""
    if episode.split.status is SplitStatus.SPLIT_FAILED:
        return Reason.SPLIT_FAILED
    if lacks_answer(episode):
        return Reason.ANSWER_NOT_LOGGED
    if episode.visibility is Visibility.SUMMARY:
        return Reason.SUMMARY_ONLY
    if episode.visibility is not Visibility.RAW:
        return Reason.NOT_LOGGED
    return None
