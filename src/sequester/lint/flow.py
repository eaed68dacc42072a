"""Where a completion goes in reward code: one forward pass over each function, in the order of its statements.

An abstract interpreter over `values`. Branches are run apart and joined, loops twice, and functions of the same module are run
for what they are called with, so a helper is judged by what reaches it. What happens on the way is told as events. Nothing is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from sequester.lint import delimiters
from sequester.lint.calls import Calls
from sequester.lint.events import Cached, Decoded, Event, GraderInput, IdsUsed, Scored, Splitting
from sequester.lint.expressions import Names, terminal, truth
from sequester.lint.module import Module
from sequester.lint.reward_functions import Definition, Function, RewardFunction, dotted, is_reasoning_name, parameters
from sequester.lint.values import (
    ANSWER,
    BATCH,
    CLOSED,
    DIVIDED,
    FIELDED,
    IDS,
    MAYBE,
    NOTHING,
    PIECES,
    PROMPTED,
    REASONING,
    RECORD,
    TAINTED,
    TEXT,
    WHOLE,
    Signal,
    Source,
    Value,
    combine,
    element_of,
    join,
    regardless_of_length,
    shallow,
)
from sequester.lint.vocabulary import CACHE_DECORATOR, EXTRACTOR, SCORE_NAME

_DEEPEST = 12
"""Calls within calls that are followed."""
_MOST_RUNS = 2_000
"""Runs of functions for one module; a bound for made-up input, not met in practice."""
_CLOSERS_BY_NAME = (
    "think_end",
    "end_think",
    "think_close",
    "close_think",
    "thought_delimiter_end",
    "thinking_end",
    "end_of_think",
)


class Told(NamedTuple):
    """An event, and the reward function in which it happened."""

    subject: str
    event: Event


class _Local(NamedTuple):
    """A function that can be called, with the names around it."""

    definition: Definition
    around: Names


class _Taken(NamedTuple):
    """One way at a test."""

    test: ast.expr
    outcome: bool
    at_delimiter: bool
    """Whether a missing delimiter may decide it."""


class Flow(Calls):
    """Runs the reward code of one module."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.imports = module.imports
        self.told: dict[tuple[type[Event], int, int, int], Told] = {}
        self._module = module
        self._roots = {id(reward.definition.node): reward for reward in module.rewards}
        self._builders = {id(reward.definition.node) for reward in module.rewards if reward.builds_prompt}
        self._subject = ""
        self._owner: ast.ClassDef | None = None
        self._locals: dict[str, _Local] = {}
        self._constants: Names = {}
        self._fields: dict[str, Names] = {}
        self._results: dict[tuple[int, tuple[tuple[str, Value], ...]], Value] = {}
        self._applied: set[int] = set()
        self._depth = self._runs = 0
        self._guards: list[frozenset[Source]] = []
        self._path: list[_Taken] = []
        """Tests that have come out one way for the statement that is run."""
        self._returned: list[tuple[Value, ast.AST, tuple[_Taken, ...]]] = []
        self._left: list[list[Names]] = []
        self._pending: list[tuple[RewardFunction, Names]] = []
        self._scored: dict[Source, str] = {}
        self._heard: tuple[type[Event], ...] = ()
        """Kinds of events that are told; empty: all."""
        self._splitting: set[ast.AST | None] = set()
        self._statements: dict[type[ast.AST], Callable[..., bool]] = {
            ast.Expr: self._expression,
            ast.Assign: self._assignment,
            ast.AnnAssign: self._annotated,
            ast.AugAssign: self._augmented,
            ast.Return: self._return,
            ast.If: self._if,
            ast.For: self._loop,
            ast.AsyncFor: self._loop,
            ast.While: self._while,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Try: self._try,
            ast.TryStar: self._try,
            ast.Match: self._match,
            ast.FunctionDef: self._define,
            ast.AsyncFunctionDef: self._define,
            ast.Raise: self._stop,
            ast.Break: self._leave,
            ast.Continue: self._leave,
        }

    def run(self) -> None:
        """Runs the reward code; `told` has what happened."""
        for node in self._module.tree.body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and _is_constant(node.value):
                self._statement(node)
        self._constants, self.names = self.names, {}
        for reward in sorted(self._module.rewards, key=lambda reward: reward.by_name):
            if not reward.definition.outer and not (reward.by_name and id(reward.definition.node) in self._applied):
                self._start(reward, {})
        for outer in {
            id(one.definition.outer[0]): one.definition.outer[0] for one in self._module.rewards if one.definition.outer
        }.values():
            self._subject = outer.name
            self._apply(Definition(outer, None, ()), {}, {})
        self._start_pending()
        for source, subject in sorted(self._scored.items(), key=lambda one: one[0].signal is not Signal.REASONING):
            if source.signal in (Signal.REASONING, Signal.EMPTINESS):
                spoiled = source.node in self.fallen
            else:
                spoiled = source.node in self.cancelled or (
                    source.signal is Signal.PRESENCE and source.function in self._splitting
                )
            if not spoiled:
                self._tell(Scored(source), source.node, subject)

    def run_others(self) -> None:
        """Runs the functions that are not reward code, of which nothing is known to hold a completion but what they decode."""
        self._heard = (Decoded, Splitting)
        for definition in self._module.others:
            self._subject = definition.name
            self._owner = definition.owner
            self._apply(definition, {}, {})

    def run_splitters(self) -> None:
        """Runs functions that take an answer out of a text. Who calls them is not known; a split that fails open is one everywhere."""
        self._heard = (Splitting,)
        for one in self._module.splitters:
            self._start(one, {})

    def _start_pending(self) -> None:
        done: set[int] = set()
        while self._pending:
            reward, around = self._pending.pop()
            if id(reward.definition.node) not in done:
                done.add(id(reward.definition.node))
                self._start(reward, around)

    def _start(self, reward: RewardFunction, around: Names) -> None:
        definition = reward.definition
        self._subject, self._owner = definition.name, definition.owner
        given = {name: Value(holds) for name, holds in reward.holds.items()}
        for argument in (*definition.node.args.args, *definition.node.args.kwonlyargs):
            if given and is_reasoning_name(argument.arg):
                given[argument.arg] = Value(REASONING, self.source(Signal.REASONING, argument, argument.arg))
        result = self._apply(definition, given, around)
        if result.holds & IDS and not result.holds & RECORD:
            self.emit(IdsUsed(definition.node))
        for source in result.why:
            if source.signal is not Signal.LENGTH or not reward.guessed:
                self._scored.setdefault(source, definition.name)

    def emit(self, event: Event) -> None:
        node = event.source.node if isinstance(event, Scored) else event.node
        if isinstance(event, Splitting):
            self._splitting.add(self.function)
        if self._heard and (type(event) not in self._heard or (isinstance(event, Splitting) and not event.fails_open)):
            return
        self._tell(event, node, self._subject)

    def _tell(self, event: Event, node: ast.AST, subject: str) -> None:
        key = (type(event), getattr(node, "lineno", 0), getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0))
        known = self.told.get(key)
        if known is None or (isinstance(event, Splitting) and event.fails_open and not getattr(known.event, "fails_open", "")):
            self.told[key] = Told(subject, event)

    # Functions

    def constant_of(self, name: str) -> Value:
        known = self._constants.get(name)
        if known is not None:
            return known
        lowered = name.casefold()
        return Value(texts=("</think>",)) if any(part in lowered for part in _CLOSERS_BY_NAME) else NOTHING

    def attribute_of_self(self, name: str) -> Value:
        if self._owner is None:
            return self.constant_of(name)
        fields = self._fields.get(self._owner.name)
        if fields is None:
            fields = self._fields[self._owner.name] = {}
            self._construct(self._owner)
        known = fields.get(name)
        return self.constant_of(name) if known is None else known

    def _construct(self, owner: ast.ClassDef) -> None:
        for node in owner.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and _is_constant(node.value):
                self._fields[owner.name][node.targets[0].id] = self.value(node.value)
        constructor = self._module.methods.get(owner.name, {}).get("__init__")
        if constructor is not None:
            before = self._owner
            self._apply(constructor, {}, {})
            self._owner = before

    def local_call(self, node: ast.Call, arguments: tuple[Value, ...], keywords: Mapping[str, Value]) -> Value | None:
        function = node.func
        found: _Local | None = None
        if isinstance(function, ast.Name):
            known = self.names.get(function.id)
            definition = self._module.functions.get(function.id) if known is None else None
            found = _Local(definition, {}) if definition is not None else None
            if known is not None and known.texts:
                found = self._locals.get(known.texts[0])
        elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            owner = self._owner.name if function.value.id in ("self", "cls") and self._owner is not None else function.value.id
            definition = self._module.methods.get(owner, {}).get(function.attr)
            found = _Local(definition, {}) if definition is not None else None
        if found is None:
            return None
        names = parameters(found.definition.node)
        given = dict(zip(names, arguments, strict=False)) | {name: value for name, value in keywords.items() if name in names}
        made = self._apply(found.definition, given, found.around)
        if made.holds & WHOLE and EXTRACTOR.search(found.definition.node.name[:100]):
            return made.without(WHOLE).having(ANSWER)
        return made

    def _apply(self, definition: Definition, given: Mapping[str, Value], around: Names) -> Value:
        """What a function returns for arguments that hold this."""
        node = definition.node
        key = (id(node), tuple(sorted((name, value) for name, value in given.items() if value != NOTHING)) if given else ())
        known = self._results.get(key)
        if known is not None:
            return known
        if self._depth >= _DEEPEST or self._runs >= _MOST_RUNS:
            return combine(*given.values())._replace(holds=0, texts=())
        self._results[key] = NOTHING
        self._runs += 1
        self._applied.add(id(node))
        self._told_cached(node, given)
        saved = (self.names, self.function, self._owner, self._guards, self._path, self._returned, self._left)
        self.names = dict(around) | _defaults(self, node) | {name: given.get(name, NOTHING) for name in given}
        for name in parameters(node):
            self.names.setdefault(name, NOTHING)
        self.function, self._guards, self._path, self._returned, self._left = node, [], [], [], []
        if definition.owner is not None:
            self._owner = definition.owner
        self._depth += 1
        self._block(node.body)
        result = self._result(node)
        self._depth -= 1
        self.names, self.function, self._owner, self._guards, self._path, self._returned, self._left = saved
        self._results[key] = result
        return result

    def _result(self, node: Function) -> Value:
        values = [value for value, _, _ in self._returned]
        for first, (value, at, path) in enumerate(self._returned):
            for other, _, other_path in self._returned[first + 1 : first + 9]:
                self.compare_branches(value, other, at, _delimiter_decides(path, other_path))
        result = values[0] if values else NOTHING
        for value in values[1:]:
            result = join(result, value)
        return result

    def _told_cached(self, node: Function, given: Mapping[str, Value]) -> None:
        for decorator in node.decorator_list:
            function = decorator.func if isinstance(decorator, ast.Call) else decorator
            if CACHE_DECORATOR.search(dotted(function)):
                held = combine(*given.values())
                if held.holds & (WHOLE | REASONING | IDS):
                    self.emit(Cached(decorator, held))

    # Statements

    def _block(self, statements: list[ast.stmt]) -> bool:
        """Runs statements; whether control can reach what follows."""
        taken = len(self._path)
        through = all(self._statement(statement) for statement in statements)
        del self._path[taken:]
        return through

    def _statement(self, node: ast.stmt) -> bool:
        run = self._statements.get(type(node))
        return True if run is None else run(node)

    def _define(self, node: Function) -> bool:
        around = self.names
        handle = f"\0{node.name} {node.lineno}"
        self.names[node.name] = Value(texts=(handle,))
        self._locals[handle] = _Local(Definition(node, None, ()), around)
        reward = self._roots.get(id(node))
        if reward is not None:
            self._pending.append((reward, around))
        return True

    def _expression(self, node: ast.Expr) -> bool:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        value = self.value(node.value)
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in ("append", "extend", "add", "insert")
        ):
            self._gather(call, value)
        return True

    def _gather(self, call: ast.Call, value: Value) -> None:
        """`things.append(thing)`."""
        if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name) or not call.args:
            return
        name = call.func.value.id
        added = self._guarded(self.value(call.args[-1]))
        old = self.names.get(name, NOTHING)
        made = combine(old, added)
        element = added if old.element is None and not old.holds else join(element_of(old), added)
        self.names[name] = shallow(made._replace(holds=made.holds | BATCH if made.holds else 0, element=element))

    def _guarded(self, value: Value) -> Value:
        """A number or flag that is set under a test depends on the test."""
        if not self._guards or value.holds & TEXT:
            return value
        return value._replace(why=value.why.union(*self._guards))

    def _assignment(self, node: ast.Assign) -> bool:
        value = self._guarded(self.value(node.value))
        for target in node.targets:
            self.assign(target, value)
        return True

    def _annotated(self, node: ast.AnnAssign) -> bool:
        if node.value is not None:
            self.assign(node.target, self._guarded(self.value(node.value)))
        return True

    def _augmented(self, node: ast.AugAssign) -> bool:
        value = self._guarded(combine(self.value(node.target), self.value(node.value)))
        self.assign(node.target, value)
        return True

    def assign(self, target: ast.AST, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            for place, item in enumerate(target.elts):
                inner = item.value if isinstance(item, ast.Starred) else item
                self.assign(inner, self._unpacked(value, place, len(target.elts), target))
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            if self._owner is not None:
                fields = self._fields.setdefault(self._owner.name, {})
                fields[target.attr] = join(fields.get(target.attr, value), value)
        elif isinstance(target, ast.Subscript):
            self._store(target, value)

    def _unpacked(self, value: Value, place: int, places: int, node: ast.AST) -> Value:
        if value.parts is not None and len(value.parts) == places:
            return value.parts[place]
        if value.holds & PIECES and value.split is not None:  # wrong numbers of pieces raise
            return self.item(value.having(CLOSED), place, node)
        return element_of(value) if value.holds & (BATCH | PIECES) or value.element else value

    def _store(self, target: ast.Subscript, value: Value) -> None:
        key = self.value(target.slice)
        if self._is_cache(target.value) and key.holds:
            self.value(target)
            return
        if isinstance(target.value, ast.Name):
            old = self.names.get(target.value.id, NOTHING)
            if key.texts and not any(map(SCORE_NAME.search, key.texts)):
                value = value._replace(why=frozenset())
            self.names[target.value.id] = combine(old, value)._replace(element=old.element, parts=old.parts)

    def _return(self, node: ast.Return) -> bool:
        value = self._guarded(self.value(node.value))
        self._returned.append((value, node, tuple(self._path)))
        if self.function is not None and id(self.function) in self._builders and value.holds & PROMPTED and value.holds & TAINTED:
            self.emit(GraderInput(node, getattr(self.function, "name", ""), value))
        return False

    def _stop(self, node: ast.stmt) -> bool:
        return False

    def _leave(self, node: ast.stmt) -> bool:
        if self._left:
            self._left[-1].append(dict(self.names))
        return False

    def _if(self, node: ast.If) -> bool:
        test = self.value(node.test)
        inside, outside = self.refined(node.test)
        before = self.names
        at_delimiter = self.looks_at_delimiter(node.test, test)
        self._guards.append(truth(node.test, test))
        self.names = before | inside
        through = self._branch(node.body, _Taken(node.test, True, at_delimiter))
        after_body = self.names
        self.names = before | outside
        through_other = self._branch(node.orelse, _Taken(node.test, False, at_delimiter))
        self._guards.pop()
        if through and through_other:
            self._compare_names(node, before, after_body, self.names, at_delimiter)
            self.names = _joined(after_body, self.names)
            return True
        if through:
            self.names = after_body
        self._path.append(_Taken(node.test, through, at_delimiter))  # what follows is reached one way only
        return through or through_other

    def _branch(self, statements: list[ast.stmt], taken: _Taken) -> bool:
        self._path.append(taken)
        through = self._block(statements)
        self._path.pop()
        return through

    def _compare_names(self, node: ast.If, before: Names, one: Names, other: Names, at_delimiter: bool) -> None:
        """After an `if`, the same name holds the answer on one way and the undivided text on the other."""
        if _sets_flag(node):
            return
        for name, value in one.items():
            rest = other.get(name, NOTHING)
            old = before.get(name, NOTHING)
            if value is not rest and (value.holds | rest.holds) & (DIVIDED | REASONING) and (old.holds & WHOLE or old != rest):
                self.compare_branches(value, rest, node, at_delimiter)

    def refined(self, test: ast.expr) -> tuple[Names, Names]:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            inside, outside = self.refined(test.operand)
            return outside, inside
        if isinstance(test, ast.BoolOp):
            found = [self.refined(value) for value in test.values]
            every: Names = {}
            is_and = isinstance(test.op, ast.And)
            for inside, outside in found:
                every |= inside if is_and else outside
            return (every, {}) if is_and else ({}, every)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._refined_compare(test)
        return {}, {}

    def _refined_compare(self, test: ast.Compare) -> tuple[Names, Names]:
        operator, right = test.ops[0], test.comparators[0]
        entry = _entry_of(test.left)
        if entry is not None:
            return self._refined_entry(*entry, test)
        if isinstance(operator, ast.In | ast.NotIn) and isinstance(right, ast.Name):
            held = self.value(right)
            if held.holds & WHOLE and any(map(delimiters.closes, self.value(test.left).texts)):
                known = {right.id: held.having(CLOSED)}
                return (known, {}) if isinstance(operator, ast.In) else ({}, known)
        if isinstance(test.left, ast.Call) and isinstance(test.left.func, ast.Attribute) and test.left.args:
            return self._refined_count(test, test.left)
        if isinstance(test.left, ast.Call) and dotted(test.left.func) == "len" and test.left.args:
            listed = test.left.args[0]
            if isinstance(listed, ast.Name) and self.value(listed).holds & PIECES:
                known = {listed.id: self.value(listed).having(CLOSED)}
                return known, known
        if isinstance(test.left, ast.Name):  # the position that `find` returned
            split = self.value(test.left).split
            if split is not None:
                self.cancel(split)
        return {}, {}

    def _refined_entry(self, name: str, key: str, test: ast.Compare) -> tuple[Names, Names]:
        """`message["role"] == "assistant"`: others wrote no completion. `part["type"] == "text"`: reasoning is a part of its own."""
        held = self.names.get(name, NOTHING)
        said = [text.casefold() for text in self.value(test.comparators[0]).texts] or list(self._listed(test.comparators[0]))
        if not held.holds & WHOLE or not said:
            return {}, {}
        known: Names = {}
        other: Names = {}
        if key == "type" and said == ["text"]:
            known = {name: held.having(FIELDED)}
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
        if not held.holds & WHOLE or not any(map(delimiters.closes, self.value(call.args[0]).texts)):
            return {}, {}
        known = {call.func.value.id: held.having(CLOSED)}
        return ({}, known) if isinstance(test.ops[0], ast.NotEq | ast.Lt) else (known, {})

    def _loop(self, node: ast.For | ast.AsyncFor) -> bool:
        items = self.value(node.iter)
        if items.holds & IDS and not items.holds & (BATCH | WHOLE | RECORD):
            self.emit(IdsUsed(node.iter))
        for _ in range(2):
            before = dict(self.names)
            self._left.append([])
            self.assign(node.target, element_of(items))
            through = self._block(node.body)
            ends = self._left.pop()
            after = before
            for names in ([self.names] if through else []) + ends:
                after = _joined(after, names)
            self.names = after
        self._block(node.orelse)
        return True

    def _while(self, node: ast.While) -> bool:
        for _ in range(2):
            before = dict(self.names)
            test = self.value(node.test)
            inside, _ = self.refined(node.test)
            self.names |= inside
            self._left.append([])
            self._guards.append(regardless_of_length(truth(node.test, test)))
            through = self._block(node.body)
            self._guards.pop()
            after = before
            for names in self._left.pop() + ([self.names] if through else []):
                after = _joined(after, names)
            self.names = after
        return True

    def _with(self, node: ast.With | ast.AsyncWith) -> bool:
        for item in node.items:
            value = self.value(item.context_expr)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value)
        return self._block(node.body)

    def _try(self, node: ast.Try | ast.TryStar) -> bool:
        before = dict(self.names)
        through = self._block(node.body) and self._block(node.orelse)
        ends = [self.names] if through else []
        started = _joined(before, self.names)
        for handler in node.handlers:
            self.names = dict(started)
            if self._block(handler.body):
                ends.append(self.names)
        if ends:
            self.names = ends[0]
            for names in ends[1:]:
                self.names = _joined(self.names, names)
        return self._block(node.finalbody) and bool(ends)

    def _match(self, node: ast.Match) -> bool:
        subject = self.value(node.subject)
        before = self.names
        ends: list[Names] = [before]
        self._guards.append(subject.why)
        for case in node.cases:
            self.names = dict(before)
            if self._block(case.body):
                ends.append(self.names)
        self._guards.pop()
        self.names = ends[0]
        for names in ends[1:]:
            self.names = _joined(self.names, names)
        return True


