"""Which files reward code reads that were changed lately: what an earlier call has written to disk and a later one reads is a memory.

Told by the audit event of opening (PEP 578), and of compiled code by the files that it holds open. Of SQLite databases only those that
something is selected from, because a log is connected to as well. Not noted are files that were changed since the call began (text that is
handed to a program and back), empty ones (locks), and what compilers keep for themselves.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import re
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sequester.influence.interception.patches import Patches

SLACK_NS = 20_000_000
"""By how much the clock of a file may be behind: systems stamp files with the time of their last tick."""
_MOST = 10_000
"""Files kept: those that were changed last."""
_DESCRIPTORS = Path("/proc/self/fd")
_SYSTEM = ("/proc/", "/sys/", "/dev/")
_OF_COMPILERS = ("__pycache__", ".triton", "torchinductor_", "torch_extensions", "pymp-")
_COMPILED = (".py", ".pyc", ".so", ".nbi", ".nbc")
_BESIDE = ("", "-wal")
"""What is written to an SQLite database lies in the one or the other."""
_NO_READ = os.O_TRUNC | os.O_EXCL | os.O_APPEND
"""Flags with which files are opened that nothing is there to be read of, or only more is written to, such as logs."""
_READS = re.compile(r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*(?:SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_SCHEMA = ("sqlite_master", "sqlite_schema")


class FilesRead:
    """Notes files read within `reading`, by path, with the time of their last change."""

    def __init__(self) -> None:
        self._found: dict[str, int] = {}
        self._began = 0
        self._written_at = 0
        """When a file was last open for writing."""
        self._is_reading = False
        self._opened: set[str] = set()
        """Paths that events have told of: what is held open of these is told of already."""
        self._patches = Patches()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Databases connected to meanwhile are known; nothing is noted outside `reading`."""
        _listening.append(self._heard)
        for module in (sqlite3, sqlite3.dbapi2):
            self._patches.replace(module, "connect", self._connects)
        try:
            yield
        finally:
            self._patches.undo()
            _listening.remove(self._heard)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Around one call of the reward code, or its import. Within `listening`. Waits until what was written before looks older than what
        is written from now on."""
        time.sleep(max(0, self._written_at + 2 * SLACK_NS - time.time_ns()) / 1e9)
        self._began = time.time_ns()
        self._is_reading = True
        try:
            yield
            self._look_at_what_is_open()
        finally:
            self._is_reading = False
            if self._written_at > self._began:
                self._written_at = time.time_ns()

    def taken(self, written: Callable[[], frozenset[str]]) -> Mapping[str, int]:
        """Since this was last called: when the last of these files was changed, in ns since 1970, by the innermost part of the path that is
        one of `written`, the parts that may be shown; empty where none is."""
        found, self._found = self._found, {}
        known = written() if found else frozenset()
        newest: dict[str, int] = {}
        for path, changed in found.items():
            name = next((part for part in reversed(path.split("/")) if part in known), "")
            newest[name] = max(changed, newest.get(name, 0))
        return newest

    def _heard(self, arguments: tuple[Any, ...]) -> None:
        path, _mode, flags = arguments
        if isinstance(path, str | bytes | os.PathLike) and isinstance(flags, int):
            with contextlib.suppress(OSError, ValueError):  # of a path that is none: opening it will say so
                self._open(str(Path(os.fsdecode(path)).absolute()), flags)

    def _connects(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def connect(database: Any, *rest: Any, **named: Any) -> Any:
            path = _database(database)
            before = max(_changed(path + more) for more in _BESIDE) if path else 0
            connection = method(database, *rest, **named)
            if path:
                self._opened.update(path + more for more in (*_BESIDE, "-shm", "-journal"))
                connection.set_trace_callback(lambda statement: self._select(path, before, statement))
            return connection

        return connect

    def _open(self, path: str, flags: int) -> None:
        if len(self._opened) < _MOST:
            self._opened.add(path)
        if flags & os.O_ACCMODE != os.O_RDONLY:
            self._written_at = time.time_ns()
        if self._is_reading and flags & os.O_ACCMODE != os.O_WRONLY and not flags & _NO_READ:
            self._note(path, _changed(path))

    def _select(self, path: str, before: int, statement: str) -> None:
        if self._is_reading and _READS.match(statement) and not any(name in statement for name in _SCHEMA):
            self._note(path, before)
            for more in _BESIDE:
                self._note(path, _changed(path + more))

    def _look_at_what_is_open(self) -> None:
        """Files that compiled code has opened make no event."""
        for name in [entry.name for entry in _DESCRIPTORS.iterdir()] if _DESCRIPTORS.is_dir() else ():
            try:
                readable = fcntl.fcntl(int(name), fcntl.F_GETFL) & os.O_ACCMODE != os.O_WRONLY
                path = str((_DESCRIPTORS / name).readlink())
            except OSError:  # closed since, such as that of the listing
                continue
            if readable and path not in self._opened:
                self._note(path, _changed(path))

    def _note(self, path: str, changed: int) -> None:
        if 0 < changed < self._began - SLACK_NS:
            if len(self._found) >= _MOST:
                newest = sorted(self._found.items(), key=lambda found: found[1])[_MOST // 2 :]
                self._found = dict(newest)
            self._found[path] = max(changed, self._found.get(path, 0))


def _changed(path: str) -> int:
    """When a file was last changed, renamed to, or made; 0 for what is none, is empty, or is a compiler's."""
    if path.endswith(_COMPILED) or path.startswith(_SYSTEM) or any(part.startswith(_OF_COMPILERS) for part in path.split("/")):
        return 0
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return 0
    return status.st_ctime_ns if stat.S_ISREG(status.st_mode) and status.st_size else 0


def _database(given: object) -> str:
    """Path of an SQLite database; empty for one in memory."""
    if not isinstance(given, str | bytes | os.PathLike):
        return ""
    path = os.fsdecode(given)
    if path.startswith("file:"):
        path = "" if "mode=memory" in path else unquote(urlsplit(path).path)
    return "" if path in ("", ":memory:") else str(Path(path).absolute())


_listening: list[Callable[[tuple[Any, ...]], None]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        for note in list(_listening):
            note(arguments)


sys.addaudithook(_hook)  # an audit hook cannot be taken away again
