"""One sample of an Inspect log as an episode.

The policy's turns are the sample's messages, as the `model` events hold them: agents and solvers rewrite messages, drop reasoning
from them or leave them out. What a grader model was given stands in the `model` events inside the spans of the scorers, exactly.
Every scorer is code that is handed the sample's state. Of one that called no model, Inspect's contract says what it got:

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

import msgspec
from msgspec import Struct

from sequester.episodes.assembly import Assembled, from_messages
from sequester.episodes.model import (
    Channel,
    Episode,
    Evidence,
    Field,
    Reason,
    RewardCall,
    Segment,
    Skipped,
    Source,
    Split,
    SplitStatus,
    Visibility,
)
from sequester.episodes.readers.flatten import flatten
from sequester.errors import LimitExceeded, MalformedRecord

JsonObject = dict[str, Any]

_REFERENCES = ("attachment://", "tc://")
"""How a text refers to an attachment; the second is what Inspect wrote before 2025."""
_GRADES = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
"""Inspect's own reading of its grades as numbers (`inspect_ai.scorer.value_to_float`)."""
_MEDIA = frozenset({"image", "audio", "video"})
"""Content parts that hold no text."""
_GRADER_ROLE = "grader"
_TEXT_SCORERS = frozenset({"answer", "choice", "exact", "f1", "includes", "match", "math", "pattern"})
"""Inspect's own scorers that read nothing of the policy but `state.output.completion`."""
_HANDED_OVER = "state.messages"
_MOST_MESSAGES = 2_000_000
"""Messages that the calls of one sample may name together; a thousand turns, each given all before it, name half a million."""
_MOST_RESOLVED = 1 << 28
"""Characters of attachments that one sample may resolve to."""
_NOTHING_SAMPLED = Split(SplitStatus.NO_COT, "the log holds no turn of the policy", "typed")
_PROVIDER_DATA = "data"
"""A content part in a provider's own form, which only the provider reads."""


class Log(Struct, frozen=True):
    """What holds for every sample of a log."""

    eval_id: str = ""
    task: str | None = None
    model: str | None = None


class _Sample(Struct, frozen=True):
    """The fields of a sample that say something about the policy or its scorers."""

    id: int | str | None = None
    epoch: int = 1
    uuid: str | None = None
    input: str | list[JsonObject] = ""
    choices: list[Any] | None = None
    target: Any = None
    messages: list[JsonObject] = []
    output: JsonObject | None = None
    scores: dict[str, JsonObject | None] | None = None
    score: JsonObject | None = None
    metadata: JsonObject | None = None
    events: list[JsonObject] = []
    transcript: JsonObject | None = None
    attachments: dict[str, str] = {}
    events_data: JsonObject | None = None


def sample_episode(record: Mapping[str, Any], log: Log, source: Source) -> Episode | Skipped:
    """A decoded sample as an episode, or why it is none."""
    try:
        sample = msgspec.convert(record, _Sample)
        return _episode(sample, log, source)
    except msgspec.ValidationError as error:
        return Skipped(source, Reason.MALFORMED, str(error))
    except MalformedRecord as error:
        return Skipped(source, Reason.MALFORMED, f"{error.where}: {error.message}")
    except LimitExceeded as error:
        return Skipped(source, Reason.LIMIT, error.message)
    except RecursionError:
        return Skipped(source, Reason.LIMIT, "nested too deeply")


def _episode(sample: _Sample, log: Log, source: Source) -> Episode | Skipped:
    events, attachments = sample.events, sample.attachments
    if sample.transcript is not None:
        events = _objects(sample.transcript.get("events"))
        attachments = _mapping(sample.transcript.get("content"))
    texts = _Attachments(attachments)
    given, turns = _turns(sample, texts)
    if not given and not turns:
        return Skipped(source, Reason.MALFORMED, "neither `input` nor `messages`")
    calls = _Calls(events, _pool(sample.events_data), texts, log.model, {_key(message) for message in turns})
    scores = sample.scores or {}
    if sample.score:  # what old logs have: the one scorer's, without its name
        scores = {next(iter(calls.graders), "score"): sample.score}
    sampled = calls.as_sampled(given, turns)
    assembled = _assembled(given, sampled)
    state = assembled if sampled == turns else _assembled(given, turns)
    handed = _State(_completion(sample, texts), any(_is_reasoning(segment) for segment in state.segments))
    split, visibility = _judged(assembled, calls.policy_usage()) if sampled else (_NOTHING_SAMPLED, Visibility.RAW)
    return Episode(
        episode_id=sample.uuid or f"{log.eval_id}/{sample.id}/{sample.epoch}",
        segments=assembled.segments,
        split=split,
        source=source,
        calls=tuple(calls.reward_calls(scores, handed)),
        environment=log.task,
        group=None if sample.id is None else str(sample.id),
        columns=_columns(sample, texts),
        model=log.model,
        sample=sample.epoch,
        visibility=visibility,
    )


