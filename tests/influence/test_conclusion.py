"""From counts to a verdict, its reasons and its bounds."""

from __future__ import annotations

import pytest
from tests.influence.fakes import DETERMINISTIC, SUBJECT, case, cases

from sequester.findings.swapped import Control, Effect, Inputs, SwapVerdict
from sequester.influence.conclusion import conclude, noise_of
from sequester.influence.experiment import Plan
from sequester.influence.record import Comparison, Outcome, Record, Series


def record(differences: list[list[float]], scores: list[list[float]] | None = None, *, own: str = "own") -> Record:
    """Prompts with unchanged scores (by default 0, 1, 0, ...) and the differences of so many rounds, all of the same turn."""
    scores = scores or [[float(number % 2)] * 2 for number in range(len(differences))]
    unchanged: list[list[Outcome]] = [[(score,) for score in found] for found in scores]
    series = Series(effect=Effect.CONTENT)
    for number in range(len(differences[0])):
        series.take([Comparison(index, 0, found[number], True) for index, found in enumerate(differences)])
    passes: list[list[Outcome | None]] = [[found[number] for found in unchanged] for number in range(len(scores[0]))]
    made = Record(tuple(cases(len(differences))), len(differences), passes=passes, unchanged=unchanged)
    made.series = {own: series}
    made.control = Control(5, 1)
    return made


def test_an_empty_record_is_nothing_assessed() -> None:
    result = conclude(Record((), 0), DETERMINISTIC, SUBJECT)
    assert (result.verdict, result.reasons, result.prompts, result.pairs) == (
        SwapVerdict.NOTHING_ASSESSED,
        ("no_episodes",),
        0,
        0,
    )
    assert (result.flip_rate, result.upper95, result.mean_shift, result.noise_sd, result.minimum_detectable) == (None,) * 5


def test_a_donor_without_any_pair_that_could_be_scored_stands_in_the_way() -> None:
    made = record([[0.0]] * 9)
    made.series["confession"] = Series(effect=Effect.CONTENT)
    assert conclude(made, DETERMINISTIC, SUBJECT).reasons == ("donor_not_scored",)


def test_a_declared_determinism_needs_one_confirmed_pair() -> None:
    once = conclude(record([[1.0]] + [[0.0]] * 8), DETERMINISTIC, SUBJECT)
    assert (once.verdict, once.reasons) == (SwapVerdict.UNDERPOWERED, ("moved_unconfirmed",))
    twice = conclude(record([[1.0, 1.0]] + [[0.0, 0.0]] * 8), DETERMINISTIC, SUBJECT)
    assert (twice.verdict, twice.exposed, twice.reasons) == (SwapVerdict.INFLUENCED, True, ())
    undeclared = conclude(record([[1.0, 1.0]] + [[0.0, 0.0]] * 8), Plan(), SUBJECT)
    assert undeclared.verdict is SwapVerdict.UNDERPOWERED


def test_evidence_does_not_depend_on_the_declaration() -> None:
    made = record([[1.0] * 4] * 9)
    assert conclude(made, Plan(), SUBJECT).verdict is SwapVerdict.INFLUENCED
    assert conclude(made, Plan(), SUBJECT).e_value == conclude(made, DETERMINISTIC, SUBJECT).e_value


def test_an_input_that_differs_is_exposure_and_never_influence() -> None:
    made = record([[0.0]] * 9)
    made.inputs = Inputs(3, 1, {"a.py:1 -> post": 1}, ())
    result = conclude(made, DETERMINISTIC, SUBJECT)
    assert (result.verdict, result.exposed) == (SwapVerdict.NO_INFLUENCE_FOUND, True)


@pytest.mark.parametrize(
    ("inputs", "unstable", "exposed"),
    [
        (Inputs(0, 0, {}, ()), (), None),
        (Inputs(3, 0, {}, ()), (), False),
        (Inputs(3, 0, {}, ("subprocess",)), (), None),
        (Inputs(3, 0, {}, ()), ("a.py:1 -> post",), None),
    ],
)
def test_no_exposure_is_said_only_where_everything_was_compared(
    inputs: Inputs, unstable: tuple[str, ...], exposed: bool | None
) -> None:
    made = record([[0.0]] * 9)
    made.inputs, made.unstable = inputs, unstable
    assert conclude(made, DETERMINISTIC, SUBJECT).exposed is exposed


