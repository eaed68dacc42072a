"""The scan of one unit: every record is counted once, whatever stops the reading."""

from array import array

import pytest
from msgspec.structs import replace
from tests.exposure import cases

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import (
    Channel,
    Episode,
    Evidence,
    Field,
    Reason,
    RewardCall,
    Segment,
    Skipped,
    Source,
    Split,
    SplitStatus,
    Visibility,
)
from sequester.episodes.readers.interface import Options, Unit
from sequester.errors import InputError
from sequester.exposure.counts import IDS_COMPARED, SKIPPED_SHOWN, Handover
from sequester.exposure.matching import Sketch
from sequester.exposure.others import Exposed
from sequester.exposure.scan import BATCH, add_foreign, scan_unit
from sequester.exposure.severity import ChainWeight
from sequester.exposure.suspects import Candidate, Foreign
from sequester.exposure.tally import Tally
from sequester.exposure.vicinity import Notes, Queue, Vicinity
from sequester.findings.model import FindingClass, SkippedRecord

UNIT = Unit("run.log")
SPLIT = Split(SplitStatus.SPLIT, "as the test says", "given")


class FakeReader:
    """Yields what it was given, then stops with an error if it was given one."""

    def __init__(self, records, error=None):
        self.records = records
        self.error = error

    def read(self, unit, options):
        yield from self.records
        if self.error is not None:
            raise self.error


def scanned(*records, error=None):
    """A unit of which nothing more is looked for."""
    return scan_unit(FakeReader(records, error), UNIT, Options(), cases.KEY, Notes(Sketch(), Vicinity()))


def episode(number=1, *calls, status=SplitStatus.SPLIT, thought=None, **keys):
    thought = cases.reasoning(number) if thought is None else thought
    segments = (
        Segment(0, Channel.PROMPT, GuardedText("Which harbour?")),
        Segment(0, Channel.REASONING, GuardedText(thought)),
        Segment(0, Channel.ANSWER, GuardedText(cases.answer(number))),
    )
    return Episode(
        f"e{number}", segments, Split(status, "as the test says", "given"), Source("run.log", number), calls=calls, **keys
    )


def call(text="The harbour.", evidence=Evidence.RECORDED, path="judge", **keys):
    return RewardCall(path, evidence, (Field("answer", GuardedText(text)),), **keys)


def skipped(number):
    return Skipped(Source("run.log", number), Reason.MALFORMED, "step: expected `int`, got `str`")


def settled(tally):
    """Episodes that have a place in the counts, those that wait for the rest of the run included."""
    return tally.without_cot + sum(tally.episodes.values()) + len(tally.suspects)


def test_a_unit_without_records_counts_nothing():
    assert scanned() == Tally()


def test_every_record_is_counted_once():
    records = [
        episode(1, call()),
        episode(2),
        episode(3, call(), status=SplitStatus.NO_COT),
        skipped(4),
        episode(5, call(cases.reasoning(5))),
        episode(6, call(), status=SplitStatus.AMBIGUOUS),
    ]
    tally = scanned(*records)
    assert (tally.seen, settled(tally), tally.records["run.log"]) == (6, 6, 6)
    assert tally.without_cot == 1
    assert dict(tally.episodes) == {"audited": 1, "no_reward_call": 1, "malformed": 1, "ambiguous": 1}
    assert [one.episode_id for one in tally.suspects] == ["e5"]


@pytest.mark.parametrize("before", [0, 1, BATCH - 1, BATCH, BATCH + 1])
def test_what_was_read_before_an_error_is_scanned_and_the_error_kept(before):
    tally = scanned(
        *(episode(number, call(cases.reasoning(number, 8))) for number in range(before)),
        error=InputError("the page is damaged", where="run.log", hint="copy it again"),
    )
    assert (tally.seen, settled(tally)) == (before, before)
    assert len(tally.suspects) == before
    assert tally.errors == {"run.log": "run.log: the page is damaged (copy it again)"}


