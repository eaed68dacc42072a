"""What reward code prints: somebody may read it, so it is a way out. It reaches its reader as before, once the call is over."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from typing import Any

SITE = "output"
MOST_BYTES = 64 << 20
"""Compared of one call."""
_CHUNK = 1 << 20
_STREAMS = (("stdout", 1), ("stderr", 2))


class Output:
    """Notes what is written to standard output and error between `start` and `stop`, by Python or below it."""

    def __init__(self) -> None:
        self.written = bytearray()
        self._held: Any = None
        self._kept: list[tuple[int, int]] = []
        self._replaced: list[tuple[str, Any]] = []

    def start(self) -> None:
        self.written = bytearray()
        _flush()
        self._held = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # open until `stop`
        for name, descriptor in _STREAMS:
            with contextlib.suppress(OSError):  # the reward code has closed it
                self._kept.append((descriptor, os.dup(descriptor)))
                os.dup2(self._held.fileno(), descriptor)
            stream = getattr(sys, name)
            if stream is not None and not _is_on(stream, descriptor):  # such as a test runner's
                self._replaced.append((name, stream))
                setattr(sys, name, _Noted(stream, self.written))

    def stop(self) -> None:
        _flush()
        for name, stream in self._replaced:
            if type(getattr(sys, name)) is _Noted:
                setattr(sys, name, stream)
        for descriptor, kept in self._kept:
            os.dup2(kept, descriptor)
            os.close(kept)
        self._kept, self._replaced = [], []
        self._held.seek(0)
        while chunk := self._held.read(_CHUNK):
            self.written += chunk[: max(0, MOST_BYTES - len(self.written))]
            with contextlib.suppress(OSError):
                _write_all(1, chunk)
        self._held.close()


class _Noted:
    """A stream that notes what is written to it."""

    def __init__(self, stream: Any, written: bytearray) -> None:
        self._stream = stream
        self._written = written

    def write(self, text: str) -> Any:
        if len(self._written) < MOST_BYTES:
            self._written += str.encode(text, "utf-8", "surrogatepass")
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _is_on(stream: Any, descriptor: int) -> bool:
    try:
        return bool(stream.fileno() == descriptor)
    except (OSError, ValueError, AttributeError):
        return False


def _flush() -> None:
    for name, _descriptor in _STREAMS:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            getattr(sys, name).flush()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
