"""Message lists: typed fields of every vendor, inline text, turns, visibility."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.model import Channel, SplitStatus, Visibility
from sequester.episodes.splitter import SplitMessages, split_messages
from sequester.errors import MalformedRecord, SequesterError


def rows(found: SplitMessages) -> list[tuple[int, str, str]]:
    return [(segment.turn, segment.channel.value, segment.text.reveal()) for segment in found.segments]


def assistant(**fields: Any) -> list[dict[str, Any]]:
    return [{"role": "assistant", **fields}]


def test_no_messages_are_no_evidence() -> None:
    found = split_messages([])
    assert (found.segments, found.split.status) == ((), SplitStatus.AMBIGUOUS)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "thinking", "reasoning_text"])
def test_a_typed_field(field: str) -> None:
    found = split_messages(assistant(content="Yes.", **{field: "Hm."}))
    assert rows(found) == [(0, "reasoning", "Hm."), (0, "answer", "Yes.")]
    assert (found.split.status, found.split.family, found.visibility) == (SplitStatus.SPLIT, "typed", Visibility.RAW)


def test_an_empty_field_is_evidence_and_a_missing_or_null_one_is_not() -> None:
    assert split_messages(assistant(content="Yes.", reasoning_content="")).split.status is SplitStatus.NO_COT
    assert split_messages(assistant(content="Yes.", reasoning_content=None)).split.status is SplitStatus.AMBIGUOUS
    assert split_messages(assistant(content="Yes.")).split.status is SplitStatus.AMBIGUOUS


def test_one_empty_field_does_not_speak_for_another_message() -> None:
    messages = [*assistant(content="a", reasoning=""), {"role": "user", "content": "b"}, *assistant(content="c")]
    assert split_messages(messages).split.status is SplitStatus.AMBIGUOUS


def test_one_text_under_two_names_counts_once() -> None:
    details = [{"type": "reasoning.text", "text": "Hm."}]
    found = split_messages(assistant(content="Yes.", reasoning="Hm.", reasoning_content="Hm.", reasoning_details=details))
    assert rows(found) == [(0, "reasoning", "Hm."), (0, "answer", "Yes.")]


def test_reasoning_left_in_the_content_is_found_beside_a_typed_field() -> None:
    found = split_messages(assistant(content="<think>\nmore\n</think>\n\nYes.", reasoning_content=""))
    assert rows(found) == [(0, "reasoning", "more"), (0, "answer", "Yes.")]
    assert (found.split.status, found.split.family) == (SplitStatus.SPLIT, "think-tags")


def test_a_contradiction_in_the_content_is_the_verdict() -> None:
    content = "<think>\na\n</think>\n\nIt ends with </think> in that family."
    assert split_messages(assistant(content=content, reasoning_content="b")).split.status is SplitStatus.SPLIT_FAILED


def test_turns_advance_after_what_others_say() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "2+2?"},
        {
            "role": "assistant",
            "content": "",
            "reasoning": "Ask.",
            "tool_calls": [{"function": {"name": "add", "arguments": '{"a": 2}'}}],
        },
        {"role": "tool", "content": "4"},
        {"role": "assistant", "content": "Four.", "reasoning": "So four."},
    ]
    assert rows(split_messages(messages)) == [
        (0, "prompt", "Be brief."),
        (0, "prompt", "2+2?"),
        (0, "reasoning", "Ask."),
        (0, "tool_call", 'add {"a": 2}'),
        (0, "tool_result", "4"),
        (1, "reasoning", "So four."),
        (1, "answer", "Four."),
    ]


def test_anthropic_blocks() -> None:
    messages = [
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "Eq=="},
                {"type": "text", "text": "Looking."},
                {"type": "tool_use", "id": "t", "name": "get", "input": {"city": "Oslo"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "4"}]}]},
        {"role": "assistant", "content": [{"type": "text", "text": "Four."}]},
    ]
    found = split_messages(messages, "anthropic")
    assert rows(found) == [
        (0, "reasoning", "Hm."),
        (0, "answer", "Looking."),
        (0, "tool_call", 'get {"city": "Oslo"}'),
        (0, "tool_result", "4"),
        (1, "answer", "Four."),
    ]
    assert (found.split.status, found.visibility) == (SplitStatus.SPLIT, Visibility.RAW)


@pytest.mark.parametrize(
    ("part", "visibility", "text"),
    [
        ({"type": "thinking", "thinking": "Hm.", "signature": "x"}, Visibility.RAW, "Hm."),
        ({"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, Visibility.RAW, "Hm."),
        ({"type": "reasoning", "text": "Hm."}, Visibility.RAW, "Hm."),
        ({"type": "reasoning", "reasoning": "Hm.", "redacted": False}, Visibility.RAW, "Hm."),
        ({"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm."}], "summary": []}, Visibility.RAW, "Hm."),
        (
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "g"},
            Visibility.SUMMARY,
            "Hm.",
        ),
        ({"type": "reasoning", "reasoning": "gAAA", "redacted": True, "summary": "Hm."}, Visibility.SUMMARY, "Hm."),
        ({"type": "reasoning.summary", "summary": "Hm."}, Visibility.SUMMARY, "Hm."),
        ({"type": "redacted_thinking", "data": "opaque"}, Visibility.REDACTED, ""),
        ({"type": "reasoning", "summary": [], "encrypted_content": "gAAA"}, Visibility.REDACTED, ""),
        ({"type": "reasoning", "reasoning": "gAAA", "redacted": True}, Visibility.REDACTED, ""),
        ({"type": "reasoning.encrypted", "data": "gAAA"}, Visibility.REDACTED, ""),
        ({"type": "thinking", "thinking": "", "signature": "Eq=="}, Visibility.SIGNATURE_ONLY, ""),
        ({"type": "reasoning", "id": "rs_1", "summary": []}, Visibility.ABSENT, ""),
    ],
)
def test_what_the_log_holds_of_the_reasoning(part: dict[str, Any], visibility: Visibility, text: str) -> None:
    for messages in (
        assistant(content=[part, {"type": "text", "text": "Yes."}]),
        assistant(content="Yes.", reasoning_details=[part]),
    ):
        found = split_messages(messages)
        assert found.split.status is SplitStatus.SPLIT
        assert found.visibility is visibility
        assert "".join(row[2] for row in rows(found) if row[1] == "reasoning") == text


def test_an_empty_block_is_positive_evidence() -> None:
    found = split_messages(assistant(content=[{"type": "thinking", "thinking": ""}, {"type": "text", "text": "Yes."}]))
    assert (found.split.status, rows(found)) == (SplitStatus.NO_COT, [(0, "answer", "Yes.")])


def test_the_weakest_visibility_counts() -> None:
    parts = [
        {"type": "thinking", "thinking": "Hm."},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "Yes."},
    ]
    assert split_messages(assistant(content=parts)).visibility is Visibility.REDACTED


def test_items_of_the_responses_api() -> None:
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Plan."}], "encrypted_content": "gAAA"},
        {"type": "function_call", "name": "get", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "4"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Four."}]},
    ]
    found = split_messages(items)
    assert rows(found) == [(0, "reasoning", "Plan."), (0, "tool_call", "get {}"), (0, "tool_result", "4"), (1, "answer", "Four.")]
    assert found.visibility is Visibility.SUMMARY


def test_a_part_of_unknown_type_fails_closed() -> None:
    found = split_messages(assistant(content=[{"type": "musing", "text": "secret"}, {"type": "text", "text": "Yes."}]))
    assert found.split.status is SplitStatus.SPLIT_FAILED
    assert Channel.REASONING in {segment.channel for segment in found.segments}


@pytest.mark.parametrize(
    ("messages", "where"),
    [
        (["CANARY"], r"messages\[0\]"),
        ([{"role": "CANARY", "content": "x"}], r"messages\[0\]\.role"),
        (assistant(content=7), r"messages\[0\]\.content"),
        (assistant(content="x", reasoning=7), r"messages\[0\]\.reasoning"),
        (assistant(content="x", tool_calls="CANARY"), r"messages\[0\]\.tool_calls"),
        (assistant(content=[{"type": "text", "text": 7}]), r"messages\[0\]\.content\[0\]\.text"),
    ],
)
def test_what_is_no_message_is_named_without_its_text(messages: list[Any], where: str) -> None:
    with pytest.raises(MalformedRecord, match=where) as caught:
        split_messages(messages)
    assert "CANARY" not in str(caught.value)


def test_deep_nesting_is_malformed_not_a_crash() -> None:
    content: Any = "x"
    for _ in range(5000):
        content = [content]
    with pytest.raises(MalformedRecord, match="list of parts"):
        split_messages(assistant(content=content))
    arguments: Any = {}
    for _ in range(100_000):
        arguments = {"a": arguments}
    with pytest.raises(MalformedRecord, match="not JSON"):
        split_messages(assistant(content="x", tool_calls=[{"function": {"name": "f", "arguments": arguments}}]))
    while arguments:
        arguments = arguments.pop("a")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "text",
                    "thinking",
                    "content",
                    "summary",
                    "reasoning",
                    "signature",
                    "data",
                    "thought",
                    "message",
                    "parts",
                    "role",
                    "reasoningContent",
                    "reasoningText",
                    "functionCall",
                    "toolResult",
                    "part_kind",
                    "thoughtSignature",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "content",
        "reasoning",
        "reasoning_details",
        "thinking",
        "tool_calls",
        "type",
        "role",
        "output",
        "function_call",
        "parts",
        "message",
        "choices",
        "candidates",
        "data",
        "kwargs",
        "id",
        "kind",
        "channel",
        "recipient",
        "additional_kwargs",
        "response",
    ]
)
roles = st.sampled_from(["user", "assistant", "tool", "system", "thinking", None])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.builds(lambda role, rest: {"role": role, **rest}, roles, st.dictionaries(keys, values, max_size=4)), max_size=4)
)
def test_only_our_own_errors_cross_the_border(messages: list[dict[str, Any]]) -> None:
    try:
        found = split_messages(messages)
    except SequesterError:
        return
    turns = [segment.turn for segment in found.segments]
    assert turns == sorted(turns)


def test_a_later_message_without_field_and_delimiter_is_not_cleared_by_an_earlier_one() -> None:
    first = {"role": "assistant", "reasoning_content": "Nine crates, say eleven.", "content": "Looking."}
    inline = {"role": "assistant", "content": "<think>Nine crates, say eleven.</think>Looking."}
    bare = {"role": "assistant", "content": "Nobody counts crates on the other truck, so eleven it is."}
    for start in (first, inline):
        found = split_messages([start, {"role": "user", "content": "And?"}, bare])
        assert found.split.status is SplitStatus.SPLIT_FAILED
        assert [part.text.reveal() for part in found.segments if part.channel is Channel.REASONING] == [
            "Nine crates, say eleven."
        ]
        closed = {**bare, "reasoning_content": ""}
        assert split_messages([start, {"role": "user", "content": "And?"}, closed]).split.status is SplitStatus.SPLIT
        short = {"role": "assistant", "content": "Eleven."}
        assert split_messages([start, {"role": "user", "content": "And?"}, short]).split.status is SplitStatus.SPLIT


THOUGHT, ANSWERED = "Six by the table, so I say noon.", "Low water is at about noon, give or take."
SHAPES: dict[str, list[dict[str, Any]]] = {
    "Gemini": [{"role": "model", "parts": [{"text": THOUGHT, "thought": True}, {"text": ANSWERED, "thoughtSignature": "s"}]}],
    "Gemini's response": [
        {"candidates": [{"content": {"role": "model", "parts": [{"text": THOUGHT, "thought": True}, {"text": ANSWERED}]}}]}
    ],
    "Bedrock": assistant(
        content=[{"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": "s"}}}, {"text": ANSWERED}]
    ),
    "Responses": [
        {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": THOUGHT}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWERED}]},
    ],
    "Responses' body": [
        {
            "object": "response",
            "output": [
                {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": THOUGHT}]},
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWERED}]},
            ],
        }
    ],
    "Chat Completions' body": [
        {"choices": [{"message": {"role": "assistant", "content": ANSWERED, "reasoning_content": THOUGHT, "tool_calls": None}}]}
    ],
    "OpenTelemetry": [
        {"role": "assistant", "parts": [{"type": "reasoning", "content": THOUGHT}, {"type": "text", "content": ANSWERED}]}
    ],
    "harmony": [
        {"role": "assistant", "channel": "analysis", "content": THOUGHT},
        {"role": "assistant", "channel": "final", "content": [{"type": "text", "text": ANSWERED}]},
    ],
    "LangChain": [{"type": "ai", "content": ANSWERED, "additional_kwargs": {"reasoning_content": THOUGHT}}],
    "LangChain, serialised": [
        {
            "lc": 1,
            "id": ["schema", "AIMessage"],
            "kwargs": {"content": ANSWERED, "additional_kwargs": {"reasoning_content": THOUGHT}},
        }
    ],
    "LangChain, as dicts": [{"type": "ai", "data": {"content": [{"type": "thinking", "thinking": THOUGHT}, ANSWERED]}}],
    "Pydantic AI": [
        {"kind": "response", "parts": [{"part_kind": "thinking", "content": THOUGHT}, {"part_kind": "text", "content": ANSWERED}]}
    ],
    "AI SDK": assistant(
        content=[{"type": "reasoning", "text": THOUGHT}, {"type": "step-start"}, {"type": "text", "text": ANSWERED}]
    ),
    "Ollama's body": [{"model": "m", "message": {"role": "assistant", "thinking": THOUGHT, "content": ANSWERED}, "done": True}],
    "Ollama's generate": [{"model": "m", "response": ANSWERED, "thinking": THOUGHT, "done": True}],
    "a message of its own": [{"role": "thinking", "content": THOUGHT}, {"role": "assistant", "content": ANSWERED}],
    "a flag on a message": [
        {"role": "model", "content": THOUGHT, "thought": True},
        {"role": "model", "content": ANSWERED, "thought": False, "reasoning": False},
    ],
    "AI SDK 4, parts beside the content": assistant(
        content=ANSWERED, parts=[{"type": "reasoning", "reasoning": THOUGHT, "details": []}, {"type": "text", "text": ANSWERED}]
    ),
    "LlamaIndex": [
        {
            "role": "assistant",
            "blocks": [{"block_type": "thinking", "content": THOUGHT}, {"block_type": "text", "text": ANSWERED}],
        }
    ],
    "Semantic Kernel": assistant(
        items=[{"content_type": "reasoning", "text": THOUGHT}, {"content_type": "text", "text": ANSWERED}]
    ),
    "Haystack": assistant(content=[{"reasoning": {"reasoning_text": THOUGHT, "extra": {}}}, {"text": ANSWERED}]),
    "Codex": [
        {"type": "response_item", "payload": {"type": "reasoning", "content": [{"type": "reasoning_text", "text": THOUGHT}]}},
        {"type": "response_item", "payload": {"role": "assistant", "content": [{"type": "output_text", "text": ANSWERED}]}},
    ],
    "LiteLLM": assistant(content=ANSWERED, provider_specific_fields={"reasoning_content": THOUGHT}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_reasoning_of_any_provider_is_reasoning_and_its_answer_answer(shape: str) -> None:
    found = split_messages(SHAPES[shape])
    assert rows(found) == [(0, "reasoning", THOUGHT), (0, "answer", ANSWERED)]
    assert (found.split.status, found.visibility) == (SplitStatus.SPLIT, Visibility.RAW)


@pytest.mark.parametrize(
    ("call", "result"),
    [
        (
            {"role": "model", "parts": [{"functionCall": {"name": "tide", "args": {"at": "x"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "tide", "response": "06:00"}}]},
        ),
        (
            {"role": "assistant", "content": [{"toolUse": {"name": "tide", "input": {"at": "x"}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "06:00"}]}}]},
        ),
        (
            {"role": "assistant", "content": [{"type": "tool-call", "toolName": "tide", "input": {"at": "x"}}]},
            {"role": "tool", "content": [{"type": "tool-result", "toolName": "tide", "output": "06:00"}]},
        ),
        (
            {"role": "assistant", "parts": [{"type": "tool_call", "name": "tide", "arguments": {"at": "x"}}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "response": "06:00"}]},
        ),
        (
            {"type": "function_call", "name": "tide", "arguments": '{"at": "x"}'},
            {"type": "function_call_output", "call_id": "1", "output": "06:00"},
        ),
    ],
)
def test_calls_and_results_of_any_provider(call: dict[str, Any], result: dict[str, Any]) -> None:
    assert rows(split_messages([call, result])) == [(0, "tool_call", 'tide {"at": "x"}'), (0, "tool_result", "06:00")]


def test_a_call_that_the_provider_ran_holds_its_result() -> None:
    item = {"type": "code_interpreter_call", "code": "print(6)", "outputs": [{"type": "logs", "logs": "6"}]}
    assert [channel for _, channel, _ in rows(split_messages([item]))] == ["tool_call", "tool_result"]


def test_a_signature_without_reasoning_shows_that_there_was_some() -> None:
    found = split_messages([{"role": "model", "parts": [{"text": ANSWERED, "thoughtSignature": "s"}]}])
    assert (found.split.status, found.visibility) == (SplitStatus.SPLIT, Visibility.SIGNATURE_ONLY)


def test_where_blocks_have_types_text_after_a_tool_is_answer_and_a_bare_content_is_doubtful() -> None:
    thinking = assistant(content=[{"type": "thinking", "thinking": THOUGHT}, {"type": "tool_use", "name": "tide", "input": {}}])
    result = {"role": "user", "content": [{"type": "tool_result", "content": "06:00"}]}
    typed = split_messages([*thinking, result, *assistant(content=[{"type": "text", "text": ANSWERED}])])
    assert typed.split.status is SplitStatus.SPLIT
    assert split_messages([*thinking, result, *assistant(content=ANSWERED)]).split.status is SplitStatus.SPLIT_FAILED
