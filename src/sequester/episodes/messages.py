"""Splitting message lists as trainers, servers and providers log them: typed fields first, else the text inside the content.

An empty typed field is positive evidence that there was no reasoning; a missing one, or null, is none. What a provider keeps
for itself (redacted blocks, encrypted items, bare signatures) shows that there was reasoning which the log does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from sequester.episodes.completion import split_text
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Segment, Split, SplitStatus, Visibility
from sequester.episodes.pieces import RECITED, SHORTEST, TYPED, is_recited
from sequester.episodes.provider_messages import Message, plain_messages, plain_parts
from sequester.errors import MalformedRecord
from sequester.mismatch import kind_of

_FIELDS = (
    *("reasoning_details", "thinking_blocks", "reasoning_content", "reasoning", "thinking", "reasoning_text"),
    *("thoughts", "thought", "chain_of_thought", "cot", "tool_plan"),
)
"""Fields of a message that hold its reasoning; lists of typed details first, since they say what their text is."""
_ROLES = {
    **dict.fromkeys(("system", "developer", "user", "human"), Channel.PROMPT),
    **dict.fromkeys(("tool", "function", "ipython", "observation", "environment", "tool_response"), Channel.TOOL_RESULT),
    **dict.fromkeys(("assistant", "model", "ai", "gpt"), Channel.ANSWER),
}
_TEXT = frozenset(("text", "output_text", "input_text", "refusal"))
_THINKING = frozenset(("thinking", "reasoning", "reasoning_text", "reasoning.text", "think", "thought", "reasoning_content"))
_SUMMARY = frozenset(("reasoning.summary", "summary_text", "reasoning_summary"))
_OPAQUE = frozenset(("redacted_thinking", "reasoning.encrypted", "redacted_reasoning", "encrypted_reasoning"))
_CALLS = frozenset(("tool_use", "tool_call", "function_call", "server_tool_use", "mcp_tool_use", "custom_tool_call"))
_RESULTS = frozenset(
    ("tool_result", "function_call_output", "custom_tool_call_output", "web_search_tool_result", "mcp_tool_result")
)
_MEDIA = frozenset(
    (
        "image",
        "image_url",
        "input_image",
        "audio",
        "input_audio",
        "output_audio",
        "video",
        "video_url",
        "file",
        "document",
        "input_file",
    )
)
_WEAKEST = (Visibility.RAW, Visibility.SUMMARY, Visibility.REDACTED, Visibility.SIGNATURE_ONLY, Visibility.ABSENT)
_DEEPEST = 16
"""Nested content lists beyond this depth are malformed."""


class SplitMessages(Struct, frozen=True):
    """A message list taken apart, in order."""

    segments: tuple[Segment, ...]
    split: Split
    visibility: Visibility
    """The weakest form of reasoning that any part of the list has; `raw` where there is none."""


class _Part(NamedTuple):
    channel: Channel | None
    """None for reasoning that is there and cannot be read, and for an empty reasoning field."""
    text: str
    visibility: Visibility | None = None
    """Set for reasoning; None for an empty field."""
    typed: bool = True
    """Whether the log says by a type what this is."""


class _State:
    """What the list has shown so far."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.segments: list[Segment] = []
        self.turn = 0
        self.spoken = False
        self.visible: set[Visibility] = set()
        self.reasoned = False
        self.empty = False
        """A typed field was there and empty."""
        self.undelimited = False
        """A message of the policy had text, and neither a typed field nor a delimiter."""
        self.could_reason: set[bool] = set()
        """Of those of these that were long enough to hold reasoning, whether they were parts with a type of their own."""
        self.thinks_in_parts = False
        """Some content held reasoning as a part with a type: then its parts of type text are answer."""
        self.thought = False
        """The message before, of the same turn, was reasoning and nothing else."""
        self.unsaid: list[str] = []
        """The typed reasoning since the last answer."""
        self.failure: Split | None = None
        self.inline: Split | None = None
        """How reasoning was found inside a content."""

    def emit(self, channel: Channel, text: str, turn: int) -> None:
        if text:
            self.segments.append(Segment(turn, channel, GuardedText(text)))

    def fail(self, reason: str) -> None:
        self.failure = self.failure or Split(SplitStatus.SPLIT_FAILED, reason, TYPED)


