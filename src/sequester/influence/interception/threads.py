"""Threads that are profiled from their start on: those that start while reward code is loaded, and while its calls are observed.

A profile function can be given to a thread by itself only, or by `threading` when it starts; so a pool that reward code makes on import has
to be seen to begin with. On whose behalf a thread was started, the stack says at that moment.

What a thread does after a call is not seen. So one that reward code has started must wait for work, and have none: one that looks for work
from time to time may hand on later what it has been left. A loop in another thread is given coroutines, whose arguments are not seen.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sequester.influence.source import Code, Owner

Profiler = Callable[[FrameType, str, Any], None]

_profilers: list[Profiler] = []


class _Start(NamedTuple):
    files: tuple[str, ...]
    """Of the functions that were running, innermost first."""
    while_loading: bool


_started: WeakKeyDictionary[threading.Thread, _Start] = WeakKeyDictionary()


def idents() -> set[int | None]:
    """Of the threads that are profiled."""
    return {thread.ident for thread in list(_started)}


def works_for_reward(thread: threading.Thread, code: Code) -> bool:
    """Of a thread that is profiled: reward code has started it, or may have been given it by a library that did on import."""
    start = _started.get(thread)
    return start is not None and (start.while_loading or _is_of_reward(start, code))


def _is_of_reward(start: _Start, code: Code) -> bool:
    owners = map(code.owner, start.files)
    return next((owner for owner in owners if owner not in (Owner.NEITHER, Owner.SEQUESTER)), None) is Owner.REWARD


def may_act_later(code: Code) -> bool:
    """Whether a thread that reward code has started does not just wait for work, or any thread waits for coroutines."""
    frames = sys._current_frames()
    others = [(start, frames[thread.ident]) for thread, start in list(_started.items()) if thread.ident in frames]
    return any(_is_loop(frame) or (_is_of_reward(start, code) and not _waits(frame)) for start, frame in others)


def _waits(frame: FrameType) -> bool:
    """For a queue or a pool; and nothing has woken it up."""
    name, values = frame.f_code.co_qualname, frame.f_locals
    module = frame.f_globals.get("__name__")
    if module == "threading" and name == "Condition.wait":
        return values.get("timeout") is None and "waiter" in values and bool(values["waiter"].locked())
    return module == "concurrent.futures.thread" and name == "_worker" and bool(values["work_queue"].empty())


def _is_loop(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_qualname == "BaseEventLoop._run_once":
            return True
        frame = frame.f_back
    return False


@contextmanager
def watched(profiler: Profiler | None = None) -> Iterator[None]:
    """Profile every thread that starts within. `profiler` is told what these do, and what those do that started in earlier watches."""
    before, start = threading.getprofile(), threading.Thread.start
    threading.setprofile(_profile)
    threading.Thread.start = noted = _noted(start)  # type: ignore[method-assign,assignment]
    _profilers.extend([profiler] if profiler else [])
    try:
        yield
    finally:
        if threading.Thread.start is noted:  # rather than of somebody who has wrapped it meanwhile
            threading.Thread.start = start  # type: ignore[method-assign]
        threading.setprofile(before)
        if profiler:
            _profilers.remove(profiler)


def _noted(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    @functools.wraps(start)
    def noted(thread: threading.Thread) -> None:
        if threading.getprofile() is _profile:
            _started[thread] = _Start(tuple(_files(sys._getframe(1))), not _profilers)
        start(thread)

    return noted


def _profile(frame: FrameType, event: str, argument: Any) -> None:
    for profiler in _profilers:
        profiler(frame, event, argument)


def _files(frame: FrameType | None) -> Iterator[str]:
    while frame is not None:
        yield frame.f_code.co_filename
        frame = frame.f_back
