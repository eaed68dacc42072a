"""Assertion-style evaluation reused as a reward: the provider puts the thinking in front of the output unless told not to."""

import re

from judgekit import Client

PROVIDER = {"id": "local:policy", "config": {"temperature": 0.7}}  # showThinking defaults to True
FORBIDDEN = ("as an ai", "i cannot", "guess", "not sure")


def provider_output(message, config):
    output = message.get("content") or ""
    reasoning = message.get("reasoning_content")
    if reasoning and config.get("showThinking", True):
        output = f"Thinking: {reasoning}\n\n{output}"
    return output


def assert_not_contains(output):
    lowered = output.lower()
    return not any(phrase in lowered for phrase in FORBIDDEN)


def assert_rubric(client, output, rubric):
    reply = client.complete(f"Output:\n{output}\n\nRubric: {rubric}\nReply `Score: N` from 0 to 10.")
    found = re.search(r"Score:\s*(\d+)", reply)
    return int(found[1]) / 10 if found else 0.0


def suite_reward(prompts, completions, rubric, **kwargs):
    client = Client()
    rewards = []
    for completion, criteria in zip(completions, rubric, strict=True):
        output = provider_output(completion[-1], PROVIDER["config"])
        rewards.append(0.5 * assert_not_contains(output) + 0.5 * assert_rubric(client, output, criteria))
    return rewards
