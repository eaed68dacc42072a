"""Reward functions as TRL calls them: one that scores the answer, and three that have to do with the chain of thought."""

import re


def answer_of(completion: str) -> str:
    return completion.rpartition("</think>")[2].strip()


def accuracy(prompts, completions, truth, **columns):
    return [float(answer_of(text) == right) for text, right in zip(completions, truth, strict=True)]


def careful(prompts, completions, truth, **columns):
    """Meant to punish answers that hedge. It reads the whole completion."""
    scores = accuracy(prompts, completions, truth)
    return [score - 0.5 * ("wait" in text.lower()) for score, text in zip(scores, completions, strict=True)]


def tags_closed(prompts, completions, **columns):
    return [float(re.match(r"^<think>.*?</think>", text, re.DOTALL) is not None) for text in completions]
