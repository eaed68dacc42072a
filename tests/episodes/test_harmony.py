"""Harmony, message by message: what a header makes of its body, and that what is not known is reasoning and fails the split."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.harmony import has_tokens, is_harmony, split_harmony, split_stripped
from sequester.episodes.model import Channel
from sequester.episodes.pieces import Why

FIRST = "<|channel|>analysis<|message|>Seven, I think.<|end|>"


def pieces(text: str) -> list[tuple[Channel, str]]:
    return [(piece.channel, text[piece.start : piece.end]) for piece in split_harmony(text)[0]]


@pytest.mark.parametrize("text", ["", " \n", "<|end|>"])
def test_nothing_is_no_message(text: str) -> None:
    assert split_harmony(text) == ((), set())
    assert not is_harmony(text)
    assert split_stripped(text) is None


def test_a_text_about_the_format_is_not_in_it() -> None:
    assert not is_harmony("The tag <|channel|> names a channel, <|end|> ends.")
    assert has_tokens("The tag <|end|> ends.")
    assert not has_tokens("<|im_end|> and <|channel>")
    assert is_harmony("I think.<|end|><|start|>assistant<|channel|>final<|message|>Seven.")


def test_a_token_that_ends_no_message_is_text() -> None:
    text = "<|channel|>analysis<|message|>It ends with <|end|> and `<|start|>x<|message|>` begins.<|end|>"
    assert pieces(text) == [(Channel.REASONING, "It ends with <|end|> and `<|start|>x<|message|>` begins.")]


@pytest.mark.parametrize(
    ("header", "channel"),
    [
        ("assistant<|channel|>final", Channel.ANSWER),
        ("assistant<|channel|>commentary", Channel.ANSWER),
        ("assistant<|channel|>analysis", Channel.REASONING),
        ("assistant<|channel|>analysis to=python code", Channel.TOOL_CALL),
        ("assistant to=functions.get<|channel|>commentary", Channel.TOOL_CALL),
        ("assistant<|channel|>commentary to=all", Channel.ANSWER),
        ("assistant<|channel|>final to=user", Channel.ANSWER),
        ("functions.get to=assistant<|channel|>commentary", Channel.TOOL_RESULT),
        ("python", Channel.TOOL_RESULT),
        ("user", Channel.PROMPT),
        ("developer", Channel.PROMPT),
    ],
)
def test_the_header_says_what_a_message_is(header: str, channel: Channel) -> None:
    text = f"{FIRST}<|start|>{header}<|message|>body<|end|>"
    assert pieces(text) == [(Channel.REASONING, "Seven, I think."), (channel, "body")]
    assert Why.UNKNOWN_CHANNEL not in split_harmony(text)[1]


def test_an_unknown_channel_is_reasoning_and_is_said() -> None:
    text = f"{FIRST}<|start|>assistant<|channel|>musing<|message|>body<|end|>"
    assert pieces(text)[-1] == (Channel.REASONING, "body")
    assert Why.UNKNOWN_CHANNEL in split_harmony(text)[1]


def test_a_message_in_a_message_is_said() -> None:
    text = "<|channel|>analysis<|message|>Seven<|start|>assistant<|channel|>final<|message|>7<|return|>"
    assert pieces(text) == [(Channel.REASONING, "Seven"), (Channel.ANSWER, "7")]
    assert Why.MALFORMED_HEADER in split_harmony(text)[1]


def test_what_stands_before_the_first_header_is_reasoning_whose_header_the_prompt_held() -> None:
    text = "Seven, I think.<|end|><|start|>assistant<|channel|>final<|message|>7<|return|>"
    assert pieces(text) == [(Channel.REASONING, "Seven, I think."), (Channel.ANSWER, "7")]
    assert Why.CLOSER_ONLY in split_harmony(text)[1]


def test_of_two_finals_in_a_turn_only_the_last_is_an_answer_and_a_tool_begins_a_new_turn() -> None:
    final = "<|start|>assistant<|channel|>final<|message|>{}<|end|>"
    assert [channel for channel, _ in pieces(final.format("one") + final.format("two"))] == [Channel.REASONING, Channel.ANSWER]
    apart = final.format("one") + "<|start|>python<|message|>4<|end|>" + final.format("two")
    assert [channel for channel, _ in pieces(apart)] == [Channel.ANSWER, Channel.TOOL_RESULT, Channel.ANSWER]
    assert [piece.turn for piece in split_harmony(apart)[0]] == [0, 0, 1]
    assert Why.FINAL_TWICE not in split_harmony(apart)[1]


@pytest.mark.parametrize("cut", range(len(FIRST) + 1, len(FIRST) + 45))
def test_a_header_that_is_cut_off_shows_nothing_as_an_answer(cut: int) -> None:
    text = (FIRST + "<|start|>assistant<|channel|>final<|message|>7<|return|>")[:cut]
    assert {channel for channel, _ in pieces(text)} == {Channel.REASONING}


SPEAKERS = st.sampled_from(["assistant", "user", "python", ""])
CHANNELS = st.sampled_from(["analysis", "final", "commentary", "analysis to=python", "musing", ""])
BODIES = st.text(st.characters(exclude_characters="<|>`", exclude_categories=("Cs",)), max_size=20)


@settings(max_examples=200, deadline=None)
@given(messages=st.lists(st.tuples(SPEAKERS, CHANNELS, BODIES), min_size=1, max_size=6), last=st.sampled_from(["<|end|>", ""]))
def test_every_body_with_ink_is_one_piece_in_order(messages: list[tuple[str, str, str]], last: str) -> None:
    written = [
        f"<|start|>{speaker}{f'<|channel|>{channel}' if channel else ''}<|message|>{body}" for speaker, channel, body in messages
    ]
    text = "<|end|>".join(written) + last
    assert [body for _, body in pieces(text)] == [body for _, _, body in messages if body.strip()]
    starts = [place for piece in split_harmony(text)[0] for place in (piece.start, piece.end)]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("analysisSeven.assistantfinal7", [(Channel.REASONING, "Seven."), (Channel.ANSWER, "7")]),
        ("finalSeven.", [(Channel.REASONING, "finalSeven.")]),
        ("Seven.assistantfinal7", [(Channel.REASONING, "Seven."), (Channel.ANSWER, "7")]),
        ("analysis of gulls", None),
        ("The final answer", None),
    ],
)
def test_without_special_tokens_the_role_words_are_a_guess(text: str, found: list[tuple[Channel, str]] | None) -> None:
    guessed = split_stripped(text)
    assert (None if guessed is None else [(piece.channel, text[piece.start : piece.end]) for piece in guessed]) == found
