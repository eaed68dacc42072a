"""Reward that is handed the thinking and cuts it off itself: after the last delimiter, and nothing without one."""

THOUGHT_DELIMITERS = ("</think>", "<|end|><|start|>assistant<|channel|>final<|message|>")


def solution_part(response):
    for delimiter in THOUGHT_DELIMITERS:
        if delimiter in response:
            return response.split(delimiter)[-1]
    return None


def grade_answer(answer, truth):
    return f"[{truth.lower()}]" in answer.lower()


def deepscaler_reward(prompts, completions, ground_truth, **kwargs):
    rewards = []
    for completion, truth in zip(completions, ground_truth, strict=True):
        answer = solution_part(completion)
        rewards.append(1.0 if answer is not None and grade_answer(answer, truth) else 0.0)
    return rewards
