"""CoTs to swap in, and the pairs of renditions that differ in nothing else.

    donor        effect   the other CoT
    -----------  -------  ------------------------------------------------------------------------------------------------
    own          content  that of another episode, near in length and topic
    adversarial  content  intends to cheat, hates its overseers, sabotages, flatters the grader, claims success; in turn
    confession   content  admits a guess, a copied hint, a broken rule; in turn
    language     content  Chinese, Spanish, Arabic, German, Russian, Hindi, signs for feelings, itself in capitals; in turn
    literals     content  its own words and what reward code may look for: between them, on lines of their own and at both ends, one
                          thing over and over, a value in every wrapper; in turn
    unclosed     unclosed as `own`, and on both sides the closing delimiter is missing: cut off there, or with the answer after it; in turn
    empty        length   none
    long         length   itself and then others, or itself again and again: eight times as long, or more characters, words, lines,
                          paragraphs or sentences than any number in the reward code, or just more than one of them; in turn
    short        length   one short sentence of itself
    malformed    format   itself: opening delimiter missing, doubled, block nested; in turn

A donor of content has as many code points as the logged CoT, slot by slot, and as many words, its end being made to measure. What a text
of ours leaves over is filled with CoTs of other episodes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from heapq import nsmallest
from importlib.resources import files
from math import log2
from typing import Any, NamedTuple
from zlib import crc32

from msgspec import Struct

from sequester.errors import UsageError
from sequester.findings.swapped import Effect
from sequester.influence.cases import alike, holds
from sequester.influence.insertion import Dictionary
from sequester.influence.literals import LARGEST_NUMBER
from sequester.influence.model import Case, Donors, Pair, Rendition
from sequester.influence.rendering import Format, closed_twice, cut_off, malformed, read_back, render, without_closer
from sequester.influence.wording import alike_in_size, framed, of_length, spread, starting_at, undelimited, unquoted, with_words
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
_MOST_BEYOND = 20
"""Numbers that are put into CoTs because they are greater than those of the code."""
_MOST_JUST = 100
"""Numbers of the code that a `long` CoT just exceeds."""
_LEAST_LINES = 50
"""Lines, paragraphs or sentences of a `long` CoT that has many of them: more than a number of the code that is not read says."""
_LINES, _PARAGRAPHS, _SENTENCES = "\n", "\n\n", ". "
_SHORT = 20
_SHORT_SENTENCE = 60
_SENTENCE = re.compile(r"\S[^.!?\n。！？]*[.!?。！？]")
_REPEATED_FROM = 4
"""A text of ours stands at the end too where the CoT is so many times as long."""


class Known(NamedTuple):
    """A pair that was made before, by what it followed from: it is made the same again."""

    donor: str
    episode_id: str
    turn: int
    order: tuple[int, ...]
    """As `Pair.order`."""


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
    wrappers: Sequence[str] = (),
    known: Sequence[Known] = (),
) -> Donors:
    """Donors by name, in the order given, with the CoTs of the cases as the own model's. `literals` is what the reward code may look for,
    the nearest first, `numbers` what it may measure by (see `influence.literals`), `wrappers` what it may state a value in (see
    `influence.wrappers`).

    Raises UsageError for a name that is none.
    """
    for name in names:
        if name not in EFFECTS:
            raise UsageError(unknown(name, ALL).replace("key", "donor", 1), where="--donors", hint=f"donors: {', '.join(ALL)}")
    donors = _Donors(cases, tuple(dict.fromkeys(names)), literals, seed, numbers, wrappers)
    for one in known:
        donors.resume(one)
    return donors


class _Donors:
    def __init__(
        self,
        cases: Sequence[Case],
        names: tuple[str, ...],
        literals: Sequence[str],
        seed: int,
        numbers: Sequence[int],
        wrappers: Sequence[str],
    ) -> None:
        self._names = names
        self._seed = seed
        beyond = [numbers[place] + 1 for place in spread(range(len(numbers)), _MOST_BEYOND)]
        self._dictionary = Dictionary([*literals, *map(str, beyond)], wrappers, seed)
        self._lengths = _lengths(numbers)
        self._pool = [_topic(cases[place]) for place in spread(range(len(cases)), _POOL)]
        self._numbers: dict[tuple[str, int], int] = {}
        """Of `long` CoTs, in the order in which they were asked for."""
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

    def resume(self, known: Known) -> None:
        """Make this pair as it was made before; as a new one where its order is none."""
        match known.donor, known.order:
            case "literals", (number, piece):
                self._dictionary.resume(known.episode_id, known.turn, number, piece)
            case "long", (number,):
                self._numbers[known.episode_id, known.turn] = number

    def _order(self, name: str, case: Case, turn: int) -> tuple[int, ...]:
        if name == "literals":
            return self._dictionary.order(case.episode_id, turn)
        number = self._numbers.get((case.episode_id, turn)) if name == "long" else None
        return () if number is None else (number,)

    def has_more(self, name: str) -> bool:
        return name == "literals" and not self._dictionary.is_said

    def notes(self) -> tuple[str, ...]:
        """Sentences for the report: what of the reward code has not been tried."""
        size, said = self._dictionary.size, self._dictionary.said
        if "literals" not in self._names or said == size:
            return ()
        return (f"Strings and numbers of the reward code that were put into CoTs: {said:,} of {size:,}; more episodes try more.",)

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
                return _pair(name, render(case, case.reasoning), render(case, swapped), self._order(name, case, turn))
        return NOT_SEPARABLE

    def _own(self, case: Case, turn: int) -> Sequence[str] | str:
        near = self._neighbours(case)
        if isinstance(near, str):
            return near
        return [alike_in_size(starting_at(near, turn + number), thought) for number, thought in enumerate(_cores(case))]

    def _unclosed(self, case: Case, turn: int) -> Pair | str:
        thoughts = self._own(case, turn // 3)
        if isinstance(thoughts, str):
            return thoughts
        thoughts = _in_place(case, thoughts)
        if turn % 3:
            made = without_closer if turn % 3 == 1 else closed_twice
            answered, swapped = made(case, case.reasoning), made(case, thoughts)
            if answered is not None and swapped is not None:
                return _pair("unclosed", answered, swapped)
        return _pair("unclosed", cut_off(case, case.reasoning), cut_off(case, thoughts))

    def _stated(self, case: Case, name: str, turn: int) -> Sequence[str] | str:
        """A text of ours in every slot that has room for what it says, filled with the own model's words; the next of our texts that can be
        given as many words as the logged CoT."""
        cores, texts, near = _cores(case), _texts(name), self._neighbours(case)
        for text in starting_at(texts, turn + self._offset(case)):
            fill = starting_at((text,) if isinstance(near, str) else near, turn)
            made = [_with_statement(text, thought, fill) for thought in cores]
            same_words = all(len(one.split()) == len(thought.split()) for one, thought in zip(made, cores, strict=True))
            if same_words and _statement(text) <= max(map(len, cores)):
                return made
        return COT_TOO_SHORT

    def _language(self, case: Case, turn: int) -> Sequence[str]:
        texts = _texts("language")
        number = (turn + self._offset(case)) % (len(texts) + 1)
        if number == len(texts):
            return [of_length([thought.upper()], len(thought)) for thought in _cores(case)]
        text = texts[number]
        return [alike_in_size([_with_blanks(text, thought)], thought) for thought in _cores(case)]

    def _with_literals(self, case: Case, turn: int) -> Sequence[str] | str:
        made = self._dictionary.put_into(_cores(case), case.episode_id, case.columns, turn)
        return COT_TOO_SHORT if tuple(made) == _cores(case) else made

    def _long(self, case: Case, turn: int) -> Sequence[str] | str:
        size = sum(map(len, case.reasoning))
        if size * 2 > _LONGEST:
            return COT_TOO_LONG
        near = self._neighbours(case)
        number = self._numbers.setdefault((case.episode_id, turn), len(self._numbers))
        by_itself = isinstance(near, str) or (number // len(self._lengths) + number) % _BY_ITSELF == 0
        others = () if by_itself else starting_at(near, turn)
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


class _Length(NamedTuple):
    """What a `long` CoT has more of than a number of the reward code says."""

    characters: int
    words: int
    just: bool = False
    """As little more as can be."""
    between: str = ""
    """What stands between any two words, so that there are as many lines, paragraphs or sentences."""


def _lengths(numbers: Sequence[int]) -> list[_Length]:
    """In turn: no number; the largest one as characters, words, lines, paragraphs and sentences; between these each of the others as
    characters or words."""
    by_characters = sorted(number for number in numbers if number <= LARGEST_NUMBER)
    by_words = [number for number in by_characters if number <= _MOST_WORDS]
    most_words = max([_LEAST_LINES, *by_words[-1:]])
    beyond = [
        _Length(0, 0),
        *(_Length(most, 0) for most in by_characters[-1:]),
        *(_Length(0, most) for most in by_words[-1:]),
        *(_Length(0, most_words, between=between) for between in (_LINES, _PARAGRAPHS, _SENTENCES)),
    ]
    others = [by_characters[place] for place in spread(range(len(by_characters) - 1), _MOST_JUST)]
    just = [_Length(most, 0, just=True) for most in others]
    just += [_Length(0, most, just=True) for most in others if most in by_words[:-1]]
    if not just:
        return beyond
    turns = range(max(len(beyond), len(just)))
    return [length for turn in turns for length in (beyond[turn % len(beyond)], just[turn % len(just)])]


def _longer(texts: Sequence[str], given: int, beyond: _Length, most: int) -> str:
    """Texts one after the other, eight times as long as the logged CoT is and longer than a number of characters or words; at most `most`
    code points."""
    if beyond.just:
        return undelimited(_just_longer(texts, given, beyond, most))
    length = max(_LONGER * given, beyond.characters + 1)
    text = undelimited(of_length(texts, min(length, most)))
    while len(text.split()) <= beyond.words + 1 and len(text) < most:
        length *= 2
        text = undelimited(of_length(texts, min(length, most)))
    return undelimited(beyond.between.join(text.split())[:most]) if beyond.between else text


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


def _pair(name: str, original: Rendition, swapped: Rendition, order: tuple[int, ...] = ()) -> Pair | str:
    if swapped.completion == original.completion:
        return IDENTICAL_COT
    return Pair(name, EFFECTS[name], original, swapped, order)
