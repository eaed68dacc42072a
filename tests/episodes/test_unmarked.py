"""Reasoning that nothing but labels, fields and role words show, where an empty block would clear the text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from sequester.episodes.model import Channel, SplitStatus
from sequester.episodes.pieces import Piece
from sequester.episodes.splitter import split_text
from sequester.episodes.unmarked import guessed, with_guessed_reasoning

REASONING = "Seven gulls landed, then one of them left again."
PROMPT = "<|im_start|>assistant\n<think>\n\n</think>\n\n"
WRITTEN = [
    json.dumps({"reasoning": REASONING, "answer": "7"}),
    json.dumps({"verdict": 7, "thoughts": REASONING}),
    f"Sure!\n```json\n{json.dumps({'reasoning': REASONING, 'answer': '7'}, indent=1)}\n```",
    f"Thought: {REASONING}\nAction: count\nObservation: 7\nFinal Answer: 7",
    f"**Thought:** {REASONING}\n**Final Answer:** 7",
    f"Question: How many?\nThought: {REASONING}\nFinal Answer: 7",
    f"Thought: {REASONING}",
    f"reasoning: {REASONING} content: 7",
    f"analysis: {REASONING}",
    f"&lt;think&gt;{REASONING}&lt;/think&gt;\n7",
    f"```\n<think>\n{REASONING}\n</think>\n7\n```",
    f'"<think>{REASONING}</think>" 7',
    f"analysis{REASONING}assistantfinal7",
    f"thought\n{REASONING}",
]
ORDINARY = [
    "Seven.",
    '{"answer": "Seven gulls landed, then one of them left again."}',
    'Send {"reasoning": {"effort": "high"}} with it:\n{"model": "m", "reasoning": "high", "answer": "Seven gulls landed."}',
    "Thoughtful readers know: seven gulls landed, and one of them left.",
    "Action: count the gulls\nFinal Answer: seven of them had landed.",
    "Reasoning: seven gulls landed before the fog, and none of them left.",
    "A thought: seven gulls landed.\nAnswer: seven, before the fog came.",
    "Use `<think>` before the answer, and `</think>` after the reasoning.",
]


def test_nothing_holds_no_reasoning() -> None:
    assert guessed("", "auto") is None
    assert guessed("", "auto", lenient=True) is None
    assert with_guessed_reasoning("", ()) == ((), set())
    for empty in ("<think></think>", "<|channel|>final<|message|>"):
        assert split_text(empty).split.status is SplitStatus.NO_COT


def shown(text: str, prompt: str = "", thinking: bool | None = None) -> tuple[SplitStatus, str]:
    found = split_text(text, prompt_tail=prompt, thinking=thinking)
    return found.split.status, " ".join(
        text[piece.start : piece.end] for piece in found.pieces if piece.channel is Channel.REASONING
    )


def readings(written: str) -> list[tuple[SplitStatus, str]]:
    return [
        shown(f"<think>\n\n</think>\n\n{written}"),
        shown(f"[THINK][/THINK]{written}"),
        shown(f"</think>{written}"),
        shown(f"<|channel|>final<|message|>{written}<|return|>"),
        shown(f"<|channel|>analysis<|message|><|end|><|start|>assistant<|channel|>final<|message|>{written}<|return|>"),
        shown(written, PROMPT),
        shown(written, thinking=False),
    ]


@pytest.mark.parametrize("written", WRITTEN)
def test_an_empty_block_clears_no_text_that_says_it_is_reasoning(written: str) -> None:
    for status, reasoning in readings(written):
        assert status in (SplitStatus.SPLIT_FAILED, SplitStatus.SPLIT)
        assert REASONING in reasoning


@pytest.mark.parametrize("written", ORDINARY)
def test_an_ordinary_answer_after_an_empty_block_is_one(written: str) -> None:
    for number, (status, reasoning) in enumerate(readings(written)):
        assert status is (SplitStatus.SPLIT if number == 2 else SplitStatus.NO_COT)
        assert reasoning == ""


def test_a_turn_that_reasoned_is_left_alone_and_later_turns_follow_the_steps_of_earlier_ones() -> None:
    steps = f"Thought: {REASONING}\nAction: count\nObservation: 7\nFinal Answer: 7"
    text = f"{steps}|{steps}|{steps}"
    pieces = [
        Piece(Channel.ANSWER, 0, len(steps), 0),
        Piece(Channel.REASONING, len(steps) + 1, len(steps) + 9, 1),
        Piece(Channel.ANSWER, len(steps) + 10, 2 * len(steps) + 1, 1),
        Piece(Channel.ANSWER, 2 * len(steps) + 2, len(text), 2),
    ]
    found, _ = with_guessed_reasoning(text, pieces)
    assert [(piece.channel, piece.turn) for piece in found if piece.channel in (Channel.REASONING, Channel.ANSWER)] == [
        (Channel.REASONING, 0),
        (Channel.ANSWER, 1),
        (Channel.REASONING, 2),
        (Channel.ANSWER, 2),
        (Channel.REASONING, 3),
        (Channel.ANSWER, 4),
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*WRITTEN, "<think></think>", "\n", "Seven.", "Thought:", "{", '"', "<tool_call>x</tool_call>"])))
def test_pieces_stay_in_order_inside_the_text(parts: list[str]) -> None:
    text = "".join(parts)
    places = [place for piece in split_text(text, thinking=False).pieces for place in (piece.start, piece.end)]
    assert places == sorted(places)
    assert not places or (places[0] >= 0 and places[-1] <= len(text))
    turns = [piece.turn for piece in split_text(text, thinking=False).pieces]
    assert turns == sorted(turns)


@pytest.mark.parametrize(
    "unit", ["Thought: a\n", "Action: a\n", "{\n", "\t\n", '{"reasoning": "', "**", "&lt;think&gt;", "[THINK][/THINK]a"]
)
def test_it_takes_linear_time(unit: str) -> None:
    assert_linear(lambda size: guessed("x\n" + unit * (size // len(unit)), "auto", lenient=True), 200_000)
