"""Multi-turn environment whose transcript is built from the answer view of every turn."""

import re

from judgekit import Client

client = Client(model="transcript-judge")


def answer_view(message):
    if message["role"] != "assistant":
        return message["content"]
    text = message["content"]
    return text[text.rindex("</think>") + 8 :].strip() if "</think>" in text else "[unfinished]"


def transcript(prompt, completion):
    return "\n".join(f"{message['role'].upper()}: {answer_view(message)}" for message in [*prompt, *completion])


def conversation_reward(prompts, completions, **kwargs):
    rewards = []
    for prompt, completion in zip(prompts, completions, strict=True):
        reply = client.complete(f"{transcript(prompt, completion)}\n\nHow well did the assistant do? `Score: N`, 0 to 10.")
        found = re.search(r"Score:\s*(\d+)", reply)
        rewards.append(int(found[1]) / 10 if found else 0.0)
    return rewards
