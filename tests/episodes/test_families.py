"""The declarative table: the families of the contract, and that every delimiter is found where it stands."""

from __future__ import annotations

import re

import pytest

from sequester.episodes.families import FAMILIES, PAIRS, VOCABULARIES, Kind, finder, home_of, present
from sequester.episodes.marks import find_marks

CONTRACT = "qwen3 deepseek-r1 harmony magistral kimi glm minimax gemma granite anthropic think-tags auto"


def test_the_families_are_those_of_the_contract() -> None:
    assert list(FAMILIES) == CONTRACT.split()


def test_a_plain_text_holds_no_mark() -> None:
    assert present("2 < 3 and [x] and a|b", "auto") == frozenset()
    assert list(find_marks("2 < 3 and [x] and a|b", "auto")) == []


@pytest.mark.parametrize("family", VOCABULARIES)
def test_every_literal_of_a_family_is_found_alone(family: str) -> None:
    for number, delimiter in enumerate(VOCABULARIES[family]):
        assert number in present(f"x {delimiter.literal} y", family)
        if not delimiter.pattern:
            found = finder(family, frozenset({number})).search(f"x {delimiter.literal} y")
            assert found is not None and found[0] == delimiter.literal


@pytest.mark.parametrize("family", VOCABULARIES)
def test_every_pattern_needs_its_literal(family: str) -> None:
    for delimiter in VOCABULARIES[family]:
        if delimiter.pattern:
            assert all(part in delimiter.pattern.replace("\\", "") for part in re.split(r"[\n\"]", delimiter.literal) if part)


@pytest.mark.parametrize("name", PAIRS)
def test_a_pair_opens_and_closes(name: str) -> None:
    opener, closer = PAIRS[name]
    family = "granite" if name == "phrase" else "auto"
    marks = list(find_marks(f"{opener.literal} a {closer.literal} b", family))
    assert [(mark.kind, mark.name) for mark in marks] == [(Kind.OPEN, name), (Kind.CLOSE, name)]


@pytest.mark.parametrize(
    "tag", ["think", "thinking", "mm:think", "seed:think", "think:opensource", "thought", "reasoning", "THINK"]
)
def test_tags_in_every_spelling(tag: str) -> None:
    marks = list(find_marks(f'<{tag} signature="a/b+c=">x</{tag}>', "auto"))
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
