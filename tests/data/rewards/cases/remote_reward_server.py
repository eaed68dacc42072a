"""Remote reward model: prompt and response are sent as one `query`, in batches."""

import json
import os
import urllib.request

REWARD_SERVER = os.environ.get("JUDGE_URL", "http://127.0.0.1:8000/v1") + "/classify"
BATCH = 8


def post(payload):
    data = json.dumps(payload).encode("utf-8")
    request = urllib.request.Request(REWARD_SERVER, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.loads(response.read())


def remote_rm_fn(queries, prompts, labels):
    rewards = []
    for start in range(0, len(queries), BATCH):
        chunk = {"query": queries[start : start + BATCH], "prompts": prompts[start : start + BATCH]}
        chunk["labels"] = labels[start : start + BATCH]
        rewards.extend(post(chunk)["rewards"])
    return rewards


def reward(prompts, completions, ground_truth, **kwargs):
    queries = [
        f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n{completion}<|im_end|>"
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
    return remote_rm_fn(queries, list(prompts), list(ground_truth))
