"""Reads the last bold span; only closed think blocks are removed, so a sample cut off while thinking is read as an answer."""

import re

CLOSED_BLOCK = re.compile(r"<think>.*?</think>", re.DOTALL)
BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
RATING = re.compile(r"(\d+(?:\.\d+)?)\s*(?:/|out of)\s*10")


def visible(text):
    return CLOSED_BLOCK.sub("", text).strip()


def last_rating(text):
    spans = [span for span in BOLD.findall(text) if re.search(r"\d", span)]
    found = RATING.search(spans[-1]) if spans else None
    if found is None:
        every = RATING.findall(text)
        return float(every[-1]) if every else None
    return float(found.group(1))


def score(text, reference):
    rating = last_rating(visible(text))
    return 0.0 if rating is None else max(0.0, 1.0 - abs(rating - reference) / 4)


def bold_reward(prompts, completions, reference_score, **kwargs):
    return [
        score(completion[0]["content"], float(reference))
        for completion, reference in zip(completions, reference_score, strict=True)
    ]
