"""A message that a log keeps as text: the values of its reasoning fields are reasoning, all the rest may be an answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from sequester.episodes.model import Channel
from sequester.episodes.serialised import split_serialised


def reasoning(text: str) -> list[str] | None:
    found = split_serialised(text)
    if found is None:
        return None
    assert all(piece.start < piece.end for piece in found)
    assert "".join(text[piece.start : piece.end] for piece in found) == text
    return [text[piece.start : piece.end] for piece in found if piece.channel is Channel.REASONING]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "Seven.",
        'Here it is: {"reasoning": "Seven landed.", "answer": "7"}',
        '{"reasoning": "Seven landed."}',
        '{"reasoning": " ", "answer": "7"}',
        '{"answer": "7", "score": 1}',
        '{"why": "Seven landed.", "answer": "7"}',
        '{"content": [{"type": "text", "text": "7"}]}',
        '{"answer": "reasoning: \\"Seven\\""}',
    ],
)
def test_what_has_no_field_of_either_kind_is_no_message(text: str) -> None:
    assert split_serialised(text) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"reasoning_content": "Seven landed.", "content": "7"}',
        '{"answer": "7", "chain_of_thought": "Seven landed."}',
        '```json\n{"thoughts": "Seven landed.", "response": "7"}\n```',
        "Message(content='7', reasoning='Seven landed.')",
        "[{'type': 'thinking', 'thinking': 'Seven landed.'}, {'type': 'text', 'text': '7'}]",
        '[{"type": "reasoning", "text": "Seven landed."}, {"type": "text", "text": "7"}]',
        '{"parts": [{"text": "Seven landed.", "thought": true}, {"text": "7"}]}',
        '{"parts": [{"thought": true, "text": "Seven landed."}, {"text": "7"}]}',
    ],
)
def test_the_value_of_a_reasoning_field_is_reasoning(text: str) -> None:
    assert reasoning(text) == ["Seven landed."]


def test_what_is_cut_off_in_its_reasoning_is_reasoning_to_the_end() -> None:
    assert reasoning('{"content": "", "reasoning": "Seven lan') == ["Seven lan"]


def test_a_flag_behind_another_part_is_not_about_this_one() -> None:
    assert reasoning('{"parts": [{"text": "7"}, {"thought": true, "text": "Seven landed."}]}') == ["Seven landed."]


@settings(max_examples=150, deadline=None)
@given(thought=st.text(min_size=1).filter(str.strip), answer=st.text(), first=st.booleans(), ascii_only=st.booleans())
def test_any_text_in_json_comes_out_as_it_was_written(thought: str, answer: str, first: bool, ascii_only: bool) -> None:
    fields = {"reasoning": thought, "answer": answer}
    text = json.dumps(fields if first else dict(reversed(fields.items())), ensure_ascii=ascii_only)
    assert reasoning(text) == [json.dumps(thought, ensure_ascii=ascii_only)[1:-1]]


@pytest.mark.parametrize("unit", ['{"reasoning": "', "\\", '"', "a(", '{"thought": true, ', "'text': '"])
def test_it_takes_linear_time(unit: str) -> None:
    assert_linear(lambda size: split_serialised('{"reasoning": "Seven", "answer": "' + unit * (size // len(unit))), 400_000)
