"""An episode's reasoning, prepared for the close look."""

import pytest
from tests.exposure import cases

from sequester.episodes.guarded import GuardedText
from sequester.episodes.model import Channel, Episode, Segment, Source, Split, SplitStatus
from sequester.exposure.matching import normalise
from sequester.exposure.private import material
from sequester.exposure.stock import stock_texts
from sequester.exposure.subject import Subject, characters_per_byte

THOUGHT = cases.reasoning(1)


def subject(*pieces):
    segments = tuple(Segment(0, channel, GuardedText(text)) for channel, text in pieces)
    episode = Episode("e1", segments, Split(SplitStatus.SPLIT, "as the test says", "given"), Source("run.log", 1))
    return Subject(episode, material(episode))


def test_an_episode_without_reasoning_has_nothing_private():
    empty = subject()
    assert (empty.pattern.private, empty.normalised, empty.joined, empty.own) == (0, b"", "", 0)
    assert empty.sent is None


@pytest.mark.parametrize(("text", "characters"), [("abc", 1.0), ("中文", 2 / 3), ("ab中", 4 / 5)])
def test_an_ideograph_counts_as_two_letters(text, characters):
    assert characters_per_byte(normalise(text)) == pytest.approx(characters)


def test_places_of_the_pattern_map_to_the_joined_reasoning():
    two = subject((Channel.REASONING, "Né & one."), (Channel.REASONING, THOUGHT))
    start = two.normalised.index(b"\0") + 1
    assert two.cot_spans([]) == subject().cot_spans([]) == []
    (first, last), _ = two.cot_spans([(start, len(two.normalised)), (0, 2)])
    assert THOUGHT.startswith(two.joined[first : first + 8])
    assert two.joined[first:last].strip() == THOUGHT.rstrip(".!?")


def test_words_are_news_where_the_public_texts_lack_them():
    one = subject(
        (Channel.PROMPT, "Count the gulls on the pier."), (Channel.REASONING, "The gulls on the pier conspire quietly.")
    )
    assert one.news(0, len("The gulls on the pier")) == 0
    assert one.news(0, len(one.joined)) == len("conspirequietly")
    assert one.news(24, 26) == len("conspire"), "a word that is cut counts whole"


def test_a_stretch_that_is_mostly_stock_carries_that_little_weight():
    licence = stock_texts()[0][100:300]
    one = subject((Channel.REASONING, f"{licence} {THOUGHT}"))
    stock = len(normalise(licence))
    assert one.stock(0, stock) == one.stock(0, stock + 10) == stock
    assert one.stock(0, 2 * stock + 10) == one.stock(stock, 40) == 0
    assert one.own < len(one.normalised) - stock + 20


def test_a_call_drafted_in_the_reasoning_is_told_from_other_reasoning():
    drafting = subject(
        (Channel.REASONING, f'{THOUGHT} <tool_call>{{"name": "run", "arguments": {{"code": "open the ledger twice"}}}}')
    )
    at = drafting.normalised.index(b"opentheledgertwice")
    assert drafting.drafts_a_call(at, at + 18)
    assert not drafting.drafts_a_call(0, 18)


def test_the_reasoning_without_its_calls_subtracted_is_another_subject_only_if_they_repeat_it():
    assert subject((Channel.REASONING, THOUGHT), (Channel.TOOL_CALL, "ls")).sent is None
    repeated = subject((Channel.REASONING, THOUGHT), (Channel.TOOL_CALL, f"write {THOUGHT}"))
    assert repeated.pattern.private == 0
    assert repeated.sent.pattern.private == len(normalise(THOUGHT))
