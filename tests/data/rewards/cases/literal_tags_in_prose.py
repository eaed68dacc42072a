"""Quality judge over typed messages; an answer that writes about think tags keeps every word."""

import json
import os
import re
import urllib.request

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


def visible(message):
    """Text parts of a message; reasoning has a field of its own, so tags in the text are prose."""
    content = message["content"]
    if isinstance(content, list):
        return "\n".join(part["text"] for part in content if part.get("type") == "text")
    return content or ""


def judge(question, text):
    content = f"{question}\n\n---\n{text}\n---\nHow helpful is the text between the lines? `Score: N`, 0 to 10."
    body = {"model": "judge", "messages": [{"role": "user", "content": content}]}
    request = urllib.request.Request(f"{JUDGE}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        found = re.search(r"Score:\s*(\d+)", json.load(response)["choices"][0]["message"]["content"])
    return int(found.group(1)) / 10 if found else 0.0


def helpfulness_reward(prompts, completions, **kwargs):
    rewards = []
    for prompt, completion in zip(prompts, completions, strict=True):
        text = "\n\n".join(visible(message) for message in completion if message["role"] == "assistant")
        tags = sum(text.count(tag) for tag in ("<think>", "</think>"))
        rewards.append(judge(prompt[-1]["content"], text) - 0.01 * tags)
    return rewards