class _State(Struct, frozen=True):
    """What every scorer was handed of the policy's words."""

    completion: str | None
    """`state.output.completion`."""
    has_reasoning: bool
    """Whether its messages hold reasoning."""


def _assembled(given: Sequence[JsonObject], sampled: Sequence[JsonObject]) -> Assembled:
    return from_messages([_given(message) for message in given], [_as_turn(message) for message in sampled])


def _is_reasoning(segment: Segment) -> bool:
    return segment.channel is Channel.REASONING and bool(segment.text)


def _completion(sample: _Sample, texts: _Attachments) -> str | None:
    """The text of the policy's last output, without its reasoning parts; None if the log does not hold it."""
    output = _mapping(sample.output)
    completion = texts.resolve(output.get("completion"))
    if isinstance(completion, str):
        return completion
    choices = _objects(output.get("choices"))
    content = texts.resolve(_mapping(choices[0].get("message")).get("content")) if choices else None
    if isinstance(content, list):
        return "\n".join(str(part.get("text")) for part in _objects(content) if part.get("type") == "text")
    return content if isinstance(content, str) else None


def _columns(sample: _Sample, texts: _Attachments) -> tuple[Field, ...]:
    """What the dataset gave for this sample: every scorer is handed it, whatever the policy wrote."""
    columns = {"target": sample.target, "choices": sample.choices, "metadata": sample.metadata}
    return tuple(field for name, value in columns.items() if value is not None for field in flatten(name, texts.resolve(value)))


def _turns(sample: _Sample, texts: _Attachments) -> tuple[list[JsonObject], list[JsonObject]]:
    """The messages the policy was given before its first turn, and those from its first turn on."""
    messages = [_without_media(texts.resolve(message)) for message in sample.messages]
    inputs = sample.input if isinstance(sample.input, list) else []
    if not messages:
        given = inputs or ([{"role": "user", "content": sample.input}] if sample.input else [])
        return [texts.resolve(message) for message in given], []
    given_ids = {message.get("id") for message in inputs} - {None}
    first = next((index for index, message in enumerate(messages) if _is_sampled(message, given_ids)), len(messages))
    return messages[:first], messages[first:]


def _judged(assembled: Assembled, usage: Sequence[JsonObject]) -> tuple[Split, Visibility]:
    """Split and visibility, with what the provider's count of reasoning tokens adds where the messages show no reasoning."""
    counts = [count for record in usage if isinstance(count := record.get("reasoning_tokens"), int)]
    if assembled.split.status is not SplitStatus.AMBIGUOUS or not counts:
        return assembled.split, assembled.visibility
    if any(counts):
        return assembled.split, Visibility.ABSENT
    if len(counts) == len(usage):
        return Split(SplitStatus.NO_COT, "the provider counted no reasoning tokens in any call", "typed"), assembled.visibility
    return assembled.split, assembled.visibility


def _given(message: JsonObject) -> JsonObject:
    """What the model read of a message: ids and the like are Inspect's own."""
    return {key: message[key] for key in ("role", "content", "reasoning", "tool_calls") if message.get(key)}


def _as_turn(message: JsonObject) -> JsonObject:
    """A message in the shape that the splitter knows: tool calls by name, the result of a server's tool as a part of its own."""
    content, calls = message.get("content"), message.get("tool_calls")
    turn = dict(message)
    if isinstance(content, list):
        turn["content"] = [piece for part in content for piece in _pieces(part)]
    if isinstance(calls, list):
        turn["tool_calls"] = [{"name": call.get("function"), "arguments": call.get("arguments")} for call in _objects(calls)]
    return turn


def _pieces(part: Any) -> Iterator[Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind != _PROVIDER_DATA:
        yield part
    if kind == "tool_use":
        yield {"type": "tool_result", "content": part.get("result")}


def _is_sampled(message: JsonObject, given_ids: set[Any]) -> bool:
    return message.get("role") == "assistant" and message.get("source") != "input" and message.get("id") not in given_ids


def _without_media(message: JsonObject) -> JsonObject:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [part for part in content if not (isinstance(part, dict) and part.get("type") in _MEDIA)]}


