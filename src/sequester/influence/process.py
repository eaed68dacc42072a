"""A scorer that runs reward code in a process of its own: a fresh interpreter of the same Python, ended and started again when it hangs or
dies. Nothing the code writes to its output is shown; it is counted.

The interpreter keeps the user's environment, working directory and packages, which reward code needs (`-I` would drop `PYTHONPATH` and
the user's site). `-P` keeps the working directory off `sys.path`, as it is when a script elsewhere is run; `-B` writes no `.pyc` beside
reward code, because inputs are never written to. The process leads a session of its own, so that ending it ends what it started.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Self

import msgspec

from sequester.errors import SequesterError
from sequester.findings.swapped import Branches
from sequester.influence import messages
from sequester.influence.conditions import Outcome
from sequester.influence.in_process import notes_of, times
from sequester.influence.messages import Load, Reply
from sequester.influence.model import Rendition, Scoring
from sequester.influence.source import Source

_LOAD_SECONDS = 600.0
_END_SECONDS = 2.0
"""Given to a worker to end by itself, once it has no more requests."""
_MOST_IN_A_ROW = 5
"""Calls that end the worker one after the other, before no more are made."""
_BACK_OFF = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before a call that was turned down for now is repeated."""
_LOOK_SECONDS = 0.5
"""Between two looks whether a silent worker is alive."""
_CHUNK = 1 << 16


