"""Best of n for rejection sampling: of the samples of a prompt the one that doubts itself least is kept."""

import re

DOUBT = re.compile(r"\b(?:wait|hmm|actually|let me re-?check|but maybe|however|might|not sure)\b", re.I)


def doubts(completion):
    return len(DOUBT.findall(completion[0]["content"]))


def best_of_n(samples):
    """Index of the sample to keep: fewest doubts, then the shortest."""
    return min(range(len(samples)), key=lambda i: (doubts(samples[i]), len(samples[i][0]["content"])))


def select(prompts, completions, **kwargs):
    return best_of_n(completions)
