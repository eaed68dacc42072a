"""Whether a bundle is what it says: digests, footers, row counts and unique episodes. Reads every byte once."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import suppress
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from msgspec import Struct
from numpy.typing import NDArray

from sequester.episodes.bundle.claims import checked_footer, is_sealed
from sequester.episodes.bundle.files import arrow_errors, check_labels, check_schema
from sequester.episodes.bundle.layout import Bundle, Fault, Part, file_of, open_bundle
from sequester.episodes.bundle.manifest import FileEntry, Manifest
from sequester.episodes.bundle.reading import group_sizes
from sequester.episodes.bundle.schema import EPISODES, FOLDERS, REASONING
from sequester.errors import BundleError, InputError

_HINT = "copy the bundle again from where it was written"
_KEPT = 64


class FileFacts(Struct, frozen=True):
    """What a Parquet file of the bundle is found to be."""

    path: str
    run: str | None
    """Id of the run that its footer names; None where the file is sealed."""
    rows: int | None
    """None where the file is sealed."""
    bytes: int
    sha256: str


class Verified(Struct, frozen=True):
    """A bundle of which every file was read once."""

    manifest: Manifest | None
    parts: tuple[Part, ...]
    """Those that are what they should be, by rank, then number."""
    faults: tuple[Fault, ...]
    """Why the others are not read, and what else is amiss."""
    episodes: int
    """In all parts, also in those that are not read. Where nobody knows how many are in one of these, it counts as one."""


def verified(directory: Path) -> Verified:
    """What of a bundle can be read. Kept while its files stay as they are: an audit asks twice.

    Raises BundleError where there is no bundle, where `run.json` breaks the format, and where without it the parts name several runs.
    """
    return _verified(directory, _state(directory))


@lru_cache(_KEPT)
def _verified(directory: Path, state: bytes) -> Verified:
    return verify(open_bundle(directory))


def _state(directory: Path) -> bytes:
    """A digest of the names, sizes and times of all files of a bundle."""
    state = hashlib.sha256()
    for folder in (directory, *(directory / name for name in FOLDERS)):
        with suppress(OSError), os.scandir(folder) as found:  # which the reading then explains
            for entry in sorted(found, key=lambda entry: entry.name):
                at = entry.stat()
                state.update(repr((folder.name, entry.name, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)).encode())
    return state.digest()


def verify(bundle: Bundle) -> Verified:
    """Checks every file. A part with a digest, a count, a schema, a label or an episode_id that is wrong is a fault and is not read.

    Raises BundleError like `verified`.
    """
    entries, run_ids = bundle.entries(), set[str]()
    faults, parts, rows = [*bundle.faults, *bundle.gaps], [], {}
    for part in bundle.parts:
        try:
            facts = {folder: _checked(part.path(folder), bundle, entries) for folder in part.folders()}
            group_sizes(part)
        except InputError as error:
            faults.append(_fault(part, error, entries))
            continue
        parts.append(part)
        rows[part.name] = facts[EPISODES].rows or 0
        run_ids.update(one.run for one in facts.values() if one.run is not None)
        refuse_two_runs(run_ids, part.path(EPISODES))
    for path in bundle.findings():
        try:
            _checked(path, bundle, entries)
        except InputError as error:
            faults.append(Fault(error))
    repeated = {part.name: error for part, error in repeats(parts)}
    faults += [_fault(part, repeated[part.name], entries) for part in parts if part.name in repeated]
    parts = [part for part in parts if part.name not in repeated]
    read = sum(rows[part.name] for part in parts)
    unread = sum(1 if fault.episodes is None else fault.episodes for fault in faults)
    return Verified(bundle.manifest, tuple(parts), tuple(faults), read + unread)


def _fault(part: Part, error: InputError, entries: Mapping[str, FileEntry]) -> Fault:
    entry = entries.get(file_of(EPISODES, part))
    return Fault(error, part.rank, entry.rows if entry is not None else None)


def look(path: Path) -> FileFacts:
    """Reads a file of a bundle and checks its frame. Raises BundleError or LimitExceeded."""
    folder = path.parent.name
    run = rows = None
    if not (folder == REASONING and is_sealed(path)):
        rows = checked_footer(path, folder).rows
        with arrow_errors(path), pq.ParquetFile(path) as file:
            check_schema(file.schema_arrow, folder, path)
            run = check_labels(file.metadata.metadata, folder, path)
    return FileFacts(f"{folder}/{path.name}", run, rows, *_size_and_digest(path))


def _checked(path: Path, bundle: Bundle, entries: Mapping[str, FileEntry]) -> FileFacts:
    """The facts about a file, once they were found to be those of `run.json`."""
    facts = look(path)
    entry = entries.get(facts.path)
    if entry is not None:
        if entry.sha256 != facts.sha256:
            raise BundleError("its SHA-256 is not the one in run.json", where=str(path), hint=_HINT)
        if entry.bytes != facts.bytes:
            raise BundleError(f"has {facts.bytes} bytes, run.json says {entry.bytes}", where=str(path), hint=_HINT)
        if facts.rows is not None and entry.rows != facts.rows:
            raise BundleError(f"has {facts.rows} rows, run.json says {entry.rows}", where=str(path), hint=_HINT)
    if bundle.manifest is not None and facts.run is not None:
        refuse_two_runs({bundle.manifest.run.id, facts.run}, path)
    return facts


def refuse_two_runs(run_ids: Set[str], path: Path) -> None:
    """Raises BundleError where a file makes them more than one."""
    if len(run_ids) > 1:
        raise BundleError("belongs to another run than the rest of the bundle", where=str(path), hint="keep one run per bundle")


def repeats(parts: Sequence[Part]) -> Iterator[tuple[Part, BundleError]]:
    """The parts with an episode_id that occurs twice: nobody can say which of the two is the episode. Holds 8 bytes per episode."""
    hashes = [np.concatenate([np.fromiter(map(hash, ids), np.int64) for ids in (*_ids(part), [])]) for part in parts]
    ordered = np.sort(np.concatenate([*hashes, np.zeros(0, np.int64)]))
    suspects = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(suspects):
        return
    # Equal hashes are no proof: a second one, of the suspects alone, decides.
    found = [np.flatnonzero(np.isin(one, suspects)) for one in hashes]
    again = [_rehashed(part, rows) for part, rows in zip(parts, found, strict=True)]
    part_of = np.repeat(np.arange(len(parts)), [len(rows) for rows in found])
    rows = np.concatenate(found)
    keys = np.stack([np.concatenate([one[rows] for one, rows in zip(hashes, found, strict=True)]), np.concatenate(again)])
    order = np.lexsort(keys)
    same = np.flatnonzero((keys[:, order[1:]] == keys[:, order[:-1]]).all(axis=0))
    one, other = np.concatenate([order[same + 1], order[same]]), np.concatenate([order[same], order[same + 1]])
    for part, at in zip(*np.unique(part_of[one], return_index=True), strict=True):
        here, there = (f"{parts[part_of[which]].path(EPISODES)}: row {rows[which] + 1}" for which in (one[at], other[at]))
        hint = "every episode has an id of its own"
        yield parts[part], BundleError(f"the same episode_id as in {there}", where=f"{here}, column episode_id", hint=hint)


def _rehashed(part: Part, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Other hashes of the ids in these rows."""
    if not len(rows):
        return np.zeros(0, np.int64)
    ids = chain.from_iterable(_ids(part))
    wanted = set(rows.tolist())
    return np.fromiter((hash(f"again {one}") for row, one in enumerate(ids) if row in wanted), np.int64, len(rows))


def _ids(part: Part) -> Iterator[list[str]]:
    path = part.path(EPISODES)
    with arrow_errors(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["episode_id"], use_threads=False):
            yield [str(episode_id) for episode_id in batch.column(0).to_pylist()]


def _size_and_digest(path: Path) -> tuple[int, str]:
    try:
        with path.open("rb") as file:
            return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(
            f"cannot be read ({error.strerror})", where=str(path), hint="check the path and its permissions"
        ) from None
