"""SQ246: the length of what was sampled in the reward."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ246", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ246", example("SQ246"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ246", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("rewards: {accuracy: 1, cosine: 0.5}\n", [("rewards.cosine", 1)]),
    ("reward_model: {enable: false, overlong_buffer: {enable: true}}\n", [("reward_model.overlong_buffer.enable", 1)]),
    ("reward_model: {overlong_buffer: {enable: True, len: 4096}}\n", [("reward_model.overlong_buffer.enable", 1)]),
    (
        "reward: {reward_kwargs: {overlong_buffer_cfg: {enable: true}}}\n",
        [("reward.reward_kwargs.overlong_buffer_cfg.enable", 1)],
    ),
    ("grpo: {reward_shaping: {enabled: true, overlong_buffer_length: 128}}\n", [("grpo.reward_shaping.enabled", 1)]),
    ("grpo: {reward_shaping: {enabled: true, stop_properly_penalty_coef: 0.0}}\n", [("grpo.reward_shaping.enabled", 1)]),
    ("actor: {overlong_reward_penalty: true, overlong_tokens: 512}\n", [("actor.overlong_reward_penalty", 1)]),
    ("reward: {overlong_buffer_len: 512, overlong_penalty_factor: 1.0}\n", [("reward.overlong_buffer_len", 1)]),
    ("orchestrator: {algo: {length_penalty: {type: linear}}}\n", [("orchestrator.algo.length_penalty.type", 1)]),
    (
        "orchestrator: {algo: {length_penalty: {type: linear, num_output_tokens_weight: 0.3}}}\n",
        [("orchestrator.algo.length_penalty.num_output_tokens_weight", 1)],
    ),
    (
        "genrm_compare: {group_reasoning_length_penalty_coeff: 0.3, reasoning_bonus: 0.5}\n",
        [("genrm_compare.group_reasoning_length_penalty_coeff", 1), ("genrm_compare.reasoning_bonus", 1)],
    ),
    ("reward_funcs:\n- accuracy\n- soft_overlong_punishment\n- cosine\n", [("reward_funcs.1", 3), ("reward_funcs.2", 4)]),
    ("reward_functions: [trl.rewards.get_soft_overlong_punishment]\n", [("reward_functions.0", 1)]),
    ("grpo: {overlong_filtering: true}\n", [("grpo.overlong_filtering", 1)]),
    ("reward_funcs: [cot_length_reward, rewards.thinking_tokens_penalty]\n", [("reward_funcs.0", 1), ("reward_funcs.1", 1)]),
    ("mask_truncated_completions: true\nreward_funcs: [accuracy]\n", [("mask_truncated_completions", 1)]),
    ("reward.length_penalty: 0.1\n", [("reward.length_penalty", 1)]),
    ("reward: {thinking_tokens_penalty: 0.01}\n", [("reward.thinking_tokens_penalty", 1)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ246", text) == where


QUIET = [
    "rewards: {length: 4096}\n",
    "reward_model: {overlong_buffer: {enable: false, len: 4096, penalty_factor: 1.0}}\n",
    "grpo: {reward_shaping: {enabled: false, overlong_buffer_length: 128, overlong_buffer_penalty: 1}}\n",
    "grpo: {reward_shaping: {enabled: true, overlong_buffer_length: 128, overlong_buffer_penalty: 0, stop_properly_penalty_coef: null}}\n",
    "grpo: {reward_shaping: {overlong_buffer_length: 128}}\n",
    "reward_model: {overlong_buffer: {enable: true, len: 0, penalty_factor: 0.0}}\n",
    "reward: {overlong_buffer_len: 512, overlong_penalty_factor: 0}\n",
    "orchestrator: {algo: {length_penalty: {type: linear, num_output_tokens_weight: 0.0, num_turns_weight: 0.1}}}\n",
    "generation: {length_penalty: 1.0}\nreward: x\n",
    "reward: {generation: {length_penalty: 1.0}}\n",
    "genrm_compare: {group_reasoning_length_penalty_coeff: 0.0, group_answer_length_penalty_coeff: 0.3}\n",
    "data: {filter_overlong_prompts: true}\nreward: x\n",
    "grpo: {max_reasoning_tokens: 1000, reasoning_budget: 10}\n",
    "reward_funcs: [accuracy, code]\n",
    "reward_funcs: [reasoning_gym_accuracy, answer_length_ok, thinking_model_accuracy]\n",
    "length_penalty: {enabled: false, type: linear}\nreward: x\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ246", text) == []
