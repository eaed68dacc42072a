"""The how-to for TRL: its function logs the judge's input where the demo's map looks for it, and its map believes in no reasoning."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from sequester.cli.main import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto-trl.md").read_text()


@pytest.fixture
def correctness():
    """The reward function of the page, with a judge of its own."""
    (code,) = (block for block in re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S) if "def correctness" in block)
    names = {
        "render_judge_prompt": lambda prompt, answer: f"{prompt} Grade: {answer}",
        "answer_of": lambda completion: completion.rpartition("</think>")[2],
        "judge": len,
    }
    exec(code, names)
    return names["correctness"]


def test_without_completions_nothing_is_logged_but_an_empty_column(correctness):
    logged = {}
    assert correctness([], [], log_extra=logged.__setitem__) == []
    assert logged == {"correctness_input": []}


def test_it_logs_what_the_judge_was_given_where_the_demo_s_map_looks(correctness):
    logged = {}
    scores = correctness(["How many?"], ["<think>Seven.</think>7"], log_extra=logged.__setitem__, task="birds")
    assert scores == [len("How many? Grade: 7")] == correctness(["How many?"], ["<think>Seven.</think>7"])
    assert logged == {"correctness_input": ["How many? Grade: 7"]}
    calls = tomllib.loads((ROOT / "examples" / "demo" / "graders.toml").read_text())["reward_call"]
    assert {"correctness_input"} == {path for call in calls if call["path"] == "correctness" for path in call["inputs"].values()}


@pytest.mark.parametrize(
    ("completion", "without_cot"), [("Seven.", 1), ("<think>Seven landed.</think>Seven.", 0)], ids=["none", "hidden"]
)
def test_a_model_that_does_not_reason_is_counted_so_unless_a_delimiter_stands_there(completion, without_cot, tmp_path, capsys):
    (block,) = (
        block for block in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S) if 'reasoning = { value = "" }' in block
    )
    log, field_map = tmp_path / "log.jsonl", tmp_path / "no-reasoning.toml"
    log.write_text(json.dumps({"prompt": "How many?", "completion": completion}) + "\n")
    field_map.write_text(block)
    assert run(["audit", str(log), "--map", str(field_map), "--quiet", "--out", "json"]) == 3
    counts = json.loads(capsys.readouterr().out)["episodes"]
    assert (counts["without_cot"], sum(counts["not_assessed"].values())) == (without_cot, 1 - without_cot)
