"""Messages that a log holds as text: JSON of a message or of its parts, the repr of a client's object, an object that a prompt asked for.

What is reasoning is said by the names of the fields, but a text is no typed field: any of it may be an answer in JSON. So the split
fails; what stands in a field called reasoning is worth looking for in reward inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sequester.episodes.model import Channel
from sequester.episodes.pieces import Piece

_BEGINS = re.compile(r"\s*(?:```\w{0,8}\n)?(?:[\[{]|[A-Za-z_][\w.]{0,60}\()")
_BEGINS_LATER = re.compile(r"^[ \t]*[\[{]", re.MULTILINE)
_REASONING = re.compile(r"reasoning(?:_content|_text|_steps)?|thinking|thoughts?|chain_of_thought|cot|scratchpad|inner_monologue")
_ANSWER = frozenset(
    ("content", "text", "answer", "final_answer", "response", "output", "final", "action", "command", "arguments")
)
_TYPES = frozenset(("thinking", "reasoning", "reasoning_text", "reasoning.text", "think", "thought"))
_TEXT = frozenset(("text", "content"))
_FIELD = re.compile(
    r"(?P<mark>[\"']?)\b(?P<key>[A-Za-z_]\w{0,30})(?P=mark)\s{0,8}[:=]\s{0,8}"
    r"(?:(?P<quote>[\"'])(?P<value>(?:\\.|(?!(?P=quote))[^\\])*+)|(?P<true>[Tt]rue\b))",
    re.DOTALL,
)
"""A field with a string, which may be cut off, or with `true`. Fields inside of strings are not seen."""


def split_serialised(text: str, lenient: bool = False) -> tuple[Piece, ...] | None:
    """The pieces of a text that is a serialised message: the values of its reasoning fields, and all the rest as answer. None for a text
    that is none, or lacks a field of either kind. `lenient`: a field of reasoning is enough, and JSON may begin at a later line. Linear
    time."""
    begins = _BEGINS.match(text) or (_BEGINS_LATER.search(text) if lenient else None)
    if begins is None:
        return None
    fields = list(_fields(text, begins.start()))
    spans = [span for channel, span in fields if channel is Channel.REASONING and text[slice(*span)].strip()]
    if not spans or (not lenient and len(fields) == len(spans)):
        return None
    pieces, at = [], 0
    for start, end in spans:
        pieces += [Piece(Channel.ANSWER, at, start, 0), Piece(Channel.REASONING, start, end, 0)]
        at = end
    return (*pieces, Piece(Channel.ANSWER, at, len(text), 0)) if at < len(text) else tuple(pieces)


def _fields(text: str, start: int) -> Iterator[tuple[Channel, tuple[int, int]]]:
    """Where the strings of fields stand that may hold a message's text, by channel. A part says by its type that its text is reasoning,
    or by a flag before or after it."""
    typed = flagged = False
    held: tuple[int, int] | None = None
    for found in _FIELD.finditer(text, start):
        key, span = found["key"], found.span("value")
        if found["true"]:
            if key == "thought" and held is not None and text.find("}", held[1], found.start()) < 0:
                yield Channel.REASONING, held
                held = None
            else:
                flagged |= key == "thought"
            continue
        if held is not None:
            yield Channel.ANSWER, held
            held = None
        if key == "type":
            typed = found["value"] in _TYPES
        elif _REASONING.fullmatch(key) or (key in _TEXT and (typed or flagged)):
            flagged = False
            yield Channel.REASONING, span
        elif key in _TEXT:
            held = span
        elif key in _ANSWER:
            yield Channel.ANSWER, span
    if held is not None:
        yield Channel.ANSWER, held
