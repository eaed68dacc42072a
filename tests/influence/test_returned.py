"""What reward code returns is read as scores, whatever the framework it was written for; nothing it returns raises here."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.influence.returned import read_kept, read_scores


def scores(value, episodes):
    return [each.score for each in read_scores(value, episodes)]


def failures(value, episodes):
    return [each.failure for each in read_scores(value, episodes)]


def kept(value, episodes):
    return [each.score for each in read_kept(value, episodes)]


def test_nothing_is_no_score():
    assert read_scores([], 0) == ()
    assert failures([], 1) == ["wrong_length"]
    assert failures(None, 2) == ["wrong_length", "wrong_length"]
    assert scores([None, None], 2) == [None, None] and failures([None, None], 2) == ["", ""]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([1, 0.5], [1.0, 0.5]),
        ((True, False), [1.0, 0.0]),
        ([None, 1], [None, 1.0]),
        (np.array([1.0, 2.0], dtype=np.float32), [1.0, 2.0]),
        ([np.float64(1), np.bool_(True)], [1.0, 1.0]),
        ([np.array([3.0]), np.array(4)], [3.0, 4.0]),
        ({"rewards": np.array([1, 2]), "extra_logs": {}}, [1.0, 2.0]),
        ([{"score": 1.0, "acc": 7}, {"reward": 2}], [1.0, 2.0]),
        ([[1, 2], [3, None]], [1.5, 3.0]),
        ([{"style": 1, "truth": 0}, {"style": 1, "truth": 1}], [0.5, 1.0]),
        ({"style": [1, 0], "truth": [0, 0]}, [0.5, 0.0]),
    ],
)
def test_scores_of_two_episodes(value, expected):
    assert scores(value, 2) == expected
    assert failures(value, 2) == ["", ""]


def test_one_episode_may_have_one_number():
    assert scores(0.5, 1) == [0.5]
    assert scores({"score": 0.5, "note": "x"}, 1) == [0.5]
    assert scores({"style": 1.0, "truth": 0.0}, 1) == [0.5]


def members(value, episodes):
    return [list(each.members.values()) for each in read_scores(value, episodes)]


def test_several_scores_of_an_episode_are_its_members_and_one_has_none():
    assert members([1, [0.5]], 2) == [[], []]
    assert members([[1, -1], [0, 0]], 2) == [[1.0, -1.0], [0.0, 0.0]]
    assert members([{"a": 1, "b": None}, {"a": 2, "b": 3}], 2) == [[1.0], [2.0, 3.0]]
    assert members({"a": [1, 2], "b": [-1, -2]}, 2) == [[1.0, -1.0], [2.0, -2.0]]
    assert members([[1, [2, 4]]], 1) == [[1.0, 3.0, 2.0, 4.0]]


def test_members_keep_their_names_in_every_order():
    one, other = read_scores([{"a": 1, "b": 2}, {"b": 2, "a": 1}], 2)
    assert one.members == other.members
    assert all(name not in ("a", "b") for name in one.members)


@pytest.mark.parametrize(
    "value", [{"score": [1.0, 0.0], "acc": [True, False]}, [{"acc": True, "score": 1.0, "pred": "x"}, {"score": 0.0, "acc": 0}]]
)
def test_what_groups_are_selected_by_is_a_member_beside_the_score(value):
    assert scores(value, 2) == [1.0, 0.0]
    assert members(value, 2) == [[1.0, 1.0], [0.0, 0.0]]


def test_what_is_no_number_beside_the_score_is_not_read():
    assert members([{"score": 1.0, "acc": "yes"}, {"score": 1.0, "acc": None}], 2) == [[1.0], [1.0]]


def test_a_score_that_a_filter_reads_is_a_member_beside_the_reward():
    value = {"rewards": [1.0, 0.0], "scores": [0.25, 0.75], "extra_logs": {"length": [7, 8]}}
    assert scores(value, 2) == [1.0, 0.0]
    assert members(value, 2) == [[1.0, 0.25], [0.0, 0.75]]
    assert members({"rewards": [1.0, 0.0]}, 2) == [[], []]
    assert failures({"rewards": [1.0, 0.0], "scores": 3}, 1) == ["wrong_length"]


@pytest.mark.parametrize("value", [0.5, [1.0], [1.0, 2.0, 3.0], "12", {"a": 1, "b": 2}, object()])
def test_a_wrong_number_of_scores_is_said(value):
    assert failures(value, 2) == ["wrong_length", "wrong_length"]


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, "1.0", b"1", object(), 1j, [], [1, "x"], {"score": "high"}, 10**400]
)
def test_what_is_no_number_is_said(value):
    expected = None if value == [] else "not_a_number"
    assert scores([value, 1.0], 2) == [None, 1.0]
    assert expected is None or failures([value, 1.0], 2) == [expected, ""]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([True, False, True], [1, 0, 1]),
        (np.array([True, False, True]), [1, 0, 1]),
        ([0, 2], [1, 0, 1]),
        ([-1], [0, 0, 1]),
        ({0, 1}, [1, 1, 0]),
        ([], [0, 0, 0]),
        (1, [0, 1, 0]),
        (np.int64(1), [0, 1, 0]),
        ([1.0, 0.0, 0.0], [1, 0, 0]),
        ([1, 0, 1], [1, 0, 1]),
        (np.array([0, 0, 1]), [0, 0, 1]),
        ([True, 0, 1], [1, 0, 1]),
        ([0, 1], [1, 1, 0]),
        ([0, 1, 2], [1, 1, 1]),
    ],
)
def test_keep_bits(value, expected):
    assert kept(value, 3) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [([0, 1], [0, 1]), ([1, 0], [1, 0]), ([1, 1], [1, 1]), ([1], [0, 1]), ([0], [1, 0])]
)
def test_of_two_members_two_integers_are_bits_and_one_is_an_index(value, expected):
    assert kept(value, 2) == expected


def test_of_one_member_zero_in_a_list_is_read_as_neither_bit_nor_index():
    assert [each.failure for each in read_kept([0], 1)] == ["bit_or_index"]
    assert [kept(value, 1) for value in (0, [1], [], True, [False])] == [[1], [1], [0], [1], [0]]


@pytest.mark.parametrize(
    ("value", "failure"),
    [(None, "wrong_length"), ([3], "wrong_length"), ([True], "wrong_length"), (["a", "b", "c"], "not_a_number")],
)
def test_what_selects_nothing_readable_is_said(value, failure):
    assert {each.failure for each in read_kept(value, 3)} == {failure}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.just("score"), inner),
)


@given(anything, st.integers(0, 4))
def test_every_value_gives_one_entry_for_each_episode(value, episodes):
    for read in (read_scores, read_kept):
        entries = read(value, episodes)
        assert len(entries) == episodes
        assert all(entry.score is None or (math.isfinite(entry.score) and not entry.failure) for entry in entries)
