"""Runs verifiers' legacy environments offline and lets them save `results.jsonl` and `metadata.json` into the directory given.

The environment, the rubric with a function and a judge, and the dump code are those of verifiers 0.1.14; the model is a local
server that says what `tests/data/verifiers/written.jsonl` says, with the reasoning in `reasoning_content`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ["XDG_CACHE_HOME"] = os.environ["HOME"] = tempfile.mkdtemp()
os.environ["OFFLINE_KEY"] = "none"
sys.path.insert(0, str(Path(__file__).parent))

import verifiers as vf
from datasets import Dataset
from offline_model import served, written
from openai import AsyncOpenAI
from verifiers.types import ClientConfig


def reply(body: dict[str, Any]) -> dict[str, Any]:
    if body["model"] == "judge":
        return {"content": "yes"}
    row = next(row for row in written() if row["prompt"] in body["messages"][-1]["content"])
    return {"content": row["answer"], "reasoning_content": row["reasoning"]}


def right(completion: list[dict[str, Any]], answer: str, **state: Any) -> float:
    return float(answer in completion[-1]["content"])


async def judged(judge: Any, prompt: Any, completion: Any, answer: str, state: Any, **others: Any) -> float:
    return float("yes" in await judge(prompt, completion, answer, state))


def main(folder: Path) -> None:
    rows = Dataset.from_list([{"question": row["prompt"], "answer": row["expected"]} for row in written()])
    with served(reply) as url:
        rubric = vf.JudgeRubric(judge_client=AsyncOpenAI(base_url=url, api_key="none"), judge_model="judge")
        rubric.add_reward_func(right, weight=0.5)
        rubric.add_reward_func(judged, weight=1.0)
        env = vf.SingleTurnEnv(eval_dataset=rows, rubric=rubric, env_id="books")
        env.evaluate_sync(
            client=ClientConfig(api_base_url=url, api_key_var="OFFLINE_KEY"),
            model="policy",
            num_examples=len(rows),
            rollouts_per_example=2,
            state_columns=["judge_response"],
            save_results=True,
            results_path=folder,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
