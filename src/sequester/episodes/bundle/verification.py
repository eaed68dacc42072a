"""Whether a bundle is what it says: digests, footers, row counts and unique episodes. Reads every byte once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from msgspec import Struct

from sequester.episodes.bundle.claims import checked_footer, is_sealed
from sequester.episodes.bundle.files import arrow_errors, check_labels, check_schema
from sequester.episodes.bundle.layout import Bundle, Part
from sequester.episodes.bundle.schema import EPISODES, FINDINGS, REASONING, REWARD_CALLS, SUFFIX
from sequester.errors import BundleError

_HINT = "copy the bundle again from where it was written"


class FileFacts(Struct, frozen=True):
    """What a Parquet file of the bundle is found to be."""

    path: str
    rows: int | None
    """None where the file is sealed."""
    bytes: int
    sha256: str


def verify(bundle: Bundle) -> int:
    """Checks every file and returns the number of episodes.

    Raises BundleError where a digest, a count, a schema, a label or an episode_id is wrong, LimitExceeded where a file claims to
    hold more than can be read in bounded memory.
    """
    entries = bundle.entries()
    run_ids: set[str] = set()
    rows = 0
    for facts in survey(bundle, run_ids):
        entry = entries.get(facts.path)
        where = str(bundle.directory / facts.path)
        if entry is not None and entry.sha256 != facts.sha256:
            raise BundleError("its SHA-256 is not the one in run.json", where=where, hint=_HINT)
        if entry is not None and entry.bytes != facts.bytes:
            raise BundleError(f"has {facts.bytes} bytes, run.json says {entry.bytes}", where=where, hint=_HINT)
        if entry is not None and facts.rows is not None and entry.rows != facts.rows:
            raise BundleError(f"has {facts.rows} rows, run.json says {entry.rows}", where=where, hint=_HINT)
        rows += facts.rows or 0 if facts.path.startswith(f"{EPISODES}/") else 0
    if bundle.manifest is not None and run_ids - {bundle.manifest.run.id}:
        raise BundleError("a part belongs to another run", where=str(bundle.directory), hint="keep one run per bundle")
    check_unique(bundle)
    return rows


def survey(bundle: Bundle, run_ids: set[str]) -> Iterator[FileFacts]:
    """Opens every file of the bundle, checks its frame and adds the run that it names to `run_ids`."""
    for path in _paths(bundle):
        folder = path.parent.name
        rows = None
        if not (folder == REASONING and is_sealed(path)):
            rows = checked_footer(path, folder).rows
            with arrow_errors(path), pq.ParquetFile(path) as file:
                check_schema(file.schema_arrow, folder, path)
                run_ids.add(check_labels(file.metadata.metadata, folder, path))
        if len(run_ids) > 1:
            raise BundleError("belongs to another run than the parts before it", where=str(path), hint="keep one run per bundle")
        yield FileFacts(f"{folder}/{path.name}", rows, path.stat().st_size, _sha256(path))


def check_unique(bundle: Bundle) -> None:
    """Raises BundleError if two episodes have the same id. Holds 8 bytes per episode."""
    hashes = [np.fromiter(map(hash, ids), np.int64) for part in bundle.parts for ids in _ids(part)]
    if not hashes:
        return
    ordered = np.sort(np.concatenate(hashes))
    suspects = frozenset(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    if suspects:
        _refuse_duplicates(bundle, suspects)


def _refuse_duplicates(bundle: Bundle, suspects: frozenset[int]) -> None:
    """Equal hashes are no proof: the ids themselves are compared."""
    first: dict[str, str] = {}
    for part in bundle.parts:
        row = 0
        for ids in _ids(part):
            for episode_id in ids:
                row += 1
                if hash(episode_id) not in suspects:
                    continue
                here = f"{part.path(EPISODES)}: row {row}"
                if episode_id in first:
                    message = f"the same episode_id as in {first[episode_id]}"
                    raise BundleError(message, where=f"{here}, column episode_id", hint="every episode has an id of its own")
                first[episode_id] = here


def _ids(part: Part) -> Iterator[list[str]]:
    path = part.path(EPISODES)
    with arrow_errors(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["episode_id"], use_threads=False):
            yield [str(episode_id) for episode_id in batch.column(0).to_pylist()]


def _paths(bundle: Bundle) -> Iterator[Path]:
    for part in bundle.parts:
        for folder in (EPISODES, REASONING, REWARD_CALLS):
            yield part.path(folder)
    yield from sorted((bundle.directory / FINDINGS).glob(f"[!.]*{SUFFIX}"))


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(
            f"cannot be read ({error.strerror})", where=str(path), hint="check the path and its permissions"
        ) from None
