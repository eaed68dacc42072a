"""What the inputs declared about themselves and did not show: records, steps, ranks and group members that are missing.

What is missing is counted where its size is known. Of a part of unknown size (a step, a rank, a file of which nothing says how many
episodes it held) only that it is missing is known: it counts as no episode at all, and its input as not seen whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from msgspec import Struct

from sequester.episodes.readers.interface import Declared
from sequester.exposure.counts import Counts
from sequester.findings.model import InputFile
from sequester.findings.verdict import is_unread

T = TypeVar("T")

_HINT = "look for what is missing where the run wrote it, and give that too"


class Input(Struct, frozen=True):
    """One input file or directory, as it was recognised."""

    path: str
    format: str
    declared: Declared
    error: str | None = None
    hint: str = ""
    units: frozenset[str] = frozenset()
    """Paths of the files that were read for it; empty: its own path."""


class Account(NamedTuple):
    """What an input showed of what it should hold."""

    file: InputFile
    missing: int
    """Records that are missing and whose number is known."""
    counted: bool
    """Whether all records are counted, read or not."""
    notes: list[str]


class _Gap(NamedTuple):
    records: int | None
    """None where nobody knows how many."""
    words: str


def reconciled(counts: Counts, inputs: Sequence[Input]) -> Iterator[Account]:
    """Each input, with the records, steps, ranks and group members that it should hold and did not show."""
    sizes: dict[str, list[int]] = {}
    for (path, _), size in counts.groups.items():
        sizes.setdefault(path, []).append(size)
    for one in inputs:
        yield _account(one, counts, [size for path in _paths(one) for size in sizes.get(path, ())])


def _account(one: Input, counts: Counts, group_sizes: Sequence[int]) -> Account:
    paths = sorted(_paths(one))
    read = sum(counts.records[path] for path in paths)
    gaps = list(_gaps(one.declared, read, _seen(counts.steps, one), _seen(counts.shards, one), group_sizes))
    unknown = [gap.words for gap in gaps if gap.records is None]
    error, hint = one.error or next((counts.errors[path] for path in paths if path in counts.errors), None), one.hint
    if unknown and error is None:
        error, hint = f"{'; '.join(unknown)}: an unknown number of episodes is missing", _HINT
    file = InputFile(one.path, one.format, None if unknown else one.declared.rows, read, error, hint if error else "")
    return Account(
        file,
        # Members that are missing from groups may be among the records that were not read: nothing is counted twice.
        max((gap.records for gap in gaps if gap.records is not None), default=0),
        not unknown and (one.declared.counts_all or not is_unread(file)),
        [f"{one.path}: {gap.words}{'; how many episodes that is, is unknown' if gap.records is None else ''}." for gap in gaps],
    )


def _gaps(declared: Declared, read: int, steps: set[int], shards: set[str], group_sizes: Sequence[int]) -> Iterator[_Gap]:
    """What a run should hold and did not show. Steps and ranks have a size only among records that are counted without them."""
    records = 0 if declared.rows is None else declared.rows - declared.uncounted
    missing = max(0, records - read)
    if missing:
        yield _Gap(missing, f"{read:,} of {records:,} records were read")
    if declared.uncounted:
        yield _Gap(None, f"{declared.uncounted:,} part(s) were not read")
    absent, first = _absent_steps(declared, steps)
    if absent:
        known = 0 if declared.rows_of_run and missing >= absent else None
        said = "step(s) that the numbering of the others suggests" if declared.steps_inferred else "declared step(s)"
        yield _Gap(known, f"no episode of {absent:,} {said}, the first of them {first}")
    if declared.ranks is not None and (lost := declared.ranks - len(shards)) > 0:
        known = 0 if missing >= lost and (declared.rows_of_run or declared.ranks_counted >= declared.ranks) else None
        yield _Gap(known, f"no episode of {lost:,} of {declared.ranks:,} declared ranks")
    if short := sum(max(0, (declared.group_size or 0) - size) for size in group_sizes):
        yield _Gap(short, f"{short:,} members are missing from advantage groups of {declared.group_size:,}")


def _absent_steps(declared: Declared, seen: set[int]) -> tuple[int, int]:
    """How many steps should be there and are not, and the first of them. `steps` may span any number: it is never spelt out."""
    if declared.step_set is not None:
        absent = declared.step_set - seen
        return len(absent), min(absent, default=0)
    if declared.steps is None:
        return 0, 0
    first, last = declared.steps
    inside = sorted(step for step in seen if first <= step <= last)
    gap = next((step for step, found in enumerate(inside, first) if step != found), first + len(inside))
    return last - first + 1 - len(inside), gap


def _paths(one: Input) -> frozenset[str]:
    """Files that were read for an input."""
    return one.units or frozenset((one.path,))


def _seen(by_path: Mapping[str, set[T]], one: Input) -> set[T]:
    """What was seen in all files of one input."""
    return {item for path in _paths(one) for item in by_path.get(path, ())}
