"""Best of n by a judge of the answers; one index is kept for each prompt."""

import re

from judgekit import Client

client = Client(model="ranker")


def answer(completion):
    _, closed, tail = completion[0]["content"].rpartition("</think>")
    return tail.strip() if closed else ""


def judged(prompt, text):
    if not text:
        return -1
    reply = client.complete(f"{prompt[-1]['content']}\n\nCandidate:\n{text}\n\n`Score: N`, N from 0 to 10.")
    found = re.search(r"Score:\s*(\d+)", reply)
    return int(found[1]) if found else -1


def select_best(prompts, completions, **kwargs):
    scores = [judged(prompt, answer(completion)) for prompt, completion in zip(prompts, completions, strict=True)]
    return max(range(len(scores)), key=lambda index: (scores[index], -index))