def split_messages(messages: Sequence[Message], family: str = "auto") -> SplitMessages:
    """Take a message list apart. `family` is the template family of text that holds its reasoning inline.

    The messages are those after the prompt, or the whole conversation: system and user messages become channel `prompt`. A turn
    is everything the policy said between two messages of others. Raises MalformedRecord, with the index and the field, for what
    is no message.
    """
    state = _State(family)
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, Mapping):
            raise MalformedRecord(f"expected an object, got {kind_of(message)}", where=where, hint="log messages as objects")
        for plain in plain_messages(message):
            channel = _channel(plain, where)
            if channel is Channel.ANSWER:
                _policy(state, plain, where)
            else:
                _other(state, plain, channel, where)
    return SplitMessages(tuple(state.segments), _verdict(state), _visibility(state))


def _channel(message: Message, where: str) -> Channel:
    role = message.get("role")
    channel = _ROLES.get(role.lower()) if isinstance(role, str) else None
    if channel is None:
        raise MalformedRecord("no known role", where=f"{where}.role", hint=f"one of: {' '.join(_ROLES)}")
    return channel


def _kind(part: Message) -> str:
    """The type of a part; empty where it has none."""
    kind = part.get("type")
    return kind if isinstance(kind, str) else ""


def _other(state: _State, message: Message, channel: Channel, where: str) -> None:
    """A message that the policy read. A tool result inside a user message (as Anthropic writes it) is still a tool result."""
    for part in _parts(message.get("content"), f"{where}.content", 0, text=channel):
        state.emit(Channel.TOOL_RESULT if part.channel is Channel.TOOL_RESULT else channel, part.text, state.turn)
    if state.spoken:
        state.turn, state.spoken = state.turn + 1, False
    state.thought = False


def _policy(state: _State, message: Message, where: str) -> None:
    state.spoken = True
    beside = [*_reasoning_fields(message, where)]
    content = [*_parts(message.get("content"), f"{where}.content", 0, text=Channel.ANSWER)]
    state.thinks_in_parts |= any(part.visibility is not None and part.typed for part in content)
    parts = beside + content
    typed = any(part.visibility is not None or part.channel is None for part in parts)
    blank = any(part.channel is None and part.visibility is None for part in parts)
    first_turn = state.turn
    for part in parts:
        if part.channel is None or part.channel is Channel.REASONING:
            _reasoned(state, part)
        elif part.channel is Channel.ANSWER:
            _answer(state, part, typed or state.thought, blank and not state.unsaid)
        else:
            state.emit(part.channel, part.text, state.turn)
            state.turn += part.channel is Channel.TOOL_RESULT
    calls = list(_tool_calls(message, where))
    for call in calls:
        state.emit(Channel.TOOL_CALL, call, first_turn if not parts else state.turn)
    thought = any(part.visibility is not None for part in parts)
    state.thought = thought and not calls and not any(part.text for part in parts if part.channel is not Channel.REASONING)


def _reasoned(state: _State, part: _Part) -> None:
    if part.visibility is None:
        state.empty = True
        return
    state.reasoned = True
    state.visible.add(part.visibility)
    if not part.typed:
        state.fail("a part of unknown type: it is taken as reasoning")
    if part.text:
        state.unsaid.append(part.text)
    state.emit(Channel.REASONING, part.text, state.turn)


