"""Symbolic links of a tree: what a path rests on, link by link, down to the file that is read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

_MOST = 40
"""Links followed for one path, as Linux does."""

Links = Mapping[str, str | None]
"""Path of a link -> what it names, both from the root of the tree; None for what lies outside."""


def target(link: str, named: str, root: str) -> str | None:
    """What a link names, from the root of the tree; None if that lies outside. `root` is the absolute path of the tree."""
    if posixpath.isabs(named):
        named, link = posixpath.relpath(named, root), ""
    found = posixpath.normpath(posixpath.join(posixpath.dirname(link), named))
    return None if found == ".." or found.startswith("../") else found


def followed(path: str, links: Links) -> Iterator[str | None]:
    """Every link on the way of `path`, then the file at its end; None at the end if it lies outside or is never reached."""
    for _ in range(_MOST):
        above = [str(folder) for folder in reversed(PurePosixPath(path).parents)][1:]
        link = next((one for one in (*above, path) if one in links), None)
        if link is None:
            yield path
            return
        yield link
        named = links[link]
        if named is None:
            break
        path = posixpath.normpath(posixpath.join(named, posixpath.relpath(path, link)))
    yield None


def end(path: str, links: Links) -> str | None:
    """The file or folder that a path leads to; None if it lies outside."""
    return list(followed(path, links))[-1] if links else path
