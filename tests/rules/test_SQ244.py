"""SQ244: a reasoning parser that does not fit the model."""

import pytest
from tests.rules.lint_of import example, hits, lines, terminal


def test_nothing_is_found_in_nothing():
    assert hits("SQ244", "", "config.yaml") == []


def test_the_example_of_its_page_is_found():
    assert hits("SQ244", example("SQ244"), "config.yaml")


def test_terminal(snapshot, tmp_path, monkeypatch):
    assert terminal("SQ244", tmp_path, monkeypatch, "config.yaml") == snapshot


FOUND = [
    ("reasoning_parser: minimax-append-think\n", [("reasoning_parser", 1)]),
    ("run: sglang serve --model-path MiniMaxAI/MiniMax-M2 --reasoning-parser minimax-append-think\n", [("run", 1)]),
    (
        'run: sh -c "vllm serve MiniMaxAI/MiniMax-M2 --tp $(nvidia-smi -L | wc -l) --reasoning-parser minimax_m2_append_think"\n',
        [("run", 1)],
    ),
    ("model: Qwen/Qwen3-8B\nport: 1\ndtype: auto\nreasoning-parser: mistral\n", [("model", 1)]),
    ("policy: {model_name: mistralai/Magistral-Small-2507}\nreasoning_parser: deepseek_r1\n", [("reasoning_parser", 2)]),
    ("policy: {model_name: Qwen/Qwen3.5-27B}\nreasoning_parser: qwen3\n", [("reasoning_parser", 2)]),
]


@pytest.mark.parametrize(("text", "where"), FOUND)
def test_found(text, where):
    assert lines("SQ244", text) == where


QUIET = [
    "policy: {model_name: Qwen/Qwen3-1.7B}\nreasoning_parser: deepseek_r1\n",
    "policy: {model_name: Qwen/Qwen3-1.7B}\nreasoning_parser: my_plugin\n",
    "policy: {model_name: Qwen/Qwen3-1.7B}\nteacher_model: openai/gpt-oss-20b\nreasoning_parser: openai_gptoss\n",
    "policy: {model_name: Qwen/Qwen3-1.7B}\nreasoning_parser: null\n",
    "policy: {model_name: openai/gpt-oss-20b}\nreasoning_parser: gpt-oss\n",
    "reasoning_parser: qwen3\n",
]


@pytest.mark.parametrize("text", QUIET)
def test_look_alikes_are_left_alone(text):
    assert hits("SQ244", text) == []
