"""The judge is a reasoning model: its own thinking is cut off before its verdict is read."""

import re

from judgekit import Client

client = Client(model="reasoning-judge")


def without_own_thinking(reply):
    return re.sub(r"<think>.*?(?:</think>|\Z)", "", reply, flags=re.DOTALL)


def verdict(reply):
    found = re.search(r"Score:\s*(\d+)", without_own_thinking(reply))
    return int(found.group(1)) / 10 if found else 0.0


def reward(prompts, completions, ground_truth, **kwargs):
    rewards = []
    for prompt, completion, truth in zip(prompts, completions, ground_truth, strict=True):
        answer = completion[completion.rindex("</think>") + len("</think>") :] if "</think>" in completion else ""
        reply = client.chat(
            [
                {"role": "system", "content": "Think first. Then reply `Score: N` with N from 0 to 10."},
                {"role": "user", "content": f"Question: {prompt}\nExpected: {truth}\nAnswer: {answer.strip()}"},
            ]
        )
        rewards.append(verdict(reply))
    return rewards
