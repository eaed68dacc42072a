"""Token ids: by role labels, and by the ids of the delimiters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequester.episodes.model import Channel, SplitStatus
from sequester.episodes.splitter import Markers, split_ids
from sequester.errors import UsageError

OPEN, CLOSE, CALL, CALL_END, STOP = 90, 91, 92, 93, 94
MARKERS = Markers(
    openers=((OPEN,),), closers=((CLOSE,),), call_openers=((CALL,),), call_closers=((CALL_END,),), control=((STOP,),)
)
PREFILLED = Markers(openers=((OPEN,),), closers=((CLOSE,),), control=((STOP,),), opened=True)


def spans(ids: list[int], roles: list[str] | Markers) -> list[tuple[str, list[int]]]:
    return [(span.channel.value, ids[span.start : span.end]) for span in split_ids(ids, roles)[0]]


def status(ids: list[int], roles: list[str] | Markers) -> SplitStatus:
    return split_ids(ids, roles)[1].status


def test_no_ids_are_no_evidence() -> None:
    assert split_ids([], MARKERS)[0] == ()
    assert status([], MARKERS) is status([], []) is SplitStatus.AMBIGUOUS


def test_labels_become_spans() -> None:
    labels = ["control", "reasoning", "reasoning", "control", "answer"]
    assert spans([OPEN, 1, 2, CLOSE, 3], labels) == [("reasoning", [1, 2]), ("answer", [3])]
    assert status([1], ["answer"]) is SplitStatus.NO_COT


def test_labels_must_fit() -> None:
    with pytest.raises(UsageError, match="1 labels for 2 ids"):
        split_ids([1, 2], ["answer"])
    with pytest.raises(UsageError, match="unknown token role"):
        split_ids([1], ["musing"])


@pytest.mark.parametrize(
    ("ids", "markers", "expected"),
    [
        ([OPEN, 1, CLOSE, 2, STOP], MARKERS, [("reasoning", [1]), ("answer", [2])]),
        ([1, CLOSE, 2], MARKERS, [("reasoning", [1]), ("answer", [2])]),
        ([1, CLOSE, 2], PREFILLED, [("reasoning", [1]), ("answer", [2])]),
        ([1, 2, STOP], PREFILLED, [("reasoning", [1, 2])]),
        ([OPEN, 1, STOP], MARKERS, [("reasoning", [1])]),
        ([OPEN, 1, CLOSE, 2, CLOSE, 3], MARKERS, [("reasoning", [1, CLOSE, 2]), ("answer", [3])]),
        (
            [OPEN, 1, CALL, 2, CALL_END, CLOSE, CALL, 3, CALL_END],
            MARKERS,
            [("reasoning", [1, CALL, 2, CALL_END]), ("tool_call", [3])],
        ),
        (
            [OPEN, 1, CLOSE, 2, OPEN, 3, CLOSE, 4],
            MARKERS,
            [("reasoning", [1]), ("answer", [2]), ("reasoning", [3]), ("answer", [4])],
        ),
    ],
)
def test_delimiters(ids: list[int], markers: Markers, expected: list[tuple[str, list[int]]]) -> None:
    assert spans(ids, markers) == expected
    assert status(ids, markers) is SplitStatus.SPLIT


def test_an_empty_block_is_positive_evidence_and_no_delimiter_is_none() -> None:
    assert status([OPEN, CLOSE, 2], MARKERS) is SplitStatus.NO_COT
    assert status([1, 2], MARKERS) is SplitStatus.AMBIGUOUS


def test_delimiters_of_several_ids() -> None:
    markers = Markers(openers=((80, 81, 82),), closers=((83, 81, 82),))
    assert spans([80, 81, 82, 1, 80, 83, 81, 82, 2], markers) == [("reasoning", [1, 80]), ("answer", [2])]


def test_a_delimiter_needs_ids() -> None:
    with pytest.raises(UsageError, match="a delimiter without ids"):
        split_ids([1], Markers(openers=((),), closers=()))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([1, 2, OPEN, CLOSE, CALL, CALL_END, STOP]), max_size=14), st.booleans())
def test_spans_are_ordered_and_leave_out_delimiters_only(ids: list[int], opened: bool) -> None:
    markers = Markers(MARKERS.openers, MARKERS.closers, MARKERS.call_openers, MARKERS.call_closers, MARKERS.control, opened)
    at, rest = 0, []
    for span in split_ids(ids, markers)[0]:
        assert at <= span.start < span.end <= len(ids)
        rest += ids[at : span.start]
        at = span.end
    assert not {1, 2} & set(rest + ids[at:])


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=8), st.lists(st.integers(1, 9), min_size=1, max_size=8), st.integers(0, 18)
)
def test_no_cut_turns_reasoning_into_an_answer(reasoning: list[int], answer: list[int], cut: int) -> None:
    ids = [OPEN, *reasoning, CLOSE, *answer][:cut]
    shown = [span for span in split_ids(ids, MARKERS)[0] if span.channel is Channel.ANSWER]
    assert all(span.start > len(reasoning) + 1 for span in shown)
