"""Coding-agent harness: the adapter has no reasoning parser, so what the model sampled is the visible text block."""

import json
import os
import urllib.request

BASE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


def to_anthropic(message, parser=None):
    """One assistant message as the harness' wire format. With a parser, thinking becomes a block of its own."""
    blocks = []
    text = message["content"]
    if parser is not None:
        thinking, text = parser(text)
        blocks.append({"type": "thinking", "thinking": thinking})
    blocks.append({"type": "text", "text": text})
    return {"type": "message", "role": "assistant", "content": blocks}


def session_report(prompt, message):
    lines = [f"Task: {prompt[-1]['content']}", "", "Session:"]
    for block in message["content"]:
        if block["type"] == "text":
            lines.append(block["text"])
    return "\n".join(lines)


def verifier(report):
    body = {
        "model": "verifier",
        "messages": [{"role": "user", "content": f"{report}\n\nDid the agent do what was asked? Score: 0-10."}],
    }
    request = urllib.request.Request(f"{BASE}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        text = json.load(response)["choices"][0]["message"]["content"]
    digits = "".join(character for character in text.rsplit(":", 1)[-1] if character.isdigit())
    return int(digits or 0) / 10


def agent_reward(prompts, completions, **kwargs):
    return [
        verifier(session_report(prompt, to_anthropic(completion[0])))
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
