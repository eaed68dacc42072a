"""Any JSON value as named leaves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.flatten import flatten, flatten_inputs, integer_array, is_void
from sequester.errors import LimitExceeded

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=30), inner, max_size=5),
    max_leaves=30,
)


def leaves(value: Any, name: str = "x") -> list[tuple[str, Any]]:
    return [
        (field.name, field.text.reveal() if field.text is not None else list(field.ids or ())) for field in flatten(name, value)
    ]


@pytest.mark.parametrize("value", [None, True, 3, 2.5, [], {}, [None, 1, {"a": False}], [1, 2, 3]])
def test_what_holds_no_text_has_no_leaves(value: Any) -> None:
    assert leaves(value) == []


def test_leaves_are_named_by_their_place_and_come_in_order() -> None:
    value = [{"role": "assistant", "content": "a"}, {"parts": [{"text": "b"}, "c"]}]
    assert leaves(value, "completions") == [
        ("completions[0].role", "assistant"),
        ("completions[0].content", "a"),
        ("completions[1].parts[0].text", "b"),
        ("completions[1].parts[1]", "c"),
    ]


def test_runs_of_eight_integers_are_ids() -> None:
    assert leaves({"ids": [list(range(8)), list(range(7))], "mixed": [*range(20), 0.5]}) == [("x.ids[0]", list(range(8)))]
    assert leaves([True] * 9) == []
    assert leaves(bytes(range(9))) == [("x", list(range(9)))]


WORD = [108, 105, 103, 104, 116, 32, 97, 115]


@pytest.mark.parametrize(
    "value",
    [
        [float(number) for number in WORD],
        [[number] for number in WORD],
        [[float(number)] for number in WORD],
        [(number,) for number in WORD],
    ],
)
def test_integers_are_ids_however_they_are_written(value: Any) -> None:
    assert leaves(value) == [("x", WORD)]


@pytest.mark.parametrize("write", [str, "{}.0".format])
def test_digits_in_strings_are_ids_and_texts(write: Any) -> None:
    texts = [write(number) for number in WORD]
    assert leaves(texts) == [("x", WORD), *((f"x[{at}]", text) for at, text in enumerate(texts))]
    assert leaves([[text] for text in texts])[0] == ("x", WORD)


@pytest.mark.parametrize(
    "value",
    [
        [0.5, *map(float, WORD)],
        [float("inf")] * 9,
        [float("nan")] * 9,
        [1e300] * 9,
        [[number, 1] for number in WORD],
        [[[number]] for number in WORD],
        [[number] for number in WORD] + [[]],
        [*WORD, "105"],
        [True] * 9,
        [[]] * 9,
    ],
)
def test_other_numbers_are_no_ids(value: Any) -> None:
    assert all(isinstance(leaf, str) for _, leaf in leaves(value))


@pytest.mark.parametrize("text", ["", "-", "1e3", "0x6c", "12345678901", "１０８", "a", "10.5"])
def test_other_strings_are_no_ids(text: str) -> None:
    assert all(isinstance(leaf, str) for _, leaf in leaves([str(number) for number in WORD] + [text]))
    assert all(isinstance(leaf, str) for _, leaf in leaves([text] * 9))


def test_integers_at_one_place_of_many_records_are_ids() -> None:
    ids = list(range(1000, 1030))
    assert leaves([{"id": one, "logprob": -0.5} for one in ids]) == [("x[*].id", ids)]
    assert leaves({"rows": [ids[at : at + 5] for at in range(0, 30, 5)]}) == [("x.rows[*]", ids)]
    assert leaves([{str(one): {"rank": 1.5}, "7": 0.5} for one in ids]) == [("x[*]{key}", ids)]
    assert leaves([{"token": f"token_id:{one}", "logprob": -0.5} for one in ids])[-1] == ("x[*].token", ids)
    assert leaves([{"id": one} for one in ids[:23]]) == []
    assert leaves({"a": [ids[:7]], "b": dict(zip("abcdefgh", ids, strict=False))}) == []


def test_an_integer_that_fits_nothing_does_not_hide_the_others() -> None:
    assert list(integer_array([1, 2**70, -(2**70), 5])) == [1, -1, -1, 5]


def test_long_keys_are_searched_and_never_shown() -> None:
    sentence = "The keeper counted seven gulls before the fog rolled in."
    assert leaves({sentence: {"a": "b"}, "a_long_but_plain_name": 1}) == [
        ("x{key}", sentence),
        ("x.{key 0}.a", "b"),
        ("x{key}", "a_long_but_plain_name"),
    ]


def test_an_empty_name_leaves_the_naming_to_the_keys() -> None:
    assert leaves({"a": "b", "c": {"d": "e"}}, "") == [("a", "b"), ("c.d", "e")]


def test_depth_does_not_recurse_and_names_stay_short() -> None:
    value: Any = "leaf"
    for _ in range(10_000):
        value = {"member": [value]}
    (leaf,) = leaves(value)
    assert leaf[1] == "leaf"
    assert len(leaf[0]) < 200
    while not isinstance(value, str):  # else the interpreter recurses to free it
        value = value["member"].pop()


def test_too_many_leaves_are_refused() -> None:
    with pytest.raises(LimitExceeded, match="more than 100 leaves"):
        flatten("x", ["y"] * 101, 100)
    with pytest.raises(LimitExceeded):
        flatten("x", [["y"] * 50] * 3, 100)
    assert len(flatten("x", ["y"] * 99, 100)) == 99
    assert len(flatten("x", [7] * 1000, 100)) == 1


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_every_string_is_a_leaf(value: Any) -> None:
    found = [text for _, text in leaves(value) if isinstance(text, str)]
    expected: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, str):
            expected.append(node)
        elif isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            for key, item in node.items():
                expected.extend([key] if len(key) > 16 else [])
                walk(item)

    walk(value)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("inputs", [{"n": 512, "ok": True}, {"x": [1, 2.5]}, {"x": {"y": [False]}}])
def test_inputs_of_numbers_alone_are_one_field_without_text(inputs: Any) -> None:
    (field,) = flatten_inputs(inputs)
    assert (field.text, field.ids) == (None, None)


@pytest.mark.parametrize(
    "inputs", [{}, {"x": None}, {"n": 512, "x": None}, {"n": 512, "x": []}, {"n": 1, "x": {}}, {"n": float("nan")}]
)
def test_inputs_that_hold_nothing_have_no_field(inputs: Any) -> None:
    assert flatten_inputs(inputs) == ()


@pytest.mark.parametrize(
    ("value", "void"),
    [(None, True), ([], True), ({"a": [None, {}]}, True), (float("nan"), True), ("", False), (0, False), ([None, ""], False)],
)
def test_null_and_what_holds_only_null_is_void(value: Any, void: bool) -> None:
    assert is_void(value) is void


def test_a_deep_value_is_told_void_without_recursion() -> None:
    deep: Any = None
    for _ in range(100_000):
        deep = [deep]
    assert is_void(deep)
