"""Prompts of graders in Python source: constants, f-strings, sums of strings and lists of messages that speak to a grader.

Nothing is followed here: a prompt is judged by its words, by what it is called and by what its variables are called, as in a file of its
own. Where a text goes is what `flow` tells.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from sequester.lint.names import LONGEST_NAME, dotted, terminal
from sequester.lint.template_file import Variable, is_graders_own_name, reads_like_grading, speaks_to_a_grader, variables

_LONGEST = 50_000
"""Characters of one text that are looked at."""
_A_LINE = 60
"""What is shorter, in a function of a grader, may be an error message."""
_SAME = frozenset(("strip", "lstrip", "rstrip", "lower", "upper", "dedent", "format", "cleandoc", "str", "format_map", "replace"))
_WHOLE = frozenset(("dumps", "model_dump_json"))
_IN_PYTHON = re.compile(r"\$([A-Za-z_]\w{0,80})|%\(([A-Za-z_]\w{0,80})\)s|<<([A-Za-z_]\w{0,80})>>|\[\[([A-Za-z_]\w{0,80})\]\]")
"""Variables as `string.Template` and the percent sign have them, and as people mark what they will replace."""
_GRADING_CALL = ("model_graded", "llm_rubric", "judge")


class CodePrompt(NamedTuple):
    """A prompt of a grader in code."""

    name: str
    """Of the variable, parameter, key or function that holds it."""
    text: str
    variables: tuple[tuple[Variable, ast.AST], ...]
    """Each with the string in which it stands."""


class _Scope(NamedTuple):
    """Where an expression stands."""

    label: str
    """Name that it is given."""
    function: str
    called: str
    """What it is an argument of."""


class _Piece(NamedTuple):
    node: ast.AST
    text: str
    variables: tuple[Variable, ...]


def prompts(tree: ast.Module) -> Iterator[CodePrompt]:
    """Every prompt of a grader that has variables."""
    waiting: list[tuple[ast.AST, _Scope]] = [(tree, _Scope("", "", ""))]
    while waiting:
        node, scope = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        pieces = list(_pieces(node))
        if pieces and (found := _prompt(pieces, scope)) is not None:
            yield found
        elif not isinstance(node, ast.Constant | ast.JoinedStr):
            waiting += _inside(node, scope)


def _inside(node: ast.AST, scope: _Scope) -> Iterator[tuple[ast.AST, _Scope]]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            scope = _Scope("", node.name, "")
        case ast.Assign(targets=[ast.Name() | ast.Attribute() as target, *_]) | ast.AnnAssign(target=target):
            scope = scope._replace(label=terminal(target))
        case ast.keyword(arg=str(name)):
            scope = scope._replace(label=name)
        case ast.Call():
            scope = scope._replace(called=dotted(node.func))
        case ast.Dict():
            for key, value in zip(node.keys, node.values, strict=True):
                label = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else scope.label
                yield value, scope._replace(label=label)
            return
        case ast.arguments():
            positional = [*node.posonlyargs, *node.args]
            for argument, default in zip(reversed(positional), reversed(node.defaults), strict=False):
                yield default, scope._replace(label=argument.arg)
            for argument, keyword_default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
                if keyword_default is not None:
                    yield keyword_default, scope._replace(label=argument.arg)
            return
    for child in ast.iter_child_nodes(node):
        yield child, scope


def _prompt(pieces: list[_Piece], scope: _Scope) -> CodePrompt | None:
    text = "\n".join(piece.text for piece in pieces)
    found = tuple((variable, piece.node) for piece in pieces for variable in piece.variables)
    if not found or len(text) > _LONGEST:
        return None
    label, function, called = (name[:LONGEST_NAME] for name in scope)
    prompts = "prompt" in label.lower() or "template" in label.lower()
    graders = is_graders_own_name(label)
    grades = (
        speaks_to_a_grader(text)
        or (graders and prompts)
        or (len(text) >= _A_LINE and (graders or prompts or is_graders_own_name(function)) and reads_like_grading(text))
        or (label == "template" and called.rpartition(".")[2].startswith(_GRADING_CALL))
    )
    return CodePrompt(label or function or "prompt", text, found) if grades else None


def _pieces(node: ast.AST) -> Iterator[_Piece]:
    """The strings that an expression puts together; nothing if it is no text."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield _constant(node, node.value)
    elif isinstance(node, ast.JoinedStr):
        yield _joined(node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _sum(node)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join" and len(node.args) == 1:
        if isinstance(node.args[0], ast.List | ast.Tuple):
            for item in node.args[0].elts:
                yield from _string(item)
    elif isinstance(node, ast.List):
        yield from _messages(node)


def _string(node: ast.expr) -> Iterator[_Piece]:
    """One string of many."""
    if isinstance(node, ast.BinOp):
        yield from _sum(node)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _constant(node, node.value)
    elif isinstance(node, ast.JoinedStr):
        yield _joined(node)


def _messages(node: ast.List) -> Iterator[_Piece]:
    """The contents of `[{"role": ..., "content": ...}]` and of `[("system", ...), ("user", ...)]`."""
    for item in node.elts:
        if isinstance(item, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in item.keys]
            if "role" in keys and "content" in keys:
                yield from _string(item.values[keys.index("content")])
        elif isinstance(item, ast.Tuple) and len(item.elts) == 2 and isinstance(item.elts[0], ast.Constant):
            yield from _string(item.elts[1])


def _sum(node: ast.BinOp) -> Iterator[_Piece]:
    """The strings of a sum, and its names as variables. A long sum is a long left branch."""
    operands: list[ast.expr] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp) and isinstance(left.op, ast.Add):
        operands.append(left.right)
        left = left.left
    operands.append(left)
    if not any(
        isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Constant) and isinstance(one.value, str)) for one in operands
    ):
        return
    for one in reversed(operands):
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            yield _constant(one, one.value)
        elif isinstance(one, ast.JoinedStr):
            yield _joined(one)
        else:
            variable = _variable(one)
            yield _Piece(node, "", (variable,) if variable is not None else ())


