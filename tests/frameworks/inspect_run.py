"""Writes real Inspect logs, with Inspect's own code: `inspect_run.py DIRECTORY TRACES`.

The policy and the grader are Inspect's mock model. What the policy says comes from TRACES, which is `traces.jsonl` in
`tests/data/inspect`: real reasoning and answers (see the README there). Inspect notes where the script lies and the repository
around it; for fixtures the script is copied elsewhere. What the logs hold:

clean.eval     reasoning as content parts, raw and redacted with a summary; a grader that sees question and answer, one scorer
               without a model; one sample with a tool call; two epochs
leaky.eval     the same, and a grader whose prompt holds the reasoning
hidden.eval    reasoning that the provider kept to itself: encrypted, or nothing but a signature
inline.eval    reasoning as think tags inside a text that Inspect does not parse, so that the stock grader is given it
middle.eval    the agent has its work graded while it is at it
failing.eval   the provider fails in one sample (no fixture: its traceback names the machine it was made on)
agent.eval     `react()`, which drops the reasoning of the turn that submits; no fixture
code.eval      a scorer of code alone; no fixture
leaky.json, chunked.eval    leaky.eval in Inspect's other two formats
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval, task
from inspect_ai.agent import react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.log._recorders.chunked.convert import convert_eval_logs_to_chunked
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, model_graded_qa, score, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver, use_tools
from inspect_ai.tool import Tool, ToolCall, tool

TRACES = Path(sys.argv[2]).absolute()
Trace = dict[str, str]
Reply = Callable[[Trace, list[ChatMessage]], ModelOutput]


def traces() -> list[Trace]:
    return [json.loads(line) for line in TRACES.read_text().splitlines()]


def output(content: Any, tool_calls: list[ToolCall] | None = None) -> ModelOutput:
    message = ChatMessageAssistant(content=content, tool_calls=tool_calls, source="generate")
    reply = ModelOutput.from_message(message)
    reply.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return reply


def typed_reply(trace: Trace, messages: list[ChatMessage]) -> ModelOutput:
    """The trace as content parts; which form the reasoning takes depends on the sample."""
    answer = ContentText(text=trace["answer"])
    if trace["form"] == "summary":
        return output([ContentReasoning(reasoning="gAAAAABopaque", summary=trace["reasoning"][:200], redacted=True), answer])
    if trace["form"] == "tool" and not any(message.role == "tool" for message in messages):
        half = len(trace["reasoning"]) // 2
        call = ToolCall(id="call_1", function="word_count", arguments={"text": trace["prompt"][:40]})
        return output([ContentReasoning(reasoning=trace["reasoning"][:half])], [call])
    if trace["form"] == "tool":
        return output([ContentReasoning(reasoning=trace["reasoning"][len(trace["reasoning"]) // 2 :]), answer])
    return output([ContentReasoning(reasoning=trace["reasoning"]), answer])


def hidden_reply(trace: Trace, messages: list[ChatMessage]) -> ModelOutput:
    answer = ContentText(text=trace["answer"])
    if trace["form"] == "summary":
        return output([ContentReasoning(reasoning="gAAAAABopaque", redacted=True), answer])
    return output([ContentReasoning(reasoning="", signature="EqQBCkgIARABGAIiQOpaque"), answer])


def inline_reply(trace: Trace, messages: list[ChatMessage]) -> ModelOutput:
    return output([ContentText(text=f"<think>\n{trace['reasoning']}\n</think>\n\n{trace['answer']}")])


def failing_reply(trace: Trace, messages: list[ChatMessage]) -> ModelOutput:
    if trace["form"] == "summary":
        raise RuntimeError("the provider is down")
    return typed_reply(trace, messages)


def policy(reply: Reply) -> Model:
    def respond(messages: list[ChatMessage], *ignored: Any) -> ModelOutput:
        prompt = next(message.text for message in messages if message.role == "user")
        return reply(next(trace for trace in formed() if trace["prompt"] == prompt), messages)

    return get_model("mockllm/policy", custom_outputs=respond, memoize=False)


def grader() -> Model:
    def respond(messages: list[ChatMessage], *ignored: Any) -> ModelOutput:
        return output("GRADE: C")

    return get_model("mockllm/grader", custom_outputs=respond, memoize=False)


def formed() -> list[Trace]:
    forms = ("raw", "summary", "tool")
    return [{**trace, "form": form} for trace, form in zip(traces(), forms, strict=False)]


def submitting_reply(trace: Trace, messages: list[ChatMessage]) -> ModelOutput:
    call = ToolCall(id="call_1", function="submit", arguments={"answer": trace["answer"]})
    return output([ContentReasoning(reasoning=trace["reasoning"]), ContentText(text="I submit.")], [call])


@tool
def word_count() -> Tool:
    async def execute(text: str) -> str:
        """Count words.

        Args:
            text: The text to count.
        """
        return str(len(text.split()))

    return execute


@scorer(metrics=[accuracy()])
def sees_reasoning() -> Scorer:
    """A judge whose author put the message, parts and all, into the prompt: the leak."""

    async def judge(state: TaskState, target: Target) -> Score:
        parts = state.output.message.content
        shown = json.dumps([part.model_dump(exclude_none=True) for part in parts if not isinstance(part, str)])
        prompt = f"Grade this submission.\n\n{state.input_text}\n\n{shown}"
        reply = await get_model(role="grader").generate([ChatMessageUser(content=prompt)])
        return Score(value="C" if "GRADE: C" in reply.completion else "I")

    return judge


@scorer(metrics=[accuracy()])
def reads_state() -> Scorer:
    """Code that looks at everything it is handed."""

    async def judge(state: TaskState, target: Target) -> Score:
        return Score(value="C" if state.messages else "I")

    return judge


@solver
def graded_on_the_way() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await generate(state)
        await score(state)
        return state

    return solve


def dataset() -> MemoryDataset:
    return MemoryDataset(
        [
            Sample(id=trace["id"], input=trace["prompt"], target="a score from 1 to 10", metadata={"source": trace["model"]})
            for trace in formed()
        ],
        name="traces",
    )


@task
def feedback(scorers: list[Scorer], solvers: list[Solver]) -> Task:
    return Task(dataset=dataset(), solver=solvers, scorer=scorers)


def run(folder: Path, name: str, reply: Reply, scorers: list[Scorer], solvers: list[Solver], epochs: int = 1) -> Path:
    log = eval(
        feedback(scorers, solvers),
        model=policy(reply),
        model_roles={"grader": grader()},
        epochs=epochs,
        log_dir=str(folder / "raw"),
        display="none",
        fail_on_error=False,
    )[0]
    path = folder / f"{name}.eval"
    Path(log.location).rename(path)
    return path


def main(folder: Path) -> None:
    os.chdir(folder)
    tools = [use_tools(word_count()), generate()]
    run(folder, "clean", typed_reply, [model_graded_qa(), includes()], tools, epochs=2)
    leaky = run(folder, "leaky", typed_reply, [model_graded_qa(), sees_reasoning()], tools)
    run(folder, "hidden", hidden_reply, [model_graded_qa()], [generate()])
    run(folder, "inline", inline_reply, [model_graded_qa()], [generate()])
    run(folder, "middle", typed_reply, [sees_reasoning()], [graded_on_the_way()])
    run(folder, "agent", submitting_reply, [model_graded_qa(), includes(), reads_state()], [react()])
    run(folder, "code", typed_reply, [reads_state()], [generate()])
    run(folder, "failing", failing_reply, [includes()], tools)
    write_eval_log(read_eval_log(str(leaky)), str(folder / "leaky.json"), format="json")
    convert_eval_logs_to_chunked(str(leaky), str(folder / "chunks"), chunk_size=3)
    (folder / "chunks" / "leaky.eval").rename(folder / "chunked.eval")
    (folder / "chunks").rmdir()
    (folder / "raw").rmdir()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
