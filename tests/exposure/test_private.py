"""What is private about reasoning: what is subtracted, from what, and when there is nothing to look for."""

import pytest

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Field, Reason, Segment, Source, Split, SplitStatus, Visibility
from sequester.exposure.private import material


def made(*pieces, status=SplitStatus.SPLIT, **keys):
    """An episode of (channel, text) pieces."""
    segments = tuple(Segment(0, Channel(channel), GuardedText(text)) for channel, text in pieces)
    return Episode("e1", segments, Split(status, "as the test says", "given"), Source("run.jsonl", 1), **keys)


def revealed(pairs):
    return [(text.reveal(), first) for text, first in pairs]


def test_an_episode_without_anything_has_no_material_and_cannot_be_assessed():
    empty = material(made())
    assert (empty.reasoning, empty.public, empty.later) == ((), (), ())
    assert empty.unassessable is Reason.NOT_LOGGED


def test_prompt_answer_tool_calls_and_columns_are_subtracted_from_all_reasoning():
    parts = material(
        made(
            ("prompt", "p"), ("reasoning", "r"), ("answer", "a"), ("tool_call", "t"), columns=(Field("truth", GuardedText("c")),)
        )
    )
    assert [text.reveal() for text in parts.reasoning] == ["r"]
    assert sorted(revealed(parts.public)) == [("a", 0), ("c", 0), ("p", 0), ("t", 0)]


def test_the_policys_own_output_comes_last_among_what_is_public():
    parts = material(made(("answer", "a"), ("reasoning", "r"), ("tool_call", "t"), ("prompt", "p")))
    assert revealed(parts.public) == [("p", 1), ("a", 0), ("t", 0)]
    assert parts.own == (Channel.ANSWER, Channel.TOOL_CALL)


def test_a_tool_result_is_subtracted_only_from_what_was_thought_after_it():
    parts = material(made(("prompt", "p"), ("reasoning", "r0"), ("tool_result", "seen"), ("reasoning", "r1")))
    assert ("seen", 1) in revealed(parts.public)
    assert revealed(parts.later) == [("seen", 1)]


def test_a_tool_result_before_all_reasoning_is_given_and_not_later():
    parts = material(made(("tool_result", "seen"), ("reasoning", "r0")))
    assert revealed(parts.public) == [("seen", 0)]
    assert parts.later == ()


def test_a_later_prompt_is_given_to_what_follows_it_and_is_no_tool_result():
    parts = material(made(("reasoning", "r0"), ("prompt", "next turn"), ("reasoning", "r1")))
    assert revealed(parts.public) == [("next turn", 1)]
    assert parts.later == ()


def test_the_answer_of_a_failed_split_is_never_subtracted():
    parts = material(made(("prompt", "p"), ("reasoning", "r"), ("answer", "r too"), status=SplitStatus.SPLIT_FAILED))
    assert revealed(parts.public) == [("p", 0)]


def test_columns_that_hold_ids_are_no_text():
    assert material(made(("reasoning", "r"), columns=(Field("ids"),))).public == ()


@pytest.mark.parametrize(
    ("episode", "reason"),
    [
        (made(("reasoning", "r")), None),
        (made(("reasoning", "")), Reason.NOT_LOGGED),
        (made(("answer", "a")), Reason.NOT_LOGGED),
        (made(("answer", "a"), status=SplitStatus.AMBIGUOUS), Reason.AMBIGUOUS),
        (made(("reasoning", "r"), status=SplitStatus.AMBIGUOUS), Reason.AMBIGUOUS),
        (made(("answer", "a"), status=SplitStatus.SPLIT_FAILED), Reason.SPLIT_FAILED),
        (made(("reasoning", "r"), status=SplitStatus.SPLIT_FAILED), None),
    ],
)
def test_reasoning_can_be_looked_for_only_where_some_was_logged(episode, reason):
    assert material(episode).unassessable is reason


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({}, None),
        ({"status": SplitStatus.SPLIT_FAILED}, Reason.SPLIT_FAILED),
        ({"visibility": Visibility.SUMMARY}, Reason.SUMMARY_ONLY),
        ({"visibility": Visibility.REDACTED}, Reason.NOT_LOGGED),
        ({"visibility": Visibility.SIGNATURE_ONLY}, Reason.NOT_LOGGED),
        ({"visibility": Visibility.ABSENT}, Reason.NOT_LOGGED),
    ],
)
def test_only_whole_raw_reasoning_can_be_cleared(keys, reason):
    assert material(made(("reasoning", "r"), ("answer", ""), **keys)).not_cleared is reason


def test_reasoning_without_an_answer_is_never_cleared():
    assert material(made(("reasoning", "r"))).not_cleared is Reason.ANSWER_NOT_LOGGED
