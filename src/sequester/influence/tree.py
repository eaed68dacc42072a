"""A tree of files, and which of them a name in code or in a template could mean."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

from sequester.influence.links import Links, end, followed
from sequester.influence.path_patterns import expression, is_wild

FILE_NAME = re.compile(r"(?:[\w.\-]+/)*[\w\-][\w.\-]*\.[A-Za-z]\w{0,9}")
_FOLDER_NAME = re.compile(r"[\w\-]{2,}(?:/[\w.\-]+)*/?")
_WILD_NAME = re.compile(r"(?:\*\*/)?[\w.\-*?/]*(?:[\w\-]{2,}/[\w.\-*?/]*|\*\.[A-Za-z][\w.]{0,19})")
"""Patterns of paths that code globs by: a folder, or an ending, stands in them. What a regular expression needs does not."""
TEMPLATES = frozenset(
    (
        ".cfg",
        ".csv",
        ".hbs",
        ".html",
        ".ini",
        ".j2",
        ".jinja",
        ".jinja2",
        ".json",
        ".jsonl",
        ".liquid",
        ".md",
        ".mustache",
        ".prompt",
        ".prompty",
        ".tmpl",
        ".toml",
        ".tpl",
        ".tsv",
        ".txt",
        ".xml",
        ".yaml",
        ".yml",
    )
)
"""Endings of files that count when the code names only their folder, and that may name further files."""


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


class Names:
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
            if path.suffix in TEMPLATES:
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

    def is_module(self, top: str) -> bool:
        """Whether a file or folder of this name is a module, or holds some."""
        return top in self._by_module

    def roots_of(self, top: str) -> Collection[str]:
        """Folders of the tree that hold a module or package of this name: those that are no packages themselves, if there are any."""
        if top in sys.stdlib_module_names:
            return ()
        roots = self._by_module.get(top, {})
        return [root for root in roots if joined(root, "__init__.py") not in self._files] or roots

    def named(self, strings: Iterable[str], roots: Collection[str]) -> Iterator[str]:
        """Files whose name, or the end of whose path, is one of the strings or fits it; templates in a folder that one of them names."""
        for text in strings:
            if is_wild(text) and _WILD_NAME.fullmatch(text):
                yield from self._fitting(text)
            if FILE_NAME.fullmatch(text):
                yield from (file for root in roots if self.holds(file := joined(root, text)))
                for file in self._by_name.get(text.rpartition("/")[2], ()):
                    if file == text or file.endswith(f"/{text}"):
                        yield file
            if _FOLDER_NAME.fullmatch(text):
                for root in roots:
                    folder = joined(root, text.rstrip("/"))
                    yield from self._by_folder.get(end(folder, self._links) or folder, ())

    def _fitting(self, pattern: str) -> Iterator[str]:
        """Files whose path ends as the pattern says; none for what is no pattern of paths."""
        try:
            fits = expression(pattern if pattern.startswith("**/") else f"**/{pattern}").fullmatch
        except re.error:
            return
        yield from (file for file in self._files if fits(file))


def joined(*parts: str) -> str:
    """A path from its parts, of which `.` says nothing."""
    return "/".join(part for part in parts if part != ".") or "."
