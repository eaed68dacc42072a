"""Reads run bundles (`docs/format.md`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sequester.episodes.bundle.layout import open_bundle, part_of
from sequester.episodes.bundle.reading import group_sizes, read_part
from sequester.episodes.bundle.schema import EPISODES, FOLDERS, MANIFEST, VERSION_KEY
from sequester.episodes.bundle.verification import verify
from sequester.episodes.model import Episode, Skipped
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit

_UNIT_BYTES = 8 << 20
"""Uncompressed bytes that a unit holds at least."""


class BundleReader:
    """The reader of Sequester's own format."""

    name = "bundle"
    title = "Sequester run bundle, format version 1 (a directory)"
    verified = "sequester"

    def recognise(self, probe: Probe) -> str | None:
        """A directory with `run.json` or `episodes/`."""
        if probe.kind == "parquet" and VERSION_KEY in probe.metadata:
            return "is one file of a run bundle: give the directory of the bundle"
        if probe.kind != "directory":
            return "a run bundle is a directory"
        return None if probe.columns & {MANIFEST, EPISODES} else f"the directory holds neither {MANIFEST} nor {EPISODES}/"

    def declared(self, path: Path, options: Options) -> Declared:
        """What `run.json` declares, after every file was checked against it: one read of all bytes.

        Raises BundleError where the bundle breaks its format.
        """
        bundle = open_bundle(path)
        rows = verify(bundle)
        own = frozenset(str(path / name) for name in (MANIFEST, *FOLDERS))
        if bundle.manifest is None:
            return Declared(rows=rows, answered_for=own)
        expected = bundle.manifest.expected
        return Declared(
            rows=max(rows, expected.episodes or 0),
            steps=expected.steps,
            step_set=frozenset(expected.step_set) if expected.step_set is not None else None,
            ranks=expected.ranks,
            group_size=expected.group_size,
            closed=True,
            answered_for=own,
        )

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        """Ranges of row groups of one part. Raises BundleError where a part cannot be read."""
        for part in open_bundle(path).parts:
            start, size, first, record = 0, 0, 1, 1
            sizes = group_sizes(part)
            for index, group in enumerate(sizes, 1):
                size += group.bytes
                record += group.rows
                if size >= _UNIT_BYTES or index == len(sizes):
                    yield Unit(str(part.path(EPISODES)), start, index, first)
                    start, size, first = index, 0, record

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        """Raises BundleError where the part breaks the format; what was yielded before stands."""
        yield from read_part(part_of(Path(unit.path)), unit.start, unit.stop)


READER = BundleReader()
