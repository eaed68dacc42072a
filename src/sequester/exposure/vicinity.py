"""Where it is looked whether other scorer inputs hold what was found: in the text volume before and after it, in the order of units.

Units are numbered as inputs name them. What is noted of each (`sketch`) begins with a block of its own, except that small ones which are
scanned together share blocks. A stretch of suspects is looked up in its own blocks and in those of REACH before and after them. So the
answer depends on the inputs alone: not on how many processes scan them, nor on which unit is finished first.

Siblings that were sampled together see each other, in both directions. What is further away can only leave a severity higher.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from msgspec import Struct

from sequester.exposure.matching import Sketch, held
from sequester.exposure.sketch import SLOTS
from sequester.exposure.tally import Shared, Stretch, Tally


class Vicinity(Struct, frozen=True):
    """How far it is looked, in blocks of a sketch."""

    slots: int = SLOTS
    """Of the sketch that a process fills: they say how large a block is."""
    reach: int = 63
    """Blocks before and after a stretch: some 30 MB of scorer inputs each."""
    stretch: int = 16
    """Blocks after which a stretch ends, if the unit does not end before."""
    together: int = 2 << 20
    """Bytes of consecutive small files that are scanned together: else a block might hold next to nothing."""


VICINITY = Vicinity()


class Blocks:
    """The blocks of consecutive units, by their places in the order of units."""

    def __init__(self) -> None:
        self.filled = 0
        """How many there were, those that were forgotten among them."""
        self._kept: dict[int, bytes] = {}

    def add(self, blocks: Iterable[bytes | None]) -> None:
        """Add the next ones; None for one that nobody needs."""
        for block in blocks:
            if block is not None:
                self._kept[self.filled] = block
            self.filled += 1

    def forget(self, start: int, stop: int) -> None:
        """Forget those from one place to before another."""
        for place in [place for place in self._kept if start <= place < stop]:
            del self._kept[place]

    def around(self, start: int, stop: int) -> Shared:
        """Asks those from one place to before another."""
        return partial(held, [block for place, block in self._kept.items() if start <= place < stop])

    def __iter__(self) -> Iterator[bytes | None]:
        return (self._kept.get(place) for place in range(self.filled))


class Notes:
    """What the units of one chunk noted, while they are scanned one after the other.

    A long unit is looked up as far as all that is to be asked is its own, so that memory does not grow with it.
    """

    def __init__(self, sketch: Sketch, vicinity: Vicinity) -> None:
        self.sketch = sketch
        self._vicinity = vicinity
        self._blocks = Blocks()
        self._tallies: list[Tally] = []
        self._since = self._start = 0
        """The first suspect, and the first block, of the stretch that is being scanned."""
        sketch.take()

    def begin(self, tally: Tally) -> None:
        """Begin a unit, which is counted in that tally."""
        self._tallies.append(tally)
        self._since, self._start = 0, self._blocks.filled + max(0, self.sketch.begun - 1)

    def screened(self) -> None:
        """To be called after every batch of a unit."""
        if self.sketch.begun >= self._vicinity.stretch:
            self.end()
            self._blocks.add(self.sketch.take())
            self._look_up()
            self._since, self._start = len(self._tallies[-1].suspects), self._blocks.filled

    def end(self) -> None:
        """End a stretch, at the end of a unit at the latest. One in which nothing was found needs no looking up."""
        tally = self._tallies[-1]
        found = len(tally.suspects)
        if found > self._since or tally.lows:
            tally.stretches.append(Stretch(self._since, found, self._start, self._blocks.filled + self.sketch.begun))

    def taken(self) -> list[bytes | None]:
        """The blocks of the chunk, at its end. None for those that only this chunk needed."""
        self._blocks.add(self.sketch.take())
        return list(self._blocks)

    def _look_up(self) -> None:
        reach, blocks = self._vicinity.reach, self._blocks
        first, last = reach, blocks.filled - reach
        for tally in self._tallies:
            waiting = []
            for stretch in tally.stretches:
                if stretch.start < reach:
                    first = max(first, stretch.stop + reach)
                    waiting.append(stretch)
                elif stretch.stop + reach > blocks.filled:
                    last = min(last, stretch.start - reach)
                    waiting.append(stretch)
                else:
                    tally.look_up(blocks.around(stretch.start - reach, stretch.stop + reach), stretch)
            tally.stretches = waiting
        blocks.forget(first, last)


class Queue:
    """Tallies in the order of units, each of which waits until what was noted after it is known."""

    def __init__(self, vicinity: Vicinity) -> None:
        self._reach = vicinity.reach
        self._blocks = Blocks()
        self._waiting: deque[tuple[int, Tally]] = deque()
        """With the place at which the blocks of its chunk begin."""

    def add(self, tallies: Iterable[Tally], blocks: Sequence[bytes | None]) -> None:
        """Add those of a chunk, and its blocks."""
        base = self._blocks.filled
        self._waiting += ((base, tally) for tally in tallies)
        self._blocks.add(blocks)

    def due(self, at_the_end: bool = False) -> Iterator[Tally]:
        """The tallies whose turn has come, looked up; all `at_the_end`."""
        while self._waiting:
            base, tally = self._waiting[0]
            if not at_the_end and any(base + one.stop + self._reach > self._blocks.filled for one in tally.stretches):
                return
            for stretch in tally.stretches:
                start, stop = base + stretch.start - self._reach, base + stretch.stop + self._reach
                tally.look_up(self._blocks.around(start, stop), stretch)
            tally.stretches = []
            self._waiting.popleft()
            starts = (base + stretch.start for base, waiting in self._waiting for stretch in waiting.stretches)
            self._blocks.forget(0, next(starts, self._blocks.filled) - self._reach)
            yield tally
