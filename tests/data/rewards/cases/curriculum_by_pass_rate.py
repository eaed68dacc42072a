"""Curriculum on the pass rate of a prompt: neither solved by all samples nor by none."""

import re


def correct(completion, reference):
    answer = completion[0]["content"].rpartition("</think>")[2]
    found = re.search(r"\\boxed\{(\d+)\}", answer)
    return found is not None and int(found[1]) == reference


def pass_rates(prompts, completions, references):
    tried, passed = {}, {}
    for prompt, completion, reference in zip(prompts, completions, references, strict=True):
        key = prompt[-1]["content"]
        tried[key] = tried.get(key, 0) + 1
        passed[key] = passed.get(key, 0) + correct(completion, reference)
    return {key: passed[key] / tried[key] for key in tried}


def keep_learnable(prompts, completions, reference_score, **kwargs):
    rates = pass_rates(prompts, completions, reference_score)
    return [0.0 < rates[prompt[-1]["content"]] < 1.0 for prompt in prompts]
