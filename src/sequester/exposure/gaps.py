"""What the inputs declared about themselves and did not show: records, steps, ranks and group members that are missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from sequester.episodes.readers.interface import Declared
from sequester.exposure.counts import Counts
from sequester.findings.model import InputFile
from sequester.findings.verdict import is_unread

T = TypeVar("T")


class Input(Struct, frozen=True):
    """One input file or directory, as it was recognised."""

    path: str
    format: str
    declared: Declared
    error: str | None = None
    hint: str = ""
    units: frozenset[str] = frozenset()
    """Paths of the files that were read for it; empty: its own path."""


def file(one: Input, counts: Counts) -> InputFile:
    """What was read of an input."""
    paths = sorted(_paths(one))
    read = sum(counts.records[path] for path in paths)
    error = one.error or next((counts.errors[path] for path in paths if path in counts.errors), None)
    return InputFile(one.path, one.format, one.declared.rows, read, error, one.hint if one.error else "")


def is_counted(one: Input, file: InputFile) -> bool:
    """Whether all records of an input are counted, read or not."""
    return one.declared.counts_all or not is_unread(file)


def gaps(counts: Counts, inputs: Sequence[Input], files: Sequence[InputFile]) -> tuple[int, list[str]]:
    """Records, steps, ranks and group members that were declared but not seen. Each is at least one thing not assessed."""
    missing, notes = 0, []
    sizes: dict[str, list[int]] = {}
    for (path, _), size in counts.groups.items():
        sizes.setdefault(path, []).append(size)
    for one, file in zip(inputs, files, strict=True):
        group_sizes = [size for path in _paths(one) for size in sizes.get(path, ())]
        found = list(_missing(one.declared, file.rows_read, _seen(counts.steps, one), _seen(counts.shards, one), group_sizes))
        notes += [f"{one.path}: {what}." for _, what in found]
        # Records that were not read may be those of the missing steps, ranks and groups: nothing is counted twice.
        rows = max(0, (one.declared.rows or 0) - file.rows_read)
        missing += max(rows, sum(count for count, _ in found) - rows)
    return missing, notes


def _missing(
    declared: Declared, rows: int, steps: set[int], shards: set[str], group_sizes: Sequence[int]
) -> Iterator[tuple[int, str]]:
    """What a run declared and did not show: how many, and in words."""
    if declared.rows is not None and rows < declared.rows:
        yield declared.rows - rows, f"{rows} of {declared.rows} declared records were read"
    expected = set(declared.step_set or ())
    if declared.steps is not None:
        expected |= set(range(declared.steps[0], declared.steps[1] + 1))
    if absent := sorted(expected - steps):
        yield len(absent), f"no episode of {len(absent)} declared step(s), the first of them {absent[0]}"
    if declared.ranks is not None and len(shards) < declared.ranks:
        yield declared.ranks - len(shards), f"no episode of {declared.ranks - len(shards)} of {declared.ranks} declared ranks"
    short = sum(max(0, (declared.group_size or 0) - size) for size in group_sizes)
    if short:
        yield short, f"{short} members are missing from advantage groups of {declared.group_size}"


def _paths(one: Input) -> frozenset[str]:
    """Files that were read for an input."""
    return one.units or frozenset((one.path,))


def _seen(by_path: Mapping[str, set[T]], one: Input) -> set[T]:
    """What was seen in all files of one input."""
    return {item for path in _paths(one) for item in by_path.get(path, ())}
