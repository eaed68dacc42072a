"""What a splitter of any template family gives back: pieces of a completion, and why they were cut there."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

from msgspec import Struct

from sequester.episodes.model import Channel, Split, SplitStatus

TYPED = "typed"
"""`Split.family` where fields of the log, not delimiters in a text, say what is reasoning."""
SHORTEST = 31
"""Characters that reasoning needs at least to be looked for at all."""


RECITED = "the answer begins with the whole reasoning: its field may hold all that was sampled, decoded without the delimiters"
"""Why a split by typed fields fails where `is_recited`."""
_LONG = 200
"""Code points of reasoning from which on no answer is taken to repeat it word by word from the first to the last."""
_HEAD = 256
"""Characters at the start of both texts that are compared first; nearly every answer differs there."""
_OPENING = 32
_SAMPLE = 16
"""Characters but white space of the opening that must agree, and of each sample looked up after it."""
_MOST_SAMPLES = 64
_DRIFT = 128
"""Characters by which a sample may stand away from its place in the reasoning."""
_RECITED_SHARE = 0.85
"""Share of the samples that must stand there: nine tenths of the reasoning, less what an edit cuts apart."""
_ROLE = re.compile(r"(?:assistant)?\s?(?:analysis|thought|thinking|reasoning):?|assistant:?", re.IGNORECASE)
"""What may be left of stripped delimiters before the reasoning."""


def is_recited(reasoning: Sequence[str], answer: str) -> bool:
    """Whether an answer begins with nearly the whole of the reasoning before it, all of it or only the latest piece, which is too long
    for a policy to say it again. White space does not count."""
    if len(reasoning) > 1 and _begins_with("".join(reasoning), answer):
        return True
    return bool(reasoning) and _begins_with(reasoning[-1], answer)


def _begins_with(reasoning: str, answer: str) -> bool:
    reasoning, answer = reasoning.strip(), answer.lstrip()
    if len(reasoning) < _LONG:
        return False
    role = _ROLE.match(answer)
    if role is None and answer[:1] != reasoning[:1]:
        return False
    opening = _squeezed(reasoning[:_HEAD])[:_OPENING]
    starts = [0] if role is None else [0, role.end()]
    if not any(_squeezed(answer[start : start + _HEAD]).startswith(opening) for start in starts):
        return False
    thought, said = _squeezed(reasoning), _squeezed(answer)
    step = max(_SAMPLE, len(thought) // _MOST_SAMPLES)
    samples = range(0, len(thought) - _SAMPLE + 1, step)
    found = sum(said.find(thought[at : at + _SAMPLE], max(0, at - _DRIFT), at + _SAMPLE + _DRIFT) >= 0 for at in samples)
    return found >= _RECITED_SHARE * max(1, len(samples))


def _squeezed(text: str) -> str:
    return "".join(text.split())


class Piece(Struct, frozen=True):
    """A stretch of a completion in one channel."""

    channel: Channel
    start: int
    end: int
    """Code points from the start of the completion; `end` is exclusive."""
    turn: int
    """0-based; grows after every input from outside (tool result, user message) inside the completion."""


class SplitText(Struct, frozen=True):
    """A completion taken apart. Between the pieces stand delimiters, control tokens and white space, which belong to none."""

    pieces: tuple[Piece, ...]
    split: Split


class Why(StrEnum):
    """Every reason a split can have; each is one sentence without any text of the episode."""

    PAIRED = "every reasoning block has an opening and a closing delimiter"
    CLOSER_ONLY = "closing delimiter without an opening one: the template opens the reasoning in the prompt"
    CLOSER_ONLY_ODD = "closing delimiter without an opening one, in a family that emits both"
    UNCLOSED = "unclosed: the reasoning was cut off before its closing delimiter, the answer is empty"
    REPEATED = "closed more than once: the reasoning runs to the last closing delimiter"
    UNBALANCED = "more opening than closing delimiters: the reasoning runs to the last closing delimiter"
    FURTHER = "the reasoning goes on in delimiters of another vocabulary"
    CHANNELS = "the messages name their channels"
    EMPTY_BLOCK = "the reasoning block is empty"
    EMPTY_LATE = "an empty reasoning block after visible text: the text may be all answer or all reasoning"
    NO_ANALYSIS = "the messages name their channels, and there is no reasoning channel among them"
    THINKING_OFF = "no delimiter, and thinking was off in the template"
    NO_MARKS = "undelimited text: it may be all answer or all reasoning"
    EMPTY = "the completion is empty"
    OPENER_IN_LINE = "text, then an opening delimiter on the same line: an answer before it, or reasoning that the prompt opened"
    MARK_IN_PROSE = "a delimiter stands in running text after a complete block: a mention, or reasoning"
    CLOSER_QUOTED = "the reasoning is opened, and its only closing delimiters stand in quotation marks"
    CLOSER_ODD = "the reasoning is opened, and what closes it only resembles its closing delimiter"
    HEADER_UNKNOWN = "a delimiter of reasoning follows somebody else's message, and no header of the policy that is known"
    TURN_OPEN = (
        "the template opens the reasoning of a turn, and some turn has no closing delimiter after its text: it may be reasoning"
    )
    CLOSER_IN_CALL = "the only closing delimiter stands inside a tool call"
    STRANGE = "delimiters of another vocabulary stand in the answer: an example, or reasoning"
    TOKENS_STRIPPED = "role words are glued to the text: special tokens were removed on decode, the boundary is a guess"
    LABELS = "words or names of fields, not delimiters, say what is reasoning: where it ends is a guess"
    NEVER_CLOSED = "the prompt opened the reasoning, and the completion ended without closing it: thinking may have been off"
    FINAL_TWICE = "more than one final message in a turn: all but the last are taken as reasoning"
    MALFORMED_HEADER = "a message header is malformed or stands inside a message"
    UNKNOWN_CHANNEL = "a message names a channel that the family does not have"

    # As the value is unique this is as good, and the one of enums runs in Python.
    __hash__ = str.__hash__


_MEANINGS = {
    SplitStatus.SPLIT_FAILED: (
        Why.TOKENS_STRIPPED,
        Why.LABELS,
        Why.UNKNOWN_CHANNEL,
        Why.MALFORMED_HEADER,
        Why.FINAL_TWICE,
        Why.NEVER_CLOSED,
        Why.CLOSER_QUOTED,
        Why.CLOSER_ODD,
        Why.HEADER_UNKNOWN,
        Why.TURN_OPEN,
        Why.CLOSER_IN_CALL,
        Why.OPENER_IN_LINE,
        Why.MARK_IN_PROSE,
        Why.STRANGE,
    ),
    SplitStatus.SPLIT: (
        Why.UNCLOSED,
        Why.UNBALANCED,
        Why.REPEATED,
        Why.FURTHER,
        Why.CLOSER_ONLY,
        Why.CLOSER_ONLY_ODD,
        Why.PAIRED,
        Why.CHANNELS,
    ),
    SplitStatus.NO_COT: (Why.EMPTY_BLOCK, Why.NO_ANALYSIS, Why.THINKING_OFF),
    SplitStatus.AMBIGUOUS: (Why.EMPTY, Why.EMPTY_LATE, Why.NO_MARKS),
}
"""What each observation means, the weightiest first."""
_VERDICTS = {
    why: (weight, status, why.value)
    for weight, (status, why) in enumerate((status, why) for status, reasons in _MEANINGS.items() for why in reasons)
}


def judge(found: Collection[Why], family: str) -> Split:
    """The status that everything observed adds up to: a contradiction outweighs a split, a split outweighs the absence of
    reasoning. If nothing was observed, no delimiter was."""
    _, status, reason = min(map(_VERDICTS.__getitem__, found or (Why.NO_MARKS,)))
    return Split(status, reason, family)
