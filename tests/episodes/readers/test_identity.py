"""What repeats an earlier episode id is not counted twice."""

from __future__ import annotations

from sequester.episodes.model import Episode, Reason, Skipped, Source, Split, SplitStatus
from sequester.episodes.readers.identity import without_repeats


def episode(name: str, record: int) -> Episode:
    return Episode(name, (), Split(SplitStatus.AMBIGUOUS, "", ""), Source("f", record))


def test_nothing_stays_nothing() -> None:
    assert list(without_repeats([])) == []


def test_a_repeat_is_skipped_and_everything_else_passes() -> None:
    bad = Skipped(Source("f", 2), Reason.LIMIT, "")
    first, bad_, repeat, last = without_repeats([episode("a", 1), bad, episode("a", 3), episode("b", 4)])
    assert (first, bad_, last) == (episode("a", 1), bad, episode("b", 4))
    assert isinstance(repeat, Skipped)
    assert (repeat.reason, repeat.source.record) == (Reason.MALFORMED, 3)
    assert "merge its reward_calls into one record" in repeat.detail