def _key(message: Mapping[str, Any]) -> Any:
    """What tells one message of a sample from another: its id, or its content in logs that have none."""
    return message.get("id") or json.dumps(message.get("content"))


class _Attachments:
    """The long texts of a sample, put back where it refers to them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._resolved = 0
        self.missing = 0
        """References seen so far whose text is not in the log."""

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


class _Calls:
    """The model calls of a sample: the policy's, and by scorer those whose input its grader was given."""

    def __init__(
        self, events: Sequence[JsonObject], pool: Sequence[JsonObject], texts: _Attachments, policy: str | None, turns: set[Any]
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
        strays: dict[Any, list[JsonObject]] = {}
        for event in events:
            kind, span = event.get("event"), event.get("span_id")
            self._enter(event)
            scorer = self._scorer(span)
            if kind == "model":
                if scorer:
                    self.graders.setdefault(scorer, []).append(event)
                    continue
                is_turn = not turns.isdisjoint(map(_key, _messages_back(event)))
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

    def _scorer(self, span: Any) -> str | None:
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
        return [_mapping(_mapping(event.get("output")).get("usage")) for event in self._policy]

    def as_sampled(self, given: Sequence[JsonObject], turns: Sequence[JsonObject]) -> list[JsonObject]:
        """The sample's turns as the policy sampled them, and between them, in the order of the calls, what the messages lack: turns
        that were dropped, and calls aside, each with what it was given."""
        own = set(map(_key, turns))
        known = own | set(map(_key, given))
        replies: dict[Any, tuple[int, JsonObject]] = {}
        aside: deque[tuple[int, list[JsonObject]]] = deque()
        for number, event in enumerate(self._policy):
            back = _messages_back(event)
            for reply in back:
                if _key(reply) in own:
                    replies.setdefault(_key(reply), (number, reply))
            if fresh := self._fresh(back, known):
                read = [message for message in self._messages(event) if message.get("role") != "assistant"]
                others = [message if message.get("role") == "tool" else {**message, "role": "user"} for message in read]
                aside.append((number, self._fresh(others, known) + [{**reply, "role": "assistant"} for reply in fresh]))
        sampled: list[JsonObject] = []
        for turn in turns:
            number, reply = replies.get(_key(turn), (-1, {}))
            while aside and aside[0][0] < number:
                sampled += aside.popleft()[1]
            sampled.append({**turn, **self._resolved(reply)})
        return sampled + [message for _, messages in aside for message in messages]

    def _fresh(self, messages: Sequence[JsonObject], known: set[Any]) -> list[JsonObject]:
        """Those that are not known yet, and are from now on."""
        fresh = {key: message for message in messages if (key := _key(message)) not in known}
        known.update(fresh)
        return [self._resolved(message) for message in fresh.values()]

    def reward_calls(self, scores: Mapping[str, JsonObject | None], state: _State) -> Iterator[RewardCall]:
        """One call per scorer: with everything that its grader model was given, else with what is known of what its code was."""
        for name in dict.fromkeys([*self.graders, *scores]):
            score = _number(_mapping(scores.get(name)).get("value"))
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
        return _without_media(self._texts.resolve(message))

    def _messages(self, event: JsonObject) -> Iterator[JsonObject]:
        """What a call was given. Raises LimitExceeded when the calls of the sample name too many messages."""
        for message in self._named(event):
            self._visited += 1
            if self._visited > _MOST_MESSAGES:
                raise LimitExceeded(f"its model calls were given more than {_MOST_MESSAGES} messages")
            yield message

    def _named(self, event: JsonObject) -> Iterator[JsonObject]:
        yield from _objects(event.get("input"))
        for reference in event.get("input_refs") or ():
            if isinstance(reference, list) and len(reference) == 2 and all(isinstance(end, int) for end in reference):
                yield from islice(self._pool, max(0, reference[0]), max(0, reference[1]))


def _call_of_code(name: str, score: float | None, state: _State) -> RewardCall:
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
    choices = _objects(_mapping(event.get("output")).get("choices"))
    return [message for choice in choices if (message := _mapping(choice.get("message")))]


def _pool(events_data: JsonObject | None) -> list[JsonObject]:
    return _objects(_mapping(events_data).get("messages"))


def _mapping(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    """A score as a number; None for one that is not a number, such as a score of several values."""
    if isinstance(value, str):
        return _GRADES.get(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    return None
