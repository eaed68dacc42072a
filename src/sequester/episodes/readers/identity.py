"""Episode ids as the key of an episode: what repeats an earlier id is not counted twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sequester.episodes.model import Episode, Reason, Skipped

_REPEATED = (
    "episode_id: an earlier record has the same; if it is the same episode, scored again, merge its reward_calls into one record, "
    "else give each an id of its own"
)


def without_repeats(records: Iterable[Episode | Skipped]) -> Iterator[Episode | Skipped]:
    """The records, with every episode whose id stood before among them as skipped.

    Ids are kept as 64-bit hashes: two of a million collide once in thirty million runs.
    """
    seen: set[int] = set()
    for record in records:
        if isinstance(record, Episode):
            identity = hash(record.episode_id)
            if identity in seen:
                yield Skipped(record.source, Reason.MALFORMED, _REPEATED)
                continue
            seen.add(identity)
        yield record
