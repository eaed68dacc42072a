"""Processes that scan: Ctrl-C is heard by the one that started them."""

import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exposure import cases, test_scan

from sequester.episodes.readers.interface import Options, Unit
from sequester.exposure import workers
from sequester.exposure.severity import stretch_of
from sequester.exposure.tally import Tally
from sequester.exposure.vicinity import Vicinity
from sequester.exposure.workers import Chunk, Scanner, Task


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
from sequester.episodes.readers.interface import Options
from sequester.exposure import workers
from sequester.exposure.vicinity import Vicinity
from sequester.findings.fingerprint import ephemeral_key
started = (Options(), ephemeral_key(), Vicinity())
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


SMALL = Vicinity(slots=1 << 10, reach=3, stretch=1)


def chunks(names, each=1):
    """One unit after the other, so many in a chunk."""
    tasks = [Task("shelf", Unit(name)) for name in names]
    return [Chunk(number, tuple(tasks[at : at + each])) for number, at in enumerate(range(0, len(tasks), each))]


def scanned(units, each=1):
    scanner = Scanner({"shelf": Shelf(units)}, Options(), cases.KEY, SMALL)
    return [(task.unit.path, tally) for task, tally in workers.scanned(chunks(units, each), scanner)]


def test_no_units_are_no_tallies():
    assert scanned({}) == []


def shelf():
    """Two units with one reference, of which a third holds a sentence in its reasoning, and more than is looked through around them."""
    thought = cases.reasoning(1, 200)
    reference = f"{cases.words('before', 20)} {thought[300:360]} {cases.words('after', 20)}"
    units = {f"before {name}": [test_scan.episode(30 + name, test_scan.call(cases.words(name, 800)))] for name in range(6)}
    units["first"] = [test_scan.episode(1, test_scan.call(reference), thought=thought)]
    units["second"] = [test_scan.episode(2, test_scan.call(reference))]
    units |= {f"after {name}": [test_scan.episode(50 + name, test_scan.call(cases.words(name, 800)))] for name in range(6, 12)}
    return units


@pytest.mark.parametrize("each", [1, 2, 3, 14])
def test_every_unit_is_yielded_once_and_knows_what_the_units_around_it_hold(each):
    units = shelf()
    found = scanned(units, each)
    assert [name for name, _ in found] == list(units)
    assert [tally.seen for _, tally in found] == [1] * len(units)
    (suspect,) = dict(found)["first"].suspects
    (chain,) = suspect.calls[0].candidates[0].chains
    assert stretch_of(chain).elsewhere == chain.private


def test_what_stands_too_far_away_is_not_known():
    units = shelf()
    units["last"] = units.pop("second")
    (suspect,) = dict(scanned(units))["first"].suspects
    (chain,) = suspect.calls[0].candidates[0].chains
    assert stretch_of(chain).elsewhere == 0


@given(st.permutations(range(9)))
def test_what_is_finished_in_any_order_comes_in_order(numbers):
    finished = [(Chunk(number, ()), workers.Scanned([], [])) for number in numbers]
    assert [chunk.number for chunk, _ in workers.in_order(finished)] == list(range(9))


def shared_out(names, pool, queued=2):
    scanner = Scanner({"shelf": Shelf({name: [] for name in names})}, Options(), cases.KEY, SMALL)
    share = workers._Share(chunks(names), pool, queued)
    return [(chunk.tasks[0].unit.path, found.tallies) for chunk, found in share.scanned(scanner)]


@pytest.mark.parametrize("queued", [1, 2, 4])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 40])
def test_every_unit_is_scanned_once_by_whoever_is_free(monkeypatch, count, queued):
    monkeypatch.setattr(workers, "_scan", lambda chunk: workers.Scanned([Tally(seen=1)], []))
    names = [f"unit {number}" for number in range(count)]
    with ThreadPoolExecutor(2) as pool:
        found = shared_out(names, pool, queued)
    assert sorted(name for name, _ in found) == sorted(names)
    assert all(isinstance(tally, Tally) for _, (tally,) in found)


def test_no_more_is_begun_while_one_chunk_takes_its_time():
    """The first one is finished after the pool has nothing else left to do."""

    class Slow:
        def __init__(self):
            self.first = None
            self.scanned = []

        def submit(self, work, chunk):
            future = Future()
            if self.first is None:
                self.first = future
            else:
                self.scanned.append(chunk.number)
                future.set_result(workers.Scanned([Tally()], []))
            return future

    pool, begun = Slow(), []

    def source():
        for chunk in chunks(map(str, range(200))):
            begun.append(chunk.number)
            yield chunk

    share = workers._Share(source(), pool, 2)
    scanner = Scanner({"shelf": Shelf({str(number): [] for number in range(200)})}, Options(), cases.KEY, SMALL)
    found = []
    for chunk, _ in share.scanned(scanner):
        found.append(chunk.number)
        if len(found) == len(begun) - 1 and 0 not in found:
            assert len(begun) < 200
            pool.first.set_result(workers.Scanned([Tally()], []))
    assert sorted(found) == list(range(200))


@pytest.mark.parametrize("accepted", [0, 1])
def test_a_process_that_dies_ends_the_scan(accepted):
    class Broken:
        def __init__(self):
            self.left = accepted

        def submit(self, work, chunk):
            if self.left == 0:
                raise BrokenProcessPool("a process died")
            self.left -= 1
            future = Future()
            future.set_exception(BrokenProcessPool("a process died"))
            return future

    with pytest.raises(BrokenProcessPool):
        shared_out([f"unit {number}" for number in range(9)], Broken())
