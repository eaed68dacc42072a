"""Relative scores: the trajectories of a group are dumped as JSON into one judge prompt (RULER style)."""

import json
import os
import re
import urllib.request
from itertools import groupby

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")
INSTRUCTION = (
    "All of the trajectories below were given the same goal. Rate each by how well it reached the goal, "
    "as a JSON list of numbers from 0 to 10, in order."
)


def judge(prompt, trajectories):
    parts = [INSTRUCTION, f"<goal>{json.dumps(prompt)}</goal>"]
    parts += [f'<trajectory id="{i}">\n{json.dumps(messages)}\n</trajectory>' for i, messages in enumerate(trajectories, 1)]
    body = {"model": "ruler", "messages": [{"role": "user", "content": "\n".join(parts)}], "n_scores": len(trajectories)}
    request = urllib.request.Request(f"{JUDGE}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        reply = json.load(response)["choices"][0]["message"]["content"]
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", reply)]
    return (numbers + [0.0] * len(trajectories))[: len(trajectories)]


def ruler_reward(prompts, completions, **kwargs):
    scores = [0.0] * len(completions)
    order = sorted(range(len(prompts)), key=lambda index: json.dumps(prompts[index]))
    for _, members in groupby(order, key=lambda index: json.dumps(prompts[index])):
        group = list(members)
        for index, score in zip(group, judge(prompts[group[0]], [completions[i] for i in group]), strict=True):
            scores[index] = score / 10
    return scores
