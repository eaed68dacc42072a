"""Errors say where, what and what to do next; they cross processes; and the drawing of their tree is the tree."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from sequester import errors
from sequester.errors import GuardedTextError, SequesterError

KINDS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, SequesterError)]


def test_an_error_without_a_place_or_a_next_step_is_its_message_alone() -> None:
    bare = SequesterError("went wrong")
    assert (str(bare), bare.where, bare.hint) == ("went wrong", "", "")
    assert str(SequesterError("", where="a.jsonl:3")) == "a.jsonl:3: "


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_crosses_processes_whole(kind: type[SequesterError], protocol: int) -> None:
    told = kind("is no log", where="a.jsonl:3", hint="look at it")
    for again in (pickle.loads(pickle.dumps(told, protocol)), copy.copy(told)):
        assert type(again) is kind
        assert str(again) == "a.jsonl:3: is no log"
        assert (again.message, again.where, again.hint, again.args) == (told.message, told.where, told.hint, told.args)


def test_the_drawn_tree_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    line_of: list[str] = []
    for indent, name in re.findall(r"^    ([│├└─ ]*)(\w+)  ", errors.__doc__ or "", re.M):
        depth = len(indent) // 4
        drawn[name] = line_of[depth - 1] if depth else "Exception"
        line_of[depth:] = [name]
    assert drawn == {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS}


def test_guarded_text_fails_as_a_wrong_type_fails() -> None:
    """`json`, `str.join` and others catch or pass on TypeError: what stands in their way is one."""
    assert issubclass(GuardedTextError, TypeError)
