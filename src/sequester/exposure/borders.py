"""Episodes on both sides of a border between two units: the last ones of a unit are compared with the first ones of the next.

Only what meets is read once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from sequester.episodes.readers.interface import Options, Reader
from sequester.errors import InputError
from sequester.exposure.others import exposed, pairs_across
from sequester.exposure.scan import add_foreign, read_again, told
from sequester.exposure.tally import Tally
from sequester.exposure.workers import Task
from sequester.findings.fingerprint import FingerprintKey

Scan = tuple[Task, Tally]


class Borders:
    """Compares every unit with the one before it."""

    def __init__(self, readers: Mapping[str, Reader], options: Options, key: FingerprintKey) -> None:
        self._readers = readers
        self._options = options
        self._key = key

    def compared(self, units: Iterable[Scan]) -> Iterator[Scan]:
        """The same units in the same order, each once it was compared with those before and after it."""
        before: Scan | None = None
        for unit in units:
            if before is not None:
                self._compare(before, unit)
                yield before
            before = unit
        if before is not None:
            yield before

    def _compare(self, one: Scan, following: Scan) -> None:
        """Add what the episodes of two neighbours show of one another to both."""
        (task, tally), (beyond_task, beyond) = one, following
        edges = tally.edges
        pairs = pairs_across(edges.last, beyond.edges.first)
        if not pairs:
            return
        border = len(edges.last_records)
        here, there = (
            read_again(self._readers[each.reader], each.unit, self._options, frozenset(records))
            for each, records in ((task, edges.last_records), (beyond_task, beyond.edges.first_records))
        )
        # No further than the last episode: behind it, what stopped the reading of that unit would stop this too.
        episodes = chain(islice(here, edges.alike, edges.alike + border), there)
        sides = [(each, each.keys()) for each in (tally, beyond)]
        try:
            for found in exposed(enumerate(episodes), pairs, self._key):
                add_foreign(*sides[found.number >= border], found, self._key)
        except InputError as error:
            beyond.errors.setdefault(beyond_task.unit.path, told(error))
