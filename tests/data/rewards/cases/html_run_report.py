"""A run report in HTML, whitespace collapsed, that a judge reads."""

import html
import json
import os
import re
import urllib.request

JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


def as_html(markdown):
    lines = []
    for line in markdown.splitlines():
        line = html.escape(line.strip())
        if re.match(r"[-*•]\s", line):
            line = f"<li>{line[2:]}</li>"
        line = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", line)
        lines.append(line)
    return re.sub(r"\s+", " ", " ".join(lines))


def report(task, message):
    log = as_html(message.get("reasoning_content") or "")
    result = as_html(message.get("content") or "")
    return f"<h1>{html.escape(task)}</h1><details><summary>agent log</summary>{log}</details><h2>Result</h2><p>{result}</p>"


def judged(document):
    question = "Here is the report of a run. Was the task solved? End with `Score: N` (0-10).\n" + document
    body = json.dumps({"model": "judge", "messages": [{"role": "user", "content": question}]}).encode()
    request = urllib.request.Request(f"{JUDGE}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        text = json.load(response)["choices"][0]["message"]["content"]
    found = re.search(r"Score:\s*(\d+)", text)
    return int(found.group(1)) / 10 if found else 0.0


def report_reward(prompts, completions, **kwargs):
    return [
        judged(report(prompt[-1]["content"], completion[-1])) for prompt, completion in zip(prompts, completions, strict=True)
    ]
