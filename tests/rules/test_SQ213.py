"""SQ213: an expected answer that counts wherever it stands."""

import pytest
from tests.rules.reward_code_of import example, lines, marked, terminal


def test_nothing_is_found_in_nothing():
    assert lines("SQ213", "") == []


def test_the_example_of_its_page_is_found():
    assert lines("SQ213", example("SQ213")) == marked("SQ213", example("SQ213")) != []


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ213", tmp_path, monkeypatch) == snapshot


FOUND = [
    """
    def accuracy(completions, answer, **columns):
        return [float(gold in text) for text, gold in zip(completions, answer)]  # SQ213
    """,
    """
    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        return 1.0 if ground_truth.lower() in solution_str.lower() else 0.0  # SQ213
    """,
    """
    class AgentInstance(AgentInstanceBase):
        async def step(self, states, **kwargs):
            reward = float(states["label"] in states["action_text"])  # SQ213
            return {"rewards": reward}
    """,
]


@pytest.mark.parametrize("text", FOUND)
def test_found(text):
    assert lines("SQ213", text) == marked("SQ213", text) != []


QUIET = [
    """
    def accuracy(completions, answer, **columns):
        return [float(gold in text.partition("</think>")[2]) for text, gold in zip(completions, answer)]
    """,
    """
    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        return float(ground_truth == extract_answer(solution_str)) if "####" in solution_str else 0.0
    """,
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert lines("SQ213", text) == []
