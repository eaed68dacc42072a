"""Columns as numbers: the same whichever slice of a buffer they are."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.bundle.arrays import integers, nulls


def test_an_empty_column_has_no_rows() -> None:
    assert nulls(pa.array([], pa.int64())).tolist() == []
    assert integers(pa.array([], pa.int64()), -1).tolist() == []


@given(values=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=40), data=st.data())
@settings(max_examples=100, deadline=None)
def test_nulls_are_found_and_replaced_in_any_slice(values: list[int | None], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(start, len(values)))
    column = pa.array(values, pa.int64())[start:stop]
    expected = values[start:stop]
    assert nulls(column).tolist() == [value is None for value in expected]
    assert integers(column, -1).tolist() == [-1 if value is None else value for value in expected]
