"""SQ248: a reward term made from what the reasoning says."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ248", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ248", example("SQ248"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ248", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("reward_penalties: {penalize_duplicated_reasoning: true}\n", [("reward_penalties.penalize_duplicated_reasoning", 1)]),
    ("reward: {reasoning_quality_weight: 0.3}\n", [("reward.reasoning_quality_weight", 1)]),
    ("rewards: {thinking_reward: 0.2}\n", [("rewards.thinking_reward", 1)]),
    ("reward_funcs: [accuracy, reasoning_steps]\n", [("reward_funcs.1", 1)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ248", text) == where


QUIET = [
    "reward_penalties: {penalize_duplicated_reasoning: false}\n",
    "reward: {reasoning_quality_weight: 0.0}\n",
    "genrm_compare: {group_reasoning_length_penalty_coeff: 0.3, reasoning_bonus: 0.5}\nrewards: x\n",
    "reward: {reasoning_effort: high, reasoning: true}\n",
    "reward_funcs: [accuracy, reasoning_gym_score]\n",
    "dashboard: {reasoning_score: 3}\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ248", text) == []
