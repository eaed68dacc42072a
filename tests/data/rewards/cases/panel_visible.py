"""Panel of two judges and a rule, all on the answer view of the last message; the median counts."""

import re
import statistics

from judgekit import Client

JUDGES = (Client(model="judge-a"), Client(model="judge-b"))


class AnswerView:
    """What a grader may see of a message."""

    def __init__(self, message):
        reasoning_ends = message["content"].rfind("</think>")
        self.text = message["content"][reasoning_ends + len("</think>") :].strip() if reasoning_ends >= 0 else ""

    def __str__(self):
        return self.text


def by_model(client, question, view):
    reply = client.complete(f"{question}\n\n{view}\n\n`Score: N`, N from 0 to 10.")
    found = re.search(r"Score:\s*(\d+)", reply)
    return int(found[1]) / 10 if found else 0.0


def by_rule(view):
    return min(1.0, len(set(str(view).lower().split())) / 100)


def panel_reward(prompts, completions, **kwargs):
    rewards = []
    for prompt, completion in zip(prompts, completions, strict=True):
        view = AnswerView(completion[-1])
        votes = [by_model(client, prompt[-1]["content"], view) for client in JUDGES]
        rewards.append(statistics.median([*votes, by_rule(view)]))
    return rewards
