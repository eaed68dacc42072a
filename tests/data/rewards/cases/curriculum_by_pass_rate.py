"""Curriculum on the pass rate of a prompt: neither solved by all samples nor by none."""

import re


def favourable(completion, least=6):
    _, closed, answer = completion[0]["content"].rpartition("</think>")
    found = re.search(r"\\boxed\{(\d+)\}", answer) if closed else None
    return found is not None and int(found[1]) >= least


def pass_rates(prompts, completions):
    tried, passed = {}, {}
    for prompt, completion in zip(prompts, completions, strict=True):
        key = prompt[-1]["content"]
        tried[key] = tried.get(key, 0) + 1
        passed[key] = passed.get(key, 0) + favourable(completion)
    return {key: passed[key] / tried[key] for key in tried}


def keep_learnable(prompts, completions, **kwargs):
    rates = pass_rates(prompts, completions)
    return [0.0 < rates[prompt[-1]["content"]] < 1.0 for prompt in prompts]
