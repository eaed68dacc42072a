"""One trace of verifiers v1 as an episode: its message graph in order, and what is known of each scorer's input.

What verifiers' contract says about scorers (versions 0.3 to 0.4.0):

- a reward function is handed the whole `Trace`: reasoning, provider state and token ids are in it, whatever it reads of them;
- a judge is handed one rendering of the trace. From 0.4.0 on `info["judge_calls"]` records each prompt exactly. Before,
  `info["judge"]` records replies only; what the prompt held follows from the judge's `view`, where the configuration is at hand;
- an agent that judges (`agentic-judge`) is handed its own messages, which its own trace records, and the policy's record as a
  file: with the reasoning before 0.4.0 or where the configuration says so, in every version with the trace's token ids.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from sequester.episodes.assembly import from_messages, prompt_segments
from sequester.episodes.flatten import flatten, integer_array
from sequester.episodes.model import (
    Episode,
    Evidence,
    Field,
    Reason,
    RewardCall,
    Segment,
    Source,
    Split,
    SplitStatus,
    Visibility,
)
from sequester.episodes.readers.verifiers_config import FULL_TRACE, LAST_REPLY, RunConfig

JsonObject = dict[str, Any]

_BUILTIN_JUDGES = frozenset({"reference", "rubric", "decision"})
"""Reward names that, without a configuration, mean a judge and not a function: the ids of verifiers' own."""
_ENCRYPTED = ("redacted_thinking", "reasoning.encrypted")
"""Types of provider items that hold reasoning which only the provider can read."""
_RECORD_FILE = "trace.json"
_HIDES_REASONING = (0, 4)
"""First version whose agentic judge leaves the reasoning out of the record it hands over."""
_TASK_SETTINGS = frozenset(
    (
        *("prompt", "system_prompt", "image", "workdir", "agent_user", "skills", "network_allow", "network_block"),
        *("artifacts", "artifact_max_bytes", "timeout", "resources"),
    )
)
"""Fields of a task's data that are no dataset columns: the prompt, which the graph holds, and settings of the runtime."""


class Call(Struct, frozen=True):
    """A model call of the policy."""

    model: str | None = None
    usage: JsonObject | None = None


class Node(Struct, frozen=True):
    """A message of the graph, with its sampled ids."""

    message: JsonObject
    parent: int | None = None
    sampled: bool = False
    token_ids: list[int] = []
    mask: list[bool] = []
    advantages: list[float | None] | None = None
    loss_weights: dict[str, list[float | None]] | None = None


class Build(Struct, frozen=True):
    """What wrote the trace."""

    version: str = ""


class Task(Struct, frozen=True):
    """What the policy was asked."""

    type: str = ""
    data: JsonObject = {}


class Agent(Struct, frozen=True):
    """Who spoke in the trace."""

    name: str = "agent"
    trainable: bool = True
    config: JsonObject = {}


class Trace(Struct, frozen=True):
    """What a trace says about the policy and its scorers; everything else is skipped when it is decoded."""

    nodes: list[Node]
    version: int | UnsetType = UNSET
    id: str = ""
    verifiers: Build = Build()
    task: Task = Task()
    agent: Agent = Agent()
    calls: list[Call] = []
    rewards: dict[str, Any] = {}
    info: JsonObject = {}
    root_reply: str | None = None


class Setting(Struct, frozen=True):
    """Where a trace stood: what its file, its record and the run's configuration say about it."""

    source: Source
    episode_id: str
    environment: str | None
    step: int | None
    group: str | None
    config: RunConfig
    judges: tuple[Trace, ...] = ()
    """Traces of the agents of the same record that are not trained."""


def trace_episode(trace: Trace, setting: Setting) -> Episode:
    """A trace of the policy as an episode. Raises LimitExceeded for a trace with too many leaves."""
    segments, split, visibility = _text(trace)
    sampled = [node for node in trace.nodes if node.sampled]
    data = {key: value for key, value in trace.task.data.items() if key not in _TASK_SETTINGS}
    return Episode(
        episode_id=setting.episode_id,
        segments=segments,
        split=split,
        source=setting.source,
        calls=tuple(_calls(trace, setting)),
        environment=setting.environment,
        step=setting.step,
        group=setting.group,
        columns=flatten("", data),
        completion_ids=_sampled_ids(sampled),
        weight=_weight(sampled) if trace.agent.trainable else 0.0,
        model=_model(trace),
        visibility=visibility,
        advantage=_mean([value for node in sampled for value in node.advantages or () if value is not None]),
    )


