"""The budget: what is spent is counted, what is refused is said, and nothing is refused in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.exposure.layers.piece import Budget

LIMITS = ("attempts", "decoded", "inflated", "regions")


def test_nothing_spent_is_nothing_hit() -> None:
    budget = Budget()
    budget.begin(0)
    assert budget.exhausted == ()
    assert budget.attempt(0)
    assert budget.admit(0)


@pytest.mark.parametrize("limit", ["attempts", "regions"])
def test_so_many_are_allowed_and_not_one_more(limit: str) -> None:
    budget = Budget(**{limit: 3})
    budget.begin(100)
    ask = budget.attempt if limit == "attempts" else budget.admit
    assert [ask(1) for _ in range(4)] == [True, True, True, False]
    assert budget.exhausted == (limit,)


def test_a_text_that_just_fits_fits() -> None:
    budget = Budget(decoded=10)
    assert budget.attempt(10)
    assert budget.exhausted == ()
    assert not budget.attempt(1)
    assert budget.exhausted == ("decoded",)


def test_a_short_text_is_unfolded_to_little_and_the_next_has_a_share_of_its_own() -> None:
    budget = Budget()
    budget.begin(0)
    assert budget.room == 4 << 20
    assert not budget.admit((4 << 20) + 1)
    budget.inflate(4 << 20)
    assert (budget.room, budget.exhausted) == (0, ("decoded", "inflated"))
    budget.begin(1 << 20)
    assert budget.room == 36 << 20
    assert budget.admit(36 << 20)
    assert not budget.admit(1)


def test_all_texts_of_a_call_share_one_limit() -> None:
    budget = Budget(inflated=100, decoded=100)
    for _ in range(2):
        budget.begin(10)
        budget.inflate(min(50, budget.room))
        assert budget.attempt(50)
    budget.begin(10)
    assert budget.room == 0
    assert not budget.attempt(1)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), st.integers(0, 50)),
        st.tuples(st.sampled_from(["attempt", "admit"]), st.integers(0, 40)),
        st.tuples(st.just("inflate"), st.integers(0, 40)),
    ),
    max_size=30,
)


@given(limits=st.fixed_dictionaries({limit: st.integers(0, 120) for limit in LIMITS}), done=steps)
def test_what_is_refused_is_said_and_the_sums_hold(limits: dict[str, int], done: list[tuple[str, int]]) -> None:
    budget = Budget(**limits)
    decoded = inflated = 0
    for step, size in done:
        if step == "begin":
            budget.begin(size)
        elif step == "inflate":
            cut = size > budget.room
            size = max(0, min(size, budget.room))
            budget.inflate(size)
            inflated += size
            assert not cut or "inflated" in budget.exhausted
        elif getattr(budget, step)(size):
            decoded += size
        else:
            assert set(budget.exhausted) & {"attempts", "regions", "decoded"}
    assert decoded <= limits["decoded"]
    assert inflated <= limits["inflated"]
    assert list(budget.exhausted) == sorted(set(budget.exhausted))
