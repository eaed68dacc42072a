"""What reward code sends over the network: the methods by which Python writes to a socket note what they wrote.

What goes over TLS is noted before it is encrypted, at `ssl`. Writers that are not Python's (uvloop, gRPC, bindings of curl) are not seen.
"""

from __future__ import annotations

import functools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from sequester.influence.interception.http_requests import Request, is_answer, is_encrypted, requests
from sequester.influence.interception.patches import Patches

MOST_BYTES = 256 << 20
"""Noted between `start` and `stop`, over all connections."""


class Network:
    """Notes what is written between `start` and `stop`. `install` and `remove` change the socket classes of this process."""

    def __init__(self) -> None:
        self.complete = True
        """Nothing was left out because of the bound."""
        self._ignored: WeakSet[Any] = WeakSet()
        self._streams: WeakKeyDictionary[Any, _Stream] = WeakKeyDictionary()
        self._in_order: list[_Stream] = []
        self._room = 0
        self._noting = False
        self._starts = 0
        self._lock = threading.Lock()
        self._patches = Patches()

    def install(self) -> None:
        for name in ("send", "sendall", "sendto"):
            self._replace(socket.socket, name, _first)
        for name in ("send", "write"):
            self._replace(ssl.SSLSocket, name, _first)
        self._replace(ssl.SSLObject, "write", _first)
        if hasattr(socket.socket, "sendmsg"):
            self._replace(socket.socket, "sendmsg", _joined)

    def _replace(self, owner: type, name: str, written: Callable[[Any], bytes]) -> None:
        self._patches.replace(owner, name, lambda method: self._noted(method, owner, written))

    def remove(self) -> None:
        self._patches.undo()

    def start(self) -> None:
        self._streams.clear()
        self._in_order.clear()
        self._room = MOST_BYTES
        self._starts += 1
        self._noting = True

    def stop(self) -> None:
        self._noting = False

    def requests(self, segments: frozenset[str] = frozenset()) -> Iterator[Request]:
        """What was written, connection by connection in the order of their first bytes. `segments`: parts of paths that may be shown."""
        for stream in self._in_order:
            yield from requests(bytes(stream.data), stream.http2, segments)

    def _noted(self, method: Callable[..., Any], owner: type, written: Callable[[Any], bytes]) -> Callable[..., Any]:
        plain = owner is socket.socket

        @functools.wraps(method)
        def write(connection: Any, data: Any, *rest: Any, **named: Any) -> Any:
            if not self._noting or (plain and isinstance(connection, ssl.SSLSocket)):
                return method(connection, data, *rest, **named)
            if written is _joined:
                data = list(data)  # may be an iterator, which the method would use up
            starts = self._starts
            sent = method(connection, data, *rest, **named)
            if starts == self._starts:  # else a server in this process went on after its client had
                self._note(connection, written(data)[: sent if isinstance(sent, int) else None])
            return sent

        return write

    def _note(self, connection: Any, data: bytes) -> None:
        with self._lock:
            if connection in self._ignored:
                return
            if connection not in self._streams:
                if len(data) == 1 and _is_internal(connection):
                    return
                if is_encrypted(data) or is_answer(data):
                    self._ignored.add(connection)
                    return
                self._streams[connection] = _Stream(connection)
                self._in_order.append(self._streams[connection])
            stream = self._streams[connection]
            self._room -= len(data)
            if self._room < 0:
                self.complete = False
            else:
                stream.data += data


class _Stream:
    """Bytes written to one connection."""

    def __init__(self, connection: Any) -> None:
        self.data = bytearray()
        protocol = getattr(connection, "selected_alpn_protocol", None)
        self.http2 = protocol is not None and protocol() == "h2"


def _first(data: Any) -> bytes:
    return bytes(memoryview(data).cast("B"))


def _joined(buffers: Any) -> bytes:
    return b"".join(map(_first, buffers))


def _is_internal(connection: Any) -> bool:
    """One of a pair of sockets, as event loops wake themselves with, a byte at a time."""
    if not isinstance(connection, socket.socket) or connection.family != getattr(socket, "AF_UNIX", None):
        return False
    try:
        return not connection.getpeername()
    except OSError:
        return False
