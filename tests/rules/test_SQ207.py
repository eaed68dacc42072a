"""SQ207: flags that show reasoning to a judge."""

import pytest
from tests.rules.reward_code_of import example, lines, marked, terminal


def test_nothing_is_found_in_nothing():
    assert lines("SQ207", "") == []


def test_the_example_of_its_page_is_found():
    assert lines("SQ207", example("SQ207")) == marked("SQ207", example("SQ207")) != []


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ207", tmp_path, monkeypatch) == snapshot


FOUND = [
    """
    judge = AgenticJudgeConfig(include_hidden_reasoning=True)  # SQ207
    """,
    """
    provider = {"id": "openai:chat", "showThinking": True}  # SQ207
    """,
    """
    rubric = RubricJudge(view="full_trace")  # SQ207
    """,
    """
    scores = score_transcript(messages, keep_reasoning=True)  # SQ207
    """,
    """
    class Config:
        include_hidden_reasoning: bool = True  # SQ207
    """,
    """
    config = SDPOConfig(remove_thinking_from_demonstration=False)  # SQ207
    """,
]


@pytest.mark.parametrize("text", FOUND)
def test_found(text):
    assert lines("SQ207", text) == marked("SQ207", text) != []


QUIET = [
    """
    judge = AgenticJudgeConfig(include_hidden_reasoning=False)
    """,
    """
    reply = client.chat.completions.create(model="m", messages=messages, include_reasoning=True)
    """,
    """
    rubric = RubricJudge(view="last_reply", full_trace=False)
    """,
    """
    texts = pipeline(prompts, return_full_text=True)
    """,
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert lines("SQ207", text) == []
