"""What a trainer holds of an episode beside its completion, as reward code may ask for it: the state of verifiers, the extra information of
verl. CoT stands in it where the trainer has it: in every response of the server, and in the messages.

Environments add keys of their own. What reward code asks for and is not there is noted: what it does with that was not tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sequester.influence.model import Rendition

_NOT_SAMPLED = frozenset(("system", "developer", "user", "human", "tool", "function"))
_BY_SCORING = ("reward", "advantage", "metrics", "error", "judge_response")
"""Of verifiers' state, what is empty until an episode has been scored; no CoT."""


class Held(dict[str, Any]):
    """A dictionary that notes the keys that were asked for and are not there."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        """`name`: of the parameter by which reward code knows it."""
        super().__init__(values)
        self._name = name
        self._asked: set[str] = set()

    @property
    def asked(self) -> Iterator[tuple[str, str]]:
        """Name and key of what was asked for in vain."""
        return ((self._name, key) for key in sorted(self._asked))

    @property
    def told(self) -> dict[str, Any]:
        """All of it but what says it again, turn after turn."""
        return {key: value for key, value in self.items() if key not in ("responses", "trajectory")}

    def _note(self, key: object) -> None:
        if not dict.__contains__(self, key) and key not in _BY_SCORING:
            self._asked.add(key if isinstance(key, str) else "")

    def __missing__(self, key: object) -> Any:
        self._note(key)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        self._note(key)
        return super().__contains__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self._note(key)
        return super().get(key, default)

    def pop(self, key: Any, *default: Any) -> Any:
        self._note(key)
        return super().pop(key, *default)


@dataclass
class Message:
    """What a server said."""

    role: str
    content: Any
    reasoning_content: str
    reasoning: str
    """The same under the other name that servers use."""
    tool_calls: Any = None


@dataclass
class Choice:
    """One of a response; `text` for servers of text completions."""

    message: Message
    text: Any
    index: int = 0
    finish_reason: str = "stop"
    logprobs: None = None


@dataclass
class Response:
    """One answer of a server, by the names of its interface."""

    id: str
    choices: list[Choice]
    model: str = ""
    usage: None = None


def asked_in_vain(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Of all that a call was given: name of the parameter and key of what it asked for and did not find."""
    for value in arguments.values():
        for held in value if isinstance(value, list) else [value]:
            if isinstance(held, Held):
                yield from held.asked


def information_of(one: Rendition, column: str, values: Mapping[str, Any]) -> Any:
    """A dataset column of further information, `values` what the trainer adds to it; as the dataset has it where it has it."""
    given = one.columns.get(column)
    if given is None:
        return Held(column, values)
    return {**values, **given} if isinstance(given, dict) else given


def turns_of(one: Rendition) -> int:
    """Messages that were sampled."""
    return sum(1 for _ in _sampled(one))


def state_of(one: Rendition, known: Mapping[str, Any]) -> Held:
    """verifiers' state at the end of a rollout: `known` is what it is handed by name, dataset columns are in it too."""
    steps = list(_steps(one))
    rollout_input = {"prompt": one.prompt, "example_id": 0, **one.columns}
    values = {
        "input": rollout_input,
        "example_id": 0,
        "id": 0,
        "answer": "",
        **known,
        "responses": [step["response"] for step in steps],
        "trajectory": steps,
        "trajectory_id": one.episode_id,
        "turn": len(steps),
        "timing": {"start_time": 0.0, "generation_ms": 0.0, "scoring_ms": 0.0, "total_ms": 0.0},
        "is_completed": True,
        "is_truncated": False,
        "stop_condition": None,
        "model": "",
        "client": None,
        "sampling_args": {},
        "oai_tools": [],
        "tool_defs": [],
        "usage": None,
        "token_usage": None,
        **dict.fromkeys(("reward", "advantage", "metrics", "error")),
        **one.columns,
    }
    return Held("state", values)


def _sampled(one: Rendition) -> Iterator[tuple[int, Mapping[str, Any]]]:
    messages = [{"content": one.completion}] if isinstance(one.completion, str) else one.completion
    for number, message in enumerate(messages):
        if str(message.get("role", "assistant")).lower() not in _NOT_SAMPLED:
            yield number, message


def _steps(one: Rendition) -> Iterator[dict[str, Any]]:
    """Of every turn what it was asked, what was said, and the server's response."""
    for number, message in _sampled(one):
        before: Any = one.prompt
        said: Any = one.completion
        if not isinstance(one.completion, str):
            asked = [{"role": "user", "content": one.prompt}] if isinstance(one.prompt, str) else one.prompt
            before, said = [*asked, *one.completion[:number]], [message]
        yield {
            "prompt": before,
            "completion": said,
            "response": _response(number, message, one.thoughts),
            "tokens": None,
            "reward": None,
            "advantage": None,
            "is_truncated": False,
            "trajectory_id": one.episode_id,
            "extras": {},
        }


def _response(number: int, message: Mapping[str, Any], thoughts: Sequence[tuple[int, str, str]]) -> Response:
    thought = "\n".join(dict.fromkeys(text for index, _, text in thoughts if index == number))
    content = message.get("content")
    said = Message("assistant", content, thought, thought, message.get("tool_calls"))
    return Response(f"response-{number}", [Choice(said, content)])