def test_only_the_first_malformed_records_are_named_and_all_are_counted():
    tally = scanned(*map(skipped, range(1, 100)))
    assert tally.episodes["malformed"] == 99
    assert len(tally.skipped) == SKIPPED_SHOWN
    assert tally.skipped[0] == SkippedRecord("run.log:1", "malformed", "step: expected `int`, got `str`")


def test_a_contract_over_an_episode_that_shows_no_reasoning_is_counted_apart():
    handed = RewardCall("accuracy", Evidence.CONTRACT, None, hands_over="completion_ids")
    tally = scanned(episode(1, handed, call(), status=SplitStatus.AMBIGUOUS), episode(2, handed), skipped(3))
    assert (tally.undelimited, tally.unreadable) == (1, 1)
    tally.merge(scanned(episode(4, handed, status=SplitStatus.AMBIGUOUS), episode(5, call(), status=SplitStatus.AMBIGUOUS)))
    assert (tally.undelimited, tally.unreadable) == (2, 1)


def test_a_skipped_record_is_counted_under_its_own_reason():
    tally = scanned(Skipped(Source("run.log", 1), Reason.LIMIT, "the line is longer than 64 MB"))
    assert dict(tally.episodes) == {"limit": 1}


def test_a_rebuilt_input_that_shows_nothing_clears_nothing():
    tally = scanned(episode(1, call(evidence=Evidence.REBUILT)))
    assert dict(tally.episodes) == {"rebuilt_only": 1}
    assert dict(tally.calls) == {("rebuilt", "rebuilt_only"): 1}


def test_a_contract_exposes_without_a_search_and_is_gathered_by_path():
    handed = RewardCall("accuracy", Evidence.CONTRACT, None, hands_over="completion_ids")
    tally = scanned(episode(1, handed, step=4), episode(2, handed, step=9))
    assert not tally.suspects
    reach = tally.handovers[Handover("accuracy", "completion_ids")]
    assert (reach.episodes, reach.first_step, reach.last_step) == (2, 4, 9)
    assert dict(tally.exposed) == {"audited": 2}
    assert dict(tally.exposed_by) == {"contract": 2}


def test_who_wrote_nothing_has_nothing_to_hand_over():
    handed = RewardCall("accuracy", Evidence.CONTRACT, None, hands_over="completion_ids")
    empty = Episode(
        "e1", (), Split(SplitStatus.AMBIGUOUS, "the completion is empty", "auto"), Source("run.log", 1), calls=(handed,)
    )
    tally = scanned(empty)
    assert (tally.handovers, tally.episodes[Reason.AMBIGUOUS.value]) == ({}, 1)
    dropped = replace(empty, visibility=Visibility.REDACTED)
    assert scanned(dropped).handovers


def test_what_a_contract_hands_over_is_not_searched_and_the_calls_beside_it_are():
    leak = cases.reasoning(1)
    (suspect,) = scanned(episode(1, call(leak, path="accuracy", hands_over="completion_ids"), call(leak))).suspects
    assert [(one.path, one.by_contract, bool(one.candidates)) for one in suspect.calls] == [
        ("accuracy", True, False),
        ("judge", False, True),
    ]


def test_a_call_without_inputs_says_why():
    unlogged = RewardCall("judge", Evidence.RECORDED)
    dropped = RewardCall("judge", Evidence.RECORDED, missing=Reason.LIMIT)
    assert dict(scanned(episode(1, unlogged)).episodes) == {"input_not_logged": 1}
    assert dict(scanned(episode(1, dropped)).episodes) == {"limit": 1}


def test_what_is_there_of_an_input_that_is_missing_in_part_is_searched_and_clears_nothing():
    assert dict(scanned(episode(1, call(missing=Reason.INPUT_NOT_LOGGED))).episodes) == {"input_not_logged": 1}
    tally = scanned(episode(1, call(cases.reasoning(1), missing=Reason.INPUT_NOT_LOGGED)))
    (outcome,) = tally.suspects[0].calls
    assert outcome.reason is Reason.INPUT_NOT_LOGGED
    assert outcome.candidates


