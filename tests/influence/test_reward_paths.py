"""The table of a reward path in `sequester.toml`."""

import pytest

from sequester.errors import ConfigError
from sequester.influence.reward_paths import declared

TABLE = {"function": "rewards.py:accuracy", "episodes": "e.jsonl"}


def test_no_table_declares_nothing():
    assert declared({}, "here") == {}


def test_a_table_is_read():
    path = declared({"accuracy": {**TABLE, "files": ["judge.jinja"], "noise": "replicate", "outcome": "keep"}}, "here")[
        "accuracy"
    ]
    assert (path.file, path.files, path.noise, path.outcome) == ("rewards.py", ("judge.jinja",), "replicate", "keep")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"function": "rewards.py:accuracy"}, "the key 'episodes' is missing"),
        ({**TABLE, "file": ["judge.jinja"]}, "unknown key 'file'"),
        ({**TABLE, "files": "judge.jinja"}, "files: expected a list"),
        ({**TABLE, "noise": "some"}, "not one of the known values"),
        ({**TABLE, "function": "rewards:accuracy"}, "not FILE.py:function"),
        ({**TABLE, "function": "rewards.py"}, "not FILE.py:function"),
        ("rewards.py:accuracy", "expected a table"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_name(table, said):
    with pytest.raises(ConfigError, match=r"here: \[swap\.reward\.accuracy\]") as raised:
        declared({"accuracy": table}, "here")
    assert said in str(raised.value)
    assert raised.value.hint


def test_one_value_is_no_table():
    with pytest.raises(ConfigError, match="a table of tables"):
        declared("accuracy", "here")


def test_a_function_may_lie_in_an_object():
    assert declared({"a": {**TABLE, "function": "rewards.py:Rewards.accuracy"}}, "here")["a"].file == "rewards.py"
