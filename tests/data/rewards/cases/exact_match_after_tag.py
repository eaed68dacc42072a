"""Exact match of the bracketed answer after the closing tag; numbers in the thinking may be the same by chance."""

import re

ANSWER = re.compile(r"\[(yes|no)\]", re.I)


def extract(completion):
    parts = completion.split("</think>")
    if len(parts) < 2:
        return None
    found = ANSWER.findall(parts[-1])
    return found[-1].lower() if found else None


def exact_match_reward(prompts, completions, ground_truth, log_extra=None, **kwargs):
    answers = [extract(completion) for completion in completions]
    if log_extra is not None:
        log_extra("extracted", [answer or "[none]" for answer in answers])
    return [float(answer == truth.lower()) for answer, truth in zip(answers, ground_truth, strict=True)]
