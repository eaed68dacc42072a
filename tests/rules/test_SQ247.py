"""SQ247: tags around the reasoning in the reward."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ247", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ247", example("SQ247"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ247", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("reward_funcs:\n- name: accuracy\n- name: format_reward\n", [("reward_funcs.1.name", 3)]),
    ("reward_weights: {accuracy: 1.0, format: 0.2}\n", [("reward_weights.format", 1)]),
    (
        "grpo: {malformed_thinking_advantage: -5.0, penalize_malformed_thinking: true}\n",
        [("grpo.malformed_thinking_advantage", 1)],
    ),
    ("reward_penalties: {penalize_malformed_think_tag: true}\n", [("reward_penalties.penalize_malformed_think_tag", 1)]),
    ("reward_funcs: [format_think_reward]\n", [("reward_funcs.0", 1)]),
    ("reward_funcs: [rewards.thinking_answer_formatting_reward]\n", [("reward_funcs.0", 1)]),
    ("reward_funcs:\n- accuracy\n- format\n- tag_count\n", [("reward_funcs.1", 3), ("reward_funcs.2", 4)]),
    ("rewards: [trl.rewards:think_format_reward]\n", [("rewards.0", 1)]),
    ("stages:\n- steps: 100\n  rewards: {format: 0.5, accuracy: 1.0}\n", [("stages.0.rewards.format", 3)]),
    ("reward: {require_think_tags: true}\n", [("reward.require_think_tags", 1)]),
    ("reward: {think_format_reward_weight: 0.2}\n", [("reward.think_format_reward_weight", 1)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ247", text) == where


QUIET = [
    "reward_weights: {accuracy: 1.0, format: 0.0}\n",
    "rewards: {format: json}\n",
    "reward: {format: 1}\n",
    "grpo: {malformed_thinking_advantage: null, penalize_malformed_thinking: true}\n",
    "reward_penalties: {penalize_malformed_think_tag: false}\n",
    "reward_penalties: {enabled: false, penalize_malformed_think_tag: true}\n",
    "reward_funcs: [accuracy, json_format, code_format]\n",
    "reward_funcs: [reasoning_accuracy, tagging_f1, format_json_reward]\n",
    "metrics: [format, tag_count]\nreward: x\n",
    "reward_penalties: {token_ids: {think_open: 12, think_close: 13}}\n",
    "reward: {think_format_reward_weight: 0}\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ247", text) == []


def test_what_samples_scored_is_no_configuration_but_weights_in_the_same_form_are():
    results = '{"tests": [{"variants": [{"name": "perfect", "rewards": {"format": 0.5, "validity": 1.0}}]}]}'
    assert hits("SQ247", results, "data.json") == []
    assert len(hits("SQ247", '{"rewards": {"format": 0.5, "validity": 1.0}}', "train.json")) == 1
    assert len(hits("SQ247", '{"stages": [{"reward_weights": {"format": 0.5}}]}', "train.json")) == 1
