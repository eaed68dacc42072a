"""Texts of an exact length, without delimiters."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sequester.episodes.families import DELIMITERS, VOCABULARIES, Kind
from sequester.episodes.harmony import has_tokens, split_stripped
from sequester.episodes.labels import split_disguised
from sequester.episodes.marks import find_marks
from sequester.influence.wording import alike_in_size, framed, of_length, spread, undelimited, unquoted, with_words

_LITERALS = sorted({mark.literal for marks in VOCABULARIES.values() for mark in marks})
_SPELLINGS = [
    *_LITERALS,
    "<think>",
    "</think>",
    "</mm:think>",
    "<reasoning>",
    "</thought>",
    "<|channel|>final<|message|>",
    "<|end|>",
]
_DISGUISED = ["&lt;think&gt;", "\\u003c/think\\u003e", "< /think >", "＜think＞", "/think>", "assistantfinal", "analysisWe"]
_PHRASES = ["Here's my thought process:", "Here is my response:"]
FRAGMENTS = st.lists(
    st.one_of(st.sampled_from([*_SPELLINGS, *_DISGUISED, *_PHRASES]), st.text(alphabet="<>[]|/th inka\n｜", max_size=8)),
    max_size=8,
).map("".join)
WORDS = st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=12), max_size=30).map(" ".join)


def test_nothing_makes_nothing() -> None:
    assert undelimited("") == of_length([], 5) == of_length(["  "], 5) == alike_in_size([], "some words") == ""
    assert of_length(["a text"], 0) == ""


@settings(deadline=None)
@given(FRAGMENTS)
@example("<|im_<think>end|>")
@example("<</think>/think>")
def test_undelimited_text_delimits_nothing(text: str) -> None:
    plain = undelimited(text)
    assert len(plain) == len(text)
    assert not any(re.search(spelling, plain) for _, spelling in DELIMITERS)
    assert not has_tokens(plain)
    assert split_stripped(f"We think. {plain}") is None
    assert split_disguised(plain) is None
    for family in VOCABULARIES:
        assert {mark.kind for mark in find_marks(plain, family)} <= {Kind.TURN_IN}


@settings(deadline=None)
@given(WORDS)
def test_plain_text_is_left_as_it_is(text: str) -> None:
    plain = "".join(character for character in text if character not in "<>[]|/&;:\\◁▷｜＜＞‹›〈〉{}~／")
    assert undelimited(plain) == plain


def test_marks_inside_marks_end() -> None:
    for text in ("<" * 5_000 + "think>", "< " * 5_000 + "think", "<think" * 5_000, "assistant" * 5_000 + "final"):
        assert len(undelimited(text)) == len(text)
        assert undelimited(undelimited(text)) == undelimited(text)


def test_mathematics_is_left_as_it_is() -> None:
    text = "If x < 5 and y > [3] | z, then f(x) -> a/b; so {1: 2}."
    assert undelimited(text) == text


@settings(deadline=None)
@given(st.lists(WORDS, max_size=4), st.integers(0, 200))
def test_length_is_exact_wherever_there_is_a_text(texts: list[str], length: int) -> None:
    made = of_length(texts, length)
    assert len(made) == (length if any(text.strip() for text in texts) else 0)
    assert made == made.strip()


def test_text_ends_with_a_whole_word() -> None:
    assert of_length(["one two three four"], 11) == "one two...."
    assert of_length(["one two three four"], 13) == "one two three"
    assert of_length(["abcdefghijklmnopqrstuvwxyz"], 5) == "abcde"
    assert of_length(["one", "two"], 8) == "one\n\ntwo"
    assert of_length(["one"], 8) == "one\n\none"


@settings(deadline=None)
@given(WORDS, st.integers(1, 60), st.integers(0, 100))
def test_words_become_as_many_without_a_change_of_length(text: str, words: int, keep: int) -> None:
    made = with_words(text, words, keep)
    assert len(made) == len(text)
    assert len(made.split()) == words or made == text
    assert made[:keep] == text[:keep]


def test_end_is_made_to_measure() -> None:
    text = "The keeper counted seven gulls before the fog rolled in from the sea."
    assert with_words(text, 13) == text
    assert with_words(text, 14) == "The keeper counted seven gulls before the fog rolled in from it is so"
    assert with_words(text, 12) == "The keeper counted seven gulls before the fog rolled in from probably"
    assert with_words(text, 12, keep=66) == text
    assert with_words(text, 60) == text


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=3), WORDS)
def test_size_is_that_of_the_other(texts: list[str], like: str) -> None:
    made = alike_in_size(texts, like)
    assert len(made) == (len(like) if any(text.strip() for text in texts) else 0)


@settings(deadline=None)
@given(st.text(alphabet=" \n\tab", max_size=12))
def test_frame_is_the_white_space_around(like: str) -> None:
    assert framed(like.strip(), like) == like


def test_places_are_spread() -> None:
    assert spread([], 3) == []
    assert spread(range(10), 5) == [1, 3, 5, 7, 9]
    assert spread([4, 5], 9) == [4, 5]


def test_unquoted_text_quotes_nothing() -> None:
    assert unquoted('say "it" and `code`') == "say  it  and  code "
