"""Reads run bundles (`docs/format.md`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sequester.episodes.bundle.layout import Fault, part_of
from sequester.episodes.bundle.manifest import Expected, Manifest
from sequester.episodes.bundle.reading import group_sizes, read_part
from sequester.episodes.bundle.schema import EPISODES, FOLDERS, MANIFEST, VERSION_KEY
from sequester.episodes.bundle.verification import Verified, verified
from sequester.episodes.model import Episode, Skipped
from sequester.episodes.readers.interface import Declared, Options, Probe, Unit

_UNIT_BYTES = 8 << 20
"""Uncompressed bytes that a unit holds at least."""
_RANKS_NAMED = 20
"""Ranks whose missing parts are named in the result; the rest are counted."""


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
        """What `run.json` declares, and what of the bundle cannot be read: one read of all bytes.

        Raises BundleError where nothing of it can be read.
        """
        bundle = verified(path)
        expected = bundle.manifest.expected if bundle.manifest is not None else Expected()
        first = bundle.faults[0].error if bundle.faults else None
        rows = max(bundle.episodes, expected.episodes or 0)
        unknown = sum(fault.episodes is None for fault in bundle.faults)
        return Declared(
            rows=rows,
            counts_all=bundle.manifest is not None and all(fault.episodes is not None for fault in bundle.faults),
            uncounted=rows - max(bundle.episodes - unknown, expected.episodes or 0),
            rows_of_run=expected.episodes == rows,
            error=_told(path, bundle) if bundle.faults else None,
            hint=first.hint if first is not None else "",
            notes=(*_unfinished(path, bundle.manifest), *_by_rank(path, bundle.faults)),
            steps=expected.steps,
            step_set=frozenset(expected.step_set) if expected.step_set is not None else None,
            ranks=expected.ranks,
            ranks_counted=len(_ranks_listed(bundle.manifest)),
            group_size=expected.group_size,
            closed=bundle.manifest is not None,
            answered_for=frozenset(str(path / name) for name in (MANIFEST, *FOLDERS)),
        )

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        """Ranges of row groups of one part. Parts that are not what they should be have none: `declared` says why."""
        for part in verified(path).parts:
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


def _unfinished(path: Path, manifest: Manifest | None) -> Iterator[str]:
    if manifest is None:
        yield f"{path}: the bundle is not closed (it has no {MANIFEST}), so what else the run wrote is unknown."


def _ranks_listed(manifest: Manifest | None) -> frozenset[str]:
    """Ranks of which a closed bundle lists a part, there or not."""
    paths = (Path(entry.path) for entry in manifest.files) if manifest is not None else ()
    return frozenset(path.stem.rpartition("-")[0] for path in paths if path.parent.name == EPISODES)


def _told(path: Path, bundle: Verified) -> str:
    """The first thing that is wrong, and how many more there are."""
    more = f" (and {len(bundle.faults) - 1:,} more)" if len(bundle.faults) > 1 else ""
    return f"{_shown(path, bundle.faults[0])}{more}"


def _shown(path: Path, fault: Fault) -> str:
    """The error, its file as it stands in the bundle."""
    return str(fault.error).removeprefix(f"{path}/")


def _by_rank(path: Path, faults: Sequence[Fault]) -> Iterator[str]:
    """A sentence for each rank of which something is missing, naming the first file."""
    ranks: dict[tuple[str, bool], list[Fault]] = {}
    for fault in faults:
        if fault.rank is not None:
            ranks.setdefault((fault.rank, fault.lacks_reasoning), []).append(fault)
    for (rank, lacks_reasoning), found in list(ranks.items())[:_RANKS_NAMED]:
        first = f"{'the first: ' if len(found) > 1 else ''}{_shown(path, found[0])}"
        if lacks_reasoning:
            yield f"{path}: rank {rank}: {_counted(len(found), 'part')} read without reasoning; {first}."
            continue
        known = _counted(sum(fault.episodes or 0 for fault in found), "episode")
        unknown = " and an unknown number more" if any(fault.episodes is None for fault in found) else ""
        yield f"{path}: rank {rank}: {_counted(len(found), 'part')} not read, {known}{unknown}; {first}."
    if len(ranks) > _RANKS_NAMED:
        yield f"{path}: parts of {len(ranks) - _RANKS_NAMED:,} further ranks are not read, or read without reasoning."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


READER = BundleReader()
