"""Typed fields that a log printed as words: `reasoning_content: ... | content: ...`, `[reasoning] ... [content] ...`.

Nobody's template writes this, so where the fields end is a guess and the split fails; but what stands after a reasoning label is
worth looking for in reward inputs.
"""

from __future__ import annotations

import re

from sequester.episodes.model import Channel
from sequester.episodes.pieces import Piece

_REASONING = "reasoning_content|reasoning|thinking|analysis|thought"
_ANSWER = "content|final|answer|text|output|response"
_LABEL = re.compile(
    rf"(?:\A\s*|[^\S\n]\|?[^\S\n]*)(?:(?:(?P<reasoning>{_REASONING})|(?P<answer>{_ANSWER})):"
    rf"|\[(?:(?P<bracketed_reasoning>{_REASONING})|(?P<bracketed_answer>{_ANSWER}))\])(?=\s|\Z)"
)
"""A label at the very start or inside a line. At the start of a later line it is YAML or prose."""
_MOST = 8
"""Labels; a text with more is a table or a transcript."""
_BLANK = " \t\r\n|"


def split_labelled(text: str) -> tuple[Piece, ...] | None:
    """The pieces of a text whose first word is a label and that has one of each kind; None for any other, or where no reasoning
    stands after its label."""
    first = _LABEL.match(text)
    if first is None:
        return None
    labels = [first]
    for match in _LABEL.finditer(text, first.end()):
        labels.append(match)
        if len(labels) > _MOST:
            return None
    kinds = [Channel.REASONING if (match.lastgroup or "").endswith("reasoning") else Channel.ANSWER for match in labels]
    ends = [match.start() for match in labels[1:]] + [len(text)]
    pieces = []
    for kind, match, end in zip(kinds, labels, ends, strict=True):
        start = match.end()
        while start < end and text[start] in _BLANK:
            start += 1
        while end > start and text[end - 1] in _BLANK:
            end -= 1
        if start < end:
            pieces.append(Piece(kind, start, end, 0))
    reasoned = any(piece.channel is Channel.REASONING and text[piece.start : piece.end].strip("'\"") for piece in pieces)
    return tuple(pieces) if reasoned and len(set(kinds)) == 2 else None
