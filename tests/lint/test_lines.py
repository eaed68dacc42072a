"""Places in order are the places that counting from the start gives."""

from hypothesis import given
from hypothesis import strategies as st

from sequester.lint.lines import Lines


def test_an_empty_text_has_a_place():
    assert Lines("").place(0, 0) == (1, 1, 1, 1)


@given(st.text("ab\n", max_size=30), st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=6))
def test_places(text, asked):
    lines = Lines(text)
    for start, length in sorted((min(start, len(text)), length) for start, length in asked):
        end = min(start + length, len(text))
        begin = (text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start))
        finish = (text.count("\n", 0, end) + 1, end - text.rfind("\n", 0, end))
        assert lines.place(start, end) == (*begin, *finish)
