"""Episodes on both sides of a border between two units: the last ones of a unit are compared with the first ones of the next.

Units come back in any order. At a border the edges of the unit that came first wait for the other's, so memory holds as many as units
are scanned out of order. Only what meets is read once more.
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
    """Compares neighbouring units as they come."""

    def __init__(self, readers: Mapping[str, Reader], options: Options, key: FingerprintKey) -> None:
        self._readers = readers
        self._options = options
        self._key = key
        self._waiting: dict[int, tuple[Task, Edges]] = {}
        """The unit that came first, by the number of the border: that of the unit behind it."""

    def add(self, task: Task, edges: Edges, tally: Tally) -> None:
        """Take the edges of a unit; what a comparison finds goes to `tally`, in which the units before were merged."""
        here = task, edges
        if (before := self._waiting.pop(task.number, None)) is not None:
            self._compare(*before, *here, tally)
        elif task.number > 0:
            self._waiting[task.number] = here
        if (behind := self._waiting.pop(task.number + 1, None)) is not None:
            self._compare(*here, *behind, tally)
        else:
            self._waiting[task.number + 1] = here

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
