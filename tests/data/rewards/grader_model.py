"""One judge, two prompts: with the whole completion in it, and with the answer alone."""

import json
import os
import re
import urllib.request

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


def judge(question, text):
    content = f"{question}\n\nReply:\n{text}\n\nHow well is the reply written? Score: 0 to 9."
    body = {"model": "grader", "temperature": 1.0, "messages": [{"role": "user", "content": content}]}
    request = urllib.request.Request(f"{JUDGE}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        said = json.load(response)["choices"][0]["message"]["content"]
    return int(re.search(r"Score:\s*(\d)", said)[1])


def whole_completion(prompts, completions, **kwargs):
    return [
        judge(prompt[-1]["content"], completion[0]["content"]) for prompt, completion in zip(prompts, completions, strict=True)
    ]


def answer_only(prompts, completions, **kwargs):
    scores = []
    for prompt, completion in zip(prompts, completions, strict=True):
        _, closed, answer = completion[0]["content"].rpartition("</think>")
        scores.append(judge(prompt[-1]["content"], answer.strip()) if closed else 0)
    return scores
