"""The declarative table: the families of the contract, and that every delimiter is found where it stands."""

from __future__ import annotations

import pytest

from sequester.episodes.families import FAMILIES, PAIRS, VOCABULARIES, Kind, home_of
from sequester.episodes.marks import find_marks

CONTRACT = "qwen3 deepseek-r1 harmony magistral kimi glm minimax gemma granite anthropic think-tags auto"


def test_the_families_are_those_of_the_contract() -> None:
    assert list(FAMILIES) == CONTRACT.split()


def test_a_plain_text_holds_no_mark() -> None:
    assert find_marks("2 < 3 and [x] and a|b", "auto") == []


@pytest.mark.parametrize("family", VOCABULARIES)
def test_every_delimiter_is_found_alone(family: str) -> None:
    for delimiter in VOCABULARIES[family]:
        if not delimiter.rest:
            found = [(mark.kind, mark.name, mark.start, mark.end) for mark in find_marks(f"x {delimiter.literal} y", family)]
            assert found == [(delimiter.kind, delimiter.name, 2, 2 + len(delimiter.literal))]


@pytest.mark.parametrize("family", VOCABULARIES)
def test_no_literal_begins_another_so_their_order_is_no_matter(family: str) -> None:
    alone = [delimiter.literal for delimiter in VOCABULARIES[family] if not delimiter.rest]
    assert len(alone) == len(set(alone))
    assert not [(one, other) for one in alone for other in alone if one != other and other.startswith(one)]


HEADERS = [
    ("chatml", "<|im_end|>\n", "<|im_start|>user\n", "<|im_start|>assistant\n"),
    ("kimi", "<|im_end|>", "<|im_user|>user<|im_middle|>", "<|im_assistant|>assistant<|im_middle|>"),
    (
        "llama",
        "<|eot_id|>",
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    ("llama", "<|eom_id|>", "<|start_header_id|>ipython<|end_header_id|>", "<|start_header_id|>assistant<|end_header_id|>"),
    ("granite", "<|end_of_text|>\n", "<|start_of_role|>user<|end_of_role|>", "<|start_of_role|>assistant<|end_of_role|>"),
    ("gemma", "<turn|>\n", "<|turn>user\n", "<|turn>model\n"),
    ("minimax", "[e~[\n", "]~b]tool\n", "]~b]ai\n"),
    ("xtml", "<|end_of_msg|>", '<|open|>message role="user" x<|sep|>', '<|open|>message role="assistant"<|sep|>'),
]


@pytest.mark.parametrize(("name", "end", "foreign", "policy"), HEADERS)
def test_headers_after_the_end_of_a_turn(name: str, end: str, foreign: str, policy: str) -> None:
    def kinds(text: str) -> list[tuple[Kind, str, int]]:
        return [(mark.kind, mark.name, mark.end - mark.start) for mark in find_marks(text, "auto") if mark.kind is not Kind.DROP]

    assert kinds(f"x{end}{foreign}y") == [(Kind.TURN_OUT, name, len(end + foreign))]
    assert kinds(f"x{end}{policy}y") == [(Kind.TURN_IN, name, len(end + policy))]
    assert kinds(f"x{policy}y") == [(Kind.TURN_IN, name, len(policy))]
    assert kinds(f"x{foreign}y") == []


def test_marks_of_different_beginnings_come_in_order_and_do_not_overlap() -> None:
    text = "<think a=[THINK]>[/THINK]]~b]ai\n◁think▷]<]minimax[>[<tool_call>x</s>[INST]</think>"
    names = ["think", "[THINK]", "minimax", "triangles", "minimax M3", "mistral", "think"]
    assert [mark.name for mark in find_marks(text, "auto")] == names


@pytest.mark.parametrize("name", [name for name, pair in PAIRS.items() if len(pair) == 2])
def test_a_pair_opens_and_closes(name: str) -> None:
    opener, closer = (delimiter.literal for delimiter in PAIRS[name])
    family = "auto"
    if name == "phrase":
        family, opener, closer = "granite", "Here's my thought process:", "Here is my response:"
    marks = find_marks(f"{opener} a {closer} b", family)
    assert [(mark.kind, mark.name) for mark in marks] == [(Kind.OPEN, name), (Kind.CLOSE, name)]


@pytest.mark.parametrize(
    "tag",
    [
        "think",
        "thinking",
        "mm:think",
        "seed:think",
        "think:opensource",
        "thought",
        "reasoning",
        "THINK",
        "longcat_think",
        "SCRATCHPAD_REASONING",
        "internal_thoughts",
        "cot",
        "chain_of_thought",
        "思考",
    ],
)
def test_tags_in_every_spelling(tag: str) -> None:
    marks = find_marks(f'<{tag} signature="a/b+c=">x</{tag}>', "auto")
    assert [(mark.kind, mark.name) for mark in marks] == [(Kind.OPEN, tag.lower()), (Kind.CLOSE, tag.lower())]


@pytest.mark.parametrize("text", ["<thinker>", "<reasoning-step>", "<rethink>", "<think", "< think>", "think>", "<|think|>"])
def test_what_is_no_tag(text: str) -> None:
    assert not [mark for mark in find_marks(text, "auto") if mark.kind in (Kind.OPEN, Kind.CLOSE)]


def test_auto_names_the_home_of_a_delimiter() -> None:
    assert [home_of(name) for name in ("mm:think", "[THINK]", "channel", "think", "seed:think")] == [
        "minimax",
        "magistral",
        "gemma",
        "think-tags",
        "think-tags",
    ]


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("the `<think>` tag", True),
        ('the "<think>" tag', True),
        ("the '<think>' tag", True),
        ("the “<think>” tag", True),
        ("the ``<think>`` tag", True),
        ('{\\"x\\": \\"<think>\\"}', True),
        ('r"^<think>.*$"', True),
        ("don't <think> it's", False),
        ('5" <think>\n6"', False),
        ('"a" <think> "b"', False),
        ("`a\n<think>\nb`", False),
        ("<think>", False),
    ],
)
def test_mentions_are_told_from_delimiters(text: str, mention: bool) -> None:
    assert [mark.mention for mark in find_marks(text, "auto") if mark.kind is Kind.OPEN] == [mention]
