"""A panel's scores stand at the same place all through an experiment, and any change of one of them is seen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sequester.influence.panel import ABSENT, MOST, Panel, changes

MEMBERS = st.dictionaries(st.text(max_size=3), st.floats(-1e6, 1e6), max_size=40)


def test_no_members_have_no_places() -> None:
    assert Panel().placed({}) == ()
    assert changes((), ()) == ()


def test_places_are_those_of_the_first_appearance() -> None:
    panel = Panel()
    assert panel.placed({"a": 1.0, "b": 2.0}) == (1.0, 2.0)
    assert panel.placed({"b": 2.0, "a": 1.0}) == (1.0, 2.0)
    assert panel.placed({"c": 3.0}) == (ABSENT, ABSENT, 3.0)
    assert panel.placed({"a": 1.0}) == (1.0,)


def test_a_score_that_only_one_side_has_is_a_sign() -> None:
    assert changes((1.0, ABSENT, 2.0), (1.0, 5.0)) == (0.0, 1.0, -1.0)


@given(MEMBERS, MEMBERS)
def test_exchanging_the_sides_changes_signs_alone(one: dict[str, float], other: dict[str, float]) -> None:
    panel = Panel()
    before, after = panel.placed(one), panel.placed(other)
    assert len(before) <= MOST
    assert changes(before, after) == tuple(-change for change in changes(after, before))
    assert panel.placed(one) == before


def test_opposite_moves_of_more_scores_than_there_are_places_do_not_cancel() -> None:
    panel = Panel()
    many = {str(number): 0.0 for number in range(100)}
    before = panel.placed(many)
    for place in range(1, 100):
        assert panel.placed({**many, "0": 1.0, str(place): -1.0}) != before
