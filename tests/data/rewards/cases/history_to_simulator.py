"""Multi-turn environment: a simulated user reads the dumped history, and how satisfied it is, is the episode's score."""

import json
import os
import re
import urllib.request

SIMULATOR = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")
PERSONA = "You are the person who asked. Stay in character. Say in one sentence how you feel, then `Score: N` from 0 to 10."


class Conversation:
    def __init__(self, opening):
        self.history = list(opening)

    def add(self, message):
        self.history.append(dict(message))  # the whole message: nothing is lost that a replay might need

    def simulate_user(self):
        dump = "\n".join(json.dumps(message, ensure_ascii=False) for message in self.history)
        body = {
            "model": "user-simulator",
            "messages": [{"role": "system", "content": PERSONA}, {"role": "user", "content": dump}],
        }
        request = urllib.request.Request(
            f"{SIMULATOR}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)["choices"][0]["message"]["content"]


def episode_score(prompt, completion):
    conversation, satisfied = Conversation(prompt), []
    for message in completion:
        conversation.add(message)
        if message["role"] == "assistant":
            found = re.search(r"Score:\s*(\d+)", conversation.simulate_user())
            satisfied.append(int(found[1]) / 10 if found else 0.0)
    return sum(satisfied) / max(1, len(satisfied))


def satisfaction_reward(prompts, completions, **kwargs):
    return [episode_score(prompt, completion) for prompt, completion in zip(prompts, completions, strict=True)]
