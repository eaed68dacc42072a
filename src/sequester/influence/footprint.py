"""What a reward path consists of: its file, the files that it imports, the files that the code names, and the files declared with it.

Read from the syntax tree, never by running the code. Too much rather than too little: a file too many costs a probe, one too few could
cost a leak. What this cannot see: modules imported by a name that is made at run time (said in `notes`), files whose names are put
together from pieces or stand in other files, and whatever a service at the other end reads. Those are declared.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from sequester.errors import ConfigError
from sequester.influence.links import Links, end, followed
from sequester.influence.reward_paths import RewardPath

MOST_BYTES = 4 << 20
"""Longest code that is parsed."""
MOST_FILES = 200
"""Files of one reward function that are read for what they look for."""
_FILE_NAME = re.compile(r"(?:[\w.\-]+/)*[\w\-][\w.\-]*\.[A-Za-z]\w{0,9}")
_FOLDER_NAME = re.compile(r"[\w\-]{2,}(?:/[\w.\-]+)*/?")
_TEMPLATES = frozenset(
    (".hbs", ".j2", ".jinja", ".jinja2", ".json", ".md", ".mustache", ".prompt", ".tmpl", ".toml", ".txt", ".yaml", ".yml")
)
"""Endings of files that count when the code names only their folder."""
_WILD = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]*\]")


class Tree(NamedTuple):
    """A tree of files."""

    files: Collection[str]
    """Paths relative to its root, with `/`; those that have gone since the revision compared with, too."""
    read: Callable[[str], bytes | None]
    """Content of a file; None if it is not there."""
    links: Links = MappingProxyType({})
    """Symbolic links among the files."""
    roots: tuple[str, ...] = ()
    """Folders of the tree that are on Python's path."""


class Footprint(Struct, frozen=True):
    """The files and packages on which a reward path rests."""

    files: Mapping[str, str]
    """Path -> why it belongs to it, such as `imported by rewards.py`; empty for the file of the function itself."""
    packages: frozenset[str]
    """Top-level names that the code imports and Python does not ship."""
    elsewhere: Mapping[str, str]
    """Those of them that no file of the tree is, and the file that imports them."""
    outside: frozenset[str]
    """Files that are links to what lies outside the tree."""
    notes: tuple[str, ...]
    """What was not followed."""


def footprint(path: RewardPath, folder: str, tree: Tree) -> Footprint:
    """The footprint of a reward path that was declared in `folder` (relative to the root of the tree, empty for the root itself).

    Raises ConfigError for a function's file that is not there, and for a declared file or pattern that names nothing.
    """
    start = file_of(path, folder)
    if tree.read(start) is None:
        raise ConfigError("there is no such file", where=f"function = {path.function!r}", hint="paths are relative to this file")
    names = _Names(tree)
    files = {start: ""}
    packages: dict[str, str] = {}
    resolved: set[str] = set()
    outside: set[str] = set()
    notes: list[str] = []
    queue = [start]
    while queue:
        here = queue.pop()
        for real in names.behind(here, outside):
            if real not in files:
                files[real] = f"{here} leads to it"
                queue.append(real)
        module = _parse(here, tree, notes)
        if module is None:
            continue
        near = tuple(dict.fromkeys((*_roots(here), *_roots(start), *tree.roots)))
        for name in _imported(module, here, notes):
            top = name.partition(".")[0]
            packages.setdefault(top, here)
            found = [file for file in _modules(name, here, dict.fromkeys((*near, *names.roots_of(top)))) if names.holds(file)]
            resolved |= {top} if found or names.roots_of(top) else set()
            new = [file for file in found if file not in files]
            files.update(dict.fromkeys(new, f"imported by {here}"))
            queue.extend(new)
        for file in names.named(_strings(module), near):
            files.setdefault(file, f"named in {here}")
    for pattern in path.files:
        for file in _matching(_normal(folder, pattern), pattern, tree):
            files.setdefault(file, "declared")
    for file in tuple(files):
        for real in names.behind(file, outside):
            files.setdefault(real, f"{file} leads to it")
    own = {top: here for top, here in packages.items() if top and top not in sys.stdlib_module_names}
    elsewhere = {top: here for top, here in own.items() if top not in resolved}
    held = {file: why for file, why in files.items() if names.is_file(file)}
    return Footprint(held, frozenset(own), elsewhere, frozenset(outside), tuple(dict.fromkeys(notes)))


