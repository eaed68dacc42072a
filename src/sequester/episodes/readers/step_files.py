"""Folders in which a trainer leaves one file per training step, named by the step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from itertools import pairwise
from pathlib import Path

from sequester.errors import InputError

_MOST_STEPS = 1_000_000
"""Beyond this many, file names are taken for something else than a series of steps."""


def files_by_step(folder: Path, name: re.Pattern[str]) -> list[tuple[int, Path]]:
    """The files of a folder whose whole name matches, in order of the step that group 1 of the pattern holds.

    Raises InputError if the folder cannot be listed.
    """
    try:
        found = [(int(match[1]), entry) for entry in folder.iterdir() if (match := name.fullmatch(entry.name))]
    except OSError as error:
        raise InputError(f"cannot be listed ({error.strerror})", where=str(folder), hint="check its permissions") from None
    return sorted(found)


def step_of(path: Path, name: re.Pattern[str]) -> int | None:
    """The step in a file's name."""
    match = name.fullmatch(path.name)
    return int(match[1]) if match else None


def expected_steps(seen: Collection[int]) -> frozenset[int]:
    """The steps that should be there, given those that are: from first to last, every one at which the trainer writes.

    Trainers write at multiples of an interval, sometimes at the first and the last step too. The interval is the most common
    distance between the steps in between, the smaller one of two. Nothing is said about steps before the first or after the last
    file.
    """
    steps = sorted(set(seen))
    distances = Counter(later - earlier for earlier, later in pairwise(steps[1:-1] if len(steps) > 3 else steps))
    if not distances:
        return frozenset(steps)
    interval = min(distances, key=lambda distance: (-distances[distance], distance))
    if (steps[-1] - steps[0]) // interval > _MOST_STEPS:
        return frozenset(steps)
    first_multiple = -(-steps[0] // interval) * interval
    return frozenset(steps).union(range(first_multiple, steps[-1], interval))


def run_name(path: Path, inside: str = "") -> str:
    """A name for a step file that tells two runs apart: its folder and its own stem. A folder named `inside` is no run."""
    folder = path.absolute().parent
    folder = folder.parent if folder.name == inside else folder
    return f"{folder.name}/{path.stem}"
