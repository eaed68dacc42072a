"""Scanning units in several processes.

Processes and not threads, because reading holds the interpreter lock. They are spawned, not forked: Arrow has threads of its own. The
calling process scans too, so that nothing waits for the others to start, and none is started without a unit to scan. Whoever finishes
first, units are passed on in order: what comes of them does not depend on how many processes there are.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import NamedTuple

import pyarrow as pa

from sequester.episodes.readers.interface import Options, Reader, Unit
from sequester.episodes.readers.registry import load_reader
from sequester.exposure.matching import Sketch
from sequester.exposure.scan import scan_unit
from sequester.exposure.tally import Tally
from sequester.exposure.vicinity import VICINITY, Notes, Queue, Vicinity
from sequester.findings.fingerprint import FingerprintKey

_QUEUED = 2
"""Chunks handed to a process at a time: the one that it scans, and the next."""
_AHEAD = 32
"""Chunks that may be scanned before an earlier one is finished: what was found in them is kept until then."""
_UNITS_KEPT = 8
"""Units after which Arrow gives unused memory back. To ask for it anew for every unit costs a tenth of the reading."""


class Task(NamedTuple):
    """One unit and the name of the reader that reads it."""

    reader: str
    unit: Unit
    counts_groups: bool = False


class Chunk(NamedTuple):
    """Consecutive units that one process scans, one after the other: a large one, or many small ones."""

    number: int
    """Its place among the chunks of the audit."""
    tasks: tuple[Task, ...]


class Scanned(NamedTuple):
    """What came of a chunk."""

    tallies: list[Tally]
    """One for each of its units."""
    blocks: list[bytes | None]
    """What they noted (`vicinity.Notes`)."""


@dataclass
class Scanner:
    """What a process needs to scan the units of an audit."""

    readers: dict[str, Reader]
    options: Options
    key: FingerprintKey
    vicinity: Vicinity = VICINITY
    scanned: int = 0
    """Units so far."""
    sketch: Sketch = field(init=False)

    def __post_init__(self) -> None:
        self.sketch = Sketch(self.vicinity.slots)

    def scan(self, chunk: Chunk) -> Scanned:
        """Scan a chunk. What Arrow holds on to is given back now and then: over many units its fragments add up."""
        notes, tallies = Notes(self.sketch, self.vicinity), []
        for task in chunk.tasks:
            reader = self.readers[task.reader]
            tallies.append(scan_unit(reader, task.unit, self.options, self.key, notes, task.counts_groups))
            self.scanned += 1
            if self.scanned % _UNITS_KEPT == 0:
                pa.default_memory_pool().release_unused()
        return Scanned(tallies, notes.taken())


def scanned(chunks: Iterable[Chunk], scanner: Scanner, jobs: int = 1) -> Iterator[tuple[Task, Tally]]:
    """Scan units in this process and up to `jobs` - 1 others. They come in order, their suspects looked up."""
    here = ((chunk, scanner.scan(chunk)) for chunk in chunks)
    queue, tasks = Queue(scanner.vicinity), deque[Task]()
    for chunk, found in in_order(_scanned_together(chunks, scanner, jobs) if jobs > 1 else here):
        tasks += chunk.tasks
        queue.add(*found)
        for tally in queue.due():
            yield tasks.popleft(), tally
    for tally in queue.due(at_the_end=True):
        yield tasks.popleft(), tally


def in_order(finished: Iterable[tuple[Chunk, Scanned]]) -> Iterator[tuple[Chunk, Scanned]]:
    """What is finished in any order, in the order of chunks. Each waits for those before it."""
    early: dict[int, tuple[Chunk, Scanned]] = {}
    following = 0
    for one in finished:
        early[one[0].number] = one
        while following in early:
            yield early.pop(following)
            following += 1


def _scanned_together(chunks: Iterable[Chunk], scanner: Scanner, jobs: int) -> Iterator[tuple[Chunk, Scanned]]:
    """Chunks as they are finished."""
    start = (scanner.options, scanner.key, scanner.vicinity)
    with (
        ProcessPoolExecutor(jobs - 1, multiprocessing.get_context("spawn"), _start, start) as pool,
        _nothing_more(pool),
    ):
        yield from _Share(chunks, pool, _QUEUED * (jobs - 1)).scanned(scanner)


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Processes started here do not hear Ctrl-C, which a terminal sends to all at once: this one ends them, without their tracebacks.

    Blocked, not ignored: an interrupt that comes meanwhile is heard afterwards.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _nothing_more(pool: ProcessPoolExecutor) -> Iterator[None]:
    """Whatever ends the scan early, units that wait are not begun."""
    try:
        yield
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise


class _Share:
    """The chunks of an audit, shared out between this process and a pool.

    A process that finishes a chunk gets the next one at once, in a thread of the pool: this one may be busy with one of its own.
    """

    def __init__(self, chunks: Iterable[Chunk], pool: ProcessPoolExecutor, queued: int) -> None:
        self._source = iter(chunks)
        self._pool = pool
        self._queued = queued
        self._ahead: deque[Chunk] = deque()
        """Chunks that nobody has yet."""
        self._handed_out: set[Future[Scanned]] = set()
        self._finished: SimpleQueue[tuple[Chunk, Future[Scanned]]] = SimpleQueue()
        self._outstanding: set[int] = set()
        """Numbers of the chunks taken from the source of which this process has not seen what came of them."""

    def scanned(self, scanner: Scanner) -> Iterator[tuple[Chunk, Scanned]]:
        """Every chunk as it is finished, those of this process among them."""
        while True:
            self._look_ahead()
            try:
                own = self._ahead.popleft()
            except IndexError:
                if not self._outstanding:
                    return
                yield self._next()
            else:
                found = scanner.scan(own)
                self._outstanding.remove(own.number)
                yield own, found
            while not self._finished.empty():
                yield self._next()

    def _look_ahead(self) -> None:
        """Take as many chunks from the source as the pool can finish while this process scans one, and give it the first."""
        wanted = 2 * self._queued + 1 - len(self._ahead)
        for chunk in islice(self._source, wanted if not self._is_far_ahead() else 0):
            self._outstanding.add(chunk.number)
            self._ahead.append(chunk)
        with _deaf_to_interrupts():
            for _ in range(self._queued - len(self._handed_out)):
                self._hand_out()

    def _is_far_ahead(self) -> bool:
        return bool(self._outstanding) and max(self._outstanding) - min(self._outstanding) >= _AHEAD

    def _hand_out(self) -> None:
        try:
            chunk = self._ahead.popleft()
        except IndexError:
            return
        try:
            future = self._pool.submit(_scan, chunk)
        except RuntimeError as error:
            # The pool is broken or shut down. Whoever waits for the chunk is told.
            future = Future()
            future.set_exception(error)
            self._finished.put((chunk, future))
            return
        self._handed_out.add(future)
        future.add_done_callback(partial(self._take_back, chunk))

    def _take_back(self, chunk: Chunk, done: Future[Scanned]) -> None:
        self._handed_out.discard(done)
        self._finished.put((chunk, done))
        self._hand_out()

    def _next(self) -> tuple[Chunk, Scanned]:
        chunk, done = self._finished.get()
        self._outstanding.remove(chunk.number)
        return chunk, done.result()


_worker: list[Scanner] = []
"""What this worker process was started with; empty in every other process."""


def _start(options: Options, key: FingerprintKey, vicinity: Vicinity) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker.append(Scanner({}, options, key, vicinity))


def _end_with_parent() -> None:
    """A parent that was killed hands out no more chunks, and says no more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _scan(chunk: Chunk) -> Scanned:
    (scanner,) = _worker
    for task in chunk.tasks:
        if task.reader not in scanner.readers:
            scanner.readers[task.reader] = load_reader(task.reader)
    return scanner.scan(chunk)
