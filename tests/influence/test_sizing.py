"""How many episodes are enough: few without noise, all with it."""

from __future__ import annotations

import itertools

from tests.influence.fakes import Scores, case, cases

from sequester.influence.sizing import EACH, PROMPTS, few, is_quiet


def test_no_episode_has_no_noise_and_nothing_is_scored() -> None:
    scorer = Scores(lambda given: 1.0)
    assert is_quiet([], scorer)
    assert scorer.batches == []


def test_equal_scores_are_quiet_and_others_are_not() -> None:
    tick = itertools.count()
    assert is_quiet(cases(3), Scores(lambda given: float(given.answer)))
    assert not is_quiet(cases(3), Scores(lambda given: float(next(tick))))


def test_a_scorer_that_fails_is_left_to_the_test_itself() -> None:
    assert is_quiet(cases(3), Scores(lambda given: "ValueError"))


def test_few_are_some_of_each_of_many_prompts_whatever_their_order() -> None:
    many = [case(number, prompt=number % 300) for number in range(1200)]
    chosen = few(many)
    assert len(chosen) == PROMPTS * EACH
    assert len({one.prompt_key for one in chosen}) == PROMPTS
    assert {one.prompt_key for one in few(many[::-1])} == {one.prompt_key for one in chosen}


def test_of_few_prompts_there_are_few_episodes() -> None:
    assert len(few([case(number, prompt=number % 3) for number in range(50)])) == 3 * EACH