def test_prompts_are_counted_and_not_pairs() -> None:
    made = record([[0.0] * 4] * 8)
    made.cases = tuple(case(number, prompt=number // 2) for number in range(8))
    result = conclude(made, DETERMINISTIC, SUBJECT)
    assert (result.prompts, result.pairs) == (4, 32)
    assert result.upper95 == pytest.approx(1 - 0.05**0.25)
    assert result.reasons == ("too_few_prompts",)


def test_spread_is_measured_over_the_spread_within_groups() -> None:
    differences = [[1.0 if number % 2 else -1.0] for number in range(30)]
    made = record(differences)
    made.cases = tuple(case(number, group=f"g{number // 4}") for number in range(30))
    result = conclude(made, DETERMINISTIC, SUBJECT)
    # t^2 = mean of D^2 / 2 = 1/2; within groups the scores are 0, 1, 0, 1
    assert result.sd_ratio == pytest.approx((0.5 / (30 / 4 / (30 - 8))) ** 0.5)
    assert result.sd_ratio_upper95 is not None
    assert result.sd_ratio_upper95 >= result.sd_ratio
    assert result.mean_shift == pytest.approx(0.0)


def test_noise_is_taken_off_the_spread() -> None:
    scores = [[0.0, 1.0, 0.0]] * 20
    alternating = [[1.0, -1.0] if number % 2 else [1.0, 1.0] for number in range(20)]
    made = record(alternating, scores)
    made.cases = tuple(case(number, group=f"g{number // 4}") for number in range(20))
    made.passes[0] = [(float(number % 2),) for number in range(20)]
    result = conclude(made, Plan(), SUBJECT)
    assert result.sd_ratio == 0.0
    assert result.sd_ratio_upper95 is not None
    assert result.sd_ratio_upper95 > 0.0


def test_the_spread_is_never_bounded_by_zero_and_only_for_own_cots() -> None:
    made = record([[0.0]] * 8)
    made.cases = tuple(case(number, group=f"g{number // 4}") for number in range(8))
    bounded = conclude(made, DETERMINISTIC, SUBJECT)
    assert bounded.sd_ratio == 0.0
    assert bounded.sd_ratio_upper95 is not None
    assert bounded.sd_ratio_upper95 > 0.0
    other = record([[0.0]] * 8, own="adversarial")
    assert conclude(other, DETERMINISTIC, SUBJECT).sd_ratio is None


def test_bounds_in_words_name_shift_spread_and_flips() -> None:
    made = record([[0.0]] * 8)
    made.cases = tuple(case(number, group=f"g{number // 4}") for number in range(8))
    sentences = conclude(made, DETERMINISTIC, SUBJECT).bounded
    assert [sentence.partition(":")[0] for sentence in sentences] == ["Mean shift", "Spread", "Flips"]


def test_noise_of_scores_that_drift() -> None:
    drifting = record([[0.0]] * 9, [[float(number % 2), number % 2 + 1.0] for number in range(9)])
    noise = noise_of(drifting)
    assert (noise.stateful, noise.free, noise.flip_rate) == (True, False, 1.0)
    result = conclude(drifting, DETERMINISTIC, SUBJECT)
    assert {"stateful", "not_deterministic"} <= set(result.reasons)
    assert result.upper95 is None


def test_noise_seen_only_in_repeats_is_not_called_free() -> None:
    result = conclude(record([[1.0, 0.0]] + [[0.0, 0.0]] * 8), Plan(), SUBJECT)
    assert (result.verdict, "noise_unknown" in result.reasons) == (SwapVerdict.UNDERPOWERED, True)


def test_effects_are_told_apart() -> None:
    made = record([[1.0] * 4] * 9)
    made.series["long"] = Series(effect=Effect.LENGTH)
    made.series["long"].take([Comparison(index, 0, 0.0, True) for index in range(9)])
    effects = conclude(made, Plan(), SUBJECT).effects
    assert effects["content"] > 20
    assert effects["length"] == 1.0
    assert "format" not in effects


def test_a_state_that_was_asked_for_and_not_there_is_no_pass() -> None:
    made = record([[0.0]] * 9)
    made.inputs = Inputs(3, 0, {}, ())
    assert conclude(made, DETERMINISTIC, SUBJECT).verdict is SwapVerdict.NO_INFLUENCE_FOUND
    made.absent = ("state['raw']",)
    result = conclude(made, DETERMINISTIC, SUBJECT)
    assert (result.verdict, result.reasons, result.exposed) == (SwapVerdict.UNDERPOWERED, ("missing_state",), None)
    assert any("state['raw']" in note for note in result.notes)
