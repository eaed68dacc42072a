"""SQ249: the reasoning decides what is trained on."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ249", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ249", example("SQ249"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ249", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("sdpo: {remove_thinking_from_demonstration: false}\n", [("sdpo.remove_thinking_from_demonstration", 1)]),
    ("sft:\n  filters:\n  - field: thinking\n    contains: x\n", [("sft.filters.0.field", 3)]),
    ("sft: {filter: {min_reasoning_tokens: 100}}\n", [("sft.filter.min_reasoning_tokens", 1)]),
    ("rollout: {filter_by_reasoning_length: true}\n", [("rollout.filter_by_reasoning_length", 1)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ249", text) == where


QUIET = [
    "sdpo: {remove_thinking_from_demonstration: true}\n",
    "sft: {columns: [reasoning], field: reasoning}\n",
    "sft: {filters: [{field: answer}]}\n",
    "rollout: {max_thinking_tokens: 100, min_reasoning_tokens: 10}\n",
    "sft: {filter: {enabled: false, min_reasoning_tokens: 100}}\n",
    "filters: [{field: reasoning}]\njudge: x\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ249", text) == []
