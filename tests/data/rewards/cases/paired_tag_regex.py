"""Strips think blocks with a paired-tag regex before the judge sees the answer."""

import json
import os
import re
import urllib.request

JUDGE_URL = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")
THINK = re.compile(r"<think>.*?</think>\s*", re.DOTALL)
PROMPT = "Question:\n{question}\n\nAnswer:\n{answer}\n\nIs the answer well argued? Reply with `Score: N` (0 to 10)."


def strip_thinking(text: str) -> str:
    return THINK.sub("", text).strip()


def ask(prompt: str) -> float:
    payload = json.dumps({"model": "judge", "messages": [{"role": "user", "content": prompt}]}).encode()
    request = urllib.request.Request(
        JUDGE_URL + "/chat/completions", payload, {"Content-Type": "application/json", "Authorization": "Bearer local"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        content = json.load(response)["choices"][0]["message"]["content"]
    match = re.search(r"Score:\s*(\d+(?:\.\d+)?)", content)
    return float(match.group(1)) / 10 if match else 0.0


def judged_reward(prompts, completions, **kwargs):
    return [
        ask(PROMPT.format(question=prompt, answer=strip_thinking(completion)))
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
