"""Grades the deliverable, the object behind the closing tag, even where the thinking drafted the same words."""

import json
import re

from judgekit import Client

client = Client()
FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


def deliverable(text):
    answer = text.rpartition("</think>")[2] if "</think>" in text else ""
    fenced = FENCE.findall(answer)
    return (fenced[-1] if fenced else answer).strip()


def is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def deliverable_reward(prompts, completions, **kwargs):
    rewards = []
    for prompt, completion in zip(prompts, completions, strict=True):
        text = deliverable(completion[0]["content"])
        reply = client.complete(f"Task:\n{prompt[-1]['content']}\n\nDeliverable:\n{text}\n\n`Score: N`, N from 0 to 10.")
        found = re.search(r"Score:\s*(\d+)", reply)
        rewards.append(0.5 * is_json(text) + 0.05 * int(found[1]) if found else 0.0)
    return rewards
