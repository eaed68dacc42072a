"""Pays for step-by-step markers anywhere in the completion, up to three of them."""

import re

PATTERN = r"(Step \d+:|^\d+\.|\n-|\n\*|First,|Second,|Next,|Finally,)"


def reasoning_steps_reward(completions, **kwargs):
    contents = [completion[0]["content"] for completion in completions]
    matches = [len(re.findall(PATTERN, content)) for content in contents]
    return [min(1.0, count / 3) for count in matches]


def accuracy(completions, reference_score, **kwargs):
    rewards = []
    for completion, reference in zip(completions, reference_score, strict=True):
        answer = completion[0]["content"].rpartition("</think>")[2]
        found = re.search(r"(\d+)\s*/\s*10", answer)
        rewards.append(1.0 if found and int(found[1]) == reference else 0.0)
    return rewards


def reward(prompts, completions, reference_score, **kwargs):
    steps = reasoning_steps_reward(completions)
    right = accuracy(completions, reference_score)
    return [correct + 0.3 * paid for correct, paid in zip(right, steps, strict=True)]
