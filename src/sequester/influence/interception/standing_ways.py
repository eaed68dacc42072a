"""Ways out that stood open before a call: files, pipes, programs and threads that reward code had from its import or an earlier call.

What goes by them during the call makes no event that could be heard, so they are named. Where the system has no `/proc/self/fd`, files
and pipes are not looked at. Those open when this module was imported, before any reward code in a worker, are not the reward's.
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from weakref import WeakSet

_DESCRIPTORS = Path("/proc/self/fd")
_OUTPUTS = (1, 2)


class StandingWays:
    """Names ways that are open at `start` or at `stop`."""

    def __init__(self) -> None:
        self.not_compared: set[str] = set()
        self.covered: WeakSet[threading.Thread] = WeakSet()
        """Threads that have started while calls were observed: they are profiled."""
        self._at_start: set[threading.Thread] = set()

    def start(self) -> None:
        self._at_start = set(threading.enumerate())
        known = {thread.ident for thread in (*self.covered, threading.current_thread())}
        if any(ident not in known and not _is_runner(frame) for ident, frame in sys._current_frames().items()):
            self.not_compared.add("threads")
        self._look()

    def stop(self) -> None:
        self.covered.update(set(threading.enumerate()) - self._at_start)

    def _look(self) -> None:
        if _has_children():
            self.not_compared.add("subprocess")
        outputs = {_identity(os.fstat(descriptor)) for descriptor in _OUTPUTS if _is_open(descriptor)}
        for identity, mode in _written():
            if identity not in _BEFORE and identity not in outputs:
                self.not_compared.add("pipes" if stat.S_ISFIFO(mode) else "files")


def _is_runner(frame: FrameType | None) -> bool:
    """Whether a thread is one that a parallel test runner talks to its parent by."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] == "execnet":
            return True
        frame = frame.f_back
    return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _written() -> Iterator[tuple[tuple[int, int], int]]:
    """Files, pipes and terminals that are open for writing, by device and inode, with their kind. Sockets are watched elsewhere."""
    for name in [entry.name for entry in _DESCRIPTORS.iterdir()] if _DESCRIPTORS.is_dir() else ():
        try:
            status = os.fstat(int(name))
            flags = fcntl.fcntl(int(name), fcntl.F_GETFL)
        except OSError:  # closed since, such as that of the listing
            continue
        kind = status.st_mode
        is_null = stat.S_ISCHR(kind) and status.st_rdev == _NULL
        if (
            flags & os.O_ACCMODE != os.O_RDONLY
            and not is_null
            and (stat.S_ISREG(kind) or stat.S_ISFIFO(kind) or stat.S_ISCHR(kind))
        ):
            yield _identity(status), kind


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


_NULL = Path(os.devnull).stat().st_rdev
_BEFORE = frozenset(identity for identity, _kind in _written())
