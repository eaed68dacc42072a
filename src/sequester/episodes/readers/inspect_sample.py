"""One sample of an Inspect log as an episode.

The policy's turns are the sample's messages, as the model calls of the log hold them: agents and solvers rewrite messages, drop
reasoning from them or leave them out. What the scorers were given is in `inspect_calls`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from sequester.episodes.assembly import Assembled, from_messages
from sequester.episodes.flatten import flatten
from sequester.episodes.model import (
    Channel,
    Episode,
    Field,
    Reason,
    Segment,
    Skipped,
    Source,
    Split,
    SplitStatus,
    Visibility,
)
from sequester.episodes.readers.inspect_calls import (
    Attachments,
    Calls,
    JsonObject,
    State,
    key_of,
    mapping,
    objects,
    pool_of,
    without_media,
)
from sequester.errors import LimitExceeded, MalformedRecord
from sequester.mismatch import explain

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
        return Skipped(source, Reason.MALFORMED, explain(error))
    except MalformedRecord as error:
        return Skipped(source, Reason.MALFORMED, f"{error.where}: {error.message}")
    except LimitExceeded as error:
        return Skipped(source, Reason.LIMIT, error.message)
    except RecursionError:
        return Skipped(source, Reason.LIMIT, "nested too deeply")


def _episode(sample: _Sample, log: Log, source: Source) -> Episode | Skipped:
    events, attachments = sample.events, sample.attachments
    if sample.transcript is not None:
        events = objects(sample.transcript.get("events"))
        attachments = mapping(sample.transcript.get("content"))
    texts = Attachments(attachments)
    given, turns = _turns(sample, texts)
    if not given and not turns:
        return Skipped(source, Reason.MALFORMED, "neither `input` nor `messages`")
    calls = Calls(events, pool_of(sample.events_data), texts, log.model, {key_of(message) for message in turns})
    scores = sample.scores or {}
    if sample.score:  # what old logs have: the one scorer's, without its name
        scores = {next(iter(calls.graders), "score"): sample.score}
    sampled = calls.as_sampled(given, turns)
    assembled = _assembled(given, sampled)
    state = assembled if sampled == turns else _assembled(given, turns)
    handed = State(_completion(sample, texts), any(_is_reasoning(segment) for segment in state.segments))
    split, visibility = _judged(assembled, calls.policy_usage()) if sampled else (_NOTHING_SAMPLED, Visibility.RAW)
    return Episode(
        episode_id=sample.uuid or f"{log.eval_id}/{sample.id}/{sample.epoch}",
        segments=assembled.segments,
        split=split,
        source=source,
        calls=tuple(calls.reward_calls(scores, handed)),
        environment=log.task,
        group=None if sample.id is None else str(sample.id),
        columns=_columns(sample, events, texts),
        model=log.model,
        sample=sample.epoch,
        visibility=visibility,
    )


def _assembled(given: Sequence[JsonObject], sampled: Sequence[JsonObject]) -> Assembled:
    return from_messages([_given(message) for message in given], [_as_turn(message) for message in sampled])


def _is_reasoning(segment: Segment) -> bool:
    return segment.channel is Channel.REASONING and bool(segment.text)


def _completion(sample: _Sample, texts: Attachments) -> str | None:
    """The text of the policy's last output, without its reasoning parts; None if the log does not hold it."""
    output = mapping(sample.output)
    completion = texts.resolve(output.get("completion"))
    if isinstance(completion, str):
        return completion
    choices = objects(output.get("choices"))
    content = texts.resolve(mapping(choices[0].get("message")).get("content")) if choices else None
    if isinstance(content, list):
        return "\n".join(str(part.get("text")) for part in objects(content) if part.get("type") == "text")
    return content if isinstance(content, str) else None


def _columns(sample: _Sample, events: Sequence[JsonObject], texts: Attachments) -> tuple[Field, ...]:
    """What the dataset gave for this sample: every scorer is handed it, whatever the policy wrote.

    Metadata counts as it was when the sample began. The log's own is what solvers made of it, and may hold reasoning.
    """
    begins = (mapping(event.get("sample")) for event in events if event.get("event") == "sample_init")
    columns = {"target": sample.target, "choices": sample.choices, "metadata": next(begins, {}).get("metadata")}
    return tuple(field for name, value in columns.items() if value is not None for field in flatten(name, texts.resolve(value)))


def _turns(sample: _Sample, texts: Attachments) -> tuple[list[JsonObject], list[JsonObject]]:
    """The messages the policy was given before its first turn, and those from its first turn on."""
    messages = [without_media(texts.resolve(message)) for message in sample.messages]
    inputs = sample.input if isinstance(sample.input, list) else []
    if not messages:
        given = inputs or ([{"role": "user", "content": sample.input}] if sample.input else [])
        return [texts.resolve(message) for message in given], []
    given_ids = {identity for message in inputs if isinstance(identity := message.get("id"), str)}
    first = next((index for index, message in enumerate(messages) if _is_sampled(message, given_ids)), len(messages))
    return messages[:first], messages[first:]


def _judged(assembled: Assembled, usage: Sequence[JsonObject]) -> tuple[Split, Visibility]:
    """Split and visibility, with what the provider's count of reasoning tokens adds where the messages show no reasoning."""
    counts = [count for record in usage if isinstance(count := record.get("reasoning_tokens"), int)]
    if assembled.split.status is not SplitStatus.AMBIGUOUS or not counts:
        return assembled.split, assembled.visibility
    if any(counts):
        hidden = assembled.seen_as(Visibility.ABSENT)
        return hidden.split, hidden.visibility
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
        turn["tool_calls"] = [{"name": call.get("function"), "arguments": call.get("arguments")} for call in objects(calls)]
    return turn


def _pieces(part: Any) -> Iterator[Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind != _PROVIDER_DATA:
        yield part
    if kind == "tool_use":
        yield {"type": "tool_result", "content": part.get("result")}


def _is_sampled(message: JsonObject, given_ids: set[str]) -> bool:
    identity = message.get("id")
    was_given = message.get("source") == "input" or (isinstance(identity, str) and identity in given_ids)
    return message.get("role") == "assistant" and not was_given
