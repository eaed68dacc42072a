"""Writing a run bundle: part files by many processes, then one `run.json` that closes it.

A file is written under a claim, `.<part>.parquet.partial`, created exclusively, and then renamed: whoever holds the claim is the
only one who may make the file of that name, and a file with its final name is whole. Of a part's files, that in
`episodes/` gets its name last.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import pyarrow as pa
import pyarrow.parquet as pq

from sequester.episodes.bundle.encoding import RowGroup
from sequester.episodes.bundle.manifest import PART_NAME, RunInfo
from sequester.episodes.bundle.schema import (
    DICTIONARY,
    FILE_KEY,
    FOLDERS,
    GROUP_ROWS,
    MANIFEST,
    PART_FOLDERS,
    RUN_KEY,
    SCHEMAS,
    STATISTICS,
    SUFFIX,
    VERSION,
    VERSION_KEY,
)
from sequester.episodes.model import Episode
from sequester.errors import BundleError, UsageError

CLAIM_SUFFIX = ".partial"
_ROWS = 500
"""Episodes per row group; the format allows `GROUP_ROWS`."""
_BYTES = 8 << 20
"""Bytes per row group: it bounds what writer and reader hold, and stays within reach of a processor's cache."""
_PART_GROUPS = 64
"""Row groups per part: it bounds the footer that the writer holds, and what a crash loses between two flushes."""
assert _ROWS <= GROUP_ROWS


class BundleWriter:
    """Writes the episodes of one process into a bundle. Memory does not grow with the run.

    `flush` publishes what was written so far as a part of its own; a trainer calls it once per step. Leaving the context
    publishes the rest, or, after an exception, drops it. One writer per `rank` at a time; a later one carries on with the next
    free number.
    """

    def __init__(self, directory: Path, run: RunInfo, rank: str = "0") -> None:
        """Raises UsageError if the rank cannot name a file, BundleError if the bundle is closed or its folders cannot be made."""
        if not PART_NAME.fullmatch(f"{rank}-000000"):
            raise UsageError("a rank is made of at most 64 letters, digits, dots and underscores, and begins with no dot")
        self._directory = directory
        self._run = run
        self._rank = rank
        if (directory / MANIFEST).exists():
            raise BundleError("the bundle is closed", where=str(directory), hint="write a new run into a new directory")
        with _os_errors(directory):
            for folder in FOLDERS:
                (directory / folder).mkdir(parents=True, exist_ok=True)
            self._sequence = _next_sequence(directory, rank)
        self._part: _Part | None = None
        self._group = RowGroup(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.flush()
        elif self._part is not None:
            self._part.drop()

    def write(self, episode: Episode) -> None:
        """Raises BundleError or LimitExceeded if the format cannot hold the episode, which is then left out as a whole."""
        self._group.add(episode)
        if self._group.rows >= _ROWS or self._group.size >= _BYTES:
            self._write_group()

    def flush(self) -> None:
        """Publishes what was written since the last flush as a part; nothing to publish makes no part."""
        if self._group.rows:
            self._write_group()
        if self._part is not None:
            part, self._part = self._part, None
            part.publish()
        self._group = RowGroup(0)

    def _write_group(self) -> None:
        if self._part is None:
            self._part = _Part(self._directory, f"{self._rank}-{self._sequence:06d}", self._run.id)
            self._sequence += 1
        group, self._group = self._group, RowGroup(self._group.first_row + self._group.rows)
        self._part.write(group)
        if self._part.groups >= _PART_GROUPS:
            self.flush()


class _Part:
    """The three open files of a part."""

    def __init__(self, directory: Path, name: str, run_id: str) -> None:
        self.groups = 0
        self._files: dict[str, PartFile] = {}
        with ExitStack() as claimed:
            for folder in PART_FOLDERS:
                file = PartFile(directory, folder, name, run_id)
                claimed.callback(file.drop)
                self._files[folder] = file
            claimed.pop_all()

    def write(self, group: RowGroup) -> None:
        for folder, batch in group.batches().items():
            self._files[folder].write(batch)
        self.groups += 1

    def publish(self) -> None:
        with ExitStack() as unfinished:
            for file in self._files.values():
                unfinished.callback(file.drop)
            for file in self._files.values():
                file.finish()
            unfinished.pop_all()
        for folder in PART_FOLDERS:
            self._files[folder].publish()

    def drop(self) -> None:
        for file in self._files.values():
            file.drop()


class PartFile:
    """One Parquet file of a bundle, under its claim until it is published. Also what writes `findings/`."""

    def __init__(self, directory: Path, folder: str, name: str, run_id: str) -> None:
        self._final = directory / folder / f"{name}{SUFFIX}"
        self._claim = claim_of(self._final)
        self._raw = self._claimed()
        labels = {VERSION_KEY: str(VERSION), RUN_KEY: run_id, FILE_KEY: f"{folder}/{name}"}
        self._parquet = pq.ParquetWriter(
            self._raw,
            SCHEMAS[folder],
            compression="zstd",
            compression_level=3,
            use_dictionary=cast(Any, DICTIONARY[folder] or False),
            write_statistics=cast(Any, STATISTICS[folder]),
            store_schema=False,
        )
        self._parquet.add_key_value_metadata(labels)

    def write(self, batch: pa.RecordBatch) -> None:
        """One row group, empty or not."""
        with _os_errors(self._final):
            self._parquet.write_table(pa.Table.from_batches([batch]), row_group_size=max(1, batch.num_rows))

    def finish(self) -> None:
        """Writes the footer and brings the file to disk."""
        with _os_errors(self._final):
            self._parquet.close()
            self._raw.flush()
            os.fsync(self._raw.fileno())
            self._raw.close()

    def publish(self) -> None:
        """Gives the finished file its name."""
        with _os_errors(self._final):
            self._claim.rename(self._final)
            sync_directory(self._final.parent)

    def drop(self) -> None:
        """Gives the claim up; what was written under it is gone."""
        with contextlib.suppress(pa.ArrowException, OSError, ValueError):
            self._parquet.close()
        self._raw.close()
        self._claim.unlink(missing_ok=True)

    def _claimed(self) -> BinaryIO:
        hint = "give each process its own rank; if the other writer died, remove the .partial file"
        try:
            raw = self._claim.open("xb")
        except FileExistsError:
            raise BundleError("another writer holds this part", where=str(self._final), hint=hint) from None
        except OSError as error:
            raise BundleError(
                f"cannot be written ({error.strerror})", where=str(self._final), hint="check the directory"
            ) from None
        if self._final.exists():
            raw.close()
            self._claim.unlink()
            raise BundleError("another writer has written this part", where=str(self._final), hint=hint)
        return raw


def claim_of(path: Path) -> Path:
    """The name under which a file is written before it gets its own."""
    return path.with_name(f".{path.name}{CLAIM_SUFFIX}")


def sync_directory(directory: Path) -> None:
    """Brings the names in a directory to disk, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _next_sequence(directory: Path, rank: str) -> int:
    """One more than the last part of this rank, published or claimed."""
    taken = [-1]
    for folder in PART_FOLDERS:
        for path in (directory / folder).iterdir():
            match = PART_NAME.match(path.name.removeprefix("."))
            if match and match["rank"] == rank:
                taken.append(int(match["sequence"]))
    return max(taken) + 1


@contextlib.contextmanager
def _os_errors(path: Path) -> Iterator[None]:
    """A full disk or a missing permission becomes a BundleError."""
    try:
        yield
    except OSError as error:
        raise BundleError(f"cannot be written ({error.strerror})", where=str(path), hint="check space and permissions") from None
