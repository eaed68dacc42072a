"""What is installed beside the reward code, as this Python sees it: the versions that a declared reward path rests on."""

from __future__ import annotations

import importlib.util
import site
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from msgspec import Struct


class Installed(Struct, frozen=True):
    """What is installed beside the reward code."""

    shipped_by: Mapping[str, Sequence[str]]
    """Name of a module -> the distributions that ship it, as `importlib.metadata.packages_distributions` tells it."""
    version: Callable[[str], str]
    """Version of a distribution; empty if it is not installed."""
    is_versioned: Callable[[str], bool]
    """Whether a module, by its top-level name, comes from where distributions are installed to; not for one installed as editable."""
    detector: str
    """Name of the detector that would probe."""
    roots: tuple[str, ...] = ()
    """Folders of the tree on the path of the Python that runs the code."""


def installed_here(repository: Path, detector: str) -> Installed:
    """By the metadata and the path of the Python that runs this. `repository` is the root of the tree, without links in it."""
    return Installed(packages_distributions(), _version, _is_versioned, detector, tuple(_roots(repository)))


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _is_versioned(module: str) -> bool:
    """Whether it is built in, or lies in a folder that distributions are installed into."""
    try:
        found = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return False
    if found is None:
        return False
    places = [found.origin] if found.has_location and found.origin else list(found.submodule_search_locations or ())
    folders = [Path(folder).resolve() for folder in _install_folders()]
    return all(any(Path(place).resolve().is_relative_to(folder) for folder in folders) for place in places)


def _install_folders() -> Iterator[str]:
    yield from site.getsitepackages()
    yield site.getusersitepackages()
    paths = sysconfig.get_paths()
    yield from (paths[name] for name in ("purelib", "platlib", "stdlib", "platstdlib"))


def _roots(root: Path) -> Iterator[str]:
    """Folders in the repository that are on our path, and so on that of the reward code."""
    for entry in sys.path:
        folder = Path(entry).resolve()
        if folder.is_relative_to(root):
            yield folder.relative_to(root).as_posix()
