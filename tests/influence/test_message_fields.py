"""CoT of a message under the names that reward code asks for."""

import pytest

from sequester.influence.message_fields import FIELDS, names_in, thought_of, with_fields

INLINE = [{"role": "assistant", "content": "<think>so</think>42"}]
TYPED = [{"role": "assistant", "content": "42", "reasoning": "so"}, {"role": "tool", "content": "7"}]


def named(tmp_path, code):
    (tmp_path / "rewards.py").write_text(code)
    return names_in([tmp_path / "rewards.py", tmp_path / "none.py"]) & FIELDS.keys()


def test_code_that_names_no_field_is_handed_none(tmp_path):
    assert named(tmp_path, "") == frozenset()
    assert named(tmp_path, "def reward(completions): # reasoning\n    reasoning = 1") == frozenset()
    assert named(tmp_path, "no Python") == frozenset()
    assert with_fields(INLINE, [(0, "so")], frozenset()) == INLINE
    assert with_fields([], [], frozenset(FIELDS)) == []


@pytest.mark.parametrize(
    "code", ["m['reasoning_content']", "m.get('reasoning_content', '')", "class Message:\n    reasoning_content: str"]
)
def test_fields_that_code_names(tmp_path, code):
    assert named(tmp_path, code) == {"reasoning_content"}


@pytest.mark.parametrize("messages", [INLINE, TYPED])
def test_the_cot_stands_under_the_name_asked_for_too(messages):
    found = with_fields(messages, [(0, "so")], frozenset({"reasoning_content"}))
    assert found == [{**messages[0], "reasoning_content": "so"}, *messages[1:]]


def test_pieces_of_one_message_are_one_text_and_those_said_twice_once():
    (found,) = with_fields(INLINE, [(0, "so"), (0, "so"), (0, "then")], frozenset({"thinking"}))
    assert found["thinking"] == "so\nthen"


def test_a_message_that_has_a_field_the_code_knows_stays_as_it_is():
    """Code that takes one out and hands on the rest is not blamed for another."""
    assert with_fields(TYPED, [(0, "so")], frozenset({"reasoning", "reasoning_content"})) == TYPED


def test_lists_of_details_are_lists():
    (found,) = with_fields(INLINE, [(0, "so")], frozenset({"reasoning_details", "thinking_blocks"}))
    assert found["reasoning_details"] == [{"type": "reasoning.text", "text": "so"}]
    assert found["thinking_blocks"] == [{"type": "thinking", "thinking": "so"}]


def test_the_cot_of_a_field_of_its_own():
    assert [thought_of(message) for message in (*INLINE, *TYPED)] == ["", "so", ""]
    assert thought_of({"content": "42", "thinking": "so"}) == "so"
