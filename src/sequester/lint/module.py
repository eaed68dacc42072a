"""One Python module as the rules see it: functions, methods, imports and what could be registered as a reward."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sequester.lint.reward_functions import (
    Definition,
    Function,
    RewardFunction,
    definitions,
    is_splitter,
    registered_names,
    reward_functions,
    splitter,
)


class Module(NamedTuple):
    """What one walk over the tree collects."""

    tree: ast.Module
    imports: Mapping[str, str]
    """Local name to dotted name."""
    functions: Mapping[str, Definition]
    """Module-level functions."""
    methods: Mapping[str, Mapping[str, Definition]]
    """By class, then name; those of base classes in the same module included."""
    rewards: tuple[RewardFunction, ...]
    others: tuple[Definition, ...]
    """Functions that are not reward code and stand in no other function."""
    splitters: tuple[RewardFunction, ...]
    """Those of them whose business it is to take an answer out of a text."""
    flagged: tuple[ast.AST, ...]
    """Calls, dictionaries and annotated defaults, in which flags may be set."""


def read_module(tree: ast.Module) -> Module:
    """The module of a syntax tree."""
    imports: dict[str, str] = {}
    registered: set[str] = set()
    classes: list[ast.ClassDef] = []
    flagged: list[ast.AST] = []
    for node in _nodes(tree):
        match node:
            case ast.Call():
                registered.update(registered_names(node))
                flagged.append(node)
            case ast.Import():
                imports.update((alias.asname, alias.name) for alias in node.names if alias.asname)
            case ast.ImportFrom():
                imports.update((alias.asname or alias.name, f"{node.module or ''}.{alias.name}") for alias in node.names)
            case ast.ClassDef():
                classes.append(node)
            case ast.Dict() | ast.AnnAssign():
                flagged.append(node)
    found = list(definitions(tree))
    rewards = tuple(reward_functions(found, frozenset(registered)))
    roots = {id(reward.definition.node) for reward in rewards}
    others = tuple(one for one in found if not one.outer and id(one.node) not in roots)
    return Module(
        tree,
        imports,
        {one.node.name: one for one in found if one.owner is None and not one.outer},
        _methods(classes, found),
        rewards,
        others,
        tuple(map(splitter, filter(is_splitter, others))),
        tuple(flagged),
    )


_LEAVES = frozenset((ast.Name, ast.Constant, ast.alias, ast.arg, ast.Pass, ast.Break, ast.Continue))
_WANTED = frozenset((ast.Call, ast.Import, ast.ImportFrom, ast.ClassDef, ast.Dict, ast.AnnAssign))


def _nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that `read_module` looks at. Most of the time of a file without a finding is spent here, so leaves are not visited."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if type(node) in _WANTED:
            yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                waiting += [item for item in value if type(item) not in _LEAVES and isinstance(item, ast.AST)]
            elif type(value) not in _LEAVES and isinstance(value, ast.AST) and value._fields:
                waiting.append(value)


def _methods(classes: list[ast.ClassDef], found: list[Definition]) -> dict[str, dict[str, Definition]]:
    own: dict[str, dict[str, Definition]] = {node.name: {} for node in classes}
    for definition in found:
        if definition.owner is not None:
            own[definition.owner.name][definition.node.name] = definition
    bases = {node.name: [base.id for base in node.bases if isinstance(base, ast.Name)] for node in classes}
    return {name: _inherited(name, own, bases, 0) for name in own}


def _inherited(
    name: str, own: Mapping[str, dict[str, Definition]], bases: Mapping[str, list[str]], depth: int
) -> dict[str, Definition]:
    methods: dict[str, Definition] = {}
    if depth < 6:
        for base in reversed(bases.get(name, [])):
            if base in own and base != name:
                methods |= _inherited(base, own, bases, depth + 1)
    return methods | own.get(name, {})


__all__ = ["Definition", "Function", "Module", "read_module"]
