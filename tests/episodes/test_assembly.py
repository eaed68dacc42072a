"""From what a log holds of an episode to segments and a split."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from sequester.episodes.assembly import Assembled, from_completion, from_messages, from_parts, from_segments, prompt_segments
from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Segment, SplitStatus, Visibility

REASONING = "The keeper counted seven gulls before the fog rolled in, and gulls do not count themselves. So it is seven."
PROMPT = "How many gulls were there?"
ANSWER = "There were seven."


def texts(assembled: Assembled, channel: Channel) -> list[str]:
    return [segment.text.reveal() for segment in assembled.segments if segment.channel is channel]


@pytest.mark.parametrize("reasoning", [None, ""])
@pytest.mark.parametrize("answer", [None, ""])
def test_nothing_is_never_a_split(reasoning: str | None, answer: str | None) -> None:
    assembled = from_parts("", reasoning, answer)
    assert assembled.split.status is (SplitStatus.AMBIGUOUS if reasoning is None else SplitStatus.NO_COT)
    assert from_completion("", "").split.status is SplitStatus.AMBIGUOUS
    assert from_messages("", []).split.status is SplitStatus.AMBIGUOUS
    assert from_segments("", ()).split.status is SplitStatus.AMBIGUOUS
    assert prompt_segments("") == prompt_segments([]) == ()


@pytest.mark.parametrize("form", [form for form in Visibility if form is not Visibility.RAW])
def test_an_empty_field_of_withheld_reasoning_is_no_evidence_that_there_was_none(form: Visibility) -> None:
    empty = from_parts(PROMPT, "", ANSWER)
    assert empty.seen_as(Visibility.RAW).split.status is SplitStatus.NO_COT
    withheld = empty.seen_as(form)
    assert (withheld.split.status, withheld.visibility, withheld.segments) == (SplitStatus.SPLIT, form, empty.segments)


def test_two_fields_are_a_split() -> None:
    assembled = from_parts(PROMPT, REASONING, ANSWER, ["a table"])
    assert assembled.split.status is SplitStatus.SPLIT
    assert assembled.split.family == "given"
    assert assembled.visibility is Visibility.RAW
    assert [(segment.channel, segment.text.reveal()) for segment in assembled.segments] == [
        (Channel.PROMPT, PROMPT),
        (Channel.TOOL_RESULT, "a table"),
        (Channel.REASONING, REASONING),
        (Channel.ANSWER, ANSWER),
    ]


def test_an_empty_field_is_evidence_and_an_absent_one_is_not() -> None:
    assert from_parts(PROMPT, "", ANSWER).split.status is SplitStatus.NO_COT
    assert from_parts(PROMPT, " \n", ANSWER).split.status is SplitStatus.NO_COT
    absent = from_parts(PROMPT, None, ANSWER).split
    assert absent.status is SplitStatus.AMBIGUOUS
    assert "no evidence" in absent.reason


@pytest.mark.parametrize(
    "whole",
    [
        f"<think>\n{REASONING}\n</think>\n\n{ANSWER}",
        f"{REASONING}\n</think>\n\n{ANSWER}",
        f"<thinking>{REASONING}</thinking>{ANSWER}",
        f"[THINK]{REASONING}[/THINK]{ANSWER}",
        f"<|channel|>analysis<|message|>{REASONING}<|end|><|start|>assistant<|channel|>final<|message|>{ANSWER}<|return|>",
        f"analysis{REASONING}assistantfinal{ANSWER}",
        f"◁think▷{REASONING}◁/think▷{ANSWER}",
    ],
)
@pytest.mark.parametrize("reasoning", [REASONING, "", None, "Something else that it thought about, at some length."])
def test_a_whole_completion_in_the_answer_field_is_a_split_failure(whole: str, reasoning: str | None) -> None:
    assembled = from_parts(PROMPT, reasoning, whole)
    assert assembled.split.status is SplitStatus.SPLIT_FAILED
    assert "answer field" in assembled.split.reason
    assert REASONING[:20] not in assembled.split.reason


@pytest.mark.parametrize(
    "answer",
    [
        REASONING + " " + ANSWER,
        "Use the tag `</think>` to close the reasoning.",
        "```html\n<think>x</think>\n```\nis how it looks.",
        "a < b and [1, 2] and a[THIN]",
        "<b>There</b> were <i>seven</i>.",
    ],
)
def test_echo_and_talk_about_tags_are_no_failure(answer: str) -> None:
    assert from_parts(PROMPT, REASONING, answer).split.status is SplitStatus.SPLIT


def test_an_answer_that_begins_with_a_whole_long_reasoning_is_a_split_failure() -> None:
    """Sampled text that was decoded without its special tokens, beside the reasoning that a server parsed out of it."""
    long = " ".join(f"Gull {number} landed before the fog came." for number in range(9))
    for whole in (f"{long}\n\n{ANSWER}", f"\n{long}{ANSWER}", long):
        parts = from_parts(PROMPT, f" {long}\n", whole)
        messages = from_messages(PROMPT, [{"role": "assistant", "reasoning_content": long, "content": whole}])
        for assembled in (parts, messages):
            assert assembled.split.status is SplitStatus.SPLIT_FAILED
            assert "whole reasoning" in assembled.split.reason
            assert [segment.channel for segment in assembled.segments][1:] == [Channel.REASONING, Channel.ANSWER]
    for echo in (f"{ANSWER} {long}", f"{long[: len(long) // 2]} {ANSWER}", long[:-100], "", ANSWER):
        assert from_parts(PROMPT, long, echo).split.status is SplitStatus.SPLIT


def test_each_answer_is_held_against_the_reasoning_of_its_own_turn() -> None:
    first, second = (" ".join(f"{bird} {number} landed before the fog came." for number in range(9)) for bird in ("Gull", "Tern"))
    channels = (Channel.REASONING, Channel.TOOL_CALL, Channel.TOOL_RESULT, Channel.REASONING, Channel.ANSWER)
    for whole in (second + ANSWER, f"{first}{second}{ANSWER}"):
        texts = (first, "count()", "7", second, whole)
        segments = [Segment(0, channel, GuardedText(text)) for channel, text in zip(channels, texts, strict=True)]
        messages = [
            {"role": "assistant", "reasoning_content": first, "content": None, "tool_calls": [{"function": {"name": "count"}}]},
            {"role": "tool", "content": "7"},
            {"role": "assistant", "reasoning_content": second, "content": whole},
        ]
        assert from_segments(PROMPT, segments).split.status is SplitStatus.SPLIT_FAILED
        assert from_messages(PROMPT, messages).split.status is SplitStatus.SPLIT_FAILED
    segments[-1] = Segment(0, Channel.ANSWER, GuardedText(first))
    assert from_segments(PROMPT, segments).split.status is SplitStatus.SPLIT


def test_an_empty_reasoning_field_clears_no_answer_that_holds_a_labelled_reasoning() -> None:
    written = json.dumps({"reasoning": f"{REASONING} They stayed until the fog came.", "verdict": "7"})
    messages = [{"role": "assistant", "reasoning_content": "", "content": written}]
    for assembled in (from_parts(PROMPT, "", written), from_messages(PROMPT, messages)):
        assert assembled.split.status is SplitStatus.SPLIT_FAILED
        assert any(segment.channel is Channel.REASONING and REASONING in segment.text.reveal() for segment in assembled.segments)
    assert from_parts(PROMPT, "", '{"verdict": "7"}').split.status is SplitStatus.NO_COT
    assert from_parts(PROMPT, REASONING, written).split.status is SplitStatus.SPLIT


def test_segments_are_judged_turn_by_turn() -> None:
    def segment(turn: int, channel: Channel, text: str) -> Segment:
        return Segment(turn, channel, GuardedText(text))

    good = [
        segment(0, Channel.REASONING, REASONING),
        segment(0, Channel.TOOL_CALL, "count()"),
        segment(0, Channel.TOOL_RESULT, "7"),
        segment(1, Channel.REASONING, ""),
        segment(1, Channel.ANSWER, ANSWER),
    ]
    assert from_segments(PROMPT, good).split.status is SplitStatus.SPLIT
    bad = [*good, segment(2, Channel.ANSWER, f"{REASONING}</think>{ANSWER}")]
    assert from_segments(PROMPT, bad).split.status is SplitStatus.SPLIT_FAILED
    assert from_segments(PROMPT, [segment(0, Channel.ANSWER, ANSWER)]).split.status is SplitStatus.AMBIGUOUS


def test_everything_in_a_prompt_was_given() -> None:
    prompt = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Look:"}, {"type": "image", "data": None}]},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "Earlier thought.",
            "tool_calls": [{"arguments": {"q": "gulls"}}],
        },
        {"role": "tool", "content": "seven"},
    ]
    assert [(segment.channel, segment.text.reveal()) for segment in prompt_segments(prompt)] == [
        (Channel.PROMPT, text) for text in ("Be brief.", "Look:", "Earlier thought.", "gulls", "seven")
    ]


def test_sampled_text_goes_through_the_splitter() -> None:
    assembled = from_completion(PROMPT, f"<think>\n{REASONING}\n</think>\n\n{ANSWER}", "qwen3", tool_results=["a table"])
    assert assembled.split.status is SplitStatus.SPLIT
    assert [text.strip() for text in texts(assembled, Channel.REASONING)] == [REASONING]
    assert [text.strip() for text in texts(assembled, Channel.ANSWER)] == [ANSWER]
    assert texts(assembled, Channel.TOOL_RESULT) == ["a table"]


@pytest.mark.parametrize(
    "prompt", [PROMPT + "<think>\n", [{"role": "user", "content": PROMPT}, {"role": "assistant", "content": "<think>\n"}]]
)
def test_reasoning_may_be_opened_at_the_end_of_the_prompt(prompt: str) -> None:
    assembled = from_completion(prompt, f"{REASONING}\n</think>\n\n{ANSWER}", "deepseek-r1")
    assert [text.strip() for text in texts(assembled, Channel.REASONING)] == [REASONING]


def test_messages_go_through_the_splitter_whichever_way_they_come() -> None:
    messages = [{"role": "assistant", "reasoning": REASONING, "content": ANSWER}]
    assembled = from_completion(PROMPT, messages)
    assert assembled == from_messages(PROMPT, messages)
    assert texts(assembled, Channel.REASONING) == [REASONING]
    assert texts(assembled, Channel.ANSWER) == [ANSWER]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_fields_keep_every_character(reasoning: str, answer: str) -> None:
    assembled = from_parts(PROMPT, reasoning, answer)
    assert texts(assembled, Channel.REASONING) == [reasoning]
    assert texts(assembled, Channel.ANSWER) == [answer]


def test_judging_takes_linear_time() -> None:
    def work(size: int) -> None:
        reasoning = "".join(f"{number:x} gulls, " for number in range(size))
        answer = "".join(f"{number:x} terns, " for number in range(size)) + "</think>"
        from_parts(PROMPT, reasoning, answer)

    assert_linear(work, 200_000)


@pytest.mark.parametrize("reasoning", ["", None])
def test_an_answer_that_holds_the_reasoning_is_taken_apart(reasoning: str | None) -> None:
    assembled = from_parts(PROMPT, reasoning, f"<think>\n{REASONING}\n</think>\n\n{ANSWER}")
    assert assembled.split.status is SplitStatus.SPLIT_FAILED
    sampled = [(segment.channel, segment.text.reveal()) for segment in assembled.segments[1:] if segment.text]
    assert sampled == [(Channel.REASONING, REASONING), (Channel.ANSWER, ANSWER)]


def test_a_whole_completion_in_the_answer_field_does_not_double_the_reasoning() -> None:
    assembled = from_parts(PROMPT, REASONING, f"<think>\n{REASONING}\n</think>\n\n{ANSWER}")
    sampled = [(segment.channel, segment.text.reveal()) for segment in assembled.segments[1:]]
    assert sampled == [(Channel.REASONING, REASONING), (Channel.ANSWER, ANSWER)]
