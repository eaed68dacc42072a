"""Ways out that stood open before a call: files, pipes, programs and threads that reward code had from its import or an earlier call.

What goes by them during the call makes no event that could be heard. Files, pipes and the pipes to programs are written to by the system
calls that the kernel counts (`wchar` of proc(5)): where the process has written nothing at all, and holds nothing back to be written later,
they were not used. Where that cannot be told they are named, and so are threads that are not profiled and memory shared with others. Those
open when this module was imported, before any reward code in a worker, are not the reward's. Where the system has no `/proc/self/fd`, files
and pipes are not looked at.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import io
import os
import stat
import sys
import threading
from collections.abc import Iterator
from logging.handlers import BufferingHandler
from pathlib import Path
from types import FrameType

from sequester.influence.interception.threads import idents, may_act_later
from sequester.influence.source import Code, Owner

_DESCRIPTORS = Path("/proc/self/fd")
_COUNTS = Path("/proc/self/io")
_MAPPINGS = Path("/proc/self/maps")
_OUTPUTS = (1, 2)
_DEVICES = ("/dev/nvidia", "/dev/dri/", "/dev/kfd", "/dev/accel")
"""Written to by drivers alone: what a model is given is seen before."""
_SEMAPHORES = "/dev/shm/sem."  # where POSIX semaphores lie
_STREAMS = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom, io.BufferedRWPair)
_HOLDING_BACK = frozenset(("bz2", "gzip", "lzma", "tarfile", "zipfile"))
"""Modules whose files compress: what is written to them goes on when they are closed."""
_PAGED = ("_dbm", "_gdbm")
"""Databases that write later."""


class StandingWays:
    """Names ways that may have been used between `start` and `stop`. `look` goes first, before output is redirected."""

    def __init__(self, code: Code) -> None:
        self.not_compared: set[str] = set()
        self._code = code
        self._open: set[str] = set()
        self._written: int | None = None

    def look(self) -> None:
        known = {*idents(), threading.get_ident()}
        if any(ident not in known and not _is_runner(frame) for ident, frame in sys._current_frames().items()):
            self.not_compared.add("threads")
        if not _shared_memory() <= _SHARED_BEFORE:
            self.not_compared.add("shared memory")
        if _holds_foreign_functions(self._code):
            self.not_compared.add("ctypes")
        self._open = {"subprocess"} if _has_children() else set()
        outputs = {_identity(os.fstat(descriptor)) for descriptor in _OUTPUTS if _is_open(descriptor)}
        for identity, mode in _writable():
            if identity not in _BEFORE and identity not in outputs:
                self._open.add("pipes" if stat.S_ISFIFO(mode) else "files")

    def start(self) -> None:
        if self._open - self.not_compared:
            _hold_nothing_back()
            self._written = _bytes_written()

    def stop(self) -> None:
        if may_act_later(self._code):
            self.not_compared.add("threads")
        unsettled = self._open - self.not_compared
        # A thread may still be about to write what it was given.
        if unsettled and (
            threading.active_count() > 1 or not _hold_nothing_back() or self._written is None or self._written != _bytes_written()
        ):
            self.not_compared |= unsettled


def _hold_nothing_back() -> bool:
    """Flush what Python's files hold in memory. False where something is held that only closing lets go."""
    if gc.get_freeze_count() or any(name in sys.modules for name in _PAGED):
        return False
    outputs = (sys.stdout, sys.stderr)
    for each in gc.get_objects():
        kind = type(each)
        if issubclass(kind, _STREAMS):
            if all(each is not output for output in outputs):  # what is printed is compared
                with contextlib.suppress(OSError, ValueError):
                    next(base for base in _STREAMS if issubclass(kind, base)).flush(each)
        elif issubclass(kind, BufferingHandler):
            if each.buffer:
                return False
        elif kind.__module__ in _HOLDING_BACK and hasattr(kind, "close"):
            return False
    return True


def _bytes_written() -> int | None:
    """By this process since it started; None where the system does not count."""
    try:
        counts = dict(line.split(": ") for line in _COUNTS.read_text().splitlines())
        return int(counts["wchar"])
    except (OSError, ValueError, KeyError):
        return None


def _shared_memory() -> set[str]:
    """Mappings that others may read, by what they map. Devices and semaphores carry no text."""
    try:
        lines = _MAPPINGS.read_text(errors="replace").splitlines()
    except OSError:
        return set()
    found = set()
    for line in lines:
        _addresses, rights, *rest = line.split(maxsplit=5)
        name = rest[3] if len(rest) > 3 else ""
        if rights[1:2] == "w" and rights.endswith("s") and not name.startswith((*_DEVICES, _SEMAPHORES)):
            found.add(" ".join(rest))
    return found


def _holds_foreign_functions(code: Code) -> bool:
    """Whether a module of the reward has a library or a function of `ctypes` by a name of its own: calling one makes no event."""
    foreign = sys.modules.get("ctypes")
    if foreign is None:
        return False
    kinds = (foreign.CDLL, foreign._CFuncPtr)
    return any(
        isinstance(value, kinds)
        for module in list(sys.modules.values())
        if isinstance(file := getattr(module, "__file__", None), str) and code.owner(file) is Owner.REWARD
        for value in list(vars(module).values())
    )


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


def _writable() -> Iterator[tuple[tuple[int, int], int]]:
    """Files, pipes and terminals that are open for writing, by device and inode, with their kind. Sockets are watched elsewhere."""
    for name in [entry.name for entry in _DESCRIPTORS.iterdir()] if _DESCRIPTORS.is_dir() else ():
        try:
            status = os.fstat(int(name))
            flags = fcntl.fcntl(int(name), fcntl.F_GETFL)
            is_device = str((_DESCRIPTORS / name).readlink()).startswith(_DEVICES)
        except OSError:  # closed since, such as that of the listing
            continue
        kind = status.st_mode
        is_null = stat.S_ISCHR(kind) and status.st_rdev == _NULL
        if (
            flags & os.O_ACCMODE != os.O_RDONLY
            and not is_null
            and not is_device
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
_BEFORE = frozenset(identity for identity, _kind in _writable())
_SHARED_BEFORE = frozenset(_shared_memory())
