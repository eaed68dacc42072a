"""Which parts a bundle's directory holds, and whether they are those that its `run.json` lists."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from sequester.episodes.bundle.manifest import FileEntry, Manifest, is_file_path, read_manifest
from sequester.episodes.bundle.schema import EPISODES, FOLDERS, MANIFEST, PART_FOLDERS, SUFFIX
from sequester.errors import BundleError


class Part(Struct, frozen=True):
    """What one process wrote between two flushes: a file of the same name in three folders."""

    directory: Path
    name: str

    @property
    def rank(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def order(self) -> tuple[str, int]:
        rank, _, sequence = self.name.rpartition("-")
        return rank, int(sequence)

    def path(self, folder: str) -> Path:
        return self.directory / folder / f"{self.name}{SUFFIX}"


class Bundle(Struct, frozen=True):
    """A bundle's directory, before any of its Parquet files is opened."""

    directory: Path
    manifest: Manifest | None
    """None while the run is not closed."""
    parts: tuple[Part, ...]
    """By rank, then number."""

    def entries(self) -> dict[str, FileEntry]:
        """Files that `run.json` lists, by path."""
        return {entry.path: entry for entry in self.manifest.files} if self.manifest is not None else {}


def open_bundle(directory: Path) -> Bundle:
    """The parts of a bundle.

    Without `run.json`, a part exists once its file in `episodes/` does. With it, the files listed and those present must be
    the same. Raises BundleError where they are not, where a part lacks a file, or where a file leads out of the directory.
    """
    manifest = read_manifest(directory)
    present = set(_files(directory))
    if manifest is None and not present and not (directory / EPISODES).is_dir():
        raise BundleError("holds neither run.json nor episodes/", where=str(directory), hint="give the directory of the bundle")
    if manifest is not None:
        listed = {entry.path for entry in manifest.files}
        _refuse(directory, listed - present, "is listed in run.json and missing")
        _refuse(directory, present - listed, "is not listed in run.json, which closed the bundle")
    names = {path.partition("/")[2] for path in present if path.startswith(f"{EPISODES}/")}
    expected = {f"{folder}/{name}" for folder in PART_FOLDERS for name in names}
    _refuse(directory, expected - present, "is missing from its part")
    if manifest is not None:
        orphans = {path for path in present - expected if path.partition("/")[0] in PART_FOLDERS}
        _refuse(directory, orphans, "belongs to a part that has no file in episodes/")
    parts = (Part(directory, name.removesuffix(SUFFIX)) for name in names)
    return Bundle(directory, manifest, tuple(sorted(parts, key=lambda part: part.order)))


def part_of(path: Path) -> Part:
    """The part to which a file in `episodes/` belongs."""
    return Part(path.parent.parent, path.name.removesuffix(SUFFIX))


def _files(directory: Path) -> list[str]:
    """Paths of the Parquet files, relative to the directory; a writer's claims, which begin with a dot, are not among them."""
    found = []
    root = directory.resolve()
    for folder in FOLDERS:
        try:
            paths = sorted((directory / folder).iterdir())
        except FileNotFoundError:
            continue
        except OSError as error:
            where = str(directory / folder)
            raise BundleError(f"cannot be listed ({error.strerror})", where=where, hint="it should be a directory") from None
        for path in paths:
            if path.name.startswith("."):
                continue
            if not is_file_path(f"{folder}/{path.name}"):
                raise BundleError("is no part of a bundle", where=str(path), hint="keep other files out of the bundle's folders")
            if not path.is_file() or not path.resolve().is_relative_to(root):
                raise BundleError("is no regular file inside the bundle", where=str(path), hint="copy the file itself there")
            found.append(f"{folder}/{path.name}")
    return found


def _refuse(directory: Path, paths: set[str], message: str) -> None:
    if paths:
        more = f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""
        hint = f"copy the whole bundle again; {MANIFEST} and the folders belong together"
        raise BundleError(message + more, where=str(directory / min(paths)), hint=hint)
