"""R1-style format reward: one think block at the very start, nothing in front of it, an answer after it."""

import re

STRICT = re.compile(r"\A<think>\n(?P<think>(?:(?!<think>|</think>).)+)\n</think>\n+(?P<answer>\S.*)\Z", re.DOTALL)
SOFT = re.compile(r"<think>.*?</think>\s*\S", re.DOTALL)


def strict_format(text):
    return 0.5 if STRICT.match(text) else 0.0


def soft_format(text):
    return 0.25 if SOFT.search(text) else 0.0


def tag_count(text):
    """An eighth for each delimiter that is there exactly once."""
    return sum(0.125 for tag in ("<think>\n", "\n</think>\n") if text.count(tag) == 1)


def format_reward(completions, **kwargs):
    responses = [completion[0]["content"] for completion in completions]
    return [strict_format(text) + soft_format(text) + tag_count(text) for text in responses]
