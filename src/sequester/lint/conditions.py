"""What a test in reward code tells of the names that it asks about."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from sequester.lint import delimiters
from sequester.lint.calls import Calls
from sequester.lint.domain import NOTHING, Holds, Signal, Value
from sequester.lint.expressions import Names
from sequester.lint.names import dotted, terminal

_PLAIN_TESTS = frozenset(("isinstance", "len", "bool", "type", "hasattr", "callable", "strip"))
"""Calls in a test that ask for no delimiter."""
_MODELS = frozenset(("assistant", "ai", "gpt", "model", "bot"))
"""Roles whose messages are completions."""


class Conditions(Calls):
    """Evaluates tests."""

    def looks_at_delimiter(self, test: ast.expr, value: Value) -> bool:
        """Whether a test may come out otherwise because a delimiter is missing, and not by a setting, a type or a role."""
        if value.split is not None or value.holds & (Holds.POSITION | Holds.MATCH | Holds.ANSWER | Holds.MAYBE | Holds.REASONING):
            return True
        return any(source.signal is not Signal.LENGTH for source in value.why) or any(map(self._asks_elsewhere, ast.walk(test)))

    def _asks_elsewhere(self, node: ast.AST) -> bool:
        """Such as `has_thinking(text)`, `closer in text` or `len(text.split(opener)) < 2`."""
        if isinstance(node, ast.Call) and dotted(node.func) == "len" and node.args and isinstance(node.args[0], ast.Name):
            pieces = self.names.get(node.args[0].id, NOTHING)
            return pieces.split is not None and bool(pieces.holds & Holds.PIECES)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            asked: list[ast.expr] = node.comparators
        elif isinstance(node, ast.Call) and terminal(node.func) not in _PLAIN_TESTS:
            asked = node.args
        else:
            return False
        return any(
            isinstance(name, ast.Name) and self.names.get(name.id, NOTHING).holds & (Holds.WHOLE | Holds.MAYBE) for name in asked
        )

    def refined(self, test: ast.expr) -> tuple[Names, Names]:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inside, outside = self.refined(test.operand)
            return outside, inside
        if isinstance(test, ast.BoolOp):
            before = self.names
            is_and = isinstance(test.op, ast.And)
            every: Names = {}
            for value in test.values:  # each adds to what those before it tell
                every |= self.refined(value)[0 if is_and else 1]
                self.names = before | every
            self.names = before
            return (every, {}) if is_and else ({}, every)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._refined_compare(test)
        if isinstance(test, ast.Call) and dotted(test.func) in ("re.match", "re.fullmatch") and len(test.args) == 2:
            return self._refined_match(*test.args)
        return {}, {}

    def _refined_match(self, pattern: ast.expr, text: ast.expr) -> tuple[Names, Names]:
        """`re.match(r"</?(?:think|answer)>", piece)`: a piece that is a tag holds no reasoning."""
        texts = self.value(pattern).texts
        if isinstance(text, ast.Name) and texts and not any(map(delimiters.spans, texts)):
            held = self.names.get(text.id, NOTHING)
            if held.holds & Holds.WHOLE and any(map(delimiters.names_delimiter, texts)):
                return {text.id: Value(why=held.why)}, {}
        return {}, {}

    def _refined_compare(self, test: ast.Compare) -> tuple[Names, Names]:
        operator, right = test.ops[0], test.comparators[0]
        entry = _entry_of(test.left)
        if entry is not None:
            return self._refined_entry(*entry, test)
        if isinstance(operator, ast.In | ast.NotIn) and isinstance(right, ast.Name):
            held = self.value(right)
            told = _told_by(self.compared[test].left)
            if held.holds & Holds.WHOLE and told:
                known = {right.id: held.having(told)}
                return (known, {}) if isinstance(operator, ast.In) else ({}, known)
        if isinstance(test.left, ast.Call) and isinstance(test.left.func, ast.Attribute) and test.left.args:
            return self._refined_count(test, test.left)
        if isinstance(test.left, ast.Call) and dotted(test.left.func) == "len" and test.left.args:
            listed = test.left.args[0]
            if isinstance(listed, ast.Name) and self.value(listed).holds & Holds.PIECES:
                known = {listed.id: self.value(listed).having(Holds.CLOSED | Holds.ANSWERED)}
                return known, known
        if isinstance(test.left, ast.Name):  # the position that `find` returned
            held = self.value(test.left)
            if held.split is not None and not held.holds & Holds.MATCH:
                self.trace.cancel(held.split)
        return {}, {}

    def _refined_entry(self, name: str, key: str, test: ast.Compare) -> tuple[Names, Names]:
        """`message["role"] == "assistant"`: others wrote no completion. `part["type"] == "text"`: reasoning is a part of its own."""
        held = self.names.get(name, NOTHING)
        said = [text.casefold() for text in self.compared[test].right] or list(self._listed(test.comparators[0]))
        if not held.holds & Holds.WHOLE or not said:
            return {}, {}
        known: Names = {}
        other: Names = {}
        if key == "type" and said == ["text"]:
            known = {name: held.having(Holds.FIELDED)}
        elif key == "role" and any(one in _MODELS for one in said):
            other = {name: NOTHING}
        elif key == "role":
            known = {name: NOTHING}
        return (other, known) if isinstance(test.ops[0], ast.NotEq | ast.NotIn) else (known, other)

    def _listed(self, node: ast.expr) -> Iterator[str]:
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            yield from (text.casefold() for item in node.elts for text in self.value(item).texts)

    def _refined_count(self, test: ast.Compare, call: ast.Call) -> tuple[Names, Names]:
        """`text.count(closer) == 1`."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "count" or not isinstance(call.func.value, ast.Name):
            return {}, {}
        held = self.value(call.func.value)
        told = _told_by(self.value(call.args[0]).texts)
        if not held.holds & Holds.WHOLE or not told:
            return {}, {}
        known = {call.func.value.id: held.having(told)}
        return ({}, known) if isinstance(test.ops[0], ast.NotEq | ast.Lt) else (known, {})


def _told_by(tags: tuple[str, ...]) -> int:
    """What is known of a text in which one of these stands."""
    return (Holds.CLOSED if any(map(delimiters.closes, tags)) else 0) | (
        Holds.ANSWERED if any(map(delimiters.opens_answer, tags)) else 0
    )


def _entry_of(node: ast.expr) -> tuple[str, str] | None:
    """Name and key of `x["role"]`, `x.get("role")` and `x.role`, or of `type`."""
    key: object = None
    holder: ast.expr | None = None
    if isinstance(node, ast.Attribute):
        holder, key = node.value, node.attr
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        holder, key = node.value, node.slice.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get" and node.args:
        holder, key = node.func.value, getattr(node.args[0], "value", None)
    if isinstance(holder, ast.Name) and key in ("role", "type"):
        return holder.id, str(key)
    return None
