"""The splitter: a zoo of real failures, and what must hold for every text."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from sequester.episodes.families import FAMILIES
from sequester.episodes.marks import find_marks, with_line_breaks
from sequester.episodes.model import Channel, SplitStatus
from sequester.episodes.pieces import Why
from sequester.episodes.splitter import SplitText, split_text
from sequester.episodes.tags import Draft, by_turns, single_block
from sequester.errors import UsageError

HERE = Path(__file__).parent
ZOO: list[dict[str, Any]] = tomllib.loads((HERE / "splitter_zoo.toml").read_text(encoding="utf-8"))["case"]
HARMONY = [
    json.loads(line)
    for line in (HERE.parent / "data" / "splitter" / "gpt_oss_harmony.jsonl").read_text(encoding="utf-8").splitlines()
]

CANONICAL = {
    "qwen3": "<think>\n{}\n</think>\n\n{}<|im_end|>",
    "deepseek-r1": "{}\n</think>\n\n{}<｜end▁of▁sentence｜>",
    "harmony": "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
    "magistral": "[THINK]\n{}\n[/THINK]\n\n{}</s>",
    "kimi": "◁think▷\n{}\n◁/think▷\n\n{}<|im_end|>",
    "glm": "\n<think>\n{}\n</think>\n\n{}<|endoftext|>",
    "minimax": "<mm:think>\n{}\n</mm:think>\n\n{}[e~[",
    "gemma": "<|channel>thought\n{}\n<channel|>\n\n{}<turn|>",
    "granite": "<think>\n{}\n</think>\n\n{}<|end_of_text|>",
    "anthropic": '<thinking signature="x">\n{}\n</thinking>\n\n{}',
    "think-tags": "<think>\n{}\n</think>\n\n{}</s>",
}
"""How each family writes a whole completion."""

MARKUP = [
    *sorted({mark for text in CANONICAL.values() for mark in re.split(r"\{\}|\n", text) if mark}),
    *("<think>", "</think>", "</think", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<|im_end|>"),
    *("<|im_start|>user\n", "<|im_start|>assistant\n", "<|start|>", "<|channel|>", "<|message|>", "<|end|>", "<|call|>"),
    *(
        "final",
        "analysis",
        "assistantfinal",
        "[TOOL_CALLS]",
        "<|user|>",
        "<|assistant|>",
        "`",
        '"',
        "'",
        "```\n",
        " ",
        "\n",
        "secret",
    ),
]
plain = st.text(alphabet=st.characters(exclude_characters="<>[]◁▷｜|`\"'“”", exclude_categories=("Cs",)), max_size=60)
inked = plain.filter(lambda text: bool(text.strip()) and "thought" not in text and "final" not in text)
markup = st.lists(st.sampled_from(MARKUP), max_size=14).map("".join)
families = st.sampled_from(sorted(FAMILIES))


def texts(completion: str, found: SplitText, channel: Channel) -> list[str]:
    return [completion[piece.start : piece.end] for piece in found.pieces if piece.channel is channel]


def test_nothing_is_never_a_split() -> None:
    for completion in ("", " \n\t"):
        found = split_text(completion)
        assert (found.pieces, found.split.status) == ((), SplitStatus.AMBIGUOUS)


def test_unknown_family_is_named_as_a_usage_error() -> None:
    with pytest.raises(UsageError, match="unknown template family"):
        split_text("x", "qwen-9")


@pytest.mark.parametrize("case", ZOO, ids=[case["name"] for case in ZOO])
def test_zoo(case: dict[str, Any]) -> None:
    options = {key: case[key] for key in ("family", "prompt_tail", "thinking", "truncated") if key in case}
    found = split_text(case["text"], **options)
    for channel in (Channel.REASONING, Channel.ANSWER, Channel.TOOL_CALL, Channel.TOOL_RESULT):
        assert texts(case["text"], found, channel) == case.get(channel.value, [])
    assert found.split.status == case["status"], found.split.reason
    if "turns" in case:
        assert [piece.turn for piece in found.pieces] == case["turns"]


def test_zoo_names_a_source_for_every_case() -> None:
    assert all(re.search(r"#\d+", case["source"]) for case in ZOO)


@pytest.mark.parametrize("record", HARMONY, ids=[record["id"] for record in HARMONY])
def test_real_harmony_completions(record: dict[str, str]) -> None:
    found = split_text(record["raw_output"])
    assert found.split.status is SplitStatus.SPLIT
    assert "".join(texts(record["raw_output"], found, Channel.REASONING)).strip() == record["internal_reasoning"].strip()
    assert "".join(texts(record["raw_output"], found, Channel.ANSWER)).strip() == record["external_output"].strip()


@pytest.mark.parametrize("family", CANONICAL)
@settings(max_examples=60, deadline=None)
@given(reasoning=inked, answer=inked)
def test_a_canonical_completion_splits_back_exactly(family: str, reasoning: str, answer: str) -> None:
    completion = CANONICAL[family].format(reasoning, answer)
    for named in (family, "auto"):
        found = split_text(completion, named)
        assert texts(completion, found, Channel.REASONING) == [reasoning]
        assert texts(completion, found, Channel.ANSWER) == [answer]
        assert found.split.status is SplitStatus.SPLIT


@pytest.mark.parametrize("family", CANONICAL)
@settings(max_examples=40, deadline=None)
@given(cut=st.integers(min_value=0, max_value=400), truncated=st.sampled_from([None, True]))
def test_a_truncated_completion_never_shows_reasoning_as_answer(family: str, cut: int, truncated: bool | None) -> None:
    reasoning, answer = "KEEP SECRET " * 8, "public words " * 8
    completion = CANONICAL[family].format(reasoning, answer)[:cut]
    found = split_text(completion, family, truncated=truncated)
    if found.split.status in (SplitStatus.SPLIT, SplitStatus.NO_COT):
        assert not any("KEEP" in text or "SECRET" in text for text in texts(completion, found, Channel.ANSWER))


@pytest.mark.parametrize("family", sorted(set(CANONICAL) - {"anthropic", "harmony"}))
@settings(max_examples=40, deadline=None)
@given(cut=st.integers(min_value=0, max_value=400))
def test_with_the_opener_in_the_prompt_no_truncation_is_ambiguous(family: str, cut: int) -> None:
    opener = "<think>\n" if family == "deepseek-r1" else CANONICAL[family].split("{}")[0]
    completion = CANONICAL[family].removeprefix(opener).format("KEEP SECRET " * 8, "public words " * 8)[:cut]
    found = split_text(completion, family, prompt_tail="The question.\n" + opener, truncated=True)
    assert found.split.status is SplitStatus.SPLIT
    assert not any("KEEP" in text or "SECRET" in text for text in texts(completion, found, Channel.ANSWER))


def covered(completion: str, found: SplitText) -> str:
    """What stands between the pieces."""
    at, gaps = 0, []
    for piece in found.pieces:
        assert at <= piece.start < piece.end <= len(completion)
        gaps.append(completion[at : piece.start])
        at = piece.end
    return "\n".join([*gaps, completion[at:]])


CONTROL = re.compile(
    r"</?(?:mm:)?think(?:ing)?(?:\s[^<>]*)?>|</?(?:tool_call|tool_response|response|s)>|\[/?THINK\]|\[TOOL_CALLS\]|◁/?think▷"
    r"|<\|(?:im_end|endoftext|end_of_text|end|return|call|user|assistant)\|>|<\|im_start\|>\w+|<｜end▁of▁sentence｜>|<turn\|>|\[e~\["
    r"|<\|channel>[a-z]*|<channel\|>"
    r"|<\|(?:start|channel)\|>[\w. =]*|<\|constrain\|>\w*|<\|message\|>|assistant(?:final|commentary)?|analysis|final|thought|\s"
)


@settings(max_examples=200, deadline=None)
@given(text=markup, family=families, prompt=st.sampled_from(["", "<think>\n", "<|im_start|>assistant\n", "</think>", "hello"]))
def test_only_control_tokens_and_white_space_stand_between_the_pieces(text: str, family: str, prompt: str) -> None:
    found = split_text(text, family, prompt_tail=prompt)
    assert CONTROL.sub("", covered(text, found)) == ""
    turns = [piece.turn for piece in found.pieces]
    assert turns == sorted(turns)


@settings(max_examples=150, deadline=None)
@given(text=st.one_of(st.text(max_size=80), markup), family=families, prompt=st.one_of(st.text(max_size=30), markup))
def test_any_text_is_split_without_an_error(text: str, family: str, prompt: str) -> None:
    found = split_text(text, family, prompt_tail=prompt)
    covered(text, found)
    assert found.split.reason in {why.value for why in Why}


@settings(max_examples=200, deadline=None)
@given(before=markup, after=markup)
def test_reasoning_inside_a_complete_block_is_never_an_answer(before: str, after: str) -> None:
    completion = f"<think>\nKEEP{before}\n</think>\n\nanswer{after}"
    found = split_text(completion, "qwen3")
    if found.split.status is SplitStatus.SPLIT and "<|im_" not in before:
        assert not any("KEEP" in text for text in texts(completion, found, Channel.ANSWER))


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet='<>/think \n`"x', max_size=60), reasoning=inked)
def test_prefixing_an_answer_never_exposes_the_reasoning(text: str, reasoning: str) -> None:
    assume("<think" not in text and "</think" not in text)
    completion = f"KEEP{reasoning}\n</think>\n\n{text}"
    found = split_text(completion, "qwen3")
    assert found.split.status is SplitStatus.SPLIT
    assert texts(completion, found, Channel.REASONING) == ["KEEP" + reasoning]


@pytest.mark.parametrize(
    "text",
    [
        "<think>" * 60_000,
        "</think>" * 60_000,
        "<think>" * 30_000 + "</think>" * 30_000,
        "<think>a</think>b" * 20_000,
        "<think>" + " " * 20_000 + "</think>x" * 20_000,
        "a<tool_response>x</tool_response>" * 30_000 + "</think>",
        '"<think>' * 60_000,
        "```\n<think>\n" * 40_000,
        "<think>a</think>" + "<thinking>a</thinking>b" * 14_000,
        "<think>a</think>" + "<thinking><scratchpad>" * 14_000,
        "reasoning: " * 30_000,
        "reasoning: x" + " " * 300_000 + "y",
        "Thinking...\nx" + "\n" * 300_000 + "...",
        " " * 300_000 + "x: content:",
        "<|end|>" * 40_000 + "x",
        "<|start|>" * 100_000,
        "<think " * 100_000,
        "<|im_end|> " * 60_000 + "x",
        "<|im_end|>\n<|im_start|>user\n" * 30_000,
        "]~b]ai\n<think [EOS]>◁think▷" * 30_000,
        "<aaaaaaaaaaaaaaaaaaaa:" * 30_000,
        "<think>x</thinking>x " * 20_000,
        "<think>x" + "\n" * 300_000 + "</thinking>",
        "<think>x" + "</thinking>x\n" * 30_000,
        "<think>x" + "&lt;/think&gt; " * 30_000,
        "x</think>" + "\nuser\n" * 40_000 + "</think>",
        "x</think>" + "\nuser\n\nassistant\n" * 20_000 + "</think>",
        "x</think>\nuser\n\nassistant\n" * 20_000,
        "x</think>" + ">    " * 60_000 + "</think>",
        "<think>x</think><|im_end|>\n<|im_start|>user\n" * 15_000 + "<|im_end|><think>",
        "<|start|>user<|message|>x<|end|>y" * 20_000,
        "<think>a<think><|observation|>" * 20_000 + "</think>" * 20_000,
    ],
    ids=lambda text: f"{text[:12].strip()}x{len(text)}",
)
def test_time_is_linear_on_hostile_text(text: str) -> None:
    assert_linear(lambda size: split_text(text[-size:]), len(text))


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(["<think>", "</think>", "<|im_end|>", "\n", " ", "x", "\n\n", "`", "```\n", "</s>"]), max_size=8
    ),
    family=st.sampled_from(["qwen3", "anthropic"]),
    visible=st.booleans(),
)
def test_the_shortcut_for_a_single_block_changes_nothing(parts: list[str], family: str, visible: bool) -> None:
    text, prefills = "".join(parts), FAMILIES[family].prefills
    marks = with_line_breaks(text, find_marks(text, family))
    single = single_block(text, marks, prefills)
    assert single is None or single == by_turns(Draft(text, -1, prefills), marks, visible)


def test_a_harmony_completion_may_begin_with_any_text() -> None:
    for before in ("|", "|x<", "<|", "x|"):
        completion = before + "<|end|><|start|>assistant<|channel|>final<|message|>Yes."
        found = split_text(completion)
        assert (texts(completion, found, Channel.REASONING), texts(completion, found, Channel.ANSWER)) == ([before], ["Yes."])


def test_a_piece_is_never_empty() -> None:
    for completion in ("thought\n", "<|channel|>analysis<|message|>", "<think></think>", "<think>\n"):
        assert split_text(completion).pieces == ()


def test_thinking_off_is_evidence_only_where_no_delimiter_stands() -> None:
    assert split_text("Yes.", thinking=False).split.status is SplitStatus.NO_COT
    assert split_text("Hm.\n</think>\nYes.", thinking=False).split.status is SplitStatus.SPLIT
    assert split_text("Yes.", thinking=True).split.status is SplitStatus.AMBIGUOUS


def test_a_user_who_writes_about_tags_opens_nothing() -> None:
    for prompt in ("What does <think> mean in templates?", "Does it begin with `<think>`", 'He wrote "<think>"'):
        assert split_text("It opens the block.", prompt_tail=prompt).split.status is SplitStatus.AMBIGUOUS


def test_a_reason_never_holds_text_of_the_episode() -> None:
    for case in ZOO:
        assert split_text(case["text"]).split.reason in {why.value for why in Why}
