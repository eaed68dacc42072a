"""One unit: what waits in it for the units around it."""

from tests.exposure.test_suspects import candidate

from sequester.episodes.model import Evidence
from sequester.exposure.suspects import CallOutcome, Foreign, Suspect
from sequester.exposure.tally import Stretch, Tally


def suspect(number, *candidates):
    return Suspect(
        f"e{number}", None, None, f"run.log:{number}", None, (CallOutcome("judge", Evidence.RECORDED, False, None, candidates),)
    )


def test_an_empty_unit_has_nothing_that_waits():
    tally = Tally()
    tally.look_up(lambda runs: set(runs), Stretch(0, 0, 0, 0))
    assert (list(tally.completed()), tally.keys()) == ([], set())
    assert tally == Tally()


def test_the_suspects_of_a_stretch_are_looked_up_and_no_others():
    tally = Tally(suspects=[suspect(number, candidate(b"%d" % number)) for number in range(4)])
    asked = []
    tally.look_up(lambda runs: asked.extend(runs) or {b"1"}, Stretch(1, 3, 0, 5))
    assert asked == [b"1", b"2"]
    runs = [one.calls[0].candidates[0].chains[0].runs[0] for one in tally.suspects]
    assert [(run.windows, run.is_shared) for run in runs] == [(b"0", False), (b"", True), (b"", False), (b"3", False)]


def test_what_is_known_to_be_leaked_is_not_asked_for():
    windows = (7).to_bytes(8, "little")
    tally = Tally(suspects=[suspect(1, candidate(windows))], leaked={7})
    tally.look_up(lambda runs: set(runs), Stretch(0, 1, 0, 0))
    assert not tally.suspects[0].calls[0].candidates[0].chains[0].runs[0].is_shared


def test_suspects_are_completed_with_the_reasoning_of_others():
    one, two = suspect(1, candidate(b"1")), suspect(2)
    tally = Tally(suspects=[one, two], foreign={two.key: Foreign({0: candidate(owner="e1")})})
    assert [len(found.calls[0].candidates) for found in tally.completed()] == [1, 1]


def test_an_unsuspicious_episode_becomes_a_suspect_once():
    tally, calls = Tally(), (CallOutcome("judge", Evidence.RECORDED, False, None),)
    for advantage in (3.0, -2.0):
        tally.unsuspicious[calls].add(None, 3, advantage)
    tally.count_unsuspicious()
    assert (dict(tally.episodes), tally.mass) == ({"audited": 2}, 5.0)
    one, two = (Suspect(f"e{number}", None, 3, f"run.log:{number}", -2.0, calls) for number in (1, 2))
    assert not tally.suspect_later(Suspect("e3", None, 4, "run.log:3", -2.0, calls)), "no such episode was counted"
    assert tally.suspect_later(one)
    assert (list(tally.completed()), dict(tally.episodes), tally.mass) == ([one], {"audited": 1}, 3.0)
    assert tally.suspect_later(two)
    assert not tally.suspect_later(two)
    assert list(tally.completed()) == [one, two]
