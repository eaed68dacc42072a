"""From what a log holds of one episode (prompt, sampled text, typed fields) to segments and a split: the part all readers share.

Whatever a log says, three things hold. The prompt, with every earlier turn in it, is channel `prompt`: the model was given it.
An absent reasoning field is no evidence that there was no reasoning; an empty one is. And an answer that holds the reasoning is a
split failure of whoever wrote the log, never an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from sequester.episodes.families import DELIMITERS, spotter
from sequester.episodes.flatten import LABELS, flatten, is_label
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Segment, Split, SplitStatus, Visibility
from sequester.episodes.pieces import RECITED, TYPED, is_recited
from sequester.episodes.splitter import split_messages, split_text

Message = Mapping[str, Any]
"""A chat message: `role`, `content` (text, list of parts or null), and whatever else the log holds."""

# Looking a member up in an enum costs as much as making a segment.
_PROMPT, _REASONING, _ANSWER, _TOOL_RESULT = Channel.PROMPT, Channel.REASONING, Channel.ANSWER, Channel.TOOL_RESULT
_GIVEN = "given"
_spot_delimiter = spotter(DELIMITERS)
_STRIPPED_CHANNEL = "assistantfinal"
"""What is left of harmony's delimiter where special tokens were removed on decode."""
_PROMPT_TAIL = 256
"""Characters at the end of a prompt in which a template may have opened the reasoning for the model."""
_COVERED = 0.8
"""Share of the reasoning that, found in an answer together with a delimiter, shows a whole completion."""
_PROBES = 50
"""Pieces of the reasoning looked up in the answer to estimate that share, so that the time stays linear."""
_PROBE_LENGTH = 32


class Assembled(Struct, frozen=True, gc=False):
    """The text of an episode in order, prompt first, and where its reasoning ends."""

    segments: tuple[Segment, ...]
    split: Split
    visibility: Visibility = Visibility.RAW

    def seen_as(self, visibility: Visibility) -> Assembled:
        """The same where the log itself says in what form it holds the reasoning. Any form but `raw` says that there was some, so an
        empty field is no evidence that there was none; and where the log says that it does not hold it, text without a delimiter is
        no doubtful reasoning."""
        withheld = visibility is not _RAW and self.split.status is SplitStatus.NO_COT
        if withheld or (visibility in _UNREADABLE and self.split.status is SplitStatus.AMBIGUOUS):
            return Assembled(self.segments, Split(SplitStatus.SPLIT, _WITHHELD, self.split.family), visibility)
        return Assembled(self.segments, self.split, visibility)


_RAW = Visibility.RAW
_UNREADABLE = frozenset((Visibility.REDACTED, Visibility.SIGNATURE_ONLY, Visibility.ABSENT))
_WITHHELD = "the log says that there was reasoning, and does not hold it"


def prompt_segments(prompt: str | Sequence[Message]) -> tuple[Segment, ...]:
    """What the policy had been given, all of it in channel `prompt`, turn 0.

    Earlier assistant turns, and reasoning inside them, were given to the model like everything else in the prompt.
    """
    if isinstance(prompt, str):
        return (Segment(0, _PROMPT, GuardedText(prompt)),) if prompt else ()
    return tuple(Segment(0, _PROMPT, text) for message in prompt for text in _message_texts(message))


def from_completion(
    prompt: str | Sequence[Message],
    completion: str | Sequence[Message],
    template: str = "auto",
    *,
    thinking: bool | None = None,
    truncated: bool | None = None,
    tool_results: Sequence[str] = (),
) -> Assembled:
    """An episode from its sampled text, or from the messages a log made of it.

    `template` is a family name of the splitter or `auto`; `thinking` and `truncated` say whether the chat template had reasoning
    switched on and whether sampling stopped at the length limit, None where unknown. `tool_results` were read before it.

    Raises UsageError for an unknown template, MalformedRecord for what is no message.
    """
    if not isinstance(completion, str):
        return from_messages(prompt, completion, template, tool_results=tool_results)
    found = split_text(completion, template, prompt_tail=prompt_tail(prompt), thinking=thinking, truncated=truncated)
    sampled = [Segment(piece.turn, piece.channel, GuardedText(completion[piece.start : piece.end])) for piece in found.pieces]
    return Assembled((*_given(prompt, tool_results), *sampled), found.split)


def from_messages(
    prompt: str | Sequence[Message], messages: Sequence[Message], template: str = "auto", *, tool_results: Sequence[str] = ()
) -> Assembled:
    """An episode from the messages after the prompt: assistant turns, with tool results and user turns between them.

    Raises MalformedRecord for what is no message, LimitExceeded for one of too many parts.
    """
    found = split_messages(messages, template)
    return Assembled(_given(prompt, tool_results) + tuple(found.segments), found.split, found.visibility)


def from_parts(
    prompt: str | Sequence[Message], reasoning: str | None, answer: str | None, tool_results: Sequence[str] = ()
) -> Assembled:
    """An episode of one turn from two fields of the log.

    A reasoning field that is there and blank is positive evidence of no CoT; one that is absent is none: `ambiguous`.
    """
    sampled = []
    if reasoning is not None:
        sampled.append(Segment(0, _REASONING, GuardedText(reasoning)))
    if answer is not None:
        sampled.append(Segment(0, _ANSWER, GuardedText(answer)))
        if _reasoning_inside(answer, [] if reasoning is None else [reasoning], reasoning or ""):
            return from_segments(prompt, sampled, tool_results)
    split = _ABSENT if reasoning is None else _SPLIT if reasoning and not reasoning.isspace() else _NO_COT
    return Assembled((*_given(prompt, tool_results), *sampled), split)


