"""Splitting one sampled text: which family wrote it, what the prompt had opened, and what the pieces add up to."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from sequester.episodes.families import FAMILIES, Kind, home_of
from sequester.episodes.further import with_further_blocks
from sequester.episodes.harmony import has_tokens, is_harmony, split_harmony
from sequester.episodes.labels import split_disguised
from sequester.episodes.marks import Mark, find_marks
from sequester.episodes.pieces import Piece, SplitText, Why, judge
from sequester.episodes.tags import chosen_pair, split_tags
from sequester.episodes.unmarked import guessed, with_guessed_reasoning
from sequester.errors import UsageError

_GRANITE_PHRASE = re.compile(r"\s*Here(?: i|')s my thought process:")
_NAMES_BY_INITIAL = ("auto", *sorted(name for name in FAMILIES if name != "auto"))


class _Prompt(NamedTuple):
    """What the end of the prompt says about the start of the completion."""

    opening: str = ""
    """The part of the prompt that belongs to the reasoning or to the header of the completion's first message."""
    visible: bool = False
    """The completion starts outside of reasoning."""
    off: bool = False
    """The template closed the reasoning at once: thinking was off."""


_UNKNOWN = _Prompt()


def split_text(
    completion: str,
    family: str = "auto",
    prompt_tail: str = "",
    thinking: bool | None = None,
    truncated: bool | None = None,
) -> SplitText:
    """Take a completion apart by the rules of `splitter`.

    `prompt_tail` is the end of the prompt as the model saw it, or of as much of it as is known. `thinking` says whether the
    template had thinking on, `truncated` whether sampling stopped at the length limit; None where unknown. Time is linear in
    the text.

    Raises UsageError for a family that does not exist.
    """
    if family not in FAMILIES:
        raise UsageError("unknown template family", where="template", hint=f"one of: {' '.join(_NAMES_BY_INITIAL)}")
    prompt = _prompt(prompt_tail) if prompt_tail else _UNKNOWN
    text = prompt.opening + completion
    offset = len(prompt.opening)
    if not completion or completion.isspace():
        found = {Why.THINKING_OFF} if thinking is False or prompt.off else {Why.UNCLOSED} if offset else {Why.EMPTY}
        return SplitText((), judge(found, family))
    pieces, found, decided = _split(text, family, prompt, thinking)
    if offset and Why.UNCLOSED in found and (truncated is False or _ended(completion, pieces, offset)):
        found = found | {Why.NEVER_CLOSED}
    if truncated:
        found = found - {Why.CLOSER_QUOTED}
    if offset:
        shifted = (Piece(piece.channel, max(piece.start - offset, 0), piece.end - offset, piece.turn) for piece in pieces)
        pieces = tuple(piece for piece in shifted if piece.start < piece.end)
    return SplitText(pieces, judge(found, decided))


def _split(text: str, family: str, prompt: _Prompt, thinking: bool | None) -> tuple[tuple[Piece, ...], set[Why], str]:
    """Pieces, what was observed, and the family that decided: the one named if it left any delimiter, else the one recognised."""
    if (family == "harmony" and has_tokens(text)) or (family == "auto" and is_harmony(text)):
        return _harmony(text)
    named = family if family != "harmony" else "auto"
    if named == "auto" and _GRANITE_PHRASE.match(text) is not None:
        named = "granite"
    marks = find_marks(text, named)
    pair = chosen_pair(text, marks)
    if pair is None and named != "auto":
        if is_harmony(text):
            return _harmony(text)
        others = find_marks(text, "auto")
        pair = chosen_pair(text, others)
        if pair is not None:
            named, marks = "auto", others
    if pair is None:
        return _unmarked(text, marks, family, thinking is False or prompt.off)
    prefills = FAMILIES[named].prefills
    pieces, found = split_tags(text, marks, pair, visible_at_start=prompt.visible, prefills=prefills, opened=prompt.opening != "")
    pieces, further = with_further_blocks(text, pieces, pair, marks if named == "auto" else None)
    if not found | further and (fenced := split_disguised(text)) is not None:
        pieces, found = fenced, {Why.LABELS}
    pieces, guesses = with_guessed_reasoning(text, pieces)
    return pieces, found | further | guesses, home_of(pair) if named == "auto" else named


def _harmony(text: str) -> tuple[tuple[Piece, ...], set[Why], str]:
    pieces, found = split_harmony(text)
    pieces, further = with_further_blocks(text, pieces, "harmony", None)
    pieces, guesses = with_guessed_reasoning(text, pieces)
    return pieces, found | further | guesses, "harmony"


def _unmarked(text: str, marks: list[Mark], family: str, off: bool) -> tuple[tuple[Piece, ...], set[Why], str]:
    """A text without any delimiter of reasoning."""
    if not off and (guess := guessed(text, family)) is not None:
        pieces, why, decided = guess
        return pieces, {why}, decided
    pieces, _ = split_tags(text, marks, None, visible_at_start=True, prefills=False)
    if not off:
        return pieces, {Why.NO_MARKS}, family
    pieces, guesses = with_guessed_reasoning(text, pieces)
    return pieces, guesses | {Why.THINKING_OFF}, family


def _ended(completion: str, pieces: tuple[Piece, ...], offset: int) -> bool:
    """Whether control tokens follow the last piece, so that the model ended its turn itself."""
    return bool(pieces) and completion[pieces[-1].end - offset :].strip() != ""


@lru_cache(256)
def _prompt(tail: str) -> _Prompt:
    """What a prompt left open. Only its very end counts, or what follows the header of the policy's turn: prompts may quote
    delimiters. Kept, because all rollouts of a prompt ask the same."""
    start = tail.rfind("<|start|>assistant")
    if start >= 0:
        return _Prompt(opening=tail[start:])
    marks = [mark for mark in find_marks(tail, "auto") if not mark.mention]
    if not marks:
        return _UNKNOWN
    header = max((number for number, mark in enumerate(marks) if mark.kind in (Kind.TURN_IN, Kind.RESULT_END)), default=-1)
    think = [mark for mark in marks[header + 1 :] if mark.kind in (Kind.OPEN, Kind.CLOSE)]
    last = think[-1] if think else marks[-1]
    at_end = not tail[last.end :].strip()
    if last.kind is Kind.OPEN and (at_end or header >= 0):
        return _Prompt(opening=tail[last.start :])
    if last.kind is Kind.CLOSE and (at_end or header >= 0):
        return _Prompt(visible=True, off=True)
    return _Prompt(visible=at_end and last.kind in (Kind.TURN_IN, Kind.RESULT_END))