def code_of(file: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """A Python file on disk and the files that it imports, and what those import, nearest first and at most `MOST_FILES`; and what was not
    followed, in sentences. Modules are looked for as in `footprint`; installed packages lie elsewhere."""
    start = str(file.absolute())
    disk = Tree((), _from_disk)
    found: dict[str, None] = {start: None}
    notes: list[str] = []
    for here in (queue := [start]):
        module = _parse(here, disk, notes)
        if module is None:
            if here != start:
                found.pop(here)
            continue
        roots = tuple(dict.fromkeys((*_roots(here), *_roots(start))))
        for name in dict.fromkeys(_imported(module, here, notes)):
            new = [path for path in _modules(name, here, roots) if path not in found and Path(path).is_file()]
            found.update(dict.fromkeys(new))
            queue.extend(new)
        if len(queue) > MOST_FILES:
            notes.append(f"The reward code imports more than {MOST_FILES} files: the rest was not read.")
            break
    beside = f"{Path(start).parent}{os.sep}"
    return tuple(map(Path, list(found)[:MOST_FILES])), tuple(dict.fromkeys(note.replace(beside, "") for note in notes))


def _from_disk(path: str) -> bytes | None:
    try:
        with Path(path).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError:
        return None


def file_of(path: RewardPath, folder: str) -> str:
    """The file of a reward path's function, from the root of the tree. Raises ConfigError if it leads out of it."""
    return _normal(folder, path.file)


def _parse(path: str, tree: Tree, notes: list[str]) -> ast.Module | None:
    data = tree.read(path)
    if data is None:
        return None
    try:
        if len(data) <= MOST_BYTES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes that mean nothing
                return ast.parse(data)
        problem = f"longer than {MOST_BYTES} bytes"
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        problem = type(error).__name__
    notes.append(f"The imports of {path} were not followed ({problem}).")
    return None


def _imported(module: ast.Module, here: str, notes: list[str]) -> Iterator[str]:
    """Every module named, with leading dots for relative ones; names imported from a module may be modules too."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield base
            yield from (f"{base}{'' if base.endswith('.') else '.'}{alias.name}" for alias in node.names if alias.name != "*")
        elif isinstance(node, ast.Call) and _called(node.func) in ("import_module", "__import__"):
            name = node.args[0] if node.args else None
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value
            else:
                notes.append(f"{here}:{node.lineno} imports a module by a name that is made at run time: not followed.")


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""


def _modules(name: str, here: str, roots: Iterable[str]) -> Iterator[str]:
    """Files that could be the module or one of the packages around it."""
    dots = len(name) - len(name.lstrip("."))
    parts = name[dots:].split(".") if name[dots:] else []
    if dots:
        package = PurePosixPath(here).parents
        roots = (str(package[dots - 1]),) if dots <= len(package) else ()
        yield from (_join(root, "__init__.py") for root in roots)
    for root in roots:
        for count in range(1, len(parts) + 1):
            stem = _join(root, *parts[:count])
            yield f"{stem}.py"
            yield f"{stem}/__init__.py"


def _roots(file: str) -> Iterator[str]:
    """Folders that are likely on Python's path: those above the file, and `src` in them."""
    for folder in PurePosixPath(file).parents:
        yield str(folder)
        yield _join(str(folder), "src")


def _strings(module: ast.Module) -> set[str]:
    return {
        node.value.removeprefix("./")
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) <= 200
    }


