"""Versions that a project pins: requirements and constraints files, pyproject.toml and lock files, by normalised name of the distribution.

A name that is pinned in several places has several versions; that two sets are equal is all that is asked of them.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

LOCKS = ("pyproject.toml", "uv.lock", "poetry.lock", "pylock.toml", "pdm.lock", "Pipfile.lock", "pixi.lock")
"""Beside `requirements*.txt`, `constraints*.txt` and `pylock.NAME.toml`."""
WHOLE = ("setup.cfg", "setup.py", "Pipfile", "environment.yml", "environment.yaml", "conda-lock.yml")
"""Files that say versions in ways that are not read: any change of one counts."""
UNREAD = "file "
"""Begins the names under which what was not read stands in the pins; no distribution has a space in its name."""
Pins = Mapping[str, frozenset[str]]
"""Name of a distribution -> what is said of its version, with the file that says so."""
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9](?:[\w.\-]*[A-Za-z0-9])?)\s*(.*)", re.DOTALL)
_INCLUDED = re.compile(r"\s*(?:-r|--requirement|-c|--constraint)[\s=]+(\S+)")
_ARCHIVE = re.compile(r"/([A-Za-z0-9_.\-]+?)-(\d[^\s/]*?)\.(?:conda|tar\.bz2|tar\.gz|zip|whl)\b")
_SOURCES = ("vcs", "directory", "archive", "git", "ref", "revision", "path", "url")
_MOST_FILES = 200


def holds_pins(path: str) -> bool:
    """Whether a file of this name says versions."""
    name = PurePosixPath(path).name
    return name in (*LOCKS, *WHOLE) or re.fullmatch(r"(?:requirements|constraints).*\.txt|pylock\..+\.toml", name) is not None


def pin_files(files: Iterable[str], beside: str) -> list[str]:
    """Those of `files` that pin what runs at `beside`: in the folders above it, and in their `requirements` folders."""
    above = {str(folder) for folder in PurePosixPath(beside).parents}
    return sorted(file for file in files if _is_beside(PurePosixPath(file), above))


def _is_beside(file: PurePosixPath, folders: Collection[str]) -> bool:
    if file.parent.name == "requirements" and str(file.parent.parent) in folders:
        return file.suffix == ".txt"
    return str(file.parent) in folders and holds_pins(str(file))


def pins(files: Iterable[str], read: Callable[[str], bytes | None]) -> Pins:
    """What these files, and requirements files that they include, pin. One that cannot be read pins its own content to its own name."""
    found: dict[str, set[str]] = {}
    queue = list(files)
    seen: set[str] = set()
    while queue and len(seen) < _MOST_FILES:
        path = queue.pop(0)
        data = None if path in seen else read(path)
        seen.add(path)
        if data is None:
            continue
        try:
            said = list(_said(PurePosixPath(path).name, data))
        except (ValueError, RecursionError):
            said = [(f"{UNREAD}{PurePosixPath(path).name}", f"unreadable, SHA-256 {_short(data)}")]
        if path.endswith(".txt"):
            queue += [str(PurePosixPath(path).parent / name) for name in _INCLUDED.findall(data.decode("utf-8", "replace"))]
        for name, version in said:
            found.setdefault(name if name.startswith(UNREAD) else normal(name), set()).add(
                f"{version} ({PurePosixPath(path).name})".strip()
            )
    return {name: frozenset(versions) for name, versions in found.items()}


def _said(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Names and versions in a file of this name. Raises ValueError or RecursionError for one that cannot be read."""
    if name in WHOLE:
        yield f"{UNREAD}{name}", f"SHA-256 {_short(data)}"
        return
    text = data.decode("utf-8-sig")
    if name == "Pipfile.lock":
        yield from _pipfile(json.loads(text))
    elif name == "pixi.lock":
        yield from _pixi(text)
    else:
        yield from _tables(tomllib.loads(text)) if name.endswith((".toml", ".lock")) else _lines(text, name)


def _short(data: bytes) -> str:
    return sha256(data).hexdigest()[:12]


def _pipfile(locked: Any) -> Iterator[tuple[str, str]]:
    for group, packages in _table(locked).items():
        for name, package in _table(packages).items() if group != "_meta" else ():
            said = {key: value for key, value in _table(package).items() if key not in ("hashes", "index", "markers")}
            yield name, f"{said.pop('version', '')}{f' {said}' if said else ''}"


def _pixi(text: str) -> Iterator[tuple[str, str]]:
    """Lines of its YAML that name an archive: conda's `NAME-VERSION-BUILD.conda`, `NAME-VERSION-….whl`; others whole."""
    for line in map(str.strip, text.splitlines()):
        if line.startswith(("- conda: ", "- pypi: ")):
            match = _ARCHIVE.search(line)
            yield (match[1], match[2]) if match else (f"{UNREAD}pixi.lock", line)


def normal(name: str) -> str:
    """Name of a distribution as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _lines(text: str, name: str) -> Iterator[tuple[str, str]]:
    for line in text.replace("\\\n", " ").splitlines():
        stripped = line.partition(" #")[0].partition(" --hash")[0].strip()
        if stripped.startswith(("-e", "--editable")) or (
            "://" in stripped and not stripped.startswith(("#", "-")) and "@ " not in stripped
        ):
            yield f"{UNREAD}{name}", stripped  # what it is called is not said
        elif stripped and not stripped.startswith(("#", "-")):
            yield from _requirement(stripped)


def _requirement(text: Any) -> Iterator[tuple[str, str]]:
    if isinstance(text, str) and (match := _REQUIREMENT.fullmatch(text)):
        yield match[1], " ".join(match[2].split())


def _tables(tables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Locked packages, PEP 621 dependencies and groups, Poetry's dependencies, uv's sources."""
    for package in (*_list(tables.get("package")), *_list(tables.get("packages"))):
        if isinstance(package, dict) and isinstance(package.get("name"), str):
            source = {key: package[key] for key in _SOURCES if key in package}
            source |= {} if _is_registry(package.get("source")) else {"source": package.get("source")}
            yield package["name"], f"{package.get('version', '')}{f' {source}' if source else ''}"
    project, tool = _table(tables.get("project")), _table(tables.get("tool"))
    groups = (*_table(project.get("optional-dependencies")).values(), *_table(tables.get("dependency-groups")).values())
    for requirements in (project.get("dependencies"), *groups):
        for requirement in _list(requirements):
            yield from _requirement(requirement)
    poetry = _table(tool.get("poetry"))
    grouped = (_table(group).get("dependencies") for group in _table(poetry.get("group")).values())
    for dependencies in (poetry.get("dependencies"), poetry.get("dev-dependencies"), *grouped):
        yield from ((name, str(version)) for name, version in _table(dependencies).items() if name != "python")
    yield from ((name, str(source)) for name, source in _table(_table(tool.get("uv")).get("sources")).items())


def _is_registry(source: object) -> bool:
    """Where a registry's package is fetched from says nothing about what it holds."""
    return source is None or (
        isinstance(source, dict) and set(source) <= {"registry", "type", "url", "reference"} and "git" not in str(source)
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
