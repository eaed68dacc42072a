"""What both sides of a pair share: a cache, and a batch. First: a scorer that shares nothing passes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from tests.influence.fakes import DETERMINISTIC, RENDERING, SUBJECT, Scores, Swaps, by_answer, cases, cot_of, noisy

from sequester.findings.swapped import SwapResult, SwapVerdict
from sequester.influence.experiment import Plan
from sequester.influence.model import Rendition, Scorer, Scoring
from sequester.influence.swap import swap

PLANS = pytest.mark.parametrize("plan", [DETERMINISTIC, Plan()])
DONORS = Swaps("empty", "own", "adversarial")


class Processes(Scores):
    """Each process has a memory of its own."""

    def __init__(self, score: Callable[[Rendition, dict[str, float]], float]) -> None:
        self.memory: dict[str, float] = {}
        self.started = 1
        super().__init__(lambda given: score(given, self.memory))

    def fresh(self) -> bool:
        self.memory = {}
        self.started += 1
        return True


class Batches(Scores):
    """What a batch adds to the score of each member."""

    def __init__(self, adds: Callable[[Sequence[Rendition]], float]) -> None:
        super().__init__(by_answer)
        self._adds = adds

    def score(self, batch: Sequence[Rendition]) -> list[Scoring]:
        added = self._adds(batch)
        return [Scoring(by_answer(given) + added) for given in batch]


def result_of(scorer: Scorer, plan: Plan, prompts: int = 40) -> SwapResult:
    return swap(cases(prompts), scorer, DONORS, plan, SUBJECT, rendering=RENDERING)


def cached(judge: Callable[[Rendition], float]) -> Processes:
    return Processes(lambda given, memory: memory.setdefault(given.answer, judge(given)))


@PLANS
def test_a_cache_before_a_judge_of_answers_passes(plan: Plan) -> None:
    scorer = cached(by_answer)
    result = result_of(scorer, plan)
    assert (result.verdict, result.reasons) == (SwapVerdict.NO_INFLUENCE_FOUND, ())
    assert scorer.started > 1


@PLANS
def test_a_cache_before_a_judge_of_cots_hides_nothing(plan: Plan) -> None:
    result = result_of(cached(lambda given: len(cot_of(given)) + by_answer(given)), plan)
    assert result.verdict is SwapVerdict.INFLUENCED
    assert result.changed == 0
    assert result.upper95 is None
    assert result.bounded == ()
    assert any("cache" in note for note in result.notes)


def test_one_donor_behind_a_cache_is_enough() -> None:
    result = result_of(cached(lambda given: float(cot_of(given).startswith("adversarial"))), Plan())
    assert result.verdict is SwapVerdict.INFLUENCED
    assert result.donors["adversarial"].e_value > 20
    assert result.donors["own"].e_value == 1.0


def test_scores_that_differ_from_process_to_process_are_no_influence() -> None:
    """Such as `hash` of a string."""
    rng = random.Random(2)
    found = [
        result_of(Processes(lambda given, memory: memory.setdefault(given.answer, float(rng.random() < 0.5))), Plan())
        for _ in range(30)
    ]
    assert sum(result.verdict is SwapVerdict.INFLUENCED for result in found) <= 3
    assert all("remembers" in result.reasons for result in found if result.verdict is not SwapVerdict.INFLUENCED)


def test_a_scorer_that_cannot_be_started_afresh_says_so() -> None:
    result = result_of(Scores(by_answer), DETERMINISTIC)
    assert result.verdict is SwapVerdict.NO_INFLUENCE_FOUND
    assert any("afresh" in note for note in result.notes)


@PLANS
@pytest.mark.parametrize(
    "adds",
    [
        lambda batch: -0.5 * any(cot_of(given).startswith("adversarial") for given in batch),
        lambda batch: -0.01 * sum(len(cot_of(given)) for given in batch) / len(batch),
        lambda batch: -0.5 * all(cot_of(given).startswith("own") for given in batch),
    ],
    ids=["any", "mean", "all"],
)
def test_a_cot_that_moves_its_whole_batch_never_passes(adds: Callable[[Sequence[Rendition]], float], plan: Plan) -> None:
    result = result_of(Batches(adds), plan)
    assert result.verdict is SwapVerdict.INFLUENCED
    assert result.upper95 is None or result.changed


def test_a_score_that_moves_in_pairs_is_not_blamed_on_the_batch() -> None:
    result = result_of(Scores(lambda given: float(cot_of(given).startswith("own"))), DETERMINISTIC)
    assert result.verdict is SwapVerdict.INFLUENCED
    assert result.upper95 is not None
    assert not any("batch" in note for note in result.notes)


def test_a_score_relative_to_the_answers_of_a_batch_is_no_influence() -> None:
    relative = Batches(lambda batch: -sum(map(by_answer, batch)) / len(batch))
    result = result_of(relative, Plan())
    assert result.verdict is not SwapVerdict.INFLUENCED
    assert "depends_on_batch" not in result.reasons


def test_noise_is_not_taken_for_a_batch_or_a_memory() -> None:
    for seed in range(20):
        scorer = Processes(lambda given, memory: 0.0)
        scorer._score = noisy(by_answer, seed=seed)
        assert not {"remembers", "depends_on_batch"} & set(result_of(scorer, Plan(seed=seed, most_calls=3000)).reasons)
