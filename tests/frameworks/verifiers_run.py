"""Runs verifiers v1 offline and lets it write its traces into the directory given as the only argument.

What is real: environments, rollouts, interception, message graph, rewards, judges (a plugged reference judge, a plugged rubric
judge, one that a reward function calls), the agentic judge's protocol, and the dump code. What is not: the model, a local server
that speaks the OpenAI chat protocol and says what `tests/data/verifiers/written.jsonl` says, reasoning in `reasoning_content`.

single/traces.jsonl    one agent, with its resolved configuration beside it
judged/traces.jsonl    solver and agentic judge
prime-rl/rollouts/step_3/train/{all,effective}/traces.jsonl    the first again as prime-rl lays it out: group and run stamped,
                       and, as a trainer would, token ids (here the UTF-8 bytes), mask, advantages and loss weights
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

# The caches of a run belong in no home directory; verifiers reads this on import.
HOME = os.environ["XDG_CACHE_HOME"] = os.environ["HOME"] = tempfile.mkdtemp()
os.environ["OFFLINE_KEY"] = "none"
sys.path.insert(0, str(Path(__file__).parent))

import verifiers.v1 as vf
from offline_model import served, written
from verifiers.v1.cli.output import save_config
from verifiers.v1.configs.cli.eval import EvalConfig
from verifiers.v1.envs.agentic_judge.env import TRACE_FILE, VERDICT_FILE
from verifiers.v1.utils.loaders import load_environment
from verifiers.v1.utils.trace_store import write_episode

RUBRIC = {"criteria": [{"name": "short", "text": "The reply is short."}, {"name": "sum", "text": "It names a sum."}]}


def policy_reply(messages: list[dict[str, Any]]) -> dict[str, Any]:
    prompt = next(m["content"] for m in messages if m["role"] == "user")
    row = next(row for row in written() if row["prompt"] in prompt)
    if row.get("tool") and messages[-1]["role"] != "tool":
        call = {"id": "call_1", "type": "function", "function": {"name": "ledger", "arguments": json.dumps(row["tool"])}}
        return {"content": None, "reasoning_content": row["tool_reasoning"], "tool_calls": [call]}
    return {"content": row["answer"], "reasoning_content": row["reasoning"]}


def judge_agent_reply(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """An agent that reads the trace file, writes its verdict and says so."""
    done = sum(m["role"] == "tool" for m in messages)
    if done == 2:
        return {"content": "The verdict is written."}
    verdict = {"verdicts": [{"name": "solved", "reason": "the sum is right", "verdict": "yes"}]}
    name, arguments = (("read", {}), ("verdict", verdict))[done]
    call = {"id": f"judge_{done}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
    return {"content": None, "tool_calls": [call], "reasoning_content": "I look at the record first."}


def reply(body: dict[str, Any]) -> dict[str, Any]:
    messages = body["messages"]
    if body["model"] == "judge-agent":
        return judge_agent_reply(messages)
    if body["model"] != "judge":
        return policy_reply(messages)
    if "verdicts" in messages[-1]["content"]:
        verdicts = [{"name": c["name"], "reason": "as the reply shows", "verdict": "yes"} for c in RUBRIC["criteria"]]
        return {"content": json.dumps({"verdicts": verdicts})}
    return {"content": "yes"}


def config(folder: Path, client: dict[str, Any], env: dict[str, Any]) -> EvalConfig:
    judge = {**client, "model": "judge"}
    rubric = folder / "rubric.json"
    rubric.write_text(json.dumps(RUBRIC))
    judges = [
        {**judge, "id": "reference"},
        {**judge, "id": "rubric", "path": str(rubric), "weight": 2.0},
    ]
    taskset = {"id": "verifiers_plugin", "task": {"judge": judge, "judges": judges}}
    return EvalConfig.model_validate(
        {"env": {**env, "taskset": taskset}, "client": {**client, "type": "eval"}, "model": "policy", "run": {"dir": folder.name}}
    )


async def run(folder: Path, settings: EvalConfig) -> list[vf.Episode]:
    folder.mkdir(parents=True, exist_ok=True)
    save_config(settings, folder)
    env = load_environment(settings.env)
    context = vf.ModelContext(client=settings.client, model=settings.model, sampling=settings.sampling)
    episodes: list[vf.Episode] = []
    async with env.serving():
        for task in env.taskset:
            for slot in env.slots(task):
                episode = await env.run_slot(slot, context)
                write_episode(folder, episode)
                episodes.append(episode)
    return episodes


def stamp(episode: vf.Episode) -> None:
    """What a trainer adds to an episode: whose group it is in, and what its tokens were worth."""
    episode.group = vf.GroupInfo(id="g1")
    episode.run = vf.TrainRunInfo(id="run", work=vf.TrainWorkInfo(step=3, policy=vf.PolicySpan(start=2, end=2)))
    for node in episode.traces[0].nodes:
        text = f"{getattr(node.message, 'reasoning_content', None) or ''}{node.message.content or ''}"
        node.token_ids = list(text.encode())
        node.mask = [node.sampled] * len(node.token_ids)
        if node.sampled:
            node.advantages = [0.25] * len(node.token_ids)
            node.loss_weights = {"rl": [1.0] * len(node.token_ids)}


async def main(folder: Path) -> None:
    with served(reply) as url:
        await runs(folder, {"base_url": url, "api_key_var": "OFFLINE_KEY"})
    without_machine(folder)
    for left in (TRACE_FILE, VERDICT_FILE):  # verifiers' own fixed names, in what it takes for a box of its own
        Path(left).unlink(missing_ok=True)


def without_machine(folder: Path) -> None:
    """Takes the two places on this machine that verifiers noted out of the files; everything else stays as it was written."""
    for path in (path for path in folder.rglob("*.json*") if path.is_file()):
        text = path.read_text()
        path.write_text(text.replace(str(folder), "run").replace(HOME, "home"))


async def runs(folder: Path, client: dict[str, Any]) -> None:
    offline = {"harness": {"id": "verifiers_plugin"}, "runtime": {"type": "subprocess"}}
    folder.mkdir(parents=True, exist_ok=True)
    episodes = await run(folder / "single", config(folder, client, {"agent": offline}))
    judge = {**offline, "model": "judge-agent"}
    judged = {"id": "agentic_judge_offline", "solver": offline, "judge": judge, "score": {"task_weight": 1.0}}
    await run(folder / "judged", config(folder, client, judged))
    for part in ("all", "effective"):
        target = folder / "prime-rl" / "rollouts" / "step_3" / "train" / part
        target.mkdir(parents=True)
        for episode in episodes[: None if part == "all" else 2]:
            if part == "all":
                stamp(episode)
            write_episode(target, episode)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