def _answer(state: _State, part: _Part, typed: bool, blank: bool) -> None:
    """Visible text, which may hold reasoning inline, whatever the typed fields say. `blank`: they say that there is none."""
    if not part.text.strip():
        state.emit(Channel.ANSWER, part.text, state.turn)
        return
    if is_recited(state.unsaid, part.text):
        state.fail(RECITED)
    state.unsaid.clear()
    found = split_text(part.text, state.family, thinking=False if blank else None)
    start = state.turn
    for piece in found.pieces:
        state.emit(piece.channel, part.text[piece.start : piece.end], start + piece.turn)
        state.turn = start + piece.turn
    status = found.split.status
    if status is SplitStatus.SPLIT_FAILED:
        state.failure = state.failure or found.split
    elif status is SplitStatus.SPLIT:
        state.reasoned = True
        state.visible.add(Visibility.RAW)
        state.inline = state.inline or found.split
    elif status is SplitStatus.NO_COT:
        state.empty = True
    elif not typed:
        state.undelimited = True
        if len(part.text.strip()) >= SHORTEST:
            state.could_reason.add(part.typed)


def _reasoning_fields(message: Message, where: str) -> Iterator[_Part]:
    """The typed reasoning of a message. Servers log one text under two names: it counts once."""
    seen: set[str] = set()
    for field in _FIELDS:
        value = message.get(field)
        if value is None or isinstance(value, bool):  # a switch, not a text
            continue
        parts = list(_reasoning_value(value, f"{where}.{field}"))
        joined = "".join(part.text for part in parts)
        if joined and joined in seen:
            continue
        seen.add(joined)
        seen.update(part.text for part in parts)
        yield from parts


def _reasoning_value(value: Any, where: str) -> Iterator[_Part]:
    if isinstance(value, str):
        yield _reasoning(value)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        if not value:
            yield _reasoning("")
        for number, item in enumerate(value):
            if isinstance(item, Mapping):
                yield from _thinking(item, f"{where}[{number}]")
            else:
                yield _reasoning(_text(item, f"{where}[{number}]", 0))
    elif isinstance(value, Mapping):
        yield from _thinking(value, where)
    else:
        raise MalformedRecord(f"expected text or a list, got {kind_of(value)}", where=where, hint="log the reasoning as text")


def _reasoning(text: str, visibility: Visibility = Visibility.RAW) -> _Part:
    return _Part(Channel.REASONING, text, visibility) if text.strip() else _Part(None, "")


def _thinking(item: Message, where: str) -> Iterator[_Part]:
    """A typed block of reasoning: raw text, a summary, an opaque blob, a bare signature, or nothing."""
    kind = _kind(item)
    if kind in _OPAQUE or item.get("redacted") is True:
        readable = _text(item.get("summary"), f"{where}.summary", 0)
        yield _Part(Channel.REASONING if readable else None, readable, Visibility.SUMMARY if readable else Visibility.REDACTED)
        return
    raw = next(
        (
            text
            for key in ("thinking", "text", "reasoning", "content", "reasoning_content")
            if (text := _text(item.get(key), f"{where}.{key}", 0))
        ),
        "",
    )
    summary = _text(item.get("summary"), f"{where}.summary", 0)
    if raw and kind not in _SUMMARY:
        yield _reasoning(raw)
    elif raw or summary:
        yield _reasoning(raw or summary, Visibility.SUMMARY)
    elif item.get("encrypted_content") or item.get("data"):
        yield _Part(None, "", Visibility.REDACTED)
    elif item.get("signature"):
        yield _Part(None, "", Visibility.SIGNATURE_ONLY)
    elif kind == "reasoning" and "summary" in item:
        yield _Part(None, "", Visibility.ABSENT)
    else:
        yield _reasoning("")


def _parts(content: Any, where: str, depth: int, *, text: Channel) -> Iterator[_Part]:
    if content is None:
        return
    if isinstance(content, str):
        yield _Part(text, content, typed=False)
    elif isinstance(content, Sequence) and not isinstance(content, bytes) and depth < _DEEPEST:
        for number, part in enumerate(content):
            if isinstance(part, Mapping):
                for plain in plain_parts(part):
                    yield from _part(plain, f"{where}[{number}]", depth + 1, text)
            else:
                yield from _parts(part, f"{where}[{number}]", depth + 1, text=text)
    elif text is not Channel.ANSWER and isinstance(content, (Mapping, bool, int, float)):
        yield _Part(text, _json(content, where))
    else:
        raise MalformedRecord(
            f"expected text or a list of parts, got {kind_of(content)}", where=where, hint="log the content as text"
        )