def _model(trace: Trace) -> str | None:
    """The model of the last call, else the one that the agent was configured with."""
    called = next((call.model for call in reversed(trace.calls) if call.model), None)
    return called or _text_or_none(trace.agent.config.get("model"))


def _text(trace: Trace) -> tuple[tuple[Segment, ...], Split, Visibility]:
    """The nodes in the order in which they came about, each once, however many branches it is on."""
    first = next((index for index, node in enumerate(trace.nodes) if node.sampled), len(trace.nodes))
    given = [_bare(node.message) for node in trace.nodes[:first]]
    if first == len(trace.nodes):
        return prompt_segments(given), Split(SplitStatus.NO_COT, "the policy sampled nothing", "typed"), Visibility.RAW
    assembled = from_messages(given, [_turn(node) for node in trace.nodes[first:]])
    visibility = _visibility(trace)
    if visibility is not Visibility.RAW:
        assembled = assembled.seen_as(visibility)
    return assembled.segments, assembled.split, assembled.visibility


def _turn(node: Node) -> JsonObject:
    """A message as the splitter wants it: what the model did not sample was given to it, an assistant's turn too."""
    message = _bare(node.message)
    if node.sampled or message.get("role") != "assistant":
        return message
    return {**message, "role": "user"}


def _bare(message: JsonObject) -> JsonObject:
    """A message without its provider state, which repeats or encrypts what the other fields say."""
    return {key: value for key, value in message.items() if key != "provider_state" and value is not None}


def _visibility(trace: Trace) -> Visibility:
    """What form of the reasoning the provider gave away. Responses items and thinking blocks stand in the provider state."""
    messages = [node.message for node in trace.nodes if node.sampled]
    readable = any(message.get("reasoning_content") for message in messages)
    states = [item for message in messages for item in _objects(message.get("provider_state"))]
    encrypted = any(item.get("encrypted_content") or item.get("type") in _ENCRYPTED for item in states)
    if readable:
        summarised = any(item.get("summary") for item in states if str(item.get("type")).startswith("reasoning"))
        return Visibility.SUMMARY if summarised or encrypted else Visibility.RAW
    if encrypted:
        return Visibility.REDACTED
    if any(item.get("signature") for item in states):
        return Visibility.SIGNATURE_ONLY
    counted = any((call.usage or {}).get("reasoning_tokens") for call in trace.calls)
    return Visibility.ABSENT if counted else Visibility.RAW


def _calls(trace: Trace, setting: Setting) -> Iterator[RewardCall]:
    """Every scoring of the trace. A reward that is null was never computed and scored nothing."""
    recorded = _recorded_judges(trace)
    agents = {judge.agent.name: judge for judge in setting.judges}
    named = {name: _score(reward) for name, reward in trace.rewards.items() if reward is not None}
    replies_only = bool(_objects(trace.info.get("judge")))
    plugged = setting.config.views.keys() | _BUILTIN_JUDGES
    for name, score in named.items():
        if name in recorded:
            yield RewardCall(name, Evidence.RECORDED, recorded[name], score)
        if name in agents:
            yield from _judging_agent(name, score, agents[name], trace, setting.config)
        elif name not in plugged:
            # A function: if a judge of its name was recorded, it is the one that called it.
            yield RewardCall(name, Evidence.CONTRACT, score=score, hands_over="trace" if _may_hold_reasoning(trace) else "")
        elif name not in recorded:
            yield _judge_of_view(name, score, setting.config.views.get(name) if replies_only else None, trace)
    for name, inputs in recorded.items():
        if name not in named:
            yield RewardCall(name, Evidence.RECORDED, inputs)
    if replies_only and plugged.isdisjoint(named):
        yield RewardCall("judge", Evidence.RECORDED, missing=Reason.INPUT_NOT_LOGGED)


def _may_hold_reasoning(trace: Trace) -> bool:
    """Whether reasoning can be in what a function is handed: not if the provider kept it, and no sampled ids are there either."""
    return _visibility(trace) is not Visibility.ABSENT or any(node.sampled and node.token_ids for node in trace.nodes)


