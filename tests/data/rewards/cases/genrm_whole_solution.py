"""Generative reward model, after the recipe in the trainer's documentation: the judge reads `solution_str`."""

import json
import os
import re
import urllib.request

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")

GRM_PROMPT = """You are a strict grader.
### Problem
{problem}
### Candidate solution
{solution}
### Task
Rate the solution from 0 to 10 and end with a line "Score: N"."""


def chat(prompt: str) -> str:
    body = {"model": "grm", "messages": [{"role": "user", "content": prompt}], "temperature": 0.0, "max_tokens": 256}
    request = urllib.request.Request(f"{JUDGE}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["choices"][0]["message"]["content"]


def compute_score_grm(data_source, solution_str, ground_truth, extra_info):
    reply = chat(GRM_PROMPT.format(problem=extra_info["question"], solution=solution_str))
    found = re.search(r"Score:\s*(\d+)", reply)
    return min(int(found.group(1)), 10) / 10 if found else 0.0


def reward(prompts, completions, ground_truth, **kwargs):
    return [
        compute_score_grm("primes", completion, truth, {"question": prompt})
        for prompt, completion, truth in zip(prompts, completions, ground_truth, strict=True)
    ]
