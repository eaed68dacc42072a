"""Digests follow contents: equal ones are equal, different ones differ, and no code of the values runs."""

import dataclasses
from collections import OrderedDict, UserDict, deque
from enum import Enum
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sequester.influence.interception import canonical
from sequester.influence.interception.canonical import digest, digest_bytes


@dataclasses.dataclass
class Message:
    role: str
    content: str


@dataclasses.dataclass(slots=True)
class Slotted:
    content: str


class Model:
    """As pydantic declares its fields."""

    __pydantic_fields__: ClassVar = {"content": None}

    def __init__(self, content):
        self.__dict__.update(content=content, __pydantic_extra__={"more": content})

    @property
    def trap(self):
        raise AssertionError


class Attributes:
    class _Field:
        name = "content"

    __attrs_attrs__ = (_Field,)

    def __init__(self, content):
        self.content = content


class Struct(msgspec.Struct):
    content: str


class Plain:
    def __init__(self, content):
        self.content = content


class Colour(Enum):
    RED = 1
    BLUE = 2


def same(one, other):
    return digest(one).digest == digest(other).digest


def test_nothing_holds_nothing_to_compare():
    assert not digest(None).read
    assert not digest([]).read
    assert not digest(object()).read
    assert not digest({}).read


@pytest.mark.parametrize(
    "make",
    [
        str,
        str.encode,
        lambda text: [text],
        lambda text: {"content": text},
        lambda text: {text: 1},
        lambda text: {text},
        lambda text: [[[{"a": (text, 1)}]]],
        lambda text: OrderedDict(a=text),
        lambda text: UserDict(a=text),
        lambda text: deque([text]),
        lambda text: Path(text),
        lambda text: Message("user", text),
        lambda text: [Message("user", text)],
        Slotted,
        Model,
        Attributes,
        Struct,
        lambda text: np.array([len(text), ord(text[0])]),
        lambda text: float(ord(text[0])),
        lambda text: ord(text[0]),
        lambda text: bytearray(text.encode()),
    ],
)
def test_equal_contents_are_equal_and_others_differ(make):
    assert same(make("abc"), make("abc"))
    assert not same(make("abc"), make("xyz"))
    assert digest(make("abc")).read


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", 1),
        (1, 1.0),
        (1, True),
        ("a", b"a"),
        (["ab"], ["a", "b"]),
        (["a", ["b"]], [["a"], "b"]),
        ("", None),
        (Colour.RED, Colour.BLUE),
    ],
)
def test_different_types_and_shapes_differ(one, other):
    assert not same(one, other)


def test_sets_have_no_order():
    assert same({"a", "b", "c"}, {"c", "b", "a"})


def test_other_objects_count_by_their_type():
    assert same(Plain("a"), Plain("b"))
    assert not same(Plain("a"), object())
    assert digest(Plain("a"), lambda kind: kind is Plain).digest != digest(Plain("b"), lambda kind: kind is Plain).digest


def test_bounds_are_said(monkeypatch):
    monkeypatch.setattr(canonical, "MOST_VALUES", 100)
    assert digest(list(range(50))).complete
    assert not digest(list(range(200))).complete
    deep = []
    for _ in range(100_000):
        deep = [deep]
    assert not digest(deep).complete
    cyclic = []
    cyclic.append(cyclic)
    assert not digest(cyclic).complete


class Trap:
    """Raises whatever is asked of it."""

    def __getattribute__(self, name):
        raise ReferenceError

    def __len__(self):
        raise ReferenceError


class Sealed(list):
    def __iter__(self):
        raise ReferenceError


def test_no_code_of_the_values_runs():
    assert not digest([Trap()], lambda kind: kind is Trap).read
    assert same(Sealed("ab"), Sealed("ab")) and not same(Sealed("ab"), Sealed("ac"))


def test_unset_slots_and_odd_numbers():
    assert digest(Slotted.__new__(Slotted)).complete
    assert digest(10**5000).read
    assert digest("\ud800\x00").read
    assert digest(np.array([object()])).complete


def test_lengths_keep_parts_apart():
    assert digest_bytes(b"ab", b"c") != digest_bytes(b"a", b"bc")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
)


@given(values, values)
def test_digests_agree_with_contents(one, other):
    if repr(one) == repr(other):
        assert same(one, other)
    elif one != other:
        assert not same(one, other) or isinstance(one, list | tuple | dict)