def _joined(one: Names, other: Names) -> Names:
    result = dict(one)
    for name, value in other.items():
        known = result.get(name)
        result[name] = value if known is None or known is value else join(known, value)
    return result


def _delimiter_decides(one: tuple[_Taken, ...], other: tuple[_Taken, ...]) -> bool:
    """Whether it is a delimiter that decides which of two returns is reached."""
    outcomes = {id(taken.test): taken.outcome for taken in one}
    for taken in other:
        if outcomes.get(id(taken.test), taken.outcome) != taken.outcome:
            return taken.at_delimiter
    return True


_MODELS = frozenset(("assistant", "ai", "gpt", "model", "bot"))
"""Roles whose messages are completions."""


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


def _sets_flag(node: ast.If) -> bool:
    """Whether the branch notes that it was taken, so that the rest of the function can tell."""
    return any(
        isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant) and type(statement.value.value) is bool
        for statement in (*node.body, *node.orelse)
    )


def _is_constant(node: ast.AST | None) -> bool:
    """Whether a module-level value is worth knowing: strings, lists of them, compiled expressions."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.Call):
        return terminal(node.func) in ("compile", "join", "format", "dedent") and len(node.args) <= 3
    return isinstance(node, ast.List | ast.Tuple | ast.JoinedStr | ast.BinOp | ast.Dict)


def _defaults(flow: Flow, node: Function) -> Names:
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    named: Names = {}
    for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        named[argument.arg] = flow.value(default)
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        named[argument.arg] = flow.value(keyword_default)
    return named


__all__ = ["MAYBE", "Flow", "Told"]
