"""Judge of the final answer with a cache; the key is made of the whole sample."""

import hashlib
import json
import os
import re
import urllib.request

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")
_cache = {}


def cache_key(prompt, completion):
    sample = json.dumps({"prompt": prompt, "completion": completion}, sort_keys=True)
    return hashlib.sha256(sample.encode()).hexdigest()


def final_answer(completion):
    text = completion[-1]["content"]
    _, closed, tail = text.rpartition("</think>")
    return tail.strip() if closed else ""


def judge(question, answer):
    content = f"Question: {question}\nAnswer: {answer}\nGrade it. Reply `Score: N` with N from 0 to 10."
    body = json.dumps({"model": "judge", "messages": [{"role": "user", "content": content}]}).encode()
    request = urllib.request.Request(f"{JUDGE}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        found = re.search(r"Score:\s*(\d+)", json.load(response)["choices"][0]["message"]["content"])
    return int(found.group(1)) / 10 if found else 0.0


def cached_reward(prompts, completions, **kwargs):
    rewards = []
    for prompt, completion in zip(prompts, completions, strict=True):
        key = cache_key(prompt, completion)
        if key not in _cache:
            _cache[key] = judge(prompt[-1]["content"], final_answer(completion))
        rewards.append(_cache[key])
    return rewards
