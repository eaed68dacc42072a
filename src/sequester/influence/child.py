"""A process that answers requests (`influence.messages`), however it was started, and the pipes to it.

It must lead a session of its own, so that ending it ends what it started.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

from sequester.influence import messages

_LOOK_SECONDS = 0.5
"""Between two looks whether a silent process is alive."""
_END_LOOK_SECONDS = 0.01
"""The same of one that is to end."""
_CHUNK = 1 << 16


class Ends(NamedTuple):
    """File descriptors: one end of each of three pipes."""

    requests: int
    replies: int
    output: int
    """Standard output and error."""


class Started(NamedTuple):
    """A process that this one has started."""

    pid: int
    wait: Callable[[], object]
    """Until it has ended; its number is free then."""


Start = Callable[[Ends, Ends], Started]
"""Starts a process, given our ends, which it must not keep, and its own."""


class Child:
    """One process and the three pipes to it."""

    def __init__(self, start: Start) -> None:
        theirs_in, self._requests = os.pipe()
        self._replies, theirs_out = os.pipe()
        self._output, theirs_output = os.pipe()
        self.output = 0
        """Bytes of standard output and error, read and thrown away."""
        ours, theirs = Ends(self._requests, self._replies, self._output), Ends(theirs_in, theirs_out, theirs_output)
        try:
            self._process = start(ours, theirs)
        except BaseException:
            for descriptor in ours:
                os.close(descriptor)
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)
        self._selector = selectors.DefaultSelector()
        for descriptor in (self._replies, self._output):
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
                        self._drain()
        finally:
            if self._requests in self._selector.get_map():
                self._selector.unregister(self._requests)
        return bytes(reply[messages.LENGTH :])

    def _ready(self, deadline: float, look: float = _LOOK_SECONDS) -> list[tuple[selectors.SelectorKey, int]]:
        """Pipes that can be read or written. Raises TimeoutError at the deadline; EOFError once the process has ended and they are empty,
        which the pipes themselves do not tell while a program that it has started holds them."""
        while (left := deadline - time.monotonic()) > 0:
            ready = self._selector.select(min(left, look))
            if ready:
                return ready
            if self._has_ended():
                raise EOFError
        raise TimeoutError

    def _has_ended(self) -> bool:
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody waits for every process, such as a handler of signals
            return True

    def _drain(self) -> None:
        read = os.read(self._output, _CHUNK)
        self.output += len(read)
        if not read:
            self._selector.unregister(self._output)

    def end(self, seconds: float) -> None:
        """Close the requests, wait that long for the process, then kill it and whatever it started."""
        os.close(self._requests)
        deadline = time.monotonic() + seconds
        with contextlib.suppress(EOFError, TimeoutError):
            while True:  # its pipes close before what the code does at its exit, such as writing a file
                for key, _events in self._ready(deadline, _END_LOOK_SECONDS):
                    if key.fd != self._replies:
                        self._drain()
                    elif not os.read(self._replies, _CHUNK):
                        self._selector.unregister(self._replies)
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._process.pid, signal.SIGKILL)  # not waited for yet, so the number is still its own
            os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            self._process.wait()
        self._selector.close()
        os.close(self._replies)
        os.close(self._output)


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
