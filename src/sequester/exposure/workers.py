"""Scanning units in several processes, one table of shared text between them.

Processes and not threads, because reading holds the interpreter lock. They are spawned, not forked: Arrow has threads of its own. The
calling process scans too, so that nothing waits for the others to start, and none is started without a unit to scan. The table of the
sketch lies in shared memory; two processes that write one place at once lose a note, which a hint can bear.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from multiprocessing.shared_memory import SharedMemory
from queue import SimpleQueue
from typing import NamedTuple

import pyarrow as pa

from sequester.episodes.readers.interface import Options, Reader, Unit
from sequester.episodes.readers.registry import load_reader
from sequester.exposure.matching import Sketch
from sequester.exposure.scan import scan_unit
from sequester.exposure.sharing import Sharing
from sequester.exposure.tally import Tally
from sequester.findings.fingerprint import FingerprintKey

_QUEUED = 2
"""Units handed to a process at a time: the one that it scans, and the next."""
_UNITS_KEPT = 8
"""Units after which Arrow gives unused memory back. To ask for it anew for every unit costs a tenth of the reading."""


class Task(NamedTuple):
    """One unit and the name of the reader that reads it."""

    reader: str
    unit: Unit
    counts_groups: bool = False
    number: int = 0
    """Its place among the units of the audit."""


@dataclass
class Scanner:
    """What a process needs to scan the units of an audit."""

    readers: dict[str, Reader]
    options: Options
    key: FingerprintKey
    sketch: Sketch
    scanned: int = 0
    """Units so far."""

    def scan(self, task: Task) -> Tally:
        """Scan one unit. What Arrow holds on to is given back now and then: over many units its fragments add up."""
        tally = scan_unit(self.readers[task.reader], task.unit, self.options, self.key, self.sketch, task.counts_groups)
        self.scanned += 1
        if self.scanned % _UNITS_KEPT == 0:
            pa.default_memory_pool().release_unused()
        return tally


def scan_here(tasks: Iterable[Task], scanner: Scanner) -> Iterator[tuple[Task, Tally]]:
    """Scan one unit after the other in this process. Their suspects are looked up."""
    yield from _looked_up(((task, scanner.scan(task)) for task in tasks), Sharing(scanner.sketch))


def _looked_up(scanned: Iterable[tuple[Task, Tally]], sharing: Sharing) -> Iterator[tuple[Task, Tally]]:
    """The same units in order, later: each when its suspects' time to be looked up has come, and the last ones at the end."""
    waiting: deque[tuple[int, Task, Tally]] = deque()
    for task, tally in scanned:
        waiting.append((sharing.now, task, tally))
        while sharing.is_due(waiting[0][0]):
            yield _look_up(waiting.popleft(), sharing)
    while waiting:
        yield _look_up(waiting.popleft(), sharing)


def _look_up(waiting: tuple[int, Task, Tally], sharing: Sharing) -> tuple[Task, Tally]:
    _, task, tally = waiting
    tally.look_up(sharing)
    return task, tally


def scan_together(tasks: Iterable[Task], scanner: Scanner, jobs: int) -> Iterator[tuple[Task, Tally]]:
    """Scan units in this process and up to `jobs` - 1 others, and yield them as they finish. Their suspects are looked up."""
    size = len(scanner.sketch.table)
    memory = SharedMemory(create=True, size=size)
    try:
        assert memory.buf is not None
        start = (memory.name, size, scanner.options, scanner.key)
        with (
            closing(Sketch(table=memory.buf[:size])) as shared,
            ProcessPoolExecutor(jobs - 1, multiprocessing.get_context("spawn"), _start, start) as pool,
            _nothing_more(pool),
        ):
            share = _Share(tasks, pool, _QUEUED * (jobs - 1))
            yield from _looked_up(share.scanned(replace(scanner, sketch=shared)), Sharing(shared))
    finally:
        memory.close()
        memory.unlink()


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
    """The units of an audit, shared out between this process and a pool.

    A process that finishes a unit gets the next one at once, in a thread of the pool: this one may be busy with a unit of its own.
    """

    def __init__(self, tasks: Iterable[Task], pool: ProcessPoolExecutor, queued: int) -> None:
        self._source = iter(tasks)
        self._pool = pool
        self._queued = queued
        self._ahead: deque[Task] = deque()
        """Units that nobody has yet."""
        self._handed_out: set[Future[Tally]] = set()
        self._finished: SimpleQueue[tuple[Task, Future[Tally]]] = SimpleQueue()
        self._outstanding = 0
        """Units taken from the source whose tallies this process has not seen."""

    def scanned(self, scanner: Scanner) -> Iterator[tuple[Task, Tally]]:
        """Every unit as it is finished, those of this process among them."""
        while True:
            self._look_ahead()
            try:
                own = self._ahead.popleft()
            except IndexError:
                if not self._outstanding:
                    return
                yield self._next()
            else:
                self._outstanding -= 1
                yield own, scanner.scan(own)
            while not self._finished.empty():
                yield self._next()

    def _look_ahead(self) -> None:
        """Take as many units from the source as the pool can finish while this process scans one, and give it the first."""
        more = list(islice(self._source, 2 * self._queued + 1 - len(self._ahead)))
        self._ahead += more
        self._outstanding += len(more)
        with _deaf_to_interrupts():
            for _ in range(self._queued - len(self._handed_out)):
                self._hand_out()

    def _hand_out(self) -> None:
        try:
            task = self._ahead.popleft()
        except IndexError:
            return
        try:
            future = self._pool.submit(_scan, task)
        except RuntimeError as error:
            # The pool is broken or shut down. Whoever waits for the unit is told.
            future = Future()
            future.set_exception(error)
            self._finished.put((task, future))
            return
        self._handed_out.add(future)
        future.add_done_callback(partial(self._take_back, task))

    def _take_back(self, task: Task, done: Future[Tally]) -> None:
        self._handed_out.discard(done)
        self._finished.put((task, done))
        self._hand_out()

    def _next(self) -> tuple[Task, Tally]:
        task, done = self._finished.get()
        self._outstanding -= 1
        return task, done.result()


_worker: list[tuple[Scanner, SharedMemory]] = []
"""What this worker process was started with; empty in every other process."""


def _start(name: str, size: int, options: Options, key: FingerprintKey) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    memory = SharedMemory(name=name)
    assert memory.buf is not None
    _worker.append((Scanner({}, options, key, Sketch(table=memory.buf[:size])), memory))


def _end_with_parent() -> None:
    """A parent that was killed hands out no more units, and says no more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _scan(task: Task) -> Tally:
    scanner, _ = _worker[0]
    if task.reader not in scanner.readers:
        scanner.readers[task.reader] = load_reader(task.reader)
    return scanner.scan(task)
