from __future__ import annotations

import pytest

from sequester.influence.cot_shape import FEATURES, measure


def shape(text):
    return {name: value for name, value in zip(FEATURES, measure(text), strict=True) if value}


def test_no_cot_is_zero_of_everything():
    assert shape("") == shape(" \n ") == {}


def test_lengths_leave_the_white_space_around_out():
    assert shape("\n one two\nthree \n") == {"characters": 13, "words": 3, "line breaks": 1}


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ("a <b>c</b> <think> 1 < 2 > 1", "tags", 3),
        ("# one\n## two\n#three\n a # b", "headings", 2),
        ("- a\n* b\n1. c\n2) d\nStep 3: e\n-f\n1.5 g", "list items", 5),
        ("```py\nx\n```", "code fences", 2),
        ("**bold** and 2**3**4", "emphasis", 2),
        ("да и нет", "share of other scripts", 6 / 8),
        ("好的 ok", "share of other scripts", 2 / 5),
        ("naïve — “quoted” café", "share of other scripts", 0),
    ],
)
def test_markup(text, name, count):
    assert shape(text).get(name, 0) == pytest.approx(count)


@pytest.mark.parametrize("text", ["\ud800" * 3, "\0", "*" * 100_000, "<" * 100_000, " " * 100_000 + "x", "**a" * 30_000])
def test_hostile_text_is_measured_in_bounded_time(text):
    assert all(value >= 0 for value in measure(text))
