"""Reasoning behind words or disguised delimiters: where both kinds of label stand, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from sequester.episodes.labels import split_disguised, split_labelled
from sequester.episodes.model import Channel
from sequester.episodes.pieces import Piece

REASONING, ANSWER, CALL, RESULT = Channel.REASONING, Channel.ANSWER, Channel.TOOL_CALL, Channel.TOOL_RESULT


def told(text: str, found: tuple[Piece, ...] | None) -> list[tuple[Channel, str]] | None:
    return None if found is None else [(piece.channel, text[piece.start : piece.end]) for piece in found]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "Seven.",
        "reasoning: Seven landed.",
        "content: 7",
        "answer: 7 | text: 8",
        "reasoning: '' | content: 7",
        "So: reasoning: Seven. content: 7",
        "title: gulls\nreasoning: Seven landed.\nanswer: 7",
        "reasoning: a content: b " * 5,
        "Thought: Seven landed.",
        "Thoughtful. Action: look",
        "Thoughtful.\nAction: look\nThought: so",
    ],
)
def test_what_lacks_a_label_of_either_kind_at_its_start_is_left_alone(text: str) -> None:
    assert split_labelled(text) is None
    assert split_disguised(text) is None


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("reasoning_content: Seven landed. | content: 7", [(REASONING, "Seven landed."), (ANSWER, "7")]),
        ("content: 7 | reasoning: Seven landed.", [(ANSWER, "7"), (REASONING, "Seven landed.")]),
        ("[analysis] Seven landed. [final] 7", [(REASONING, "Seven landed."), (ANSWER, "7")]),
        ("Thinking...\nSeven landed.\n...done thinking.\n\n7", [(REASONING, "Seven landed."), (ANSWER, "7")]),
        (
            "Thought: count\nAction: look\nAction Input: sea\nObservation: 7\nThought 2: so\nFinal Answer: 7",
            [(REASONING, "count"), (CALL, "look"), (CALL, "sea"), (RESULT, "7"), (REASONING, "so"), (ANSWER, "7")],
        ),
    ],
)
def test_what_stands_behind_a_label_is_what_it_says(text: str, pieces: list[tuple[Channel, str]]) -> None:
    assert told(text, split_labelled(text)) == pieces


def test_what_the_environment_answers_begins_a_turn() -> None:
    found = split_labelled("Thought: a\nAction: b\nObservation: c\nThought: d\nObservation: e\nAnswer: f")
    assert found is not None
    assert [piece.turn for piece in found] == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("opener", "closer"),
    [
        ("&lt;think&gt;", "&lt;/think&gt;"),
        ("\\u003cthink\\u003e", "\\u003c/think\\u003e"),
        ("< think >", "< / think >"),
        ("&lt;THINK&gt;", "&lt;/Think&gt;"),
        ("＜think＞", "＜／think＞"),
        ("\\<think\\>", "\\</think\\>"),
        ("```xml\n<think>", "</think>"),
    ],
)
def test_a_disguised_delimiter_is_one(opener: str, closer: str) -> None:
    text = f"{opener}Seven landed.{closer} 7"
    assert told(text, split_disguised(text)) == [(REASONING, "Seven landed."), (ANSWER, "7")]
    cut = f"{opener}Seven lan"
    assert told(cut, split_disguised(cut)) == [(REASONING, "Seven lan")]
    twice = f"{opener}Seven{closer} landed{closer}7"
    assert told(twice, split_disguised(twice)) == [(REASONING, f"Seven{closer} landed"), (ANSWER, "7")]
    assert split_disguised(f"{closer}7") is None
    assert split_disguised(f"So {text}") is None


WORDS = st.text("abcde ", min_size=1, max_size=12).filter(str.strip)
LABEL = st.sampled_from(["reasoning: ", "thinking: ", "content: ", "answer: ", "[thought] ", "[text] "])


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.tuples(LABEL, WORDS), min_size=1, max_size=6))
def test_pieces_are_in_order_and_hold_what_was_written(parts: list[tuple[str, str]]) -> None:
    text = " | ".join(label + words for label, words in parts)
    kinds = [REASONING if label.strip("[]: ") in ("reasoning", "thinking", "thought") else ANSWER for label, _ in parts]
    expected = [(kind, words.strip()) for kind, (_, words) in zip(kinds, parts, strict=True)] if len(set(kinds)) == 2 else None
    assert told(text, split_labelled(text)) == expected


@pytest.mark.parametrize("unit", ["Thought: a\n", " reasoning:", "[text] ", "&lt;think&gt;", "< ", "```\n"])
def test_it_takes_linear_time(unit: str) -> None:
    def work(size: int) -> None:
        text = f"Thought: a\nAction: b\n{unit * (size // len(unit))}"
        split_labelled(text)
        split_disguised(f"<think>{text}")

    assert_linear(work, 200_000)
