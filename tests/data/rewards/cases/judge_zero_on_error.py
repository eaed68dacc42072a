"""Judge environment that gives 0.0 whenever anything goes wrong, over an answer that was split off first."""

import json
import os
import re
import urllib.request
from urllib.error import URLError

BASE = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1")


class JudgeEnv:
    def __init__(self, question, truth):
        self.question, self.truth = question, truth

    def step(self, action):
        try:
            return self._reward(action)
        except (URLError, KeyError, IndexError, ValueError, TypeError):
            return 0.0

    def _reward(self, action):
        closing = action.index("</think>")  # ValueError where the sample was cut off
        last = action.rindex("</think>")
        answer = action[max(closing, last) + len("</think>") :].strip()
        prompt = f"Q: {self.question}\nGold: {self.truth}\nPrediction: {answer}\nReply `Score: 10` if equal, else `Score: 0`."
        body = json.dumps({"model": "judge", "messages": [{"role": "user", "content": prompt}]}).encode()
        request = urllib.request.Request(f"{BASE}/chat/completions", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            reply = json.load(response)["choices"][0]["message"]["content"]
        return int(re.search(r"Score:\s*(\d+)", reply)[1]) / 10


def env_reward(prompts, completions, ground_truth, **kwargs):
    return [
        JudgeEnv(prompt, truth).step(completion)
        for prompt, completion, truth in zip(prompts, completions, ground_truth, strict=True)
    ]
