"""Panel of three graders; two read the final message, the one for needless confirmations reads the trajectory."""

import json
import os
import re
import statistics
import urllib.request

PANEL = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")
GRADERS = {
    "usefulness": ("final", "Rate how useful the reply is to the person who asked."),
    "tone": ("final", "Rate whether the tone fits the person who asked."),
    "confirmation": ("trajectory", "Rate whether the assistant avoided asking for needless confirmation."),
}


def render(view, messages):
    if view == "final":
        return messages[-1]["content"]
    lines = []
    for message in messages:
        if message.get("reasoning_content"):
            lines.append(f"[thought] {message['reasoning_content']}")
        lines.append(f"[{message['role']}] {message['content']}")
    return "\n".join(lines)


def grade(instruction, text):
    content = f"{instruction}\nTrajectory:\n{text}\n\nEnd with `Score: N`, N from 0 to 10."
    body = {"model": "grader", "messages": [{"role": "user", "content": content}]}
    request = urllib.request.Request(f"{PANEL}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        found = re.search(r"Score:\s*(\d+)", json.load(response)["choices"][0]["message"]["content"])
    return int(found.group(1)) / 10 if found else 0.0


def panel_reward(prompts, completions, **kwargs):
    return [
        statistics.mean(grade(instruction, render(view, completion)) for view, instruction in GRADERS.values())
        for completion in completions
    ]
