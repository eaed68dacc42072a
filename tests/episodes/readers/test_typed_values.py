"""Values of a loose record as the types of an episode: absent, right, or wrong by the name of the field and never by the value."""

from __future__ import annotations

import re
from array import array
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.episodes.readers.typed_values import TypedValues
from sequester.errors import MalformedRecord

KINDS = ("label", "integer", "number", "text", "conversation", "ids")
SECRET = "seven gulls landed before the fog"


def read(kind: str, value: Any) -> Any:
    return getattr(TypedValues({"field": value}), kind)("field")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_absent_or_null_is_none(kind: str) -> None:
    assert getattr(TypedValues({}), kind)("field") is None
    assert read(kind, None) is None
    assert TypedValues({}).texts("field") == ()


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize("value", [float("nan"), Decimal("nan")])
def test_no_number_is_an_absent_one(kind: str, value: Any) -> None:
    assert read(kind, value) is None


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("label", "e1", "e1"),
        ("label", 7, "7"),
        ("label", "", None),
        ("label", 7.0, "7"),
        ("integer", "7", 7),
        ("number", " 7.5", 7.5),
        ("label", -(2**63), str(-(2**63))),
        ("label", "x" * 1024, "x" * 1024),
        ("integer", 7, 7),
        ("integer", 7.0, 7),
        ("integer", Decimal("7.00"), 7),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("number", 7, 7.0),
        ("number", Decimal("0.5"), 0.5),
        ("number", 10**400, None),
        ("number", float("inf"), None),
        ("number", Decimal("1e999"), None),
        ("text", "a", "a"),
        ("text", b"a", "a"),
        ("text", ["a", None, b"b"], "a\n\nb"),
        ("text", [], ""),
        ("texts", "a", ("a",)),
        ("texts", ["a", b"b"], ["a", "b"]),
        ("conversation", "a", "a"),
        ("conversation", {"role": "user"}, [{"role": "user"}]),
        ("conversation", [{"role": "user"}], [{"role": "user"}]),
        ("conversation", ["a", "b"], "a\n\nb"),
        ("conversation", [], ""),
        ("ids", [1, 2], array("q", [1, 2])),
        ("ids", [], array("q")),
    ],
)
def test_what_fits_is_taken(kind: str, value: Any, found: Any) -> None:
    assert read(kind, value) == found


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("label", "x" * 1025, "a text of 1 to 1024 characters or an integer, got a string"),
        ("label", 2**63, "a text of 1 to 1024 characters or an integer, got an integer"),
        ("label", 0.5, "a text of 1 to 1024 characters or an integer, got a number with a decimal point"),
        ("integer", 7.5, "an integer, got a number with a decimal point"),
        ("integer", float("inf"), "an integer, got a number with a decimal point"),
        ("integer", 2**63, "an integer, got an integer"),
        ("integer", "7.5", "an integer, got a string"),
        ("integer", SECRET, "an integer, got a string"),
        ("number", SECRET, "a number, got a string"),
        ("text", {"a": SECRET}, "text or a list of texts, got an object"),
        ("text", [SECRET, 7], "text or a list of texts, got a list"),
        ("text", b"\xff", "text or a list of texts, got bytes"),
        ("conversation", [{"role": "user"}, SECRET], "text or a list of texts, got a list"),
        ("ids", [1, True], "a list of integers, got a list"),
        ("ids", [1, None], "a list of integers, got a list"),
        ("ids", SECRET, "a list of integers, got a string"),
    ],
)
def test_what_does_not_fit_is_named_by_its_field_and_kind(kind: str, value: Any, expected: str) -> None:
    with pytest.raises(MalformedRecord, match=f"^{re.escape(f'field: expected {expected}')}$"):
        read(kind, value)


anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=False)
    | st.just(SECRET)
    | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(kind=st.sampled_from((*KINDS, "texts")), value=anything)
def test_any_value_fits_or_is_refused_and_is_never_shown(kind: str, value: Any) -> None:
    try:
        read(kind, value)
    except MalformedRecord as error:
        assert str(error).startswith("field: expected ")
        assert SECRET not in str(error)
