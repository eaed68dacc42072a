"""Reasoning where no delimiter of its family holds it: role words whose tokens were stripped, labels, steps, fields, and delimiters that
somebody wrote otherwise. Always a guess, so the split fails.

An undelimited text is nobody's evidence, and words in it must look like a log's. An empty block, or thinking that was off, would clear
the text beside it; there a single label of reasoning is enough, if what stands behind it is long enough to be looked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sequester.episodes.harmony import split_stripped
from sequester.episodes.labels import split_disguised, split_labelled
from sequester.episodes.model import Channel
from sequester.episodes.pieces import SHORTEST, TYPED, Piece, Why
from sequester.episodes.serialised import split_serialised

_GEMMA_STRIPPED = re.compile(r"\s*thought\n")

Guess = tuple[tuple[Piece, ...], Why, str]
"""Pieces, what was observed, and the family that decided."""


def guessed(text: str, family: str, lenient: bool = False) -> Guess | None:
    """What a text without a delimiter may hold of reasoning; None if nothing looks like it. `lenient`: take less for evidence."""
    stripped = split_stripped(text)
    if stripped is not None:
        return stripped, Why.TOKENS_STRIPPED, "harmony"
    name = _GEMMA_STRIPPED.match(text)
    if name is not None and family in ("auto", "gemma"):
        rest = Piece(Channel.REASONING, name.end(), len(text), 0)
        return (rest,) if rest.start < rest.end else (), Why.TOKENS_STRIPPED, "gemma"
    labelled = split_disguised(text, lenient) or split_labelled(text, lenient) or split_serialised(text, lenient)
    return None if labelled is None else (labelled, Why.LABELS, TYPED)


def with_guessed_reasoning(text: str, pieces: Sequence[Piece]) -> tuple[tuple[Piece, ...], set[Why]]:
    """The pieces of a split, with what looks like reasoning taken out of the answers of turns in which no delimiter held any."""
    found: set[Why] = set()
    reasoned = {piece.turn for piece in pieces if piece.channel is Channel.REASONING}
    if all(piece.turn in reasoned for piece in pieces):
        return tuple(pieces), found
    done: list[Piece] = []
    later = 0
    for piece in pieces:
        guess = None
        if piece.channel is Channel.ANSWER and piece.turn not in reasoned and piece.end - piece.start >= SHORTEST:
            guess = guessed(text[piece.start : piece.end], "auto", lenient=True)
        if guess is None or sum(part.end - part.start for part in guess[0] if part.channel is Channel.REASONING) < SHORTEST:
            done.append(Piece(piece.channel, piece.start, piece.end, piece.turn + later) if later else piece)
            continue
        parts, why, _ = guess
        found.add(why)
        turn = piece.turn + later
        done += [Piece(part.channel, piece.start + part.start, piece.start + part.end, turn + part.turn) for part in parts]
        later += parts[-1].turn
    return tuple(done), found
