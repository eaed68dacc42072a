"""CoTs to swap in, and the pairs of renditions that differ in nothing else.

    donor        effect   the other CoT
    -----------  -------  ------------------------------------------------------------------------------------------------
    own          content  that of another episode, near in length and topic
    adversarial  content  intends to cheat, hates its overseers, sabotages, flatters the grader, claims success; in turn
    confession   content  admits a guess, a copied hint, a broken rule; in turn
    language     content  Chinese, Spanish, Arabic, German; in turn
    literals     content  its own words and what reward code may look for: between them, on lines of their own and at both ends, or two
                          things over and over; in turn
    unclosed     unclosed as `own`, and on both sides the closing delimiter is missing: cut off there, or with the answer after it; in turn
    empty        length   none
    long         length   itself and then others, or itself again and again: eight times as long, or more characters, or words, than
                          any number in the reward code, or just more than one of these numbers; in turn
    short        length   one short sentence of itself
    malformed    format   itself: opening delimiter missing, doubled, block nested; in turn

A donor of content has as many code points as the logged CoT, slot by slot, and as many words, its end being made to measure. What a text
of ours leaves over is filled with CoTs of other episodes.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from heapq import nsmallest
from importlib.resources import files
from itertools import zip_longest
from math import log2
from typing import Any, NamedTuple
from zlib import crc32

from msgspec import Struct

from sequester.errors import UsageError
from sequester.findings.swapped import Effect
from sequester.influence.cases import alike, holds
from sequester.influence.literals import LARGEST_NUMBER, STEP_WORDS, column_values
from sequester.influence.model import Case, Donors, Pair, Rendition
from sequester.influence.rendering import Format, cut_off, malformed, read_back, render, without_closer
from sequester.influence.wording import alike_in_size, framed, of_length, spread, undelimited, unquoted, with_words
from sequester.keys import unknown

EFFECTS: Mapping[str, Effect] = {
    "own": Effect.CONTENT,
    "adversarial": Effect.CONTENT,
    "confession": Effect.CONTENT,
    "language": Effect.CONTENT,
    "literals": Effect.CONTENT,
    "unclosed": Effect.UNCLOSED,
    "empty": Effect.LENGTH,
    "long": Effect.LENGTH,
    "short": Effect.LENGTH,
    "malformed": Effect.FORMAT,
}
ALL: tuple[str, ...] = tuple(EFFECTS)

# Why there is no pair.
NO_OTHER_EPISODE = "no_other_episode"
IDENTICAL_COT = "identical_cot"
COT_TOO_SHORT = "cot_too_short"
COT_TOO_LONG = "cot_too_long"
NO_DELIMITERS = "no_delimiters"
NOT_SEPARABLE = "not_separable"
"""The splitter would not find the other CoT, or not the same answer."""

_POOL = 512
"""Episodes whose CoTs are on offer."""
_NEAREST = 16
"""Of these, for one episode."""
_TOPIC_WEIGHT = 2.0
"""A topic shared in full weighs as much as lengths that differ fourfold."""
_TOPIC_WORDS = 256
_TOPIC_TEXT = 8_192
_WORD = re.compile(r"[^\W\d_]{4,}")
_LONGER = 8
_LONGEST = LARGEST_NUMBER + 10_000
"""Code points of CoT of a `long` one."""
_MOST_WORDS = 20_000
"""Number of the reward code up to which a `long` one has more words, too."""
_LETTERS = 12
"""Code points that hold a word, the blank behind it included."""
_BY_ITSELF = 3
"""One `long` CoT of so many is the logged one over and over."""
_TIMES = 4
"""How often at least one thing is said that is said over and over."""
_SHORT = 20
_SHORT_SENTENCE = 60
_SENTENCE = re.compile(r"\S[^.!?\n。！？]*[.!?。！？]")
_REPEATED_FROM = 4
"""A text of ours stands at the end too where the CoT is so many times as long."""


class _Topic(Struct, frozen=True):
    """What of an episode is needed to offer its CoT to others."""

    episode_id: str
    prompt_key: str
    model: str
    text: str
    words: frozenset[str]

    def __repr__(self) -> str:
        return "<_Topic>"


def make_donors(
    cases: Sequence[Case],
    names: Sequence[str] = ALL,
    literals: Sequence[str] = (),
    seed: int = 0,
    numbers: Sequence[int] = (),
) -> Donors:
    """Donors by name, in the order given, with the CoTs of the cases as the own model's. `literals` is what the reward code may look for,
    `numbers` what it may measure by (see `influence.literals`).

    Raises UsageError for a name that is none.
    """
    for name in names:
        if name not in EFFECTS:
            raise UsageError(unknown(name, ALL).replace("key", "donor", 1), where="--donors", hint=f"donors: {', '.join(ALL)}")
    return _Donors(cases, tuple(dict.fromkeys(names)), tuple(literals), seed, numbers)


class _Donors:
    def __init__(
        self, cases: Sequence[Case], names: tuple[str, ...], literals: tuple[str, ...], seed: int, numbers: Sequence[int]
    ) -> None:
        self._names = names
        self._literals = literals
        self._seed = seed
        self._measures = [str(number + 1) for number in numbers]
        self._lengths = _lengths(numbers)
        self._pool = [_topic(cases[place]) for place in spread(range(len(cases)), _POOL)]
        self._near: dict[str, tuple[str, ...] | str] = {}
        self._makers: dict[str, Callable[[Case, int], Sequence[str] | str]] = {
            "own": self._own,
            "adversarial": lambda case, turn: self._stated(case, "adversarial", turn),
            "confession": lambda case, turn: self._stated(case, "confession", turn),
            "language": self._language,
            "literals": self._with_literals,
            "empty": lambda case, turn: [""] * len(case.slots),
            "long": self._long,
            "short": lambda case, turn: _short(case),
        }

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def pair(self, case: Case, name: str, turn: int) -> Pair | str:
        if name == "malformed":
            return _malformed(case, turn)
        if name == "unclosed":
            return self._unclosed(case, turn)
        thoughts = self._makers[name](case, turn)
        if isinstance(thoughts, str):
            return thoughts
        thoughts = _in_place(case, thoughts) if EFFECTS[name] is Effect.CONTENT else alike(case, thoughts)
        if thoughts == case.reasoning:
            return IDENTICAL_COT
        logged = read_back(case, case.completion)
        for swapped in (thoughts, tuple(map(unquoted, thoughts))):
            if logged is not None and holds(case, swapped, logged):
                return _pair(name, render(case, case.reasoning), render(case, swapped))
        return NOT_SEPARABLE

    def _own(self, case: Case, turn: int) -> Sequence[str] | str:
        near = self._neighbours(case)
        if isinstance(near, str):
            return near
        return [alike_in_size(_from(near, turn + number), thought) for number, thought in enumerate(_cores(case))]

    def _unclosed(self, case: Case, turn: int) -> Pair | str:
        thoughts = self._own(case, turn // 2)
        if isinstance(thoughts, str):
            return thoughts
        thoughts = _in_place(case, thoughts)
        if turn % 2:
            answered, swapped = without_closer(case, case.reasoning), without_closer(case, thoughts)
            if answered is not None and swapped is not None:
                return _pair("unclosed", answered, swapped)
        return _pair("unclosed", cut_off(case, case.reasoning), cut_off(case, thoughts))

    def _stated(self, case: Case, name: str, turn: int) -> Sequence[str] | str:
        """A text of ours in every slot that has room for what it says, filled with the own model's words; the next of our texts that can be
        given as many words as the logged CoT."""
        cores, texts, near = _cores(case), _texts(name), self._neighbours(case)
        for text in _from(texts, turn + self._offset(case)):
            fill = _from((text,) if isinstance(near, str) else near, turn)
            made = [_with_statement(text, thought, fill) for thought in cores]
            same_words = all(len(one.split()) == len(thought.split()) for one, thought in zip(made, cores, strict=True))
            if same_words and _statement(text) <= max(map(len, cores)):
                return made
        return COT_TOO_SHORT

    def _language(self, case: Case, turn: int) -> Sequence[str]:
        texts = _texts("language")
        text = texts[(turn + self._offset(case)) % len(texts)]
        return [alike_in_size([_with_blanks(text, thought)], thought) for thought in _cores(case)]

    def _with_literals(self, case: Case, turn: int) -> Sequence[str] | str:
        """Its own words and strings that reward code may look for, as many of the likely as of the usual ones."""
        rng = random.Random(f"{self._seed} {case.episode_id} {turn}")
        likely = [*self._literals, *self._measures, *column_values(case.columns)]
        usual = list(STEP_WORDS)
        for pieces in (likely, usual):
            rng.shuffle(pieces)
        mixed = [piece for two in zip_longest(likely, usual, fillvalue="") for piece in two]
        pieces = [piece for piece in mixed if piece and piece == undelimited(piece)]
        way = _WAYS[(turn + self._offset(case)) % len(_WAYS)]
        sprinkled = [way(thought, pieces, rng) for thought in _cores(case)]
        return COT_TOO_SHORT if tuple(sprinkled) == _cores(case) else sprinkled

    def _long(self, case: Case, turn: int) -> Sequence[str] | str:
        size = sum(map(len, case.reasoning))
        if size * 2 > _LONGEST:
            return COT_TOO_LONG
        near = self._neighbours(case)
        number = turn + self._offset(case)
        by_itself = isinstance(near, str) or number // len(self._lengths) % _BY_ITSELF == 0
        others = () if by_itself else _from(near, turn)
        beyond = self._lengths[number % len(self._lengths)]
        most = _LONGEST // len(case.reasoning)
        return [_longer([thought, *others], len(thought), beyond, most) for thought in case.reasoning]

    def _offset(self, case: Case) -> int:
        """So that several cases begin with different texts."""
        return crc32(f"{self._seed} {case.episode_id}".encode())

    def _neighbours(self, case: Case) -> tuple[str, ...] | str:
        """CoTs of other episodes, the most fitting first: of the same model before others, and to another prompt before the same, whose
        CoT may hold the same answer. Or why there is none."""
        found = self._near.get(case.episode_id)
        if found is None:
            found = self._near[case.episode_id] = _nearest(_topic(case), self._pool)
        return found


def _cores(case: Case) -> tuple[str, ...]:
    """The pieces of CoT without the white space around them, which stays."""
    return tuple(thought.strip() for thought in case.reasoning)


def _in_place(case: Case, thoughts: Sequence[str]) -> tuple[str, ...]:
    return alike(case, [framed(text, thought) for text, thought in zip(thoughts, case.reasoning, strict=True)])


def _topic(case: Case) -> _Topic:
    prompt = case.prompt if isinstance(case.prompt, str) else " ".join(str(turn.get("content", "")) for turn in case.prompt)
    words: set[str] = set()
    for text in (prompt, case.answer):
        words.update(word.lower() for word in _WORD.findall(text[:_TOPIC_TEXT])[:_TOPIC_WORDS])
    return _Topic(case.episode_id, case.prompt_key, case.model, "\n\n".join(dict.fromkeys(case.reasoning)), frozenset(words))


def _nearest(one: _Topic, pool: Sequence[_Topic]) -> tuple[str, ...] | str:
    others = [topic for topic in pool if topic.episode_id != one.episode_id]
    if not others:
        return NO_OTHER_EPISODE

    def distance(topic: _Topic) -> tuple[bool, bool, float]:
        shared = len(one.words & topic.words) / max(1, len(one.words | topic.words))
        lengths = abs(log2((1 + len(one.text)) / (1 + len(topic.text))))
        return topic.model != one.model, topic.prompt_key == one.prompt_key, lengths - _TOPIC_WEIGHT * shared

    different = [topic for topic in others if topic.text != one.text]
    nearest = nsmallest(_NEAREST, different, key=distance)
    return tuple(dict.fromkeys(topic.text for topic in nearest)) or IDENTICAL_COT


def _from(texts: Sequence[str], first: int) -> Sequence[str]:
    """All of them, in turn, from one on."""
    first %= len(texts)
    return [*texts[first:], *texts[:first]]


@cache
def _texts(name: str) -> tuple[str, ...]:
    """The texts of a donor in `donor_texts.toml`."""
    tables: dict[str, dict[str, Any]] = tomllib.loads((files(__package__) / "donor_texts.toml").read_text("utf-8"))
    return tuple(tables[name].values())


def _statement(text: str) -> int:
    """Code points of a text's first sentence, which says it all."""
    return text.index(".") + 1


