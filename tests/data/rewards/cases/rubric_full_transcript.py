"""Rubric judge with `view="full_trace"`: every turn's content is rendered for the judge."""

import re
from dataclasses import dataclass

from judgekit import Client

client = Client()
RUBRIC = (
    ("correct", "The final rating is justified by what the text does."),
    ("civil", "The tone suits the person who asked."),
    ("complete", "Strengths and weaknesses are both named."),
)


@dataclass
class RubricJudge:
    view: str = "full_trace"

    def render(self, prompt, completion):
        turns = [*prompt, *completion] if self.view == "full_trace" else completion[-1:]
        return "\n\n".join(f"[{turn['role']}]\n{turn['content']}" for turn in turns)

    def __call__(self, prompt, completion):
        transcript = self.render(prompt, completion)
        met = 0
        for name, criterion in RUBRIC:
            reply = client.complete(f"{transcript}\n\nCriterion ({name}): {criterion}\nMet? Reply `Score: N` from 0 to 10.")
            found = re.search(r"Score:\s*(\d+)", reply)
            met += int(found.group(1)) >= 5 if found else 0
        return met / len(RUBRIC)


judge = RubricJudge()


def rubric_reward(prompts, completions, **kwargs):
    return [judge(prompt, completion) for prompt, completion in zip(prompts, completions, strict=True)]
