"""Which branches of reward code have run, measured by coverage.py.

Counted are branches in functions that the reward function can reach, going by the names that their code uses: other rewards of the same
file, and statements outside functions, are no part of it. Only the reward's own files are measured.
"""

from __future__ import annotations

import ast
import json
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import coverage

from sequester.findings.swapped import Branches
from sequester.influence.interception.canonical import digest_bytes
from sequester.influence.interception.names import Names
from sequester.influence.source import LIBRARY_FOLDERS, Code, Owner

Arc = tuple[int, int]


class Tracing:
    """Measures calls, one at a time. Where another tracer is at work (a debugger, pytest-cov) it measures nothing, and says so."""

    def __init__(self, code: Code, name: str, names: Names) -> None:
        """`name`: of the function whose code is called, as its `def` has it."""
        self.path = ""
        """Digest of the branches that the last call ran; empty where they were not measured."""
        self._code = code
        self._name = name
        self._names = names
        self._arcs: dict[str, set[Arc]] = {}
        self._paths: set[str] = set()
        self._hindered = False
        self._coverage = _new_coverage(code)

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Around one call."""
        self.path = ""
        if _another_tracer():
            self._hindered = True
            yield
            return
        with _quiet():
            self._coverage.erase()
            self._coverage.start()
        try:
            yield
        finally:
            with _quiet():
                self._coverage.stop()
                self._take()

    def _take(self) -> None:
        data = self._coverage.get_data()
        measured = {file: sorted(data.arcs(file) or ()) for file in sorted(data.measured_files()) if self._is_own(file)}
        data.close(force=True)
        for file, arcs in measured.items():
            self._arcs.setdefault(file, set()).update(arcs)
        self.path = digest_bytes(repr(measured).encode("utf-8", "surrogatepass")).hex()
        self._paths.add(self.path)

    def _is_own(self, file: str) -> bool:
        return self._code.owner(file) is Owner.REWARD and self._names.was_there(file)

    def branches(self) -> Branches | None:
        """Of all calls so far. None where another tracer hindered any of them, or no line of the reward's files was measured."""
        if self._hindered or not self._arcs:
            return None
        reachable = _reachable({Path(file) for file in self._arcs} | set(self._code.files), self._name)
        ran: set[tuple[str, Arc]] = set()
        missed: set[tuple[str, Arc]] = set()
        for file, (executed, missing) in _branches(self._code, self._arcs).items():
            lines = reachable.get(Path(file), frozenset())
            ran.update((file, arc) for arc in executed if arc[0] in lines)
            missed.update((file, arc) for arc in missing if arc[0] in lines)
        return Branches(len(ran), len(ran) + len(missed), tuple(map(_shown, sorted(missed))), len(self._paths))


def _shown(branch: tuple[str, Arc]) -> str:
    file, (start, end) = branch
    return f"{Path(file).name}:{start}->{end if end > 0 else 'exit'}"


def _new_coverage(code: Code) -> coverage.Coverage:
    """Nothing read from the user's settings, nothing written to disk."""
    patterns = [*map(str, code.files), *(f"{folder}/*" for folder in code.folders)]
    omitted = [f"{folder}/**/{packages}/*" for folder in code.folders for packages in sorted(LIBRARY_FOLDERS)]
    measure = coverage.Coverage(data_file=None, config_file=False, branch=True, include=patterns, omit=omitted, messages=False)
    measure.set_option("run:core", "ctrace")  # sys.monitoring tells each line once, not once per call
    return measure


@contextmanager
def _quiet() -> Iterator[None]:
    """coverage.py warns of files without data; here a call may well run none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", coverage.exceptions.CoverageWarning)
        yield


def _another_tracer() -> bool:
    if sys.gettrace() is not None or coverage.Coverage.current() is not None:
        return True
    monitoring = getattr(sys, "monitoring", None)  # Python 3.12
    return monitoring is not None and any(monitoring.get_tool(tool) for tool in (monitoring.DEBUGGER_ID, monitoring.COVERAGE_ID))


def _branches(code: Code, arcs: Mapping[str, set[Arc]]) -> Mapping[str, tuple[list[Arc], list[Arc]]]:
    """Branches that ran and that did not, by file, as coverage.py's analysis of the source knows them."""
    with _quiet(), tempfile.TemporaryDirectory() as folder:
        measure = _new_coverage(code)
        data = measure.get_data()
        data.add_arcs(arcs)
        report = Path(folder, "report.json")
        measure.json_report(outfile=str(report), ignore_errors=True)
        data.close(force=True)
        files = json.loads(report.read_text())["files"]
    return {
        str(Path(file).absolute()): (_as_arcs(found["executed_branches"]), _as_arcs(found["missing_branches"]))
        for file, found in files.items()
    }


def _as_arcs(pairs: Iterable[Iterable[int]]) -> list[Arc]:
    return [(start, end) for start, end in pairs]


def _reachable(files: Iterable[Path], name: str) -> Mapping[Path, frozenset[int]]:
    """Lines of the functions that the named one can reach: a function is reached where reached code uses its name, alone or as an
    attribute, and what a class calls implicitly where its name is used. Rather too many than too few."""
    functions: dict[str, list[tuple[Path, ast.AST, range]]] = {}
    for file in files:
        for defined, node, lines in _functions(_parsed(file)):
            functions.setdefault(defined, []).append((file, node, lines))
    reached: dict[Path, set[int]] = {}
    waiting, done = {name} & functions.keys(), set[str]()
    while waiting:
        current = waiting.pop()
        done.add(current)
        for file, node, lines in functions[current]:
            reached.setdefault(file, set()).update(lines)
            waiting |= ({_used(part) for part in ast.walk(node)} & functions.keys()) - done
    return {file: frozenset(lines) for file, lines in reached.items()}


def _parsed(file: Path) -> ast.AST:
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def _functions(tree: ast.AST) -> Iterator[tuple[str, ast.AST, range]]:
    """Functions by the names that reach them, with the lines of their bodies."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node, _lines(node.body[0], node.body[-1])
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node, _lines(node.value.body, node.value.body)
        elif isinstance(node, ast.ClassDef):
            for member in node.body:
                if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name.startswith("__"):
                    yield node.name, member, _lines(member.body[0], member.body[-1])


def _lines(first: ast.stmt | ast.expr, last: ast.stmt | ast.expr) -> range:
    return range(first.lineno, (last.end_lineno or last.lineno) + 1)


def _used(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
