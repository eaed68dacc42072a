"""Texts of the shape of another one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.influence.thinking import EPISODES, scored, thought_in

from sequester.influence.cases import read_cases
from sequester.influence.same_shape import LONGEST_WORD, of_letters, same_shape

LOGGED = (
    "First I count. Seven gulls sit on the roof, I think; is that right?\n\nWait: two more (small ones) came at 3.15 pm.\n"
    "So 7 + 2 = 9 - but one left... Nine it is then, and I need not look at the log-book again to be sure of that!"
)
OTHER = (
    "The keeper climbed the tower and trimmed the lamp. He wrote down the hour, the wind and the weather, and then he went to sleep in "
    "his chair by the stove, because nobody was expected before the morning."
)
COUNTS = {
    "characters": len,
    "words": lambda text: len(text.split()),
    "lines": lambda text: len(text.splitlines()),
    "paragraphs": lambda text: len(text.split("\n\n")),
    "sentences": lambda text: len(re.findall(r"[.!?](?:\s|$)", text)),
    "full stops and blanks": lambda text: text.count(". "),
    "rows of stops": lambda text: len(re.findall(r"[.!?]+", text)),
    "tokens": lambda text: len(re.findall(r"\w+|[^\w\s]", text)),
    "runs": lambda text: len(re.findall(r"\w+", text)),
}
"""What reward code counts."""
PIECE = st.sampled_from(
    ["gulls", "so", "a", "I", "roof,", "then.", "why?", "3.15", "(x)", "=", "...", "log-book", "数数", "seven"]
)
SPACE = st.sampled_from([" ", " ", " ", "\n", "\n\n", "  "])
TEXT = st.lists(st.tuples(PIECE, SPACE), min_size=1, max_size=60).map(lambda parts: "".join(map("".join, parts)).strip())


def counted(text: str) -> dict[str, int]:
    return {name: count(text) for name, count in COUNTS.items()}


def test_nothing_has_no_shape() -> None:
    assert same_shape("", "") is None
    assert same_shape(OTHER, "") is None
    assert same_shape(OTHER, f" {LOGGED}") is None


@pytest.mark.parametrize(("text", "like"), [(OTHER, LOGGED), (LOGGED, OTHER), (OTHER.upper(), LOGGED), ("", LOGGED)])
def test_whatever_counts_counts_the_same(text: str, like: str) -> None:
    made = same_shape(text, like)
    assert made is not None and made != like
    assert counted(made) == counted(like)


def test_most_of_the_words_stay() -> None:
    made = same_shape(OTHER * 2, LOGGED)
    assert made is not None
    kept = sum(one == other for one, other in zip(made.split(), (OTHER * 2).split(), strict=False))
    assert kept >= len(LOGGED.split()) / 2


def test_beginning_and_end_are_kept() -> None:
    made = same_shape(OTHER, LOGGED, keep=50, end="It will stay.")
    assert made is not None
    assert made.startswith(OTHER[:50])
    assert made.endswith("It will stay!")  # the last sign is that of the other text
    assert counted(made) == counted(LOGGED)
    assert same_shape(OTHER, "Seven gulls.", keep=50) is None


@given(TEXT, TEXT, st.integers(0, 30))
def test_shape_is_that_of_the_other_or_there_is_none(text: str, like: str, keep: int) -> None:
    made = same_shape(text, like, keep)
    if made is not None:
        assert counted(made) == counted(like)
        whole = max(0, len(text[:keep].split()) - 1)
        assert [word.rstrip(".!?") for word in made.split()[:whole]] == [word.rstrip(".!?") for word in text.split()[:whole]]


def test_words_have_their_letters() -> None:
    assert [len(of_letters(count, 7)) for count in range(1, LONGEST_WORD + 1)] == list(range(1, LONGEST_WORD + 1))


@pytest.mark.parametrize("name", ["characters", "words", "lines", "paragraphs", "sentences", "tokens"])
def test_a_price_on_what_is_counted_is_one_on_length(name: str, tmp_path: Path) -> None:
    def reward(completions: list[Any], **columns: Any) -> list[float]:
        return [1 - COUNTS[name](thought_in(completion)) / 4_000 for completion in completions]

    path = tmp_path / "rewards.py"
    path.write_text("", "utf-8")
    cases = read_cases(EPISODES)[0][:6]
    result = scored(reward, cases, path, "own", "adversarial", "confession", "language", "literals", "short")
    assert [found.rule for found in result.findings] == ["SQ302"]
    assert all(result.donors[name].pairs >= 6 for name in result.donors)
