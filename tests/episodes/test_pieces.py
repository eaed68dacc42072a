"""When an answer is taken for the whole completion: it begins with nearly all of a long reasoning."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.growth import assert_linear

from sequester.episodes.pieces import is_recited

LONG = " ".join(f"Gull {number} landed {number * number} waves before the fog came." for number in range(12))
ANSWER = "There were seven."


def test_nothing_recites_nothing() -> None:
    assert not is_recited([], "")
    assert not is_recited([], LONG)
    assert not is_recited([""], LONG)
    assert not is_recited([LONG], "")
    assert not is_recited([f"a{chr(32) * 300}b"], "ab")
    assert not is_recited([ANSWER], f"{ANSWER} {ANSWER}")


@pytest.mark.parametrize(
    "answer",
    [
        LONG,
        f"\n {LONG}\n\n{ANSWER}",
        f"{LONG[: len(LONG) * 9 // 10]} {ANSWER}",
        LONG.replace(". ", ".\n") + ANSWER,
        f"thought\n{LONG}\n{ANSWER}",
        f"assistantanalysis{LONG}{ANSWER}",
        LONG.replace("Gull 6", "Tern 6") + ANSWER,
    ],
)
def test_an_answer_that_begins_with_nearly_all_recites(answer: str) -> None:
    assert is_recited([LONG], answer)
    assert is_recited([ANSWER, LONG], answer)
    assert is_recited([LONG[:250], LONG[250:]], answer)


@pytest.mark.parametrize(
    "answer",
    [
        f"{ANSWER} {LONG}",
        f"{LONG[: len(LONG) * 3 // 4]} {ANSWER}",
        f"{LONG[:60]} {ANSWER} {LONG[300:]}",
        ". ".join(reversed(LONG.split(". "))),
        LONG[:180],
    ],
)
def test_an_answer_that_quotes_is_echo(answer: str) -> None:
    assert not is_recited([LONG], answer)


@settings(max_examples=100, deadline=None)
@given(
    reasoning=st.text(st.characters(exclude_categories=("Z", "C")), min_size=200),
    answer=st.text(),
    gap=st.sampled_from(["", " ", "\n\n"]),
)
def test_a_reasoning_before_any_answer_is_recited(reasoning: str, answer: str, gap: str) -> None:
    assert is_recited([reasoning], f"{gap}{reasoning}{gap}{answer}")


@pytest.mark.parametrize("unit", ["a", "ab ", " ", "landed "])
def test_it_takes_linear_time(unit: str) -> None:
    assert_linear(
        lambda size: is_recited([f"{LONG[:100]}{unit * (size // len(unit))}x"], LONG[:100] + unit * (size // len(unit))), 400_000
    )
