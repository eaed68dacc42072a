"""Verifiable instructions (IFEval style), checked on the response as it was sampled."""

import re


def sentences(text):
    return [piece for piece in re.split(r"(?<=[.!?])\s+", text.strip()) if piece]


def at_most_sentences(text, most=12):
    return len(sentences(text)) <= most


def no_commas(text):
    return "," not in text


def mentions(text, words=("rating",)):
    return all(word in text.lower() for word in words)


CHECKS = (at_most_sentences, no_commas, mentions)


def instruction_following_reward(prompts, completions, **kwargs):
    scores = []
    for completion in completions:
        response = completion[0]["content"]
        scores.append(sum(check(response) for check in CHECKS) / len(CHECKS))
    return scores
