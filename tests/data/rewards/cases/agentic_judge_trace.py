"""Agentic judge: the solver's record is written into the judge's box, and the judge is shown every file in it."""

import json
import os
import tempfile
import urllib.request
from pathlib import Path

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")
TRACE_FILE = "trace.json"


def to_record(prompt, completion):
    nodes = [{"message": message, "sampled": False} for message in prompt]
    nodes += [{"message": message, "sampled": message["role"] == "assistant"} for message in completion]
    return {"version": 1, "nodes": nodes, "metadata": {"env": "ratings"}}


def upload(box, prompt, completion):
    (box / TRACE_FILE).write_text(json.dumps(to_record(prompt, completion), ensure_ascii=False), encoding="utf-8")
    (box / "report.md").write_text(completion[-1]["content"] or "", encoding="utf-8")


def ask_judge(box, task):
    shown = "\n\n".join(f"--- {file.name}\n{file.read_text(encoding='utf-8')}" for file in sorted(box.iterdir()))
    body = {
        "model": "judge",
        "messages": [
            {"role": "system", "content": "You are auditing an agent. Files of its run follow. Reply `Score: N` (0-10)."},
            {"role": "user", "content": f"Task: {task}\n\n{shown}"},
        ],
    }
    request = urllib.request.Request(f"{JUDGE}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        reply = json.load(response)["choices"][0]["message"]["content"]
    return float(reply.split("Score:")[-1].strip().split()[0]) / 10


def agentic_judge_reward(prompts, completions, **kwargs):
    scores = []
    for prompt, completion in zip(prompts, completions, strict=True):
        with tempfile.TemporaryDirectory() as box:
            upload(Path(box), prompt, completion)
            scores.append(ask_judge(Path(box), prompt[-1]["content"]))
    return scores
