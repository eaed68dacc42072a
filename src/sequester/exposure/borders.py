"""Episodes on both sides of a border between two units: the last ones of a unit are compared with the first ones of the next.

Only what meets is read once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice

from sequester.episodes.readers.interface import Options, Reader
from sequester.exposure.others import exposed, pairs_across
from sequester.exposure.samples import Edges
from sequester.exposure.scan import add_foreign, read_again
from sequester.exposure.tally import Tally
from sequester.exposure.workers import Task
from sequester.findings.fingerprint import FingerprintKey


class Borders:
    """Compares every unit with the one before it."""

    def __init__(self, readers: Mapping[str, Reader], options: Options, key: FingerprintKey) -> None:
        self._readers = readers
        self._options = options
        self._key = key
        self._before: tuple[Task, Edges] | None = None

    def add(self, task: Task, edges: Edges, tally: Tally) -> None:
        """Take the edges of the next unit; what a comparison finds goes to `tally`, in which both units were merged."""
        if self._before is not None:
            self._compare(*self._before, task, edges, tally)
        self._before = task, edges

    def _compare(self, task: Task, edges: Edges, following: Task, beyond: Edges, tally: Tally) -> None:
        pairs = pairs_across(edges.last, beyond.first)
        if pairs:
            here, beyond_it = (
                read_again(self._readers[one.reader], one.unit, self._options, frozenset(records))
                for one, records in ((task, edges.last_records), (following, beyond.first_records))
            )
            # No further than the last episode: behind it, what stopped the reading of that unit would stop this too.
            episodes = chain(islice(here, edges.alike, edges.alike + len(edges.last_records)), beyond_it)
            add_foreign(tally, exposed(enumerate(episodes), pairs, self._key), following.unit, self._key)
