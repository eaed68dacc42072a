"""How tests come out: what depends on one, and what decides between two ways through a function."""

from __future__ import annotations

import ast
from typing import NamedTuple

from sequester.lint.domain import Holds, Signal, Source, Value
from sequester.lint.names import terminal

_TRUTHS = (
    ast.Name,
    ast.Attribute,
    ast.Subscript,
    ast.Constant,
    ast.BoolOp,
    ast.UnaryOp,
    ast.boolop,
    ast.unaryop,
    ast.expr_context,
)


class Taken(NamedTuple):
    """One way at a test."""

    test: ast.expr
    outcome: bool
    at_delimiter: bool
    """Whether a missing delimiter may decide it."""


def delimiter_decides(one: tuple[Taken, ...], other: tuple[Taken, ...]) -> bool:
    """Whether it is a delimiter that decides which of two returns is reached."""
    outcomes = {id(taken.test): taken.outcome for taken in one}
    for taken in other:
        if outcomes.get(id(taken.test), taken.outcome) != taken.outcome:
            return taken.at_delimiter
    return True


def truth(test: ast.expr, value: Value) -> frozenset[Source]:
    """What depends on a test. Of reasoning that is not compared but only tested, whether there is any."""
    if not value.holds & Holds.REASONING or value.holds & Holds.BATCH or not all(map(_is_truth, ast.walk(test))):
        return value.why
    return mere_presence(value.why)


def mere_presence(why: frozenset[Source]) -> frozenset[Source]:
    """Of reasoning, whether there is any."""
    return frozenset(source._replace(signal=Signal.EMPTINESS) if source.signal is Signal.REASONING else source for source in why)


def _is_truth(node: ast.AST) -> bool:
    return isinstance(node, _TRUTHS) or (isinstance(node, ast.Call) and terminal(node.func) in ("strip", "bool"))
