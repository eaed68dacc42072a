"""A second block directly behind the first is reasoning; one further down makes the split fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.further import with_further_blocks
from sequester.episodes.model import Channel
from sequester.episodes.pieces import Piece, Why

REASONING, ANSWER = Channel.REASONING, Channel.ANSWER


def further(answer: str) -> tuple[list[tuple[Channel, str]], set[Why]]:
    """What becomes of an answer behind a block of think tags."""
    text = f"<think>Count.</think>{answer}"
    first, second = len("<think>"), text.index("</think>")
    pieces = [Piece(REASONING, first, second, 0), Piece(ANSWER, second + len("</think>"), len(text), 0)]
    found, why = with_further_blocks(text, [piece for piece in pieces if piece.start < piece.end], "think", None)
    assert found[0] == pieces[0]
    return [(piece.channel, text[piece.start : piece.end]) for piece in found[1:]], why


def test_nothing_behind_the_block_stays_nothing() -> None:
    assert further("") == ([], set())
    assert with_further_blocks("", [], "think", None) == ((), set())


@pytest.mark.parametrize(
    "answer",
    [
        "Seven.",
        "a < b and b > c",
        "[THINK the best]",
        "Seven.\n</think>\nSix.",
        "say `<thinking>` first",
        "\n```\n<thinking>\n```\n",
    ],
)
def test_an_answer_without_a_delimiter_of_another_vocabulary_is_left_alone(answer: str) -> None:
    assert further(answer) == ([(ANSWER, answer)], set())


@pytest.mark.parametrize("tag", ["thinking", "scratchpad", "reasoning"])
def test_a_block_directly_behind_is_reasoning(tag: str) -> None:
    pieces, why = further(f"\n<{tag}>Seven landed.</{tag}>\nSeven.")
    assert [(channel, text.strip()) for channel, text in pieces] == [(REASONING, "Seven landed."), (ANSWER, "Seven.")]
    assert why == {Why.FURTHER}


def test_several_blocks_and_nested_ones_are_reasoning() -> None:
    pieces, why = further("<thinking>a<thinking>b</thinking>c</thinking>\n<scratchpad>d</scratchpad>Seven.")
    assert pieces == [(REASONING, "a<thinking>b</thinking>c"), (REASONING, "d"), (ANSWER, "Seven.")]
    assert why == {Why.FURTHER}


def test_an_empty_block_leaves_no_piece() -> None:
    assert further("<thinking> </thinking>Seven.") == ([(ANSWER, "Seven.")], {Why.FURTHER})
    assert further("<thinking>Seven.</thinking>\n") == ([(REASONING, "Seven.")], {Why.FURTHER})


def test_a_block_that_is_not_closed_is_reasoning_to_the_end() -> None:
    assert further("<thinking>Seven lan") == ([(REASONING, "Seven lan")], {Why.FURTHER, Why.UNCLOSED})


@pytest.mark.parametrize(
    "answer",
    ["Seven.\n<thinking>No, six.</thinking>\nSix.", "Seven.\n</thinking>\nSix.", "<thinking>a</thinking>b\n</scratchpad>\nc"],
)
def test_a_delimiter_further_down_fails_the_split(answer: str) -> None:
    assert Why.STRANGE in further(answer)[1]


@given(
    st.lists(
        st.sampled_from(["<thinking>", "</thinking>", "<scratchpad>", "</scratchpad>", "word ", "\n", "`", "</think>"]),
        max_size=12,
    )
)
def test_no_ink_is_lost_but_delimiters_and_none_stands_in_two_pieces(parts: list[str]) -> None:
    answer = "".join(parts)
    pieces, why = further(answer)
    assert sum(text.count("word") for _, text in pieces) == answer.count("word")
    if why == set() and answer:
        assert pieces == [(ANSWER, answer)]
