"""Judge of the visible answer: cut at the last closing tag, and without one nothing is graded."""

import json
import os
import re
import urllib.request

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


def visible_answer(completion):
    _, closed, answer = completion.rpartition("</think>")
    return answer.strip() if closed else None


def judge(question, answer):
    content = f"Question: {question}\nAnswer: {answer}\nIs it right? Reply `Score: N` with N from 0 to 10."
    body = json.dumps({"model": "judge", "messages": [{"role": "user", "content": content}]}).encode()
    request = urllib.request.Request(f"{JUDGE}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        found = re.search(r"Score:\s*(\d+)", json.load(response)["choices"][0]["message"]["content"])
    return int(found.group(1)) / 10 if found else 0.0


def answer_reward(prompts, completions, **kwargs):
    rewards = []
    for prompt, completion in zip(prompts, completions, strict=True):
        answer = visible_answer(completion)
        rewards.append(0.0 if answer is None else judge(prompt, answer))
    return rewards