def _part(part: Message, where: str, depth: int, text: Channel) -> Iterator[_Part]:
    """One typed part of a content."""
    kind = _kind(part)
    if kind in _TEXT or (not kind and "text" in part):
        yield _Part(text, _text(part.get("text", part.get("refusal")), f"{where}.text", depth))
    elif kind in _THINKING or kind in _SUMMARY or kind in _OPAQUE:
        yield from _thinking(part, where)
    elif kind in _CALLS:
        yield _Part(Channel.TOOL_CALL, _call(part, where))
    elif kind in _RESULTS:
        for inner in _parts(part.get("content", part.get("output")), f"{where}.content", depth, text=Channel.TOOL_RESULT):
            yield _Part(Channel.TOOL_RESULT, inner.text)
    elif kind not in _MEDIA:
        yield _Part(Channel.REASONING if text is Channel.ANSWER else text, _json(part, where), Visibility.RAW, typed=False)


def _text(value: Any, where: str, depth: int) -> str:
    """Text that some providers wrap in lists of parts."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return _text(value.get("text"), f"{where}.text", depth + 1) if depth < _DEEPEST else ""
    if isinstance(value, Sequence) and not isinstance(value, bytes) and depth < _DEEPEST:
        return "".join(_text(item, f"{where}[{number}]", depth + 1) for number, item in enumerate(value))
    raise MalformedRecord(f"expected text, got {kind_of(value)}", where=where, hint="log the text as a string")


def _tool_calls(message: Message, where: str) -> Iterator[str]:
    calls = message.get("tool_calls")
    if calls is None:
        calls = [message["function_call"]] if isinstance(message.get("function_call"), Mapping) else []
    if isinstance(calls, str) or not isinstance(calls, Sequence):
        raise MalformedRecord(
            f"expected a list, got {kind_of(calls)}", where=f"{where}.tool_calls", hint="log tool calls as a list"
        )
    for number, call in enumerate(calls):
        yield call if isinstance(call, str) else _call(call, f"{where}.tool_calls[{number}]")


def _call(call: Any, where: str) -> str:
    """Name and arguments of a tool call, as text: JSON arguments are searched through like any other text."""
    inner = call.get("function", call) if isinstance(call, Mapping) else call
    if not isinstance(inner, Mapping):
        return _json(call, where)
    name = next((known for key in ("name", "toolName", "tool_name") if (known := inner.get(key, call.get(key)))), None)
    arguments = next((inner[key] for key in ("arguments", "input", "args", "parameters") if key in inner), None)
    written = arguments if isinstance(arguments, str) else "" if arguments is None else _json(arguments, where)
    return f"{name if isinstance(name, str) else ''} {written}".strip()


def _json(value: Any, where: str) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise MalformedRecord("not JSON", where=where, hint="log JSON values") from None


def _verdict(state: _State) -> Split:
    if state.failure is not None:
        return state.failure
    if state.reasoned and (False in state.could_reason or (state.could_reason and not state.thinks_in_parts)):
        reason = "some messages hold reasoning, and another has text with neither a typed field nor a delimiter"
        return Split(SplitStatus.SPLIT_FAILED, reason, TYPED)
    if state.inline is not None:
        return state.inline
    if state.reasoned:
        return Split(SplitStatus.SPLIT, "typed fields hold the reasoning, or show that there was some", TYPED)
    if state.empty and not state.undelimited:
        return Split(SplitStatus.NO_COT, "the typed reasoning is there and empty", TYPED)
    return Split(SplitStatus.AMBIGUOUS, "no typed reasoning field and no delimiter in the text", state.family)


def _visibility(state: _State) -> Visibility:
    return max(state.visible, key=_WEAKEST.index, default=Visibility.RAW)