class _Names:
    """Which files a name in code could mean."""

    def __init__(self, tree: Tree) -> None:
        self._files = frozenset(tree.files)
        self._links = tree.links
        self._read = tree.read
        self._ends: dict[str, str | None] = {}
        self._by_name: dict[str, list[str]] = {}
        self._by_folder: dict[str, list[str]] = {}
        self._by_module: dict[str, dict[str, None]] = {}
        for file in tree.files:
            path = PurePosixPath(file)
            self._by_name.setdefault(path.name, []).append(file)
            if path.suffix in _TEMPLATES:
                for folder in path.parents:
                    self._by_folder.setdefault(str(folder), []).append(file)
            if path.suffix == ".py" or file in tree.links:
                for module in (path, *path.parents[:-1]):
                    self._by_module.setdefault(module.name.removesuffix(".py"), {})[str(module.parent)] = None

    def is_file(self, file: str) -> bool:
        """Whether there is an entry of this name: a file, or a link to one or to a folder. A file that git ignores may be, too."""
        return file in self._files or end(file, self._links) == file

    def holds(self, file: str) -> bool:
        """Whether this leads to a file."""
        return file in self._files or bool(self._links and self._end(file) in self._files)

    def _end(self, file: str) -> str | None:
        if file not in self._ends:
            self._ends[file] = end(file, self._links)
        return self._ends[file]

    def behind(self, file: str, outside: set[str]) -> list[str]:
        """The links on the way of a path, and the file at its end; one that lies outside puts the path into `outside`."""
        steps = list(followed(file, self._links)) if self._links else [file]
        if steps[-1] is None:
            outside.add(file)
        others = (step for step in steps if step is not None and step != file)
        return [step for step in others if step in self._files or self._read(step) is not None]  # no folders

    def roots_of(self, top: str) -> Collection[str]:
        """Folders of the tree that hold a module or package of this name: those that are no packages themselves, if there are any."""
        if top in sys.stdlib_module_names:
            return ()
        roots = self._by_module.get(top, {})
        return [root for root in roots if _join(root, "__init__.py") not in self._files] or roots

    def named(self, strings: Iterable[str], roots: Collection[str]) -> Iterator[str]:
        """Files whose name, or the end of whose path, is one of the strings; templates in a folder that one of them names."""
        for text in strings:
            if _FILE_NAME.fullmatch(text):
                yield from (file for root in roots if self.holds(file := _join(root, text)))
                for file in self._by_name.get(text.rpartition("/")[2], ()):
                    if file == text or file.endswith(f"/{text}"):
                        yield file
            if _FOLDER_NAME.fullmatch(text):
                for root in roots:
                    folder = _join(root, text.rstrip("/"))
                    yield from self._by_folder.get(end(folder, self._links) or folder, ())


def _matching(pattern: str, written: str, tree: Tree) -> list[str]:
    """The files that a declared path or pattern names. A file that git ignores has to be named in full."""
    if not _WILD.search(pattern):
        real = end(pattern, tree.links)
        found = [pattern] if real is None or real in tree.files or tree.read(pattern) is not None else []
    else:
        try:
            expression = re.compile(_expression(pattern))
        except re.error as error:
            raise ConfigError(
                "is no pattern", where=f"files = {written!r}", hint="such as prompts/*.jinja, or **/*.jinja"
            ) from error
        literal = str(PurePosixPath(_WILD.split(pattern)[0] + "x").parent)
        real = end(literal, tree.links)
        inside = "" if real in (None, literal) else f"{real}/"
        found = sorted(
            file
            for file in tree.files
            if expression.fullmatch(file)
            or (inside and file.startswith(inside) and expression.fullmatch(_join(literal, file[len(inside) :])))
        )
    if not found:
        raise ConfigError("names no file", where=f"files = {written!r}", hint="paths are relative to the file that says so")
    return found


def _expression(pattern: str) -> str:
    """The regular expression of a pattern in which `*` stays within a folder and `**` does not."""
    wild = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts, at = [], 0
    for match in _WILD.finditer(pattern):
        parts += [re.escape(pattern[at : match.start()]), wild.get(match[0]) or _characters(match[0][1:-1])]
        at = match.end()
    return "".join((*parts, re.escape(pattern[at:])))


def _characters(listed: str) -> str:
    """The regular expression of `[listed]`, in which `-` makes a range and `!` at the start means all others."""
    others = listed.startswith("!")
    ranges = re.sub("-+", "-", listed.removeprefix("!")).split("-")
    return f"[{'^' if others else ''}{'-'.join(map(re.escape, ranges))}]"


def _normal(folder: str, path: str) -> str:
    """A path written in a file of `folder`, from the root of the tree. Raises ConfigError if it leads out of it."""
    parts: list[str] = []
    for part in PurePosixPath(folder, path.replace("\\", "/")).parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".." and part != "/":
            parts.append(part)
        else:
            raise ConfigError("leads out of the repository", where=path, hint="copy what it names into the repository")
    return "/".join(parts)


def _join(*parts: str) -> str:
    return "/".join(part for part in parts if part != ".") or "."