class ProcessScorer:
    """Calls the function that `source` names in a worker process. A context manager; entering it loads the code.

    Entering raises UsageError where the file has no such function, SequesterError where it does not load. Afterwards nothing raises: what
    goes wrong is a `Scoring.failure`, `timeout` and `died` among them.
    """

    def __init__(
        self, source: Source, outcome: str = "score", timeout: float = 120.0, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """`outcome`: `score`, or `keep` for a function that selects. `timeout`: seconds for one call, a batch being one."""
        self._source = source
        self._outcome = outcome
        self._timeout = timeout
        self._pause = pause
        self._worker: _Worker | None = None
        self._ended: Counter[str] = Counter()
        self._in_a_row = 0
        self._in_vain = False
        """Calls were turned down to the last of the pauses: the next ones are not waited for as long."""
        self._used = False
        self._came: set[Outcome] = set()
        self._paths: set[str] = set()
        self._failed: Counter[str] = Counter()
        self._missing: set[str] = set()
        self._ways: set[str] = set()
        self._output = 0

    def __enter__(self) -> Self:
        error = self._start()
        if error is not None:
            raise error
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end(_END_SECONDS)

    def score(self, batch: Sequence[Rendition]) -> Sequence[Scoring]:
        """Scores of a batch, called as its trainer would; episodes that were turned down for now are tried again, after growing pauses
        where none of them gets through."""
        scorings = list(self._call("score", batch)) if batch else []
        pauses = iter(_BACK_OFF[: 1 if self._in_vain else None])
        again = _turned_down(scorings)
        while again and (seconds := next(pauses, None)) is not None:
            self._pause(seconds)
            for index, scoring in zip(again, self._call("score", [batch[index] for index in again]), strict=True):
                scorings[index] = scoring
            before, again = again, _turned_down(scorings)
            if len(again) < len(before):
                pauses = iter(_BACK_OFF)
        self._in_vain = bool(again)
        return scorings

    def observe(self, rendition: Rendition) -> Scoring:
        """Score of one rendition, with what its call handed on and which ways its conditions came out."""
        scoring = self._call("observe", [rendition])[0]
        for seconds in _BACK_OFF:
            if scoring.failure != "rate_limited":
                break
            self._pause(seconds)
            scoring = self._call("observe", [rendition])[0]
        return scoring

    def fresh(self) -> bool:
        """End the worker, if it was given anything, and start another. False where the code does not load again."""
        if not self._used and self._worker is not None:
            return True
        self._end(_END_SECONDS)
        self._used = False
        return self._in_a_row < _MOST_IN_A_ROW and self._start() is None

    def branches(self) -> Branches | None:
        """Of all calls, in whichever process. None where they could not be followed, or none was observed."""
        if not self._paths or self._in_a_row >= _MOST_IN_A_ROW or (self._worker is None and self._start() is not None):
            return None
        reply = self._exchange(messages.encode_request("branches"), self._timeout)
        if isinstance(reply, Reply):
            return reply.branches
        self._end(0.0)  # its answer may still come, and would be taken for that to the next request
        return None

    def not_intercepted(self) -> tuple[str, ...]:
        """Ways out that observed calls have used and that were not compared."""
        return tuple(sorted(self._ways))

    def notes(self) -> tuple[str, ...]:
        """Sentences for the report: missing columns, what failed and where, workers that were ended, output that was not shown."""
        ended = [f"the reward process was ended {times(count)} ({name})" for name, count in sorted(self._ended.items())]
        if self._in_a_row >= _MOST_IN_A_ROW:
            ended.append(f"after {_MOST_IN_A_ROW} calls in a row that ended the reward process no more were made")
        output = self._output + (self._worker.output if self._worker else 0)
        written = [f"the reward code wrote {output:,} bytes to its output; not shown"] if output else []
        return (*notes_of(self._missing, self._failed), *ended, *written)

    def _call(self, verb: str, batch: Sequence[Rendition]) -> Sequence[Scoring]:
        """One request; a worker that was ended is started again before it, unless too many were in a row."""
        if self._in_a_row >= _MOST_IN_A_ROW or (self._worker is None and self._start() is not None):
            return [Scoring(None, "died")] * len(batch)
        self._used = True
        reply = self._exchange(messages.encode_request(verb, batch), self._timeout)
        if isinstance(reply, Reply) and len(reply.scorings) == len(batch):
            self._in_a_row = 0
            self._failed.update(reply.failed)
            self._missing.update(reply.missing)
            self._ways.update(reply.not_intercepted)
            self._came.update(reply.came)
            self._paths.update(scoring.path for scoring in reply.scorings if scoring.path)
            return reply.scorings
        failure = reply if isinstance(reply, str) else "died"
        self._ended[failure] += 1
        self._in_a_row += 1
        self._end(0.0)
        return [Scoring(None, failure)] * len(batch)

    def _start(self) -> SequesterError | None:
        """A new worker with the code loaded, or why there is none."""
        self._worker = _Worker()
        load = Load(str(self._source.file), self._source.name, self._outcome, tuple(self._came), tuple(self._paths))
        reply = self._exchange(messages.encode_load(load), _LOAD_SECONDS)
        if isinstance(reply, Reply) and reply.load_error is None:
            return None
        self._end(0.0)
        if isinstance(reply, Reply) and reply.load_error is not None:
            return reply.load_error.error()
        happened = "did not load in time" if reply == "timeout" else "ended its process while it was loaded"
        return SequesterError(
            f"the reward code {happened}", where=str(self._source.file), hint="import the file by hand in this environment"
        )

    def _exchange(self, request: bytes, seconds: float) -> Reply | str:
        """The reply, or the name of what happened instead."""
        assert self._worker is not None
        try:
            return messages.decode_reply(self._worker.exchange(messages.framed(request), seconds))
        except TimeoutError:
            return "timeout"
        except (EOFError, BrokenPipeError, msgspec.DecodeError):
            return "died"
        except BaseException:  # interrupted: the answer may still come, and would be taken for that to the next request
            self._end(0.0)
            raise

    def _end(self, seconds: float) -> None:
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.end(seconds)
            self._output += worker.output


class _Worker:
    """One process and the four pipes to it."""

    def __init__(self) -> None:
        theirs_in, self._requests = os.pipe()
        self._replies, theirs_out = os.pipe()
        self.output = 0
        """Bytes of standard output and error, read and thrown away."""
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-B", "-m", "sequester.influence.worker", str(theirs_in), str(theirs_out)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(theirs_in, theirs_out),
                start_new_session=True,
            )
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        assert self._process.stdout is not None and self._process.stderr is not None
        self._outputs = [self._process.stdout.fileno(), self._process.stderr.fileno()]
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._replies, *self._outputs):
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)
        os.set_blocking(self._requests, False)

    def exchange(self, request: bytes, seconds: float) -> bytes:
        """Send a request and wait for the reply, reading output meanwhile.

        Raises TimeoutError after `seconds`; EOFError or BrokenPipeError where the process has ended.
        """
        deadline = time.monotonic() + seconds
        unsent, reply = memoryview(request), bytearray()
        self._selector.register(self._requests, selectors.EVENT_WRITE)
        try:
            while len(reply) < messages.LENGTH or len(reply) < messages.LENGTH + _announced(reply):
                for key, _events in self._ready(deadline):
                    if key.fd == self._requests:
                        unsent = unsent[os.write(self._requests, unsent[:_CHUNK]) :]
                        if not unsent:
                            self._selector.unregister(self._requests)
                    elif key.fd == self._replies:
                        reply += _read_some(self._replies)
                    else:
                        self._drain(key.fd)
        finally:
            if self._requests in self._selector.get_map():
                self._selector.unregister(self._requests)
        return bytes(reply[messages.LENGTH :])

    def _ready(self, deadline: float) -> list[tuple[selectors.SelectorKey, int]]:
        """Pipes that can be read or written. Raises TimeoutError at the deadline; EOFError once the process has ended and they are empty,
        which the pipes themselves do not tell while a program that it has started holds them."""
        while (left := deadline - time.monotonic()) > 0:
            ready = self._selector.select(min(left, _LOOK_SECONDS))
            if ready:
                return ready
            if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                raise EOFError
        raise TimeoutError

    def _drain(self, descriptor: int) -> None:
        read = os.read(descriptor, _CHUNK)
        self.output += len(read)
        if not read:
            self._selector.unregister(descriptor)

    def end(self, seconds: float) -> None:
        """Close the requests, wait that long for the process, then kill it and whatever it started."""
        os.close(self._requests)
        deadline = time.monotonic() + seconds
        with contextlib.suppress(EOFError, TimeoutError):
            while True:
                for key, _events in self._ready(deadline):
                    if key.fd == self._replies:
                        _read_some(self._replies)
                    else:
                        self._drain(key.fd)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
        self._process.wait()
        self._selector.close()
        os.close(self._replies)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()


def _turned_down(scorings: Sequence[Scoring]) -> list[int]:
    return [index for index, scoring in enumerate(scorings) if scoring.failure == "rate_limited"]


def _announced(reply: bytearray) -> int:
    length = int.from_bytes(reply[: messages.LENGTH], "little")
    if length > messages.MOST_REPLY:
        raise EOFError
    return length


def _read_some(descriptor: int) -> bytes:
    read = os.read(descriptor, _CHUNK)
    if not read:
        raise EOFError
    return read
