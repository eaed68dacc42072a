"""Relative scores over the visible messages of a group: the siblings are legitimate, their thinking is left out."""

import json
import os
import re
import urllib.request

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")
ALLOWED = ("role", "content")


def answer_view(message):
    view = {key: message[key] for key in ALLOWED if key in message}
    if message["role"] == "assistant":
        _, closed, answer = (view.get("content") or "").rpartition("</think>")
        view["content"] = answer.strip() if closed else ""
    return view


def judge(goal, trajectories):
    text = "\n".join(f"<trajectory>{json.dumps(messages)}</trajectory>" for messages in trajectories)
    body = {
        "model": "ruler",
        "n_scores": len(trajectories),
        "messages": [{"role": "user", "content": f"<goal>{json.dumps(goal)}</goal>\n{text}\nRate each from 0 to 10."}],
    }
    request = urllib.request.Request(f"{JUDGE}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        reply = json.load(response)["choices"][0]["message"]["content"]
    numbers = [float(number) / 10 for number in re.findall(r"\d+(?:\.\d+)?", reply)]
    return (numbers + [0.0] * len(trajectories))[: len(trajectories)]


def group_reward(prompts, completions, **kwargs):
    groups = {}
    for index, prompt in enumerate(prompts):
        groups.setdefault(json.dumps(prompt), []).append(index)
    scores = [0.0] * len(completions)
    for members in groups.values():
        views = [[answer_view(message) for message in completions[index]] for index in members]
        for index, score in zip(members, judge(prompts[members[0]], views), strict=True):
            scores[index] = score
    return scores
