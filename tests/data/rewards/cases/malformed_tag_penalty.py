"""Zeroes the reward of a rollout whose think tags are malformed."""

OPEN, CLOSE = "<think>", "</think>"


def is_malformed_think(generation: str) -> bool:
    """More than one opener or closer, or a closer before its opener."""
    opened, closed = generation.count(OPEN), generation.count(CLOSE)
    if opened > 1 or closed > 1:
        return True
    return opened == 1 and closed == 1 and generation.index(CLOSE) < generation.index(OPEN)


def task_reward(answer: str, truth: str) -> float:
    return 1.0 if answer.strip().lower().startswith(f"[{truth.lower()}]") else 0.0


def reward(prompts, completions, ground_truth, log_metric=None, **kwargs):
    rewards, malformed = [], 0
    for completion, truth in zip(completions, ground_truth, strict=True):
        if is_malformed_think(completion):
            malformed += 1
            rewards.append(0.0)
            continue
        rewards.append(task_reward(completion.split(CLOSE)[-1], truth))
    if log_metric is not None:
        log_metric("malformed_think_tag", malformed / max(1, len(rewards)))
    return rewards
