"""Episode ids as the key of an episode: what repeats an earlier id is not counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sequester.episodes.model import Episode, Reason, Skipped

_REPEATED = (
    "episode_id: an earlier record has the same; if it is the same episode, scored again, merge its reward_calls into one record, "
    "else give each an id of its own"
)


def without_repeats(records: Iterable[Episode | Skipped]) -> Iterator[Episode | Skipped]:
    """The records, with every episode whose id stood before among them as skipped."""
    seen: set[int] = set()
    for record in records:
        yield (repeat(record, seen) or record) if isinstance(record, Episode) else record


def repeat(episode: Episode, seen: set[int]) -> Skipped | None:
    """The episode as skipped, if its id is among those `seen`; else it is noted there.

    Ids are kept as 64-bit hashes: two of a million collide once in thirty million runs.
    """
    identity = hash(episode.episode_id)
    if identity in seen:
        return Skipped(episode.source, Reason.MALFORMED, _REPEATED)
    seen.add(identity)
    return None
