"""Bridge from typed trajectories to chat messages: the reasoning goes back in front of the text."""

import json
import os
import urllib.request

EVALUATOR = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


def to_chat_messages(steps):
    """Typed steps as plain chat completions, as exporters and evaluators want them."""
    messages = []
    for step in steps:
        text = step.get("content") or ""
        if step.get("reasoning_content"):
            text = f"<think>{step['reasoning_content']}</think>\n{text}"
        messages.append({"role": step["role"], "content": text})
    return messages


def evaluate(messages, rubric):
    body = {
        "model": "evaluator",
        "messages": [
            {"role": "system", "content": f"Evaluate the assistant. Rubric: {rubric}. End with `Score: N`, 0 to 10."},
            {"role": "user", "content": json.dumps(messages, ensure_ascii=False)},
        ],
    }
    request = urllib.request.Request(
        f"{EVALUATOR}/chat/completions", json.dumps(body).encode("utf-8"), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=90) as response:
        text = json.load(response)["choices"][0]["message"]["content"]
    try:
        return min(10.0, float(text.rsplit("Score:", 1)[1])) / 10
    except (IndexError, ValueError):
        return 0.0


def trajectory_reward(prompts, completions, rubric, **kwargs):
    return [
        evaluate([*prompt, *to_chat_messages(completion)], criteria)
        for prompt, completion, criteria in zip(prompts, completions, rubric, strict=True)
    ]
