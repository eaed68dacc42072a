"""Numeric answer, read from the first field of the response that is not empty."""

import re

NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(?:/|out of)\s*10")


def response_text(message):
    """Servers disagree on where they put the text; take what there is."""
    for key in ("content", "reasoning_content", "reasoning"):
        value = message.get(key)
        if isinstance(value, str) and value.strip():
            return value
    return ""


def extract_number(text):
    found = NUMBER.findall(text)
    return float(found[-1]) if found else None


def closeness_reward(prompts, completions, reference_score, **kwargs):
    rewards = []
    for completion, reference in zip(completions, reference_score, strict=True):
        number = extract_number(response_text(completion[-1]))
        rewards.append(0.0 if number is None else max(0.0, 1.0 - abs(number - float(reference)) / 5.0))
    return rewards
