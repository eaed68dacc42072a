"""Messages as clients, providers and tracers write them, in the one shape that `messages` takes apart: `role`, `content` (a text or
a list of parts with a `type`), the fields beside it. What of that is reasoning is said there.

Known: bodies of Chat Completions, Responses, Anthropic, Gemini, Bedrock and Ollama, items of Responses, messages of LangChain,
Pydantic AI, the AI SDK, LlamaIndex, Haystack, Semantic Kernel, OpenTelemetry and ShareGPT, items of Codex's rollouts, harmony messages
with channels. Sources: their format pages, read in 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Message = Mapping[str, Any]

_BESIDE = ("additional_kwargs", "provider_specific_fields", "model_extra")
"""Where clients put fields of a message that they have no name for; reasoning among them."""
_PARTS = ("parts", "blocks", "items")
"""Where clients put the parts of a content, perhaps beside `content` with the visible text alone."""
_CONTENTS = ("content", *_PARTS, "value", "output", "text")
_RARE = frozenset(("channel", "thought", *_BESIDE, *_PARTS))
"""Keys that change what a message with a plain text means."""
_THINKERS = frozenset(("thinking", "reasoning", "thought"))
"""Roles under which chat front ends log reasoning as a message of its own."""
_ROLE_OF = {
    **dict.fromkeys(("ai", "AIMessage", "AIMessageChunk", "response", "reasoning", "thinking", "redacted_thinking"), "assistant"),
    **dict.fromkeys(("human", "HumanMessage", "request"), "user"),
    **dict.fromkeys(("system", "SystemMessage"), "system"),
    **dict.fromkeys(("tool", "function", "ToolMessage", "FunctionMessage", "tool_result", "mcp_list_tools"), "tool"),
}
"""Roles by the type of a message, where it has no other."""
_ITEMS = frozenset(("reasoning", "thinking", "redacted_thinking", "tool_result", "mcp_list_tools"))
"""Types of messages that are a part by themselves, as items of the Responses API are."""
_SIGNATURES = ("thoughtSignature", "thought_signature")
_KINDS = ("part_kind", "block_type", "content_type")
"""Where clients put the type of a part."""
_CALLS = frozenset(("tool_call", "function_call", "custom_tool_call"))
"""Calls of tools that the client runs; what other calls came back with stands in them."""
_CALL_OUTPUTS = ("output", "outputs", "results", "result")
_DEEPEST = 4
"""Wrappers around a message."""
_TYPES = {
    "tool-call": "tool_call",
    "tool-return": "tool_result",
    "retry-prompt": "tool_result",
    "tool-result": "tool_result",
    "tool_call_response": "tool_result",
    "user-prompt": "text",
    "system-prompt": "text",
    "blob": "file",
    "uri": "file",
}
"""Types of parts by another name."""
_MEMBERS = {
    "functionCall": "tool_use",
    "function_call": "tool_use",
    "toolUse": "tool_use",
    "executableCode": "tool_use",
    "executable_code": "tool_use",
    "functionResponse": "tool_result",
    "function_response": "tool_result",
    "toolResult": "tool_result",
    "codeExecutionResult": "tool_result",
    "code_execution_result": "tool_result",
    "inlineData": "file",
    "inline_data": "file",
    "fileData": "file",
    "file_data": "file",
    "image": "file",
    "document": "file",
    "video": "file",
    "audio": "file",
    "cachePoint": "file",
}
"""Parts whose one key says what they are, as in Gemini and Bedrock."""
_USUAL = ("text", "thinking", "reasoning")
"""Types of parts that hold their text under the same name."""
_SEPARATORS = ("step-start", "source-url", "source-document")
"""Parts of the AI SDK without a text of anybody."""


def plain_messages(message: Message, depth: int = 0) -> Iterator[Message]:
    """The messages that an object of a list of messages stands for: mostly one, itself. Without those of its members that are null."""
    role, content = message.get("role"), message.get("content")
    if isinstance(role, str) and _RARE.isdisjoint(message) and (isinstance(content, str) or _has_types(content)):
        yield message if role not in _THINKERS else _thought(content)
        return
    message = {key: value for key, value in message.items() if value is not None}
    inside = _wrapped(message) if depth < _DEEPEST and not {"role", "from"} & message.keys() else None
    if inside is None:
        yield _plain(message)
        return
    for inner in inside:
        yield from plain_messages(inner, depth + 1)


def _has_types(content: Any) -> bool:
    """Whether a content is a list of parts with types, to judge by the first."""
    return isinstance(content, list) and bool(content) and isinstance(content[0], Mapping) and "type" in content[0]


def _has_kinds(parts: Any) -> bool:
    """Whether a value is a list of parts that say what they are."""
    return (
        isinstance(parts, list)
        and bool(parts)
        and all(isinstance(part, Mapping) and not {"type", *_KINDS}.isdisjoint(part) for part in parts)
    )


def plain_parts(part: Message) -> Iterator[Message]:
    """A part of a content as parts that have a `type`, under the names that most providers use."""
    kind = part.get("type") or next((part[key] for key in _KINDS if key in part), None)
    if kind in _USUAL and kind in part and "thought" not in part:
        yield part
    elif part.get("thought") is True and isinstance(part.get("text"), str):
        yield {"type": "thinking", "thinking": part["text"]}
    elif isinstance(kind, str):
        yield from _typed(part, kind)
    elif isinstance(block := part.get("reasoningContent", part.get("reasoning_content")), Mapping):
        text = block.get("reasoningText")
        inner = text if isinstance(text, Mapping) else block
        redacted = {"data": block["redactedContent"]} if "redactedContent" in block else {}
        yield {"type": "thinking", "thinking": inner.get("text"), "signature": inner.get("signature"), **redacted}
    elif isinstance(block := part.get("reasoning"), Mapping):
        yield {"type": "thinking", "thinking": block.get("reasoning_text", block.get("text"))}
    elif (member := next((key for key in _MEMBERS if isinstance(part.get(key), Mapping)), None)) is not None:
        value = part[member]
        yield {**value, "type": _MEMBERS[member], "content": value.get("content", value.get("response", value.get("output")))}
    else:
        yield part


def _thought(content: Any) -> Message:
    return {"role": "assistant", "content": [{"type": "thinking", "thinking": content}]}


def _wrapped(message: Message) -> Sequence[Message] | None:
    """The messages inside a provider's response or a client's envelope; None for what is neither."""
    for key in ("message", "raw_item"):
        if isinstance(inner := message.get(key), Mapping):
            return [inner]
    if message.get("type") == "response_item" and isinstance(inner := message.get("payload"), Mapping):
        return [inner]
    for key, inside in (("choices", "message"), ("candidates", "content")):
        only = message.get(key)
        if (
            isinstance(only, list)
            and len(only) == 1
            and isinstance(only[0], Mapping)
            and isinstance(only[0].get(inside), Mapping)
        ):
            return [{"role": "assistant", **only[0][inside]}]
    output = message.get("output")
    if "type" not in message and isinstance(output, Mapping) and isinstance(output.get("message"), Mapping):
        return [output["message"]]
    if "type" not in message and isinstance(output, list) and all(isinstance(item, Mapping) for item in output):
        return output
    if isinstance(response := message.get("response"), str):
        return [{**message, "role": "assistant", "content": response}]
    if isinstance(kept := message.get("data"), Mapping) and isinstance(kind := message.get("type"), str) and kind in _ROLE_OF:
        return [{"role": _ROLE_OF[kind], **kept}]
    if isinstance(kept := message.get("kwargs"), Mapping) and isinstance(names := message.get("id"), list) and names:
        return [{"role": _ROLE_OF.get(str(names[-1])), **kept}]
    return None


def _plain(message: dict[str, Any]) -> Message:
    """A message with the null members taken out, with role and content."""
    role = message.get("role", message.get("from"))
    kind = message.get("type", message.get("kind"))
    if role is None and isinstance(kind, str):
        if kind in _ITEMS or kind.endswith(("_call", "_call_output", "_approval_request")):
            outside = kind.endswith("_output") or _ROLE_OF.get(kind) == "tool"
            return {"role": "tool" if outside else "assistant", "content": [message]}
        role = _ROLE_OF.get(kind)
    content = next((message[key] for key in _PARTS if _has_kinds(message.get(key))), None)
    if content is None:
        content = next((message[key] for key in _CONTENTS if key in message), None)
    if isinstance(content, Mapping) and isinstance(content.get("parts"), list):
        role, content = content.get("role") or role or "model", content["parts"]
    if (isinstance(role, str) and role in _THINKERS) or message.get("thought") is True:
        return _thought(content)
    plain = {**message, "role": role, "content": content}
    for key in _BESIDE:
        if isinstance(beside := message.get(key), Mapping):
            plain = {**beside, **plain}
    if role == "assistant" and isinstance(channel := message.get("channel"), str):
        plain["content"] = _of_channel(channel, message.get("recipient"), content)
    if isinstance(content, list) and (signature := _bare_signature(content)):
        plain["content"] = [{"type": "thinking", "signature": signature}, *content]
    return plain


def _of_channel(channel: str, recipient: Any, content: Any) -> Any:
    """The content of a harmony message, by its channel."""
    if channel == "analysis":
        return [{"type": "thinking", "thinking": content}]
    if isinstance(recipient, str):
        return [{"type": "tool_use", "name": recipient, "input": content}]
    return [{"type": "text", "text": content}] if channel in ("commentary", "final") else content


def _bare_signature(parts: Sequence[Any]) -> str | None:
    """The signature of reasoning, in Gemini's parts without any reasoning: there was some, and the log does not hold it."""
    members = [part for part in parts if isinstance(part, Mapping)]
    if any(part.get("thought") is True for part in members):
        return None
    return next((part[key] for part in members for key in _SIGNATURES if isinstance(part.get(key), str)), None)


def _typed(part: Message, kind: str) -> Iterator[Message]:
    if kind in _SEPARATORS:
        return
    if kind == "text" and "text" not in part:
        yield {"type": kind, "text": part.get("content")}
    elif (kind.startswith("tool-") and kind not in _TYPES) or kind == "dynamic-tool":
        yield {"type": "tool_use", "name": part.get("toolName", part.get("name", kind)), "input": part.get("input")}
        yield {"type": "tool_result", "content": part.get("output")}
    elif kind.endswith("_call") and kind not in _CALLS:
        yield {"type": "tool_use", "name": kind, "input": {key: part[key] for key in part if key not in (*_CALL_OUTPUTS, "type")}}
        yield from ({"type": "tool_result", "content": part[key]} for key in _CALL_OUTPUTS if part.get(key))
    else:
        kind = _TYPES.get(kind, kind)
        given = next((part[key] for key in ("content", "output", "response", "result") if part.get(key) is not None), None)
        results = kind.endswith(("tool_result", "_call_output"))
        yield {"type": "tool_result", "content": given} if results else {**part, "type": kind}