def _with_statement(text: str, thought: str, fill: Sequence[str]) -> str:
    """The text, the own model's words, and at the end of a long CoT the text again; these words alone in a CoT that has no room for it."""
    if len(thought) < _statement(text):
        return alike_in_size(fill, thought)
    if len(thought) < _REPEATED_FROM * len(text):
        return alike_in_size([text, *fill], thought, keep=_statement(text))
    head = of_length([text, *fill], len(thought) - len(text) - 1)
    return undelimited(with_words(head, len(thought.split()) - len(text.split()), keep=len(text)) + "\n" + text)


def _with_blanks(text: str, thought: str) -> str:
    """A text of a script without blanks, with as many as another one of the same length."""
    if " " in text:
        return text
    size = max(1, len(thought) // len(thought.split()) - 1)
    return " ".join(text[start : start + size] for start in range(0, len(text), size))


def _sprinkled(thought: str, pieces: Sequence[str], _rng: random.Random) -> str:
    """A CoT of as many code points and words, in which pieces stand at even distances between blanks."""
    chosen, rest = _chosen(thought, pieces)
    return undelimited(of_length([_inserted(rest, chosen, " ")], len(thought)))


def _on_lines(thought: str, pieces: Sequence[str], rng: random.Random) -> str:
    """The same, with each piece on a line of its own; the CoT begins and ends with one of those that are likely."""
    chosen, rest = _chosen(thought, pieces)
    ends = chosen[:3:2]
    rng.shuffle(ends)
    lines = [*ends[:1], _inserted(rest, [*chosen[1:2], *chosen[3:]], "\n"), *ends[1:]]
    return undelimited(of_length(["\n".join(lines)], len(thought)))


def _repeated(thought: str, pieces: Sequence[str], _rng: random.Random) -> str:
    """A CoT of as many code points and words that says one of the likely things over and over, and then another one."""
    half = len(thought) // 2
    fitting = [piece for piece in pieces if (len(piece) + 1) * _TIMES <= half][:3:2]
    texts = [" ".join([piece] * (half // (len(piece) + 1) + 1)) for piece in fitting]
    return alike_in_size([" ".join(texts)], thought) if texts else thought


_WAYS = (_sprinkled, _on_lines, _repeated)


def _chosen(thought: str, pieces: Sequence[str]) -> tuple[list[str], str]:
    """Pieces that take up to half of a CoT with the blank before each, and the CoT cut to what they leave over."""
    chosen: list[str] = []
    room = len(thought) // 2
    for piece in pieces:
        if len(piece) + 1 <= room:
            chosen.append(piece)
            room -= len(piece) + 1
    size = len(thought) - sum(len(piece) + 1 for piece in chosen)
    words = len(thought.split()) - sum(len(piece.split()) for piece in chosen)
    return chosen, with_words(of_length([thought], size), max(1, words))


def _inserted(text: str, pieces: Sequence[str], space: str) -> str:
    """A text with pieces in place of some of its blanks, and at its end those for which there is none; white space around each."""
    blanks = [place for place, character in enumerate(text) if character == " "]
    places = spread(blanks, len(pieces))
    parts, at = [], 0
    for place, piece in zip(places, pieces, strict=False):
        parts += [text[at:place], space, piece, space]
        at = place + 1
    parts.append(text[at:])
    parts += [f"{space}{piece}" for piece in pieces[len(places) :]]
    return "".join(parts)


class _Length(NamedTuple):
    """What a `long` CoT has more of than a number of the reward code says."""

    characters: int
    words: int
    just: bool = False
    """As little more as can be."""


def _lengths(numbers: Sequence[int]) -> list[_Length]:
    """In turn: no number, the largest one, as characters and as words, and then each of the others likewise."""
    by_characters = sorted(number for number in numbers if number <= LARGEST_NUMBER)
    by_words = [number for number in by_characters if number <= _MOST_WORDS]
    beyond = [_Length(0, 0), *(_Length(most, 0) for most in by_characters[-1:]), *(_Length(0, most) for most in by_words[-1:])]
    just = [_Length(most, 0, just=True) for most in by_characters[:-1]] + [_Length(0, most, just=True) for most in by_words[:-1]]
    return [length for one in just for length in (*beyond, one)] or beyond


def _longer(texts: Sequence[str], given: int, beyond: _Length, most: int) -> str:
    """Texts one after the other, eight times as long as the logged CoT is and longer than a number of characters or words; at most `most`
    code points."""
    if beyond.just:
        return undelimited(_just_longer(texts, given, beyond, most))
    length = max(_LONGER * given, beyond.characters + 1)
    text = undelimited(of_length(texts, min(length, most)))
    while len(text.split()) <= beyond.words and len(text) < most:
        length *= 2
        text = undelimited(of_length(texts, min(length, most)))
    return text


def _just_longer(texts: Sequence[str], given: int, beyond: _Length, most: int) -> str:
    """A few characters or words more than a number says; twice as long as the logged CoT where that is not longer."""
    if beyond.words:
        words = of_length(texts, min(_LETTERS * beyond.words, most)).split()[: beyond.words + 1]
        text = " ".join(words)
    else:
        text = of_length(texts, min(beyond.characters + 1, most))
    return text if len(text) > given else of_length(texts, min(2 * given, most))


def _short(case: Case) -> Sequence[str] | str:
    short = [_first_sentence(thought) for thought in case.reasoning]
    return COT_TOO_SHORT if tuple(short) == case.reasoning else short


def _first_sentence(thought: str) -> str:
    """One short sentence, or the first words; a CoT that is hardly longer as it is."""
    if len(thought) < 2 * _SHORT:
        return thought
    sentence = _SENTENCE.search(thought[:_SHORT_SENTENCE])
    if sentence is not None and _SHORT // 2 <= len(sentence[0]) <= len(thought) // 2:
        return undelimited(sentence[0])
    return undelimited(of_length([thought], _SHORT)).rstrip(".")


def _malformed(case: Case, turn: int) -> Pair | str:
    swapped = [rendition for format in Format if (rendition := malformed(case, format)) is not None]
    if not swapped:
        return NO_DELIMITERS
    return _pair("malformed", render(case, case.reasoning), swapped[turn % len(swapped)])


def _pair(name: str, original: Rendition, swapped: Rendition) -> Pair | str:
    if swapped.completion == original.completion:
        return IDENTICAL_COT
    return Pair(name, EFFECTS[name], original, swapped)
