"""Which parts a bundle's directory holds, whether they are those that its `run.json` lists, and what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from sequester.episodes.bundle.manifest import FileEntry, Manifest, is_file_path, read_manifest
from sequester.episodes.bundle.schema import EPISODES, FINDINGS, FOLDERS, MANIFEST, PART_FOLDERS, REASONING, SUFFIX
from sequester.errors import BundleError, InputError

_COPY = f"copy the whole bundle again; {MANIFEST} and the folders belong together"


class Part(Struct, frozen=True):
    """What one process wrote between two flushes: a file of the same name in three folders."""

    directory: Path
    name: str

    @property
    def rank(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def number(self) -> int:
        return int(self.name.rpartition("-")[2])

    @property
    def order(self) -> tuple[str, int]:
        return self.rank, self.number

    def path(self, folder: str) -> Path:
        return self.directory / folder / f"{self.name}{SUFFIX}"

    def folders(self) -> list[str]:
        """Those that hold a file of it: one lacks its reasoning."""
        return [folder for folder in reversed(PART_FOLDERS) if folder != REASONING or os.path.lexists(self.path(folder))]


class Fault(Struct, frozen=True):
    """Something that a bundle lacks, or should not hold. The rest of the bundle is read all the same."""

    error: InputError
    rank: str | None = None
    """Whose part it is; None where no episode is in question."""
    episodes: int | None = 0
    """Episodes that are not read for it; None where nobody knows how many."""
    lacks_reasoning: bool = False
    """The part is read, without the reasoning in it: nothing else is missing."""


class Bundle(Struct, frozen=True):
    """A bundle's directory, before any of its Parquet files is opened."""

    directory: Path
    manifest: Manifest | None
    """None while the run is not closed."""
    parts: tuple[Part, ...]
    """Those that can be read, by rank, then number. Their files in `reasoning/` may be missing."""
    faults: tuple[Fault, ...] = ()
    gaps: tuple[Fault, ...] = ()
    """Faults of ranks whose parts are not numbered 0, 1, 2, …: what their writers lost, or somebody removed."""

    def entries(self) -> dict[str, FileEntry]:
        """Files that `run.json` lists, by path."""
        return {entry.path: entry for entry in self.manifest.files} if self.manifest is not None else {}

    def findings(self) -> list[Path]:
        """The files of a live guard that can be read."""
        refused = {fault.error.where for fault in self.faults}
        found = sorted((self.directory / FINDINGS).glob(f"[!.]*{SUFFIX}"))
        return [path for path in found if str(path) not in refused]


def open_bundle(directory: Path) -> Bundle:
    """The parts of a bundle.

    With `run.json`, the files present must be those listed; without it, a part must have its three files. Whatever is amiss is a
    fault of its part, which is then not read; one that lacks nothing but its file in `reasoning/` is read without it. Raises
    BundleError where there is no bundle, or where `run.json` breaks the format.
    """
    manifest = read_manifest(directory)
    found = _files(directory)
    if manifest is None and not found and not (directory / EPISODES).is_dir():
        raise BundleError("holds neither run.json nor episodes/", where=str(directory), hint="give the directory of the bundle")
    listed = {entry.path: entry.rows for entry in manifest.files} if manifest is not None else None
    paths = {*found, *(listed or ())}
    others = sorted(path for path in paths if path.startswith(f"{FINDINGS}/") or not is_file_path(path))
    faults = [Fault(error) for path in others if (error := _problem(directory, path, found, listed)) is not None]
    parts, known = [], _parts(directory, paths)
    for part in known:
        fault = _fault(part, found, listed)
        if fault is None or fault.lacks_reasoning:
            parts.append(part)
        if fault is not None:
            faults.append(fault)
    return Bundle(directory, manifest, tuple(parts), tuple(faults), tuple(_gaps(known)))


def part_of(path: Path) -> Part:
    """The part to which a file in `episodes/` belongs."""
    return Part(path.parent.parent, path.name.removesuffix(SUFFIX))


