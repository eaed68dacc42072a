"""The heat strip: every cell in exactly one column, nothing exposed too small to be seen, and bounded however long the run is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.report.results import ANY_NAME, HOSTILE

from sequester.findings.model import HeatCell
from sequester.report.heat import heat_strip, strips

RECT = re.compile(
    r'<rect (?:class="(\w+)"|fill="url\(#(hatch)\)") x="([\d.]+)%" y="([\d.]+)" width="([\d.]+)%" height="([\d.]+)"/>'
)


def drawn(cells: list[HeatCell]) -> list[tuple[str, float, float, float, float]]:
    """Kind, left, top, width and height of every bar, as numbers."""
    body = heat_strip(cells).partition("</defs></svg>")[2]
    return [(kind or hatch, *map(float, numbers)) for kind, hatch, *numbers in RECT.findall(body)]


def test_nothing_draws_nothing() -> None:
    assert heat_strip([]) == ""
    assert strips([]) == ([], [])


def test_a_cell_without_episodes_has_no_bar() -> None:
    assert drawn([HeatCell("judge", 1, 0, 0, 0)]) == []
    assert "0 of 0" in heat_strip([HeatCell("judge", 1, 0, 0, 0)])


cells = st.lists(
    st.builds(
        lambda path, step, counts: HeatCell(path, step, max(counts), *counts[:2]),
        ANY_NAME,
        st.integers(0, 400),
        st.tuples(*[st.integers(0, 10_000)] * 3),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(cells)
def test_no_cell_is_lost_or_counted_twice(given_cells: list[HeatCell]) -> None:
    rows, axis = strips(given_cells)
    for row in rows:
        own = [cell for cell in given_cells if cell.reward_path == row.path]
        assert row.exposed == sum(cell.exposed for cell in own)
        assert row.not_assessed == sum(cell.not_assessed for cell in own)
        assert sum(column.episodes for column in row.columns.values()) == sum(cell.episodes for cell in own)
        assert all((column.first, column.last) == axis[place] for place, column in row.columns.items())
    steps = {cell.step for cell in given_cells}
    assert {first for first, _ in axis} | {last for _, last in axis} <= steps
    assert [*axis] == sorted(axis)
    assert {row.path for row in rows} == {cell.reward_path for cell in given_cells}
    assert [row.exposed for row in rows] == sorted((row.exposed for row in rows), reverse=True)


@settings(max_examples=100, deadline=None)
@given(cells)
def test_bars_stay_within_the_strip_and_stand_on_each_other(given_cells: list[HeatCell]) -> None:
    bars = drawn(given_cells)
    for at, (kind, left, top, width, height) in enumerate(bars):
        assert 0 <= left <= left + width <= 100.01
        assert -0.01 <= top <= top + height <= 18.01
        if kind == "exposed":
            assert height >= 2.0
            assert top + height == pytest.approx(18, abs=0.02)
            if bars[at - 1][0] == "hatch":
                assert bars[at - 1][2] + bars[at - 1][4] == pytest.approx(top, abs=0.02)


def test_one_of_a_million_is_seen() -> None:
    assert [bar[0] for bar in drawn([HeatCell("judge", 1, 10**6, 1, 0)])] == ["seen", "exposed"]
    _, (kind, *_, height) = drawn([HeatCell("judge", 1, 10**6, 0, 1)])
    assert (kind, height) == ("hatch", 1.5)


def test_a_long_run_of_many_paths_is_bounded_and_says_so() -> None:
    made = heat_strip([HeatCell(f"path {number}", step, 8, number, 0) for number in range(60) for step in range(1000)])
    assert "40 of 60 reward paths, steps 0 to 999, 112 columns of several steps each." in made
    assert "path 59" in made
    assert "path 19<" not in made
    assert made.count("<g>") == 40 * 112


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_only_text(name: str) -> None:
    made = heat_strip([HeatCell(name, 1, 1, 1, 0)])
    assert "<script" not in made
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e\ud800]", made)