def _constant(node: ast.AST, text: str) -> _Piece:
    if len(text) > _LONGEST:
        return _Piece(node, text, ())
    others = (Variable(found[found.lastindex or 0], False, *found.span()) for found in _IN_PYTHON.finditer(text))
    return _Piece(node, text, (*variables(text), *others))


def _joined(node: ast.JoinedStr) -> _Piece:
    texts, found = [], []
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            texts.append(str(piece.value))
        elif isinstance(piece, ast.FormattedValue):
            variable = _variable(piece.value)
            found += [] if variable is None else [variable]
    return _Piece(node, "".join(texts), tuple(found))


def _variable(node: ast.expr) -> Variable | None:
    """What an expression writes out, if it is a name, a field, an entry or the whole of one of these."""
    whole = False
    while True:
        if isinstance(node, ast.BoolOp):
            node = node.values[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            node = node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = dotted(node.func).rpartition(".")[2]
            whole = whole or name in _WHOLE
            if name not in _SAME and name not in _WHOLE:
                return None
            if node.args and not isinstance(node.args[0], ast.Constant):
                node = node.args[0]
            elif isinstance(node.func, ast.Attribute):
                node = node.func.value
            else:
                return None
        else:
            break
    name = _path(node)
    return Variable(name, whole, 0, 0) if name else None


def _path(node: ast.expr) -> str:
    """`sample.reasoning` of `sample["reasoning"]`, and of `sample.reasoning`."""
    names: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Subscript):
            names.append(str(node.slice.value) if isinstance(node.slice, ast.Constant) else "")
            node = node.value
        else:
            break
    if not isinstance(node, ast.Name):
        return ""
    names.append(node.id)
    return ".".join(reversed(names))[-LONGEST_NAME:]
