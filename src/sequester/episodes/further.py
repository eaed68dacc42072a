"""Reasoning in a second vocabulary: a model that has closed (or skipped) its family's own block and goes on to think in other tags.

`<think></think><thinking>...</thinking>answer`, or a `<scratchpad>` after the block. What stands directly after the block, before any
answer, in a block of its own is reasoning. Such a block further down, or a closing delimiter without an opening one, may be either an
example in the answer or reasoning: the split fails.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter

from sequester.episodes.families import Kind
from sequester.episodes.marks import Fences, Mark, begins_line, find_marks, in_prose, with_line_breaks
from sequester.episodes.model import Channel
from sequester.episodes.pieces import Piece, Why
from sequester.episodes.tags import Pieces, blank

_THINK = (Kind.OPEN, Kind.CLOSE)
_INITIALS = ("<", "[THINK]", "[/THINK]", "◁")
_START = attrgetter("start")


def with_further_blocks(text: str, pieces: Sequence[Piece], pair: str, marks: Sequence[Mark] | None) -> Pieces:
    """The pieces of a split by the delimiter `pair`, with blocks of other vocabularies taken out of the answers.

    `marks` are those of family `auto` where they are known already.
    """
    found: set[Why] = set()
    if marks is not None and all(mark.name == pair or mark.kind not in _THINK for mark in marks):
        return tuple(pieces), found
    answers = [piece for piece in pieces if piece.channel is Channel.ANSWER]
    strange = _strange(text, answers, pair, marks)
    if not strange:
        return tuple(pieces), found
    done: list[Piece] = []
    for piece in pieces:
        inside = strange[bisect_left(strange, piece.start, key=_START) : bisect_left(strange, piece.end, key=_START)]
        if piece.channel is Channel.ANSWER and inside:
            done += _taken_apart(text, piece, inside, found)
        else:
            done.append(piece)
    return tuple(done), found


def _strange(text: str, answers: Sequence[Piece], pair: str, marks: Sequence[Mark] | None) -> list[Mark]:
    """Delimiters of reasoning in some answers that are no mentions, of any vocabulary but the one that the text was split by."""
    if marks is None:
        if not any(text.find(initial, piece.start, piece.end) >= 0 for piece in answers for initial in _INITIALS):
            return []
        marks = find_marks(text, "auto")
    think = [mark for mark in marks if mark.kind in _THINK and mark.name != pair and not mark.mention]
    if not think:
        return []
    fences, starts = Fences(text), [piece.start for piece in answers]
    kept = []
    for mark in think:
        number = bisect_right(starts, mark.start) - 1
        if number >= 0 and mark.start < answers[number].end and not fences.holds(mark.start, starts[number]):
            kept.append(mark)
    return with_line_breaks(text, kept)


def _taken_apart(text: str, piece: Piece, marks: Sequence[Mark], found: set[Why]) -> Iterator[Piece]:
    at, number = piece.start, 0
    while number < len(marks) and marks[number].kind is Kind.OPEN and blank(text, at, marks[number].start):
        end = _closed_by(marks, number)
        stop = piece.end if end is None else marks[end].start
        found.add(Why.FURTHER)
        if not blank(text, marks[number].end, stop):
            yield Piece(Channel.REASONING, marks[number].end, stop, piece.turn)
        if end is None:
            found.add(Why.UNCLOSED)
            return
        at, number = marks[end].end, end + 1
    if any(_contradicts(text, marks[number:])):
        found.add(Why.STRANGE)
    if not blank(text, at, piece.end):
        yield Piece(Channel.ANSWER, at, piece.end, piece.turn)


def _closed_by(marks: Sequence[Mark], opener: int) -> int | None:
    """The number of the closing mark of a block, by depth."""
    depth = 0
    for number in range(opener, len(marks)):
        if marks[number].name == marks[opener].name:
            depth += 1 if marks[number].kind is Kind.OPEN else -1
            if depth == 0:
                return number
    return None


def _contradicts(text: str, marks: Sequence[Mark]) -> Iterator[bool]:
    """For each mark whether it looks like a delimiter rather than a word of a sentence."""
    inline: Counter[str] = Counter()
    for mark in marks:
        if mark.kind is Kind.OPEN:
            inline[mark.name] += 1
            yield begins_line(text, mark.start) and not in_prose(text, mark)
        elif inline[mark.name]:
            inline[mark.name] -= 1
        else:
            yield not in_prose(text, mark)