def _recorded_judges(trace: Trace) -> dict[str, tuple[Field, ...]]:
    """By judge, every message of every prompt it was given (from 0.4.0 on)."""
    inputs: dict[str, tuple[Field, ...]] = {}
    for number, call in enumerate(_objects(trace.info.get("judge_calls"))):
        request = call.get("request")
        messages = request.get("messages") if isinstance(request, dict) else None
        name = str(call.get("name") or "judge")
        inputs[name] = inputs.get(name, ()) + flatten(f"judge_calls[{number}].messages", messages)
    return inputs


def _judge_of_view(name: str, score: float | None, view: str | None, trace: Trace) -> RewardCall:
    """A judge whose prompt was not recorded: its view of the trace determines all of the trace that was in it."""
    if view == LAST_REPLY:
        inputs = flatten("response", _last_reply(trace))
    elif view == FULL_TRACE:
        inputs = tuple(field for number, message in enumerate(_last_branch(trace)) for field in _rendered(number, message))
    else:
        return RewardCall(name, Evidence.RECORDED, score=score, missing=Reason.INPUT_NOT_LOGGED)
    return RewardCall(name, Evidence.REBUILT, inputs, score)


def _last_reply(trace: Trace) -> str:
    if trace.root_reply is not None:
        return trace.root_reply
    replies = [node.message.get("content") for node in trace.nodes if node.sampled and node.message.get("role") == "assistant"]
    return _text_or_none(replies[-1]) or "" if replies else ""


def _last_branch(trace: Trace) -> list[JsonObject]:
    """The messages from the root to the last leaf, which is the last node: a node's parent always stands before it."""
    path: list[JsonObject] = []
    index: int | None = len(trace.nodes) - 1
    while index is not None and 0 <= index < len(trace.nodes):
        node = trace.nodes[index]
        path.append(node.message)
        index = node.parent if node.parent is not None and node.parent < index else None
    return path[::-1]


def _rendered(number: int, message: JsonObject) -> tuple[Field, ...]:
    """What `Trace.transcript` shows of a message: its content and its tool calls, never the reasoning field."""
    shown = {key: message[key] for key in ("content", "tool_calls") if message.get(key)}
    return flatten(f"response[{number}]", shown)


def _judging_agent(name: str, score: float | None, judge: Trace, trace: Trace, config: RunConfig) -> Iterator[RewardCall]:
    """An agent that scores: its own trace records all that its model was given; the policy's record lay beside it as a file."""
    given = [_bare(node.message) for node in judge.nodes if not node.sampled]
    inputs = tuple(field for number, message in enumerate(given) for field in flatten(f"{name}.messages[{number}]", message))
    yield RewardCall(name, Evidence.RECORDED, inputs, score)
    if "verdict" not in judge.info:
        return
    hidden = config.hidden_reasoning
    if hidden is None:
        hidden = _release(trace.verifiers.version) < _HIDES_REASONING
    if hidden:
        yield RewardCall(name, Evidence.CONTRACT, score=score, hands_over=f"{_RECORD_FILE}: reasoning_content")
    elif any(node.sampled and node.token_ids for node in trace.nodes):
        yield RewardCall(name, Evidence.CONTRACT, score=score, hands_over=f"{_RECORD_FILE}: token_ids")


def _release(version: str) -> tuple[int, ...]:
    """The first two numbers of a version; (0, 0), which is older than all, if it has none."""
    numbers = version.split(".")[:2]
    return tuple(int(number) for number in numbers) if len(numbers) == 2 and all(n.isdecimal() for n in numbers) else (0, 0)


def _sampled_ids(nodes: Sequence[Node]) -> array[int] | None:
    """Sampled ids of all turns, without the template's around them; None if the log has none."""
    ids = [token for node in nodes for token, sampled in zip(node.token_ids, node.mask, strict=False) if sampled]
    return integer_array(ids) if ids else None


def _weight(nodes: Sequence[Node]) -> float | None:
    """The largest absolute weight of any token in any stream: zero only if no token trained. None if nothing is logged."""
    streams = [stream for node in nodes for stream in (node.loss_weights or {}).values()]
    weights = [abs(weight) for stream in streams for weight in stream if weight is not None]
    return max(weights) if weights else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _score(reward: Any) -> float | None:
    value = reward.get("score") if isinstance(reward, Mapping) else reward
    return float(value) if isinstance(value, int | float) else None


def _objects(value: Any) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
