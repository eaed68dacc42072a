"""A taskset and an offline harness for verifiers v1, as an environment package would ship them (see `verifiers_run.py`).

The harness makes its model calls from this process, through verifiers' own interception server: verifiers records the trace.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import httpx
import verifiers.v1 as vf
from offline_model import written
from verifiers.v1.dialects.chat import message_to_wire
from verifiers.v1.envs.agentic_judge.env import TRACE_FILE, VERDICT_FILE

__all__ = ["NotesTaskset", "OfflineHarness"]

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "ledger",
            "description": "Look up the amounts of a month.",
            "parameters": {"type": "object", "properties": {"month": {"type": "string"}}, "required": ["month"]},
        },
    }
]


class NoteData(vf.TaskData):
    answer: str


class StatesJudge(vf.Judge[bool]):
    """A judge that a reward function calls itself."""

    prompt = "Does this reply state a number?\n\n{response}"

    def parse(self, response: vf.JudgeResponse[bool]) -> bool:
        return response.text.strip().lower().startswith("yes")


class NotesConfig(vf.TaskConfig):
    judge: vf.JudgeConfig = vf.JudgeConfig()


class NoteTask(vf.Task[NoteData, vf.State, NotesConfig]):
    @vf.reward(weight=0.5)
    async def right(self, trace: vf.Trace) -> float:
        return float(self.data.answer in trace.last_reply)

    @vf.reward
    async def states(self, trace: vf.Trace) -> float:
        result = await StatesJudge(self.config.judge).evaluate(trace=trace, response=trace.last_reply)
        return float(bool(result.parsed))

    @vf.metric
    async def turns(self, trace: vf.Trace) -> float:
        return float(trace.num_turns)


class NotesTasksetConfig(vf.TasksetConfig):
    task: NotesConfig = NotesConfig()


class NotesTaskset(vf.Taskset[NoteTask, NotesTasksetConfig]):
    def load(self) -> Iterable[NoteTask]:
        for row in written():
            data = NoteData(prompt=row["prompt"], system_prompt="You keep the books.", answer=row["expected"])
            yield NoteTask(data, self.config.task)


class OfflineHarnessConfig(vf.HarnessConfig):
    pass


class OfflineHarness(vf.Harness[OfflineHarnessConfig]):
    APPENDS_SYSTEM_PROMPT = True
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        system, prompt = self.resolve_prompt(data)
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        messages += (
            [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [message_to_wire(m) for m in prompt or []]
        )
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {secret}"}, timeout=60) as client:
            while True:
                body = {"model": ctx.model, "messages": messages, "tools": TOOLS}
                response = await client.post(f"{endpoint}/chat/completions", json=body)
                response.raise_for_status()
                reply = response.json()["choices"][0]["message"]
                messages.append({key: value for key, value in reply.items() if value is not None})
                calls = reply.get("tool_calls") or []
                for call in calls:
                    result = await self.tool_result(call["function"], runtime)
                    messages.append({"role": "tool", "tool_call_id": call["id"], "content": result})
                if not calls:
                    return vf.ProgramResult(exit_code=0, stdout="", stderr="")

    async def tool_result(self, call: dict[str, str], runtime: vf.Runtime) -> str:
        arguments = json.loads(call["arguments"])
        if call["name"] == "read":
            return (await runtime.read(TRACE_FILE)).decode()
        if call["name"] == "verdict":
            await runtime.write(VERDICT_FILE, json.dumps(arguments).encode())
            return "written"
        return f"ledger of {arguments['month']}: rent 900, light 61, coal 118"
