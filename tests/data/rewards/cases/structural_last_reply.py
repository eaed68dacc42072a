"""Reference judge with `view="last_reply"`: the content of the last message, and the typed reasoning is never rendered."""

import re

from judgekit import Client

client = Client()
TEMPLATE = "Reference rating: {reference}/10\nResponse:\n{response}\n\nDoes the response agree? `Score: N`, N from 0 to 10."


def last_reply(completion):
    for message in reversed(completion):
        if message["role"] == "assistant":
            return message["content"] or ""
    return ""


def reference_reward(prompts, completions, reference_score, **kwargs):
    rewards = []
    for completion, reference in zip(completions, reference_score, strict=True):
        reply = client.complete(TEMPLATE.format(reference=reference, response=last_reply(completion)))
        found = re.search(r"Score:\s*(\d+)", reply)
        rewards.append(int(found.group(1)) / 10 if found else 0.0)
    return rewards
