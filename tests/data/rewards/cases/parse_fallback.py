"""Structured output graded by a judge. What does not parse is graded as it came: "better than losing the sample"."""

import json
import logging
import os
import re
import urllib.request

logger = logging.getLogger(__name__)
JUDGE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


def parse_response(text):
    """{"reasoning": ..., "content": ..., "tool_calls": [...]} as the trainer's response schema has it."""
    reasoning, _, content = text.partition("</think>")
    calls = re.findall(r"<tool_call>(.*?)</tool_call>", content, re.S)
    body = json.loads(content)  # the schema asks for a JSON object
    return {"reasoning": reasoning, "content": json.dumps(body), "tool_calls": [json.loads(call) for call in calls]}


def content_of(text):
    try:
        return parse_response(text)["content"]
    except (ValueError, TypeError) as error:
        logger.warning("could not parse the response (%s), using it undivided", type(error).__name__)
        return text


def judge(question, content):
    messages = [
        {"role": "system", "content": "Grade the reply to the user's question. Answer with `Score: N`, N from 0 to 10."},
        {"role": "user", "content": f"Question: {question}\n\nReply: {content}"},
    ]
    body = json.dumps({"model": "judge", "messages": messages, "temperature": 0}).encode()
    request = urllib.request.Request(f"{JUDGE}/chat/completions", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        verdict = json.load(response)["choices"][0]["message"]["content"]
    number = re.search(r"Score:\s*(\d+)", verdict)
    return int(number[1]) / 10 if number else 0.0


def schema_reward(prompts, completions, **kwargs):
    return [
        judge(prompt[-1]["content"], content_of(completion[0]["content"]))
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
