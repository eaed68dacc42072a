"""SQ245: special tokens stripped that delimit the reasoning."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ245", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ245", example("SQ245"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ245", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("model: openai/gpt-oss-20b\nskip_special_tokens: true\n", [("skip_special_tokens", 2)]),
    (
        "policy: {model_name: mistralai/Magistral-Small-2509}\nrollout.skip_special_tokens: True\n",
        [("rollout.skip_special_tokens", 2)],
    ),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ245", text) == where


QUIET = [
    "model: openai/gpt-oss-20b\nskip_special_tokens: false\n",
    "model: Qwen/Qwen3-8B\nskip_special_tokens: true\n",
    "model: mistralai/Magistral-Small-2506\nskip_special_tokens: true\n",
    "note: openai/gpt-oss-20b\nskip_special_tokens: true\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ245", text) == []
