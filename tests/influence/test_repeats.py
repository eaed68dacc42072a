"""Texts that an episode says twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.influence.repeats import LEAST, plain, still_said, swapped

COT = "The keeper counted seven gulls before the fog rolled in. Two more may have sat behind the rail, so I say seven."


def test_nothing_is_said_by_no_column() -> None:
    assert not still_said({}, [COT], [])
    assert not still_said({"a": COT}, [], [])
    assert swapped({}, {}) == {}


def test_the_longest_text_is_replaced_first_and_what_is_put_in_stays() -> None:
    texts = {"one two": "three", "two": "one two", "one": "two"}
    assert swapped({"a": ["one two, two, one", 7, None]}, texts) == {"a": ["three, one two, two", 7, None]}


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_holds_no_text_is_as_it_was(value: Any) -> None:
    assert swapped(value, {COT: ""}) == value


@given(st.integers(0, len(COT)), st.integers(0, len(COT)), st.text(max_size=30), st.text(max_size=30))
def test_a_stretch_is_seen_from_the_least_length_on(start: int, end: int, before: str, after: str) -> None:
    shared = plain(COT[start:end])
    said = still_said({"a": f"{before} {shared} {after}"}, [COT], [])
    if len(shared) >= LEAST:
        assert said
    elif not (before + after).strip():
        assert not said


@pytest.mark.parametrize("known", [COT, f"x {COT.upper()} y", COT[:70]])
def test_what_is_known_is_not_said(known: str) -> None:
    assert not still_said({"a": COT[:60]}, [COT], [known])
    assert still_said({"a": COT}, [COT], [COT[:30]])


def test_deep_values_end() -> None:
    value: Any = COT
    for _ in range(50_000):
        value = [value]
    assert still_said({"a": value}, [COT], [])
    swapped(value, {COT: ""})
