"""Learned quality model that works on token ids: the message is parsed, the ids are not."""

import re

from tokenkit import Tokenizer

tokenizer = Tokenizer.from_pretrained("policy")
HEDGES = re.compile(r"\b(?:maybe|perhaps|not sure|i think|might|unclear)\b", re.I)


def confidence_score(ids):
    """Share of hedged sentences in the decoded sample, turned into a score in [0, 1]."""
    text = tokenizer.decode(ids, skip_special_tokens=True)
    total = max(1, text.count(".") + text.count("\n"))
    return max(0.0, 1.0 - 4.0 * len(HEDGES.findall(text)) / total)


def confidence_reward(prompts, completions, completion_ids, **kwargs):
    rewards = []
    for completion, ids in zip(completions, completion_ids, strict=True):
        answered = bool(completion[0]["content"].strip())
        rewards.append(confidence_score(ids) if answered else 0.0)
    return rewards
