"""Ctrl-C as an end of a swap test like any other: the evidence so far is as good."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sequester.cli.output import say


@contextmanager
def ended_by_interrupt(quiet: bool) -> Iterator[Callable[[], float]]:
    """A clock, in seconds, by which the time is over once Ctrl-C was pressed. Pressed again, it stops everything at once."""
    pressed = threading.Event()

    def press(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        say("stopping after this call, with the result so far; Ctrl-C again stops at once", quiet)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: math.inf if pressed.is_set() else time.monotonic()
    finally:
        signal.signal(signal.SIGINT, before)
