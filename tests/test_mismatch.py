"""Errors about types speak of JSON and TOML, name the place and never a value."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
import pytest

from sequester.mismatch import TOML, explain, kind_of

SECRET = "the keeper counted seven gulls"


class Record(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    step: int | None = None
    share: float = 0.0
    flag: bool = False
    ids: list[int] = []
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=4)] = "x"
    pair: tuple[int, int] = (1, 2)
    kind: Literal["a", "b"] = "a"
    inputs: dict[str, int] = {}
    until: date | None = None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": 3}', "name: expected a string, got an integer"),
        ('{"name": null}', "name: expected a string, got null"),
        ('{"name": "x", "step": "3"}', "step: expected an integer or null, got a string"),
        ('{"name": "x", "step": 3.5}', "step: expected an integer or null, got a number with a decimal point"),
        ('{"name": "x", "share": []}', "share: expected a number, got a list"),
        ('{"name": "x", "share": 1e999}', "share: number out of range"),
        ('{"name": "x", "flag": 1}', "flag: expected true or false, got an integer"),
        ('{"name": "x", "ids": [1, "x"]}', "ids[1]: expected an integer, got a string"),
        ('{"name": "x", "label": ""}', "label: expected a string of length at least 1"),
        ('{"name": "x", "label": "sssss"}', "label: expected a string of length at most 4"),
        ('{"name": "x", "pair": [1]}', "pair: expected a list of length 2"),
        ('{"name": "x", "inputs": {"a": {}}}', "inputs[...]: expected an integer, got an object"),
        ("{}", "the key 'name' is missing"),
        ("[]", "expected an object, got a list"),
        ('{"nam": "x"}', "unknown key 'nam' (did you mean 'name'?)"),
        (f'{{"name": "x", "kind": "{SECRET}"}}', "kind: not one of the known values"),
    ],
)
def test_what_is_wrong_with_a_type_is_said_in_the_words_of_json(text: str, said: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=Record)
    assert explain(caught.value, ("name", "step")) == said


def test_toml_has_tables_and_dates() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"name": "x", "until": 3}, Record)
    assert explain(caught.value, words=TOML) == "until: expected a date or null, got an integer"
    assert kind_of({}, TOML) == "a table"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": "x"', "not valid JSON: it ends early"),
        ('{"name" "x"}', "not valid JSON: expected ':' (byte 8)"),
        (f"{SECRET}", "not valid JSON: invalid character (byte 4)"),
    ],
)
def test_what_is_no_json_is_told_by_its_place(text: str, said: str) -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(text)
    assert explain(caught.value) == said


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "a string"),
        (3, "an integer"),
        (0.5, "a number with a decimal point"),
        (True, "true or false"),
        ([], "a list"),
        ({}, "an object"),
    ],
)
def test_a_value_is_named_by_its_kind(value: object, kind: str) -> None:
    assert kind_of(value) == kind


def test_null_is_null_and_what_json_lacks_keeps_its_name() -> None:
    assert kind_of(None) == "null"
    assert kind_of(b"") == "bytes"
