"""Processes that scan: Ctrl-C is heard by the one that started them."""

import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest
from tests.exposure import cases, test_scan

from sequester.episodes.readers.interface import Options, Unit
from sequester.exposure import workers
from sequester.exposure.matching import Sketch
from sequester.exposure.severity import stretch_of
from sequester.exposure.tally import Tally
from sequester.exposure.workers import Scanner, Task, scan_here


class Pool:
    def __init__(self):
        self.ended = []

    def shutdown(self, **how):
        self.ended.append(how)


def test_what_is_started_meanwhile_does_not_hear_interrupts():
    with workers._deaf_to_interrupts():
        assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_an_interrupt_begins_no_more_units():
    pool = Pool()
    with pytest.raises(KeyboardInterrupt), workers._nothing_more(pool):
        raise KeyboardInterrupt
    assert pool.ended == [{"cancel_futures": True}]
    with workers._nothing_more(pool):
        pass
    assert len(pool.ended) == 1


def test_a_process_ends_with_the_one_that_started_it():
    script = """
import multiprocessing, os, signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.shared_memory import SharedMemory
from sequester.episodes.readers.interface import Options
from sequester.exposure import workers
from sequester.exposure.matching import Sketch
from sequester.findings.fingerprint import ephemeral_key
size = len(Sketch().table)
memory = SharedMemory(create=True, size=size)
started = (memory.name, size, Options(), ephemeral_key())
pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), workers._start, started)
assert pool.submit(os.getpid).result() != os.getpid()
print("started", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    # The output ends when the last process that holds it has ended.
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, b"started\n")


class Shelf:
    """Reads the records of the unit of that name."""

    def __init__(self, units):
        self.units = units

    def read(self, unit, options):
        return iter(self.units[unit.path])


def scanned(units):
    scanner = Scanner({"shelf": Shelf(units)}, Options(), cases.KEY, Sketch(slots=1 << 14))
    return [(task.unit.path, tally) for task, tally in scan_here([Task("shelf", Unit(name)) for name in units], scanner)]


def test_no_units_are_no_tallies():
    assert scanned({}) == []


def test_every_unit_is_yielded_once_and_knows_what_the_units_around_it_hold():
    thought = cases.reasoning(1, 200)
    reference = f"{cases.words('before', 20)} {thought[300:360]} {cases.words('after', 20)}"
    units = {"first": [test_scan.episode(1, test_scan.call(reference), thought=thought)]}
    units["second"] = [test_scan.episode(2, test_scan.call(reference))]
    for name in range(12):
        units[f"other {name}"] = [test_scan.episode(3 + name, test_scan.call(cases.words(name, 3000)))]
    found = scanned(units)
    assert [name for name, _ in found] == list(units)
    assert [tally.seen for _, tally in found] == [1] * len(units)
    (suspect,) = found[0][1].suspects
    (chain,) = suspect.calls[0].candidates[0].chains
    assert stretch_of(chain).elsewhere == chain.private


def shared_out(names, pool, queued=2):
    scanner = Scanner({"shelf": Shelf({name: [] for name in names})}, Options(), cases.KEY, Sketch(slots=1 << 14))
    share = workers._Share((Task("shelf", Unit(name)) for name in names), pool, queued)
    return [(task.unit.path, tally) for task, tally in share.scanned(scanner)]


@pytest.mark.parametrize("queued", [1, 2, 4])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 40])
def test_every_unit_is_scanned_once_by_whoever_is_free(monkeypatch, count, queued):
    monkeypatch.setattr(workers, "_scan", lambda task: Tally(seen=1))
    names = [f"unit {number}" for number in range(count)]
    with ThreadPoolExecutor(2) as pool:
        found = shared_out(names, pool, queued)
    assert sorted(name for name, _ in found) == sorted(names)
    assert all(isinstance(tally, Tally) for _, tally in found)


@pytest.mark.parametrize("accepted", [0, 1])
def test_a_process_that_dies_ends_the_scan(accepted):
    class Broken:
        def __init__(self):
            self.left = accepted

        def submit(self, work, task):
            if self.left == 0:
                raise BrokenProcessPool("a process died")
            self.left -= 1
            future = Future()
            future.set_exception(BrokenProcessPool("a process died"))
            return future

    with pytest.raises(BrokenProcessPool):
        shared_out([f"unit {number}" for number in range(9)], Broken())
