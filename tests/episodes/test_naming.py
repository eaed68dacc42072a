"""Names from a log are printed, free text in their place is not."""

from __future__ import annotations

import pytest
from tests.exposure import wrappings

from sequester.episodes.naming import LONGEST_NAME, MOST_WORDS, shown_name


def test_an_empty_name_is_itself() -> None:
    assert shown_name("") == ""


@pytest.mark.parametrize(
    "name",
    [
        "correctness",
        "数学正确性评分",
        "math/正确性_v2",
        "550e8400-e29b-41d4-a716-446655440000",
        "org/Model-3.1-8B-Instruct_main_test_run-2_step-12_sample-3",
        "a judge of the final answer",
        "x" * LONGEST_NAME,
    ],
)
def test_names_are_shown(name: str) -> None:
    assert shown_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        wrappings.CHINESE,
        wrappings.KOREAN,
        wrappings.HINDI,
        wrappings.TEXT[:80],
        "two\nlines",
        "x" * (LONGEST_NAME + 1),
        "a " * MOST_WORDS + "a",
        "i_think_the_user_wants_this_so_i_will_refuse_1",
    ],
)
def test_free_text_in_the_place_of_a_name_is_not_shown(name: str) -> None:
    assert shown_name(name) == f"({len(name)} characters, no name)"