def from_segments(prompt: str | Sequence[Message], segments: Sequence[Segment], tool_results: Sequence[str] = ()) -> Assembled:
    """An episode whose log names the channel of every piece after the prompt.

    An answer that holds reasoning is taken apart, so that this reasoning is looked for too; the episode is `split_failed` all the same.
    """
    given, latest = False, ""
    unsaid: list[str] = []
    kept: list[Segment] = []
    failure: Split | None = None
    for segment in segments:
        text = segment.text.reveal()
        if segment.channel is _ANSWER and text:
            before, unsaid = unsaid, []
            if reason := _reasoning_inside(text, before, latest):
                parts, family = _taken_apart(segment, latest, _all_blank(before))
                kept += parts
                failure = failure or Split(SplitStatus.SPLIT_FAILED, reason, family)
                continue
        if segment.channel is _REASONING:
            given, latest = True, text.strip() or latest
            unsaid.append(text)
        kept.append(segment)
    split = failure or (_SPLIT if latest else _NO_COT if given else _ABSENT)
    return Assembled(_given(prompt, tool_results) + tuple(kept), split)


def _all_blank(reasoning: Sequence[str]) -> bool:
    """Whether the log says of an answer that no reasoning is before it."""
    return bool(reasoning) and not any(text.strip() for text in reasoning)


def _taken_apart(segment: Segment, reasoning: str, blank: bool) -> tuple[list[Segment], str]:
    """The pieces of an answer that holds reasoning, without what repeats the reasoning given before it, and what decided."""
    text = segment.text.reveal()
    found = split_text(text, thinking=False if blank else None)
    if not any(piece.channel is _REASONING for piece in found.pieces):
        return [segment], _GIVEN
    pieces = [
        Segment(segment.turn + piece.turn, piece.channel, GuardedText(part))
        for piece in found.pieces
        if (part := text[piece.start : piece.end])
        and not (piece.channel is _REASONING and _repeated(part, reasoning) >= _COVERED)
    ]
    return pieces, TYPED if found.split.status is SplitStatus.SPLIT else found.split.family


_SPLIT = Split(SplitStatus.SPLIT, "the log names the reasoning", _GIVEN)
_NO_COT = Split(SplitStatus.NO_COT, "the log has a reasoning field and it is empty", _GIVEN)
_ABSENT = Split(SplitStatus.AMBIGUOUS, "the log has no reasoning field, which is no evidence that there was no reasoning", _GIVEN)


def _reasoning_inside(answer: str, unsaid: Sequence[str], reasoning: str) -> str:
    """Why the answer that follows some reasoning is no answer but holds reasoning; empty if it is one. `unsaid` is what was reasoned since
    the answer before, `reasoning` the latest that is not blank.

    An answer may repeat its reasoning (echo) or write about delimiters; neither alone makes it a whole completion.
    """
    if _all_blank(unsaid):
        found = split_text(answer, thinking=False)
        if found.split.status is SplitStatus.SPLIT_FAILED and any(piece.channel is _REASONING for piece in found.pieces):
            return f"the answer field holds what looks like reasoning, and its reasoning field is empty ({found.split.family})"
    if not _has_delimiter(answer):
        return RECITED if is_recited(unsaid, answer) else ""
    if _repeated(reasoning, answer) >= _COVERED:
        return "the answer field holds the reasoning with its delimiter: it is the whole completion"
    found = split_text(answer)
    inside = any(piece.channel is _REASONING and piece.end > piece.start for piece in found.pieces)
    doubtful = found.split.status is SplitStatus.SPLIT_FAILED and (not reasoning or _STRIPPED_CHANNEL in answer)
    if doubtful or (inside and found.split.status is SplitStatus.SPLIT):
        return f"the answer field holds delimited reasoning of its own ({found.split.family})"
    return ""


def _has_delimiter(text: str) -> bool:
    """Only a gate: what a delimiter means, the splitter says."""
    return _spot_delimiter(text) or _STRIPPED_CHANNEL in text


def _repeated(text: str, answer: str) -> float:
    """Share of a text that an answer repeats verbatim, estimated from pieces at even distances; 0 for less than one piece."""
    step = max(_PROBE_LENGTH, len(text) // _PROBES)
    probes = [text[at : at + _PROBE_LENGTH] for at in range(0, len(text) - _PROBE_LENGTH + 1, step)]
    return sum(probe in answer for probe in probes) / max(1, len(probes))


def _given(prompt: str | Sequence[Message], tool_results: Sequence[str]) -> tuple[Segment, ...]:
    """Everything that the model had been given before it wrote."""
    given = prompt_segments(prompt)
    if not tool_results:
        return given
    return given + tuple(Segment(0, _TOOL_RESULT, GuardedText(text)) for text in tool_results)


def _message_texts(message: Message) -> Iterator[GuardedText]:
    for key, value in message.items():
        if isinstance(value, str):
            if key not in LABELS:
                yield GuardedText(value)
            continue
        for field in flatten(key, value):
            if field.text is not None and not is_label(field):
                yield field.text


def prompt_tail(prompt: str | Sequence[Message]) -> str:
    """The end of the prompt, where a template may have opened the reasoning: of a chat, only a prefilled assistant turn."""
    if isinstance(prompt, str):
        return prompt[-_PROMPT_TAIL:]
    last = prompt[-1] if prompt else {}
    content = last.get("content")
    return content[-_PROMPT_TAIL:] if last.get("role") == "assistant" and isinstance(content, str) else ""
