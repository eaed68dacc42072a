"""Scanning units in several processes, one table of shared text between them.

Processes and not threads, because reading holds the interpreter lock. They are spawned, not forked: Arrow has threads of its own. The
calling process scans too, so that nothing waits for the others to start, and none is started without a unit to scan. The table of the
sketch lies in shared memory; two processes that write one place at once lose a note, which a hint can bear.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from multiprocessing.shared_memory import SharedMemory
from typing import NamedTuple

import pyarrow as pa

from sequester.episodes.readers.interface import Options, Reader, Unit
from sequester.episodes.readers.registry import load_readers
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
            scanned = _shared_out(tasks, replace(scanner, sketch=shared), pool, _QUEUED * (jobs - 1))
            yield from _looked_up(scanned, Sharing(shared))
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


def _shared_out(tasks: Iterable[Task], scanner: Scanner, pool: ProcessPoolExecutor, queued: int) -> Iterator[tuple[Task, Tally]]:
    source = iter(tasks)
    waiting: dict[Future[Tally], Task] = {}
    while True:
        own = next(source, None)
        with _deaf_to_interrupts():
            waiting.update({pool.submit(_scan, task): task for task in islice(source, queued - len(waiting))})
        if own is not None:
            yield own, scanner.scan(own)
        elif not waiting:
            return
        for done in wait(waiting, 0 if own else None, return_when=FIRST_COMPLETED).done:
            yield waiting.pop(done), done.result()


_worker: list[tuple[Scanner, SharedMemory]] = []
"""What this worker process was started with; empty in every other process."""


def _start(name: str, size: int, options: Options, key: FingerprintKey) -> None:
    memory = SharedMemory(name=name)
    assert memory.buf is not None
    readers = {reader.name: reader for reader in load_readers()}
    _worker.append((Scanner(readers, options, key, Sketch(table=memory.buf[:size])), memory))


def _scan(task: Task) -> Tally:
    return _worker[0][0].scan(task)