def file_of(folder: str, part: Part) -> str:
    """Path of a part's file, as `run.json` lists it."""
    return f"{folder}/{part.name}{SUFFIX}"


def _files(directory: Path) -> dict[str, BundleError | None]:
    """What the folders hold, by path relative to the directory, and why it is no file of a bundle, if so.

    A writer's claims, which begin with a dot, are left out. A folder that cannot be listed stands there by its name.
    """
    found: dict[str, BundleError | None] = {}
    root = directory.resolve()
    for folder in FOLDERS:
        try:
            paths = sorted((directory / folder).iterdir())
        except FileNotFoundError:
            continue
        except OSError as error:
            found[folder] = BundleError(
                f"cannot be listed ({error.strerror})", where=str(directory / folder), hint="it should be a directory"
            )
            continue
        found |= {f"{folder}/{path.name}": _stranger(path, root) for path in paths if not path.name.startswith(".")}
    return found


def _stranger(path: Path, root: Path) -> BundleError | None:
    """Why this is no file of the bundle in `root`; None where it may be one."""
    if not is_file_path(f"{path.parent.name}/{path.name}"):
        return BundleError("is no part of a bundle", where=str(path), hint="keep other files out of the bundle's folders")
    try:
        if path.is_file() and path.resolve().is_relative_to(root):
            return None
    except (OSError, RuntimeError):  # no right to look at it, or a link to itself
        pass
    return BundleError("is no regular file inside the bundle", where=str(path), hint="copy the file itself there")


def _parts(directory: Path, paths: Iterable[str]) -> list[Part]:
    """The parts to which any of these files belongs, in order."""
    names = {path.partition("/")[2] for path in paths if is_file_path(path) and not path.startswith(f"{FINDINGS}/")}
    return sorted((Part(directory, name.removesuffix(SUFFIX)) for name in names), key=lambda part: part.order)


def _fault(part: Part, found: Mapping[str, BundleError | None], listed: Mapping[str, int] | None) -> Fault | None:
    """What a part lacks, its reasoning last; None where its files are there."""
    for folder in reversed(PART_FOLDERS):
        path = file_of(folder, part)
        error = _problem(part.directory, path, found, listed)
        if error is None:
            continue
        is_gone = path not in found and (listed is None or path in listed)
        if folder == REASONING and is_gone:
            return Fault(error, part.rank, lacks_reasoning=True)
        return Fault(error, part.rank, (listed or {}).get(file_of(EPISODES, part)))
    return None


def _problem(
    directory: Path, path: str, found: Mapping[str, BundleError | None], listed: Mapping[str, int] | None
) -> BundleError | None:
    """Why a file cannot be read, as far as its name says; None where it can."""
    if found.get(path) is not None:
        return found[path]
    where = str(directory / path)
    if listed is not None and path not in listed:
        return BundleError(f"is not listed in {MANIFEST}, which closed the bundle", where=where, hint=_COPY)
    if path in found:
        return None
    if listed is not None:
        return BundleError(f"is listed in {MANIFEST} and missing", where=where, hint=_COPY)
    if path.startswith(f"{EPISODES}/"):
        hint = "it may be being written; if its writer died while publishing, move the other files of the part out of the bundle"
        return BundleError("is missing: its part has no file in episodes/", where=where, hint=hint)
    return BundleError("is missing from its part", where=where, hint="copy the whole bundle again")


def _gaps(parts: Iterable[Part]) -> Iterator[Fault]:
    """One fault for each rank whose parts are not numbered 0, 1, 2, …"""
    ranks: dict[str, list[Part]] = {}
    for part in parts:
        ranks.setdefault(part.rank, []).append(part)
    for rank, found in ranks.items():
        numbers = {part.number for part in found}
        absent = max(numbers) + 1 - len(numbers)
        if absent:
            behind = next(part for part in found if part.number and part.number - 1 not in numbers)
            message = f"rank {rank} has {len(numbers)} of {absent + len(numbers)} parts; one is missing before this"
            yield Fault(BundleError(message, where=str(behind.path(EPISODES)), hint="copy the whole bundle again"), rank, None)
