"""Closeness to a reference, with a penalty for long answers: the length of the answer, not of the thinking."""

import re

TARGET_WORDS = 120


def answer_of(message):
    _, closed, tail = message["content"].rpartition("</think>")
    return tail if closed else ""


def brevity(answer):
    return -min(0.5, max(0, len(answer.split()) - TARGET_WORDS) / 400)


def closeness(answer, reference):
    found = re.search(r"(\d+(?:\.\d+)?)\s*/\s*10", answer)
    return max(0.0, 1.0 - abs(float(found[1]) - reference) / 5) if found else 0.0


def concise_reward(prompts, completions, reference_score, **kwargs):
    rewards = []
    for completion, reference in zip(completions, reference_score, strict=True):
        answer = answer_of(completion[-1])
        rewards.append(closeness(answer, float(reference)) + brevity(answer))
    return rewards
