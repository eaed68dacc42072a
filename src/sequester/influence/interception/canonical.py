"""A digest of a value by what it holds, not by where it lies in memory: two calls with equal contents give equal digests.

The walk reads built-in containers, dataclasses and the models of pydantic, attrs and msgspec by their fields, objects of the reward's own
classes by their attributes, arrays and tensors by their elements. Of any other object it takes the type's name. It runs no code of the
objects: no property, no `__iter__`, no `__eq__`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import UserDict, UserList, UserString, deque
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import PurePath
from types import MemberDescriptorType
from typing import Any

from msgspec import Struct

MOST_VALUES = 1_000_000
"""Values read of one argument."""
MOST_DEPTH = 64
MOST_ELEMENTS = 16_000_000
"""Elements of one array or tensor."""
SIZE = 16
"""Bytes of a digest."""


class Digest(Struct, frozen=True):
    """What the walk came to."""

    digest: bytes
    read: bool
    """It met at least one text, number, array or the like: something that two values could differ in."""
    complete: bool
    """No bound was hit."""
    text: str
    """Every text in the value, one after the other."""

    def __repr__(self) -> str:
        return "<Digest>"


def digest(value: object, is_own: Callable[[type], bool] = lambda _type: False) -> Digest:
    """Digest of a value. `is_own` says of which classes plain objects are read by their attributes."""
    walk = _Walk(is_own)
    walk.add(value, 0)
    return Digest(walk.hash.digest(), walk.read, walk.complete, "\n".join(walk.texts))


def digest_bytes(*parts: bytes) -> bytes:
    """Digest of byte strings, each with its length."""
    hashed = hashlib.blake2b(digest_size=SIZE)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "little"))
        hashed.update(part)
    return hashed.digest()


class _Walk:
    def __init__(self, is_own: Callable[[type], bool]) -> None:
        self.hash = hashlib.blake2b(digest_size=SIZE)
        self.read = False
        self.complete = True
        self.texts: list[str] = []
        self._is_own = is_own
        self._left = MOST_VALUES

    def _put(self, tag: bytes, data: bytes) -> None:
        self.hash.update(tag + len(data).to_bytes(8, "little"))
        self.hash.update(data)

    def _leaf(self, tag: bytes, data: bytes) -> None:
        self.read = True
        self._put(tag, data)

    def add(self, value: Any, depth: int) -> None:
        kind = type(value)  # not isinstance, which asks the value's `__class__`
        self._left -= 1
        if depth > MOST_DEPTH or self._left < 0:
            self.complete = False
            self._put(b"!", b"")
        elif value is None or value is True or value is False:
            self._put(b"k", repr(value).encode())
        elif issubclass(kind, str):
            self._leaf(b"s", str.encode(value, "utf-8", "surrogatepass"))
            self.texts.append(str.__str__(value))
        elif issubclass(kind, bytes | bytearray | memoryview):
            self._leaf(b"b", bytes(value))
            self.texts.append(bytes(value).decode("utf-8", "replace"))
        elif issubclass(kind, Enum):
            self._put(b"e", f"{kind.__qualname__}.{value._name_}".encode())
        elif issubclass(kind, int):
            self._leaf(b"i", int.__format__(value, "x").encode())
        elif issubclass(kind, float):
            self._leaf(b"f", float.__repr__(value).encode())
        else:
            self._add_container(value, kind, depth + 1)

    def _add_container(self, value: Any, kind: type, depth: int) -> None:
        if issubclass(kind, dict):
            self._put(b"d", dict.__len__(value).to_bytes(8, "little"))
            for key, member in list(dict.items(value)):
                self.add(key, depth)
                self.add(member, depth)
        elif issubclass(kind, list | tuple | deque | set | frozenset):
            members = list(_builtin(kind).__iter__(value))
            self._put(b"l", len(members).to_bytes(8, "little"))
            if issubclass(kind, set | frozenset):
                self._left -= len(members)
                self._leaf(b"S", b"".join(sorted(digest(member, self._is_own).digest for member in members)))
                return
            for member in members:
                self.add(member, depth)
        elif issubclass(kind, PurePath):
            self._leaf(b"p", str(value).encode("utf-8", "surrogatepass"))
        elif issubclass(kind, UserDict | UserList | UserString):
            self.add(_held(value).get("data"), depth)
        else:
            self._add_object(value, depth)

    def _add_object(self, value: Any, depth: int) -> None:
        kind = type(value)
        self._put(b"o", f"{kind.__module__}.{kind.__qualname__}".encode("utf-8", "surrogatepass"))
        elements = _elements(value)
        if elements is not None:
            self._leaf(b"a", elements)
            return
        for name in fields(value, self._is_own):
            self._put(b"n", name.encode("utf-8", "surrogatepass"))
            self.add(attribute(value, name), depth)


def _elements(value: Any) -> bytes | None:
    """Elements of an array or tensor, with their shape. None for anything else, and for what has no memory of its own to read."""
    library = type(value).__module__.partition(".")[0]
    try:
        if library == "torch" and callable(getattr(value, "detach", None)):
            if value.numel() > MOST_ELEMENTS:
                return None
            value = value.detach().cpu().contiguous()
            value = (value.float() if value.is_floating_point() else value).numpy()
        elif library != "numpy":
            return None
        if value.dtype.hasobject or value.size > MOST_ELEMENTS:
            return None
        return f"{value.dtype.str}{value.shape}".encode() + bytes(value.tobytes())
    except (RuntimeError, TypeError, AttributeError):
        return None


def fields(value: Any, is_own: Callable[[type], bool]) -> Iterable[str]:
    """Names of the fields that a value's class declares; of its attributes where `is_own` says so of the class."""
    kind = type(value)
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind)]
    pydantic = _declared(kind, "__pydantic_fields__")
    if isinstance(pydantic, dict):
        return [*pydantic, "__pydantic_extra__"]
    attributes = _declared(kind, "__attrs_attrs__")
    if isinstance(attributes, tuple):
        return [attribute.name for attribute in attributes]
    struct = getattr(kind, "__struct_fields__", None)
    if isinstance(struct, tuple):
        return struct
    return list(map(str, _held(value))) if is_own(kind) else ()


def _builtin(kind: type) -> Any:
    """The built-in class of a container, whose iteration runs nobody's code."""
    return next(base for base in (list, tuple, deque, set, frozenset) if issubclass(kind, base))


def _held(value: Any) -> dict[Any, Any]:
    """Attributes of an instance, without asking its class for them."""
    try:
        held = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return held if type(held) is dict else {}


def _declared(kind: type, name: str) -> object:
    """Of a class or its bases, without asking a metaclass."""
    return next((base.__dict__[name] for base in kind.__mro__ if name in base.__dict__), None)


def attribute(value: Any, name: str) -> object:
    """One of `fields`, without asking the class for it; None where it is not set."""
    held = _held(value)
    if name in held:
        return held[name]
    slot = _declared(type(value), name)
    try:
        return slot.__get__(value) if isinstance(slot, MemberDescriptorType) else None
    except AttributeError:  # not set
        return None
