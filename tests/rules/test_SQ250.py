"""SQ250: reasoning kept in the history that a judge reads."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ250", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ250", example("SQ250"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ250", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("grpo: 1\njudge: x\nchat_template_kwargs: {preserve_thinking: true}\n", [("chat_template_kwargs.preserve_thinking", 3)]),
    ("grpo: 1\njudge: x\nclear_thinking: false\n", [("clear_thinking", 3)]),
    ("orchestrator: {renderer: {thinking_retention: all}}\njudge: x\n", [("orchestrator.renderer.thinking_retention", 1)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ250", text) == where


QUIET = [
    "grpo: 1\nrouter: {scorers: [a]}\nclear_thinking: false\n",
    "grpo: 1\nchat_template_kwargs: {preserve_thinking: true}\n",
    "judge: x\nchat_template_kwargs: {preserve_thinking: true}\n",
    "grpo: 1\njudge: x\nclear_thinking: true\n",
    "grpo: 1\njudge: x\nthinking_retention: none\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ250", text) == []


def test_it_is_a_hint():
    assert {one.severity for one in hits("SQ250", example("SQ250"))} == {"low"}
