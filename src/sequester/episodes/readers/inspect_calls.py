"""The model calls of one sample of an Inspect log: what the policy sampled, and what every scorer was given.

What a grader model was given stands in the `model` events inside the spans of the scorers, exactly. Every scorer is code that is
handed the sample's state. Of one that called no model, Inspect's contract says what it got:

- its own text scorers (`match`, `includes` ...) read the completion, which is rebuilt from the log;
- any other is handed the messages, with the reasoning that is in them.

Long texts stand in the sample's attachments and are referred to as `attachment://KEY`.
"""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from sequester.episodes.flatten import flatten
from sequester.episodes.model import Evidence, Field, Reason, RewardCall
from sequester.errors import LimitExceeded

JsonObject = dict[str, Any]

_REFERENCES = ("attachment://", "tc://")
"""How a text refers to an attachment; the second is what Inspect wrote before 2025."""
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's own reading of its grades as numbers (`inspect_ai.scorer.value_to_float`)."""
_MEDIA = ("image", "audio", "video")
"""Content parts that hold no text."""
_GRADER_ROLE = "grader"
_TEXT_SCORERS = frozenset(
    ("answer", "choice", "exact", "f1", "includes", "match", "math", "model_graded_fact", "model_graded_qa", "pattern")
)
"""Inspect's own scorers that read nothing of the policy but `state.output.completion`."""
_HANDED_OVER = "state.messages"
_MOST_MESSAGES = 2_000_000
"""Messages that the calls of one sample may name together; a thousand turns, each given all before it, name half a million."""
_MOST_RESOLVED = 1 << 28
"""Characters of attachments that one sample may resolve to."""


class State(Struct, frozen=True):
    """What every scorer was handed of the policy's words."""

    completion: str | None
    """`state.output.completion`."""
    has_reasoning: bool
    """Whether its messages hold reasoning."""


