"""Paths into a record, as field maps write them."""

from __future__ import annotations

from typing import Any

import pytest

from sequester.episodes.readers.record_paths import record_path
from sequester.errors import ConfigError, MalformedRecord

RECORD: dict[str, Any] = {
    "id": 7,
    "none": None,
    "a.b": "dotted column",
    "a": {"b": "member", "c": {"d": 1}},
    "turns": [{"r": "one", "calls": [{"n": 1}, {"n": 2}]}, {"x": 0}, {"r": "three", "calls": [{"n": 3}]}],
    "empty": [],
    "info": {"judge.prompt": "dotted member", "x[0]": "bracketed"},
    "holes": [{"calls": None}, {"calls": [{"n": 1}, {}]}, {}],
    "packed": ' [{"role": "user", "content": "in JSON"}]',
    "broken": '[{"role": ',
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 7),
        ("none", None),
        ("none.deeper[0]", None),
        ("a.b", "dotted column"),
        ("a.c.d", 1),
        ("turns[0].r", "one"),
        ("turns[-1].r", "three"),
        ("turns[*].r", ["one", "three"]),
        ("turns[*].calls[*].n", [1, 2, 3]),
        ("empty[*].r", []),
        ("turns[*].nothing?", None),
        ("holes[*].calls[*].n", [None, 1]),
        ('info."judge.prompt"', "dotted member"),
        ('info."x[0]"', "bracketed"),
        ("packed[0].content", "in JSON"),
        ("packed[*].role", ["user"]),
        ("packed", RECORD["packed"]),
        ("broken[0]?", None),
        ("deep[0]?", None),
        ("missing?", None),
        ("a.missing?", None),
        ("turns[9]?", None),
    ],
)
def test_values(path: str, value: Any) -> None:
    assert record_path(path, "map").value_in(RECORD) == value


def test_gaps_are_told_where_they_matter() -> None:
    assert record_path("turns[*].r", "map").value_in(RECORD, gaps=True) == ["one", None, "three"]
    assert record_path("holes[*].calls[*].n", "map").value_in(RECORD, gaps=True) == [None, 1, None, None]
    assert record_path("empty[*].r", "map").value_in(RECORD, gaps=True) == []


@pytest.mark.parametrize(
    "path", ["turns[*].nothing", "missing", "a.missing", "turns[9]", "turns[-9]", "id.deeper", "id[0]", "a[*]"]
)
def test_what_a_record_lacks_is_named_with_what_it_has(path: str) -> None:
    with pytest.raises(MalformedRecord) as error:
        record_path(path, "map").value_in(RECORD)
    has = (
        "a holds: b, c" if path.startswith("a") else "columns: a, a.b, broken, deep, empty, holes, id, info, none, packed, turns"
    )
    assert str(error.value) == f"has no {path!r}; {has}"


def test_names_that_stand_in_a_text_are_not_told() -> None:
    with pytest.raises(MalformedRecord) as error:
        record_path("text.missing", "map").value_in({"text": '{"private": 1}'})
    assert str(error.value) == "has no 'text.missing'; columns: text"


@pytest.mark.parametrize("path", ["", "?", ".a", "a.", "a..b", "a[", "a[x]", "a[1", "[0]", "a[*]b", "a?.b", "a[99999999]"])
def test_what_is_no_path_is_a_configuration_error(path: str) -> None:
    with pytest.raises(ConfigError, match="is no path into a record") as error:
        record_path(path, "field map, prompt")
    assert error.value.where == "field map, prompt"
