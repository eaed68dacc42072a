"""Delimiters of reasoning in constants and regular expressions."""

import pytest

from sequester.lint.delimiters import closes, group_is_reasoning, needs, opens, spans


@pytest.mark.parametrize(
    "text", ["</think>", "</reasoning>", "[/THINK]", "<|end_of_thought|>", "◁/think▷", r"<\/think>", r"\[/THINK\]"]
)
def test_closers(text):
    assert closes(text)
    assert not opens(text)


@pytest.mark.parametrize("text", ["<think>", "<thinking>", "[THINK]", r"\<think\>"])
def test_openers(text):
    assert opens(text)
    assert not closes(text)


@pytest.mark.parametrize("text", ["", "think", "<answer>", "</answer>", "<b>", "####", "a" * 100_000])
def test_other_text(text):
    assert not opens(text)
    assert not closes(text)


def test_what_an_expression_needs():
    assert needs(r"<think>.*?</think>") == "both tags"
    assert needs(r".*</think>") == "a closing tag"
    assert needs(r"<think>.*?(?:</think>|$)") == "an opening tag"
    assert needs(r"(?:^|<think>).*?(?:</think>|$)") == ""


def test_the_group_between_the_delimiters_is_reasoning():
    assert group_is_reasoning(r"<think>(.*?)</think>(.*)", 0)
    assert not group_is_reasoning(r"<think>(.*?)</think>(.*)", 1)
    assert not group_is_reasoning(r"<think>.*</think>\s*(?P<final>.*)", "final")


def test_tags_alone_are_not_a_span():
    assert not spans(r"</?think>")
    assert spans(r"<think>.*?</think>")