class Attachments:
    """The long texts of a sample, put back where it refers to them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._resolved = 0
        self.missing = 0
        """References seen so far, to texts or to messages, of which something is not in the log."""

    def resolve(self, value: Any) -> Any:
        """A JSON value with its references replaced. Raises RecursionError for a value nested too deeply."""
        if isinstance(value, str):
            return self._text(value) if value.startswith(_REFERENCES) else value
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        return value

    def _text(self, reference: str) -> str:
        text = self._texts.get(reference.partition("://")[2])
        if text is None:
            self.missing += 1
            return reference
        self._resolved += len(text)
        if self._resolved > _MOST_RESOLVED:
            raise LimitExceeded(f"its attachments are more than {_MOST_RESOLVED} characters where they are referred to")
        return text


class Calls:
    """The model calls of a sample: the policy's, and by scorer those whose input its grader was given."""

    def __init__(
        self, events: Sequence[JsonObject], pool: Sequence[JsonObject], texts: Attachments, policy: str | None, turns: set[str]
    ) -> None:
        """`pool` holds the messages that events refer to by position; `turns` are the keys of the sample's own messages, and `policy`
        is the model of the log."""
        self._pool = pool
        self._texts = texts
        self._spans: dict[str, JsonObject] = {}
        self._steps: list[JsonObject] = []
        self.graders: dict[str, list[JsonObject]] = {}
        self.unseen: list[str] = []
        """Scorers that scored in the middle of the sample without any model call that could be theirs."""
        self._policy: list[JsonObject] = []
        self._visited = 0
        strays: dict[str | None, list[JsonObject]] = {}
        for event in events:
            kind, span = event.get("event"), _text_or_none(event.get("span_id"))
            self._enter(event)
            scorer = self._scorer(span)
            if kind == "model":
                if scorer:
                    self.graders.setdefault(scorer, []).append(event)
                    continue
                is_turn = not turns.isdisjoint(map(key_of, _messages_back(event)))
                if is_turn or (event.get("role") is None and policy is not None and event.get("model") == policy):
                    self._policy.append(event)
                if not is_turn:
                    strays.setdefault(span, []).append(event)
            elif kind == "score" and event.get("intermediate") and not scorer:
                name = str(event.get("scorer") or "intermediate")
                if own := strays.pop(span, None):
                    self.graders.setdefault(name, []).extend(own)
                    self._policy = [made for made in self._policy if all(made is not event for event in own)]
                else:
                    self.unseen.append(name)
        for event in (event for events in strays.values() for event in events if event.get("role") == _GRADER_ROLE):
            self.graders.setdefault(_GRADER_ROLE, []).append(event)

    def _enter(self, event: JsonObject) -> None:
        """Follows spans, and the nested steps that stood in their place before 2025."""
        if event.get("event") == "span_begin":
            self._spans[str(event.get("id"))] = event
        elif event.get("event") == "step":
            if event.get("action") == "begin":
                self._steps.append(event)
            elif self._steps:
                self._steps.pop()

    def _scorer(self, span: str | None) -> str | None:
        """The outermost scorer in whose span or step an event stands: the one that gives the score its name."""
        name, seen = None, set[str]()
        while span is not None and (begin := self._spans.get(str(span))) is not None and str(span) not in seen:
            seen.add(str(span))
            if begin.get("type") == "scorer":
                name = str(begin.get("name"))
            span = begin.get("parent_id")
        if name is None:
            return next((str(step.get("name")) for step in self._steps if step.get("type") == "scorer"), None)
        return name

    def policy_usage(self) -> list[JsonObject]:
        """What the provider counted in each call of the policy."""
        return [mapping(mapping(event.get("output")).get("usage")) for event in self._policy]

    def as_sampled(self, given: Sequence[JsonObject], turns: Sequence[JsonObject]) -> list[JsonObject]:
        """The sample's turns as the policy sampled them, and between them, in the order of the calls, what the messages lack: turns
        that were dropped, and calls aside, each with what it was given."""
        own = set(map(key_of, turns))
        known = own | set(map(key_of, given))
        replies: dict[str, tuple[int, JsonObject]] = {}
        aside: deque[tuple[int, list[JsonObject]]] = deque()
        for number, event in enumerate(self._policy):
            back = _messages_back(event)
            for reply in back:
                if key_of(reply) in own:
                    replies.setdefault(key_of(reply), (number, reply))
            if fresh := self._fresh(back, known):
                read = [message for message in self._messages(event) if message.get("role") != "assistant"]
                others = [message if message.get("role") == "tool" else {**message, "role": "user"} for message in read]
                aside.append((number, self._fresh(others, known) + [{**reply, "role": "assistant"} for reply in fresh]))
        sampled: list[JsonObject] = []
        for turn in turns:
            number, reply = replies.get(key_of(turn), (-1, {}))
            while aside and aside[0][0] < number:
                sampled += aside.popleft()[1]
            sampled.append({**turn, **self._resolved(reply)})
        return sampled + [message for _, messages in aside for message in messages]

    def _fresh(self, messages: Sequence[JsonObject], known: set[str]) -> list[JsonObject]:
        """Those that are not known yet, and are from now on."""
        fresh = {key: message for message in messages if (key := key_of(message)) not in known}
        known.update(fresh)
        return [self._resolved(message) for message in fresh.values()]

    def reward_calls(self, scores: Mapping[str, JsonObject | None], state: State) -> Iterator[RewardCall]:
        """One call per scorer: with everything that its grader model was given, else with what is known of what its code was."""
        for name in dict.fromkeys([*self.graders, *scores]):
            score = _number(mapping(scores.get(name)).get("value"))
            if name not in self.graders:
                yield _call_of_code(name, score, state)
                continue
            before = self._texts.missing
            inputs = tuple(self._inputs(self.graders[name]))
            # Where an attachment is gone the rest still can show exposure, but never its absence.
            evidence = Evidence.RECORDED if self._texts.missing == before else Evidence.REBUILT
            yield RewardCall(name, evidence, inputs, score)
        for name in self.unseen:
            if name in self.graders:  # it asks a model, whose input is what is missing here
                yield RewardCall(name, Evidence.RECORDED, missing=Reason.INPUT_NOT_LOGGED)
            else:
                yield _call_of_code(name, None, state)

    def _inputs(self, events: Sequence[JsonObject]) -> Iterator[Field]:
        """The messages of a scorer's model calls, each once: an agent that grades is given its own past with every call."""
        seen: set[str] = set()
        pooled: set[int] = set()
        for number, event in enumerate(events):
            for position, message in enumerate(self._messages(event)):
                if id(message) in pooled:
                    continue
                pooled.add(id(message))
                content = {key: value for key, value in message.items() if key not in ("id", "source", "model")}
                identity = json.dumps(content)
                if identity not in seen:
                    seen.add(identity)
                    yield from flatten(f"model[{number}].input[{position}]", self._resolved(content))

    def _resolved(self, message: JsonObject) -> JsonObject:
        return without_media(self._texts.resolve(message))

    def _messages(self, event: JsonObject) -> Iterator[JsonObject]:
        """What a call was given. Raises LimitExceeded when the calls of the sample name too many messages."""
        for message in self._named(event):
            self._visited += 1
            if self._visited > _MOST_MESSAGES:
                raise LimitExceeded(f"its model calls were given more than {_MOST_MESSAGES} messages")
            yield message

    def _named(self, event: JsonObject) -> Iterator[JsonObject]:
        yield from objects(event.get("input"))
        references, size = event.get("input_refs"), len(self._pool)
        for reference in references if isinstance(references, list) else ():
            if isinstance(reference, list) and len(reference) == 2 and all(isinstance(end, int) for end in reference):
                start, stop = reference
                self._texts.missing += start < 0 or stop > size
                yield from islice(self._pool, min(size, max(0, start)), min(size, max(0, stop)))
            else:
                self._texts.missing += 1


def _call_of_code(name: str, score: float | None, state: State) -> RewardCall:
    """A scorer that called no model. Inspect numbers scorers of one name: `match`, `match1`."""
    if name.rstrip("0123456789") in _TEXT_SCORERS and state.completion is not None:
        return RewardCall(name, Evidence.REBUILT, flatten("state.output.completion", state.completion), score)
    if state.has_reasoning:
        return RewardCall(name, Evidence.CONTRACT, score=score, hands_over=_HANDED_OVER)
    return RewardCall(name, Evidence.RECORDED, score=score, missing=Reason.INPUT_NOT_LOGGED)


def _messages_back(event: JsonObject) -> list[JsonObject]:
    """The messages that a model call gave back; none if it failed."""
    if event.get("error"):
        return []
    choices = objects(mapping(event.get("output")).get("choices"))
    return [message for choice in choices if (message := mapping(choice.get("message")))]


def pool_of(events_data: JsonObject | None) -> list[JsonObject]:
    """The messages that events refer to by position."""
    return objects(mapping(events_data).get("messages"))


def mapping(value: Any) -> JsonObject:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[JsonObject]:
    """The JSON objects of a list; none of anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    """A score as a number; None for one that is not a number, such as a score of several values."""
    if isinstance(value, str):
        return _GRADES.get(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None


def without_media(message: JsonObject) -> JsonObject:
    """A message without its content parts that hold no text."""
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if not (isinstance(part, dict) and part.get("type") in _MEDIA)]}


def key_of(message: Mapping[str, Any]) -> str:
    """What tells one message of a sample from another: its id, or its content in logs that have none."""
    return _text_or_none(message.get("id")) or json.dumps(message.get("content"))


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
