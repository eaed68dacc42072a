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
    tally.unsuspicious[calls].add(None, 3, 2, 5.0)
    one = Suspect("e1", None, 3, "run.log:1", -2.0, calls)
    assert tally.suspect_later(one)
    assert not tally.suspect_later(Suspect("e2", None, 4, "run.log:2", -2.0, calls)), "no such episode was counted"
    assert list(tally.completed()) == [one]
    assert (dict(tally.unsuspicious[calls].places), tally.unsuspicious[calls].advantage) == ({(None, 3): 1}, 3.0)
    other = Tally()
    other.unsuspicious[calls].add(None, 3, 1, None)
    assert other.suspect_later(one)
    assert not other.suspect_later(one)
    assert not +other.unsuspicious[calls].places
