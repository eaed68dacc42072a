"""Judge worker of a persona-alignment recipe, over a client package; judge inputs are logged for debugging."""

import logging
import re

from judgekit import Client

logger = logging.getLogger(__name__)

TEMPLATE = """Prompt: {prompt}

Response: {response}

Judge whether the response is consistent with the persona and helpful.
Reply with `Score: N`, N from 0 to 10."""


class LLMJudgeRewardWorker:
    def __init__(self, client):
        self.client = client

    def format_judge_prompt(self, prompt, response):
        return TEMPLATE.format(prompt=prompt, response=response)

    def compute_rewards(self, prompts, responses):
        scores = []
        for prompt, response in zip(prompts, responses, strict=True):
            text = self.format_judge_prompt(prompt, response)
            reply = self.client.complete(text)
            found = re.search(r"Score:\s*(\d+)", reply)
            scores.append(float(found.group(1)) / 10.0 if found else 0.0)
            logger.info("judged: prompt=%s response=%s score=%s", prompt, response, scores[-1])
        return scores


worker = LLMJudgeRewardWorker(Client())


def persona_reward(prompts, completions, **kwargs):
    return worker.compute_rewards(
        [prompt[-1]["content"] for prompt in prompts], [completion[0]["content"] for completion in completions]
    )
