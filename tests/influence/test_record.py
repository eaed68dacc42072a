"""What one donor has shown, and what is repeated because of it."""

from __future__ import annotations

import random

from tests.influence.fakes import cases

from sequester.findings.swapped import Effect
from sequester.influence.record import Comparison, Record, Series, mean_e_value


def shown(*rounds: list[tuple[int, int, float]]) -> Series:
    series = Series(effect=Effect.CONTENT)
    for found in rounds:
        series.take([Comparison(case, turn, difference, True) for case, turn, difference in found])
    return series


def test_nothing_shown_is_no_evidence() -> None:
    assert (shown().e_value, shown([]).e_value, mean_e_value([]), Record((), 0).e_value) == (1.0, 1.0, 1.0, 1.0)
    assert not shown().reproduced
    assert shown().most_moved(3) == []


def test_evidence_of_donors_is_averaged_over_those_that_had_pairs() -> None:
    strong, weak, absent = shown(*[[(0, 0, 1.0)]] * 12), shown(), Series()
    record = Record((), 0, series={"a": strong, "b": weak, "c": absent})
    assert record.e_value == (strong.e_value + 1.0) / 2
    assert set(record.probing) == {"a", "b"}


def test_the_first_look_that_finds_enough_is_kept() -> None:
    record = Record((), 0, series={"a": shown(*[[(0, 0, 1.0)]] * 4)})
    assert not record.look(20.0)
    record.series["a"] = shown(*[[(0, 0, 1.0)]] * 12)
    found = record.e_value
    assert record.look(20.0)
    for _ in range(6):
        record.series["a"].take([Comparison(0, 0, -1.0, True)])
    assert record.series["a"].e_value < 20.0 < found == record.e_value
    assert record.look(20.0)


def test_an_unclosed_cot_takes_no_part_in_the_mean() -> None:
    loud = shown(*[[(0, 0, 1.0)]] * 12)
    loud.effect = Effect.UNCLOSED
    assert Record((), 0, series={"unclosed": loud}).e_value == 1.0
    assert not Record((), 0, series={"unclosed": loud, "own": shown()}).look(20.0)


def test_a_pair_that_repeats_itself_is_evidence_whatever_its_sign() -> None:
    rounds = [[(case, 0, 1.0 if case % 2 else -1.0) for case in range(10)]] * 4
    assert shown(*rounds).e_value > 20
    assert shown(*rounds).evidence[0].shift.e_value < 1


def test_the_first_difference_of_a_pair_is_no_product() -> None:
    assert shown([(0, 0, 1.0), (1, 0, 1.0)], [(0, 1, 1.0)]).evidence[0].spread.count == 0
    assert shown([(0, 0, 1.0)], [(0, 0, 1.0)]).evidence[0].spread.count == 1


def test_what_repeats_and_what_does_not() -> None:
    assert shown([(0, 0, 1.0)], [(0, 0, 1.0)]).reproduced
    assert not shown([(0, 0, 0.0)], [(0, 0, 0.0)]).reproduced
    assert not shown([(0, 0, 1.0)], [(0, 0, 0.0)]).reproduced
    assert shown([(0, 0, 1.0)], [(0, 0, 0.0)]).contradicted
    assert not shown([(0, 0, 1.0)], [(0, 1, 0.0)]).contradicted  # another turn is another pair


def test_the_pairs_that_moved_most_are_repeated_one_of_each_case() -> None:
    series = shown([(0, 0, 1.0), (1, 0, -3.0), (2, 0, 0.0), (3, 0, 0.5)], [(0, 1, 2.0), (3, 0, 0.5)])
    assert series.most_moved(9) == [(1, 0), (0, 1), (3, 0)]
    assert series.most_moved(1) == [(1, 0)]


def test_noise_is_any_input_with_two_outcomes() -> None:
    record = Record(tuple(cases(2)), 2, unchanged=[[(1.0,), (1.0,)], [(2.0,)]])
    assert not record.noisy
    record.unchanged[1].append((2.0, 1.0))
    assert record.noisy


def test_zero_mean_noise_is_no_evidence_on_average() -> None:
    rng, values = random.Random(5), []
    for _ in range(300):
        values.append(shown(*[[(case, 0, rng.gauss(0, 1)) for case in range(5)] for _ in range(4)]).e_value)
    assert sum(value >= 20 for value in values) <= 15


def test_jumps_count_where_scores_mostly_agree() -> None:
    made = cases(10)
    quiet = Record(tuple(made), 10, unchanged=[[(1.0,)] * 3 for _ in made])
    assert (quiet.noise_sd, quiet.jump) == (0.0, 0.0)
    assert Record(tuple(made), 10, unchanged=[[(1.0,)] for _ in made]).noise_sd is None
    continuous = Record(tuple(made), 10, unchanged=[[(rng_value,), (rng_value + 1.0,)] for rng_value in range(10)])
    assert continuous.jump == 0.0
    rare = Record(tuple(made), 10, unchanged=[[(0.0,)] * 9 + [(float(not number),)] for number in range(10)])
    assert rare.jump > 5.0
