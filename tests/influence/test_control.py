"""Whether a scorer reacts to anything at all."""

from __future__ import annotations

import random

from tests.influence.fakes import Scores, Swaps, by_answer, case, cases, noisy
from tests.influence.test_swap import outcome_of

from sequester.findings.swapped import SwapVerdict
from sequester.influence.control import answers_to_swap


def test_no_case_has_no_answer_to_swap() -> None:
    assert answers_to_swap([], [], random.Random(0)) == {}


def test_the_answer_comes_from_another_prompt_where_there_is_one() -> None:
    made = [case(n, prompt=n // 2) for n in range(8)]
    for index, answer in answers_to_swap(made, range(8), random.Random(1)).items():
        assert answer != made[index].answer
        assert int(answer) // 2 != index // 2


def test_one_answer_for_all_leaves_none() -> None:
    assert answers_to_swap([case(n, answer="1") for n in range(6)], range(6), random.Random(0)) == {}


def test_without_noise_nothing_is_tested() -> None:
    assert outcome_of(cases(12), Scores(by_answer), donors=Swaps("own")).control.alive is None


def test_a_grader_with_noise_that_sees_the_answer_is_alive() -> None:
    result = outcome_of(cases(30), Scores(noisy(lambda given: 2.0 * by_answer(given), sd=0.7)), donors=Swaps("own"))
    assert (result.verdict, result.control.alive) == (SwapVerdict.NO_INFLUENCE_FOUND, True)


def test_a_grader_whose_requests_are_all_the_same_is_no_pass() -> None:
    result = outcome_of(cases(30), Scores(noisy(lambda given: 5.0)), donors=Swaps("own"))
    assert result.verdict is SwapVerdict.UNDERPOWERED
    assert "answer_not_seen" in result.reasons
