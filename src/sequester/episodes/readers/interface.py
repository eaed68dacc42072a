"""The seam between log formats and everything else.

A reader turns one log format into episodes. It is a plug-in: a module-level object of this shape, named in the entry-point group
`sequester.readers`. It imports no framework. Every reader passes the same contract test (`tests/episodes/readers/contract.py`).

Reading is by unit: a slice of an input that can be read alone (a row group, a range of bytes, a whole file), so that memory stays
bounded and several processes can share one file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct

from sequester.episodes.model import Episode, Skipped


class Probe(Struct, frozen=True):
    """What can be said about an input from a look at its beginning; enough for every reader to recognise its own."""

    path: Path
    kind: str
    """`jsonl`, `json`, `parquet`, `zip`, `directory`, `binary`, `empty`."""
    columns: frozenset[str] = frozenset()
    """Parquet column names, or the keys of the first JSON object, or the names at the top of a zip or directory."""
    first: dict[str, Any] | None = None
    """The first JSON object of a JSONL file. Hazardous: may hold CoT; never printed."""
    metadata: dict[str, str] = {}
    """Parquet key-value metadata."""


class Declared(Struct, frozen=True):
    """What an input says about itself, against which the rows read are reconciled."""

    rows: int | None = None
    """Records the file itself declares (Parquet footer, zip directory); None where the format declares nothing."""
    counts_all: bool = False
    """`rows` counts every record, also those that cannot be read: however few are read, the share of the others is known."""
    uncounted: int = 0
    """Parts of unknown size among `rows`, which counts each of them as one."""
    rows_of_run: bool = False
    """The run declared how many records it holds, and `rows` is no less: those of steps and ranks that are not there count too."""
    error: str | None = None
    """What of the input cannot be read; the rest of it is."""
    hint: str = ""
    """What to do about the error."""
    notes: tuple[str, ...] = ()
    """What else is to be said of the input, in whole sentences."""
    steps: tuple[int, int] | None = None
    """First and last training step declared for the run, inclusive."""
    step_set: frozenset[int] | None = None
    """The steps themselves, where they are not all of `steps`."""
    steps_inferred: bool = False
    """Nobody declared `step_set`: it is what the numbering of the steps that are there suggests."""
    ranks: int | None = None
    """Processes that were to write episodes."""
    ranks_counted: int = 0
    """Ranks whose records `rows` counts, read or not."""
    group_size: int | None = None
    closed: bool = False
    """The run said that it is complete (a run bundle's run.json); without it the scope is `files_given`."""
    answered_for: frozenset[str] = frozenset()
    """Files and folders in a directory, by path, that hold no further episodes: parts of the format, or repeats of what is read. The
    audit looks through everything else in it."""


class Unit(Struct, frozen=True):
    """A slice of an input that can be read alone."""

    path: str
    start: int = 0
    stop: int = -1
    """-1: to the end."""
    first_record: int = 1
    """Number of the first record of the slice, for error messages."""
    wanted: frozenset[int] | None = None
    """Numbers of the records asked for (`Source.record`), None for all: a reader may leave out the others, where that saves it work."""


class Options(Struct, frozen=True):
    """What a user may say about an input that its content cannot tell."""

    template: str = "auto"
    """Template family of raw completions."""
    field_map: dict[str, Any] | None = None
    """Parsed TOML of `--map FILE`."""
    map_name: str = "field map"
    """What errors call it: the name of that file."""


class Reader(Protocol):
    """One log format."""

    name: str
    """As in `--format NAME`."""
    title: str
    """One line for `doctor` and the docs."""
    verified: str
    """What the fixture was written by, such as `trl 1.16.0`; empty where the framework's own code could not be run."""

    def recognise(self, probe: Probe) -> str | None:
        """None if the content is this format; else one sentence saying what is missing."""

    def declared(self, path: Path, options: Options) -> Declared:
        """What the input declares about itself. Raises InputError if its frame cannot be read."""

    def units(self, path: Path, options: Options) -> Iterator[Unit]:
        """Slices that together hold every record once, in order."""

    def read(self, unit: Unit, options: Options) -> Iterator[Episode | Skipped]:
        """Every record of the slice, once, as an episode or as skipped.

        Raises InputError when the slice cannot be read any further; what was yielded before stands.
        """
