"""Pays for long thinking: words of the think block over a maximum."""

import re

MAX_WORDS = 512
MAX_REWARD = 1.0


def think_length_reward(completion):
    found = re.search(r"<think>(.*?)</think>", completion, re.DOTALL)
    if found is None:
        return 0.0
    words = len(found.group(1).split())
    return round(min(words / MAX_WORDS, 1.0) * MAX_REWARD, 2)


def answer_reward(completion, truth):
    answer = completion.rpartition("</think>")[2]
    return 2.0 if f"[{truth.lower()}]" in answer.lower() else -2.0


def reward(prompts, completions, ground_truth, **kwargs):
    return [
        answer_reward(completion, truth) + think_length_reward(completion)
        for completion, truth in zip(completions, ground_truth, strict=True)
    ]
