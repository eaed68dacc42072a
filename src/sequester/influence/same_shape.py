"""Texts of the shape of another one: as many code points, words, runs of letters, signs and ends of sentences, and the same white space, so
that whatever counts these counts the same. What cannot be had by leaving out signs is made up for near the end, in words made to measure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import add, sub
from typing import NamedTuple

_WORD = re.compile(r"\S+")
_RUN = re.compile(r"\w+")
_SIGN = re.compile(r"[^\w\s]")
_SPACE = re.compile(r"\s+")
_STOPS = re.compile(r"[.!?]+")
_VOCABULARY: Sequence[Sequence[str]] = (
    ("a",),
    ("it", "is", "so", "we", "do", "as", "to", "be"),
    ("and", "now", "see", "may", "say", "yes"),
    ("this", "that", "then", "also", "good", "sure"),
    ("again", "think", "would", "right", "still"),
    ("indeed", "simply", "really", "enough", "rather"),
    ("perhaps", "clearly", "however", "several"),
    ("probably", "remember", "consider", "question"),
    ("certainly", "therefore", "currently", "carefully"),
    ("understand", "completely", "everything"),
    ("immediately", "interesting", "necessarily"),
    ("particularly", "nevertheless", "occasionally"),
)
"""Words of one letter, of two, and so on."""
LONGEST_WORD = len(_VOCABULARY)


class _Size(NamedTuple):
    words: int
    characters: int
    """Without white space."""
    runs: int
    """Of letters and digits, as `\\w+` finds them."""
    signs: int
    ends: int
    """Words that end with a full stop, an exclamation mark or a question mark."""
    stops: int
    """Rows of such marks, wherever they stand."""

    @staticmethod
    def of(words: Iterable[str]) -> _Size:
        return _Size(*map(sum, zip(_NOTHING, *map(_size, words), strict=True)))


_NOTHING = _Size(0, 0, 0, 0, 0, 0)


@lru_cache(1 << 16)
def _size(word: str) -> _Size:
    return _Size(1, len(word), len(_RUN.findall(word)), len(_SIGN.findall(word)), _ends(word), len(_STOPS.findall(word)))


def _ends(word: str) -> bool:
    return word[-1] in ".!?"


def same_shape(text: str, like: str, keep: int = 0, end: str = "") -> str | None:
    """The words of a text in the shape of another one, with `end` as its last words; None where that cannot be had without changing the
    words of the first `keep` code points, or where there is white space around `like`. Which sign ends a sentence may change anywhere."""
    target = _WORD.findall(like)
    if not target or like != like.strip():
        return None
    closing = _WORD.findall(end)
    if closing:
        closing[-1] = closing[-1][:-1] + ("." if _ends(target[-1]) else ",")
    room = len(target) - len(closing) - (not closing)
    given = list(_WORD.finditer(text))
    kept = sum(match.start() < keep for match in given)
    if kept > room:
        return None
    whole = _Size.of(target)
    head = list(_thinned([match[0] for match in given[:room]], kept, whole))
    lacking = _Size(*map(sub, whole, _Size.of([*head, *closing])))
    while True:
        made = [] if closing and not any(lacking) else _made(lacking, None if closing else _ends(target[-1]))
        if made is not None:
            return _joined([*head, *made, *closing], like, kept, len(closing))
        if len(head) <= kept:
            return None
        lacking = _Size(*map(add, lacking, _size(head.pop())))


def _thinned(words: Sequence[str], kept: int, whole: _Size) -> Iterator[str]:
    """Words without what would be more than in as many words of the other text, after the first few."""
    total, most_runs, most_signs, most_ends, most_stops = whole.words, whole.runs, whole.signs, whole.ends, whole.stops
    runs = signs = ends = stops = 0
    for number, word in enumerate(words, 1):
        size = _size(word)
        if number > kept and (
            runs + size.runs > most_runs * number // total + 1
            or signs + size.signs > most_signs * number // total + 1
            or ends + size.ends > most_ends * number // total + 1
            or stops + size.stops > most_stops * number // total + 1
        ):
            pace = (part * number // total + 1 for part in whole)
            word = _with_at_most(word, size, _Size(*map(sub, pace, (0, 0, runs, signs, ends, stops))))
            size = _size(word)
        runs, signs, ends, stops = runs + size.runs, signs + size.signs, ends + size.ends, stops + size.stops
        yield word


def _with_at_most(word: str, size: _Size, most: _Size) -> str:
    """A word with commas in place of stops and letters in place of signs where there are more than that many."""
    if size.ends > most.ends or size.stops > most.stops:
        word = _STOPS.sub(lambda found: "," * len(found[0]), word)
    last = word[-1] if _ends(word) and most.signs > 0 else ""
    surplus = size.signs if size.runs > most.runs else size.signs - max(0, most.signs)
    return _SIGN.sub(_letter, word[: len(word) - len(last)], count=surplus) + last if surplus > 0 else word


def _letter(sign: re.Match[str]) -> str:
    before = sign.string[sign.start() - 1 : sign.start()]
    return before if before.isalpha() and not before.isascii() else "s"


def _made(size: _Size, at_end: bool | None) -> list[str] | None:
    """Words of exactly this size, of which the last ends a sentence, or does not, or may (None); None where there are none."""
    spoken = min(size.words, size.runs)
    """Words with letters; the others are signs."""
    joints = size.runs - spoken
    inner = size.stops - size.ends
    leading = max(0, inner - joints)
    """Stops that no joint has room for."""
    letters = size.characters - size.signs
    spare = size.signs - (size.words - spoken) - joints - size.ends - leading
    if (
        spoken < 1
        or min(size.ends, inner, spare) < 0
        or not size.runs <= letters <= LONGEST_WORD * size.runs
        or max(leading, size.ends + (at_end is False)) > spoken
        or size.ends < (at_end is True)
    ):
        return None
    length, longer = divmod(letters, size.runs)
    runs = (of_letters(length + (number < longer), number) for number in range(size.runs))
    joint = iter("." * (inner - leading) + "-" * (joints - inner + leading))
    last = spoken - (at_end is False)
    words = ["-"] * (size.words - spoken)
    for number in range(spoken):
        text = "." * (0 < number <= leading or leading == spoken) + next(runs)
        for _ in range(size.runs * number // spoken + 1, size.runs * (number + 1) // spoken):
            text += next(joint) + next(runs)
        signs = "," * (spare * (number + 1) // spoken - spare * number // spoken)
        words.append(text + signs + "." * (last - size.ends <= number < last))
    return words


def of_letters(count: int, number: int) -> str:
    """A word of so many letters, up to `LONGEST_WORD`: another one for another number."""
    words = _VOCABULARY[count - 1]
    return words[number % len(words)]


def _joined(words: Sequence[str], like: str, first: int, last: int) -> str:
    """Words between the white space of another text, with its ends of sentences and what stands behind these; if possible single blanks
    between the first few words and between the last few."""
    *given, final = _WORD.findall(like)
    behind = list(zip(given, _SPACE.findall(like), strict=True))
    ends = [(word[-1], space) for word, space in behind if _ends(word)]
    inside = _blanks_first([space for word, space in behind if not _ends(word)], first)
    inside = _blanks_first(inside[::-1], last)[::-1]
    spaces = iter(inside)
    parts = []
    for word in words[:-1]:
        if _ends(word):
            mark, space = ends.pop(next((number for number, (mark, _) in enumerate(ends) if mark == word[-1]), 0))
            parts.append(word[:-1] + mark + space)
        else:
            parts.append(word + next(spaces))
    return "".join(parts) + (words[-1][:-1] + final[-1] if _ends(final) else words[-1])


def _blanks_first(spaces: Sequence[str], count: int) -> list[str]:
    blanks = set([number for number, space in enumerate(spaces) if space == " "][:count])
    return [" "] * len(blanks) + [space for number, space in enumerate(spaces) if number not in blanks]
