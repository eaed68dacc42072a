"""Scanning units in several processes, one table of shared text between them.

Processes and not threads, because reading holds the interpreter lock. They are spawned, not forked: Arrow has threads of its own. The
table of the sketch lies in shared memory; two workers that write one place at once lose a note, which a hint can bear.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing.shared_memory import SharedMemory
from typing import NamedTuple

from sequester.episodes.readers.interface import Options, Reader, Unit
from sequester.episodes.readers.registry import load_readers
from sequester.exposure.matching import Sketch
from sequester.exposure.scan import scan_unit
from sequester.exposure.sketch import SLOTS
from sequester.exposure.tally import Tally
from sequester.findings.fingerprint import FingerprintKey


class Task(NamedTuple):
    """One unit and the name of the reader that reads it."""

    reader: str
    unit: Unit
    counts_groups: bool = False


def scan_here(
    tasks: Iterable[Task], readers: dict[str, Reader], options: Options, key: FingerprintKey, sketch: Sketch
) -> Iterator[tuple[Task, Tally]]:
    """Scan one unit after the other in this process."""
    for task in tasks:
        yield task, scan_unit(readers[task.reader], task.unit, options, key, sketch, task.counts_groups)


def scan_apart(
    tasks: Iterable[Task], jobs: int, options: Options, key: FingerprintKey, sketch: Sketch
) -> Iterator[tuple[Task, Tally]]:
    """Scan units in `jobs` processes, at most two waiting for each, and yield them as they finish. Fills `sketch` at the end."""
    memory = SharedMemory(create=True, size=len(sketch.table))
    try:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(jobs, context, _start, (memory.name, options, key))
        with pool, _nothing_more(pool):
            waiting: dict[Future[Tally], Task] = {}
            source = iter(tasks)
            while True:
                with _deaf_to_interrupts():
                    waiting.update({pool.submit(_scan, task): task for task in islice(source, 2 * jobs - len(waiting))})
                if not waiting:
                    break
                for done in wait(waiting, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(done), done.result()
        assert memory.buf is not None
        sketch.table[:] = memory.buf[: len(sketch.table)]
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


class _Worker(NamedTuple):
    readers: dict[str, Reader]
    options: Options
    key: FingerprintKey
    sketch: Sketch
    memory: SharedMemory


_worker: list[_Worker] = []
"""What this worker process was started with; empty in every other process."""


def _start(name: str, options: Options, key: FingerprintKey) -> None:
    memory = SharedMemory(name=name)
    assert memory.buf is not None
    sketch = Sketch(table=memory.buf[: 4 * SLOTS])
    _worker.append(_Worker({reader.name: reader for reader in load_readers()}, options, key, sketch, memory))


def _scan(task: Task) -> Tally:
    worker = _worker[0]
    return scan_unit(worker.readers[task.reader], task.unit, worker.options, worker.key, worker.sketch, task.counts_groups)
