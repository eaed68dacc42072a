"""Removes samples whose visible answer was seen before; how they were arrived at does not matter."""

import re
import unicodedata


def canonical(answer):
    text = unicodedata.normalize("NFKC", answer).casefold()
    return re.sub(r"\W+", " ", text).strip()


def visible(completion):
    text = completion[0]["content"] if isinstance(completion, list) else completion
    return text.rpartition("</think>")[2] if "</think>" in text else ""


def unique_answers(prompts, completions, **kwargs):
    seen = set()
    keep = []
    for completion in completions:
        key = canonical(visible(completion))
        keep.append(key not in seen)
        seen.add(key)
    return keep
