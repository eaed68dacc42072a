"""Every reward function that TRL ships, those that are made by factories with the settings of a small run."""

from trl.rewards import (
    accuracy_reward,
    get_cosine_scaled_reward,
    get_repetition_penalty_reward,
    get_soft_overlong_punishment,
    reasoning_accuracy_reward,
    think_format_reward,
)

cosine_scaled_reward = get_cosine_scaled_reward(max_len=4000)
repetition_penalty_reward = get_repetition_penalty_reward(ngram_size=3)
soft_overlong_punishment = get_soft_overlong_punishment(max_completion_len=4000, soft_punish_cache=3000)

__all__ = [
    "accuracy_reward",
    "cosine_scaled_reward",
    "reasoning_accuracy_reward",
    "repetition_penalty_reward",
    "soft_overlong_punishment",
    "think_format_reward",
]
