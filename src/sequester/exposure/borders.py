"""Episodes on both sides of a border between two units: the last ones of a unit are compared with the first ones of the next.

Units come back in any order. The edges of one wait for those of its neighbours, and go when both were compared, so memory holds as many
as units are scanned out of order. Only what meets is read once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice

from sequester.episodes.readers.interface import Options, Reader
from sequester.exposure.others import exposed, pairs_across
from sequester.exposure.samples import KINDS, Edges
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
        self._compared: dict[int, int] = {}
        """Of a unit that waits: borders of it that were compared."""

    def add(self, task: Task, edges: Edges, tally: Tally) -> None:
        """Take the edges of a unit; what a comparison finds goes to `tally`, in which the units before were merged."""
        self._waiting[task.number] = task, edges
        for before in (task.number - 1, task.number):
            if before in self._waiting and before + 1 in self._waiting:
                self._compare(*self._waiting[before], *self._waiting[before + 1], tally)
                for number in (before, before + 1):
                    self._compared[number] = self._compared.get(number, 1 if number == 0 else 0) + 1
                    if self._compared[number] == 2:
                        del self._waiting[number], self._compared[number]

    def _compare(self, task: Task, edges: Edges, following: Task, beyond: Edges, tally: Tally) -> None:
        pairs = pairs_across(edges.last, beyond.first)
        if pairs:
            skipped = edges.episodes - len(edges.last[1]) // (4 * KINDS)
            here, beyond_it = (read_again(self._readers[one.reader], one.unit, self._options) for one in (task, following))
            # No further than the last episode: behind it, what stopped the reading of that unit would stop this too.
            episodes = chain(islice(here, skipped, edges.episodes), beyond_it)
            add_foreign(tally, exposed(episodes, pairs, self._key), following.unit, self._key)