ROLE = Field("completions[0].role", GuardedText("assistant"))


@pytest.mark.parametrize(
    ("inputs", "answer", "status"),
    [
        ((), "", "input_not_logged"),
        ((ROLE,), "", "input_not_logged"),
        ((Field("n"),), "The harbour.", "audited"),
        ((Field("text", GuardedText("")),), "The harbour.", "input_not_logged"),
        ((Field("text", GuardedText("")),), "", "audited"),
        ((ROLE, Field("completions[0].content", GuardedText(""))), "", "audited"),
        ((Field("x", ids=array("q")),), "", "input_not_logged"),
    ],
)
def test_an_empty_input_counts_as_searched_only_where_the_log_says_that_it_was_empty(inputs, answer, status):
    one = episode(1, RewardCall("judge", Evidence.RECORDED, inputs))
    segments = [
        replace(segment, text=GuardedText(answer)) if segment.channel is Channel.ANSWER else segment for segment in one.segments
    ]
    assert dict(scanned(replace(one, segments=tuple(segments))).episodes) == {status: 1}


def test_steps_and_shards_are_gathered_also_from_episodes_without_reasoning():
    tally = scanned(episode(1, step=3, shard="rank 0"), episode(2, status=SplitStatus.NO_COT, step=5, shard="rank 1"))
    assert [set().union(*seen.values()) for seen in (tally.steps, tally.shards)] == [{3, 5}, {"rank 0", "rank 1"}]


@pytest.mark.parametrize("before", [0, 10 * BATCH])
def test_what_siblings_hold_is_known_however_much_text_the_unit_holds(before):
    """Two episodes with one reference, which the reasoning of one shares wording with, among more than is looked through at once."""
    thought = cases.reasoning(1, 200)
    reference = f"{cases.words('before', 20)} {thought[300:360]} {cases.words('after', 20)}"
    others = [episode(number, call(cases.words(number, 60))) for number in range(3, before + 10 * BATCH)]
    records = (*others[:before], episode(1, call(reference), thought=thought), episode(2, call(reference)), *others[before:])
    notes = Notes(Sketch(slots=1 << 15), Vicinity(reach=4, stretch=2))
    tally = scan_unit(FakeReader(records), UNIT, Options(), cases.KEY, notes)
    assert bool(tally.stretches) == (before == 0), "what is far from both ends waits for no other unit"
    queue = Queue(Vicinity(reach=4))
    queue.add([tally], notes.taken())
    assert list(queue.due(at_the_end=True)) == [tally]
    (suspect,) = tally.suspects
    (found,) = suspect.calls[0].candidates
    assert [run.is_shared for chain in found.chains for run in chain.runs] == [True]


def test_of_two_owners_of_one_text_the_same_is_kept_whichever_border_comes_first():
    one, other = (
        Candidate(FindingClass.CROSS_EPISODE, "text", (), (), (ChainWeight(200, 1.0, (), False),), "id", owner=owner)
        for owner in ("left", "right")
    )
    kept = []
    for first, second in ((one, other), (other, one)):
        read = episode(1)
        tally = Tally(foreign={("run.log:1", "e1"): Foreign({0: first})})
        add_foreign(tally, set(), Exposed(read, {0: second}, True, frozenset(), 0), cases.KEY)
        kept.append(tally.foreign)
    assert kept[0] == kept[1]


def test_the_first_ids_of_an_input_are_noted_with_their_steps():
    first = scanned(episode(1, step=1), episode(2, step=1), episode(IDS_COMPARED + 1, step=1)).ids
    again, later = (scanned(episode(2, step=step)).ids for step in (1, 2))
    assert len(first["run.log"]) == 2
    assert again["run.log"] < first["run.log"]
    assert not later["run.log"] & first["run.log"]
