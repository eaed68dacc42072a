"""Reward manager with an overlong buffer over the whole response (DAPO)."""

from tokenkit import Tokenizer

MAX_RESPONSE_LENGTH = 1200
BUFFER = {"enable": True, "len": 800, "penalty_factor": 1.0, "log": True}


class DAPORewardManager:
    def __init__(self, tokenizer, max_resp_len, overlong_buffer):
        self.tokenizer = tokenizer
        self.max_resp_len = max_resp_len
        self.overlong_buffer = overlong_buffer

    def accuracy(self, response, truth):
        answer = response.rpartition("</think>")[2]
        return 1.0 if f"[{truth.lower()}]" in answer.lower() else -1.0

    def overlong(self, valid_response_length):
        expected = self.max_resp_len - self.overlong_buffer["len"]
        exceeded = valid_response_length - expected
        return min(-exceeded / self.overlong_buffer["len"] * self.overlong_buffer["penalty_factor"], 0)

    def run_single(self, response, ids, truth):
        reward = self.accuracy(response, truth)
        if self.overlong_buffer["enable"]:
            reward += self.overlong(len(ids))
        return reward


manager = DAPORewardManager(Tokenizer.from_pretrained("policy"), MAX_RESPONSE_LENGTH, BUFFER)


def dapo_reward(prompts, completions, completion_ids, ground_truth, **kwargs):
    return [
        manager.run_single(completion, ids, truth)
        for completion, ids, truth in zip(completions, completion_ids, ground_truth, strict=True)
    ]
