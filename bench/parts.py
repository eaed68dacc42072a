"""Long simulations in parts, on all cores. What is done is kept, so that a run that was interrupted goes on where it was.

Each part's outcome is one line of `build/bench/NAME.parts.jsonl`, with a digest of the code that it depends on: a line of other code is not
used. The file is removed when everything is done.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build/bench"
_CODE = ("src/sequester", "bench")
Found = TypeVar("Found", bound=Struct)


class Part(Struct, frozen=True):
    """Some runs of one row of a table."""

    row: str
    number: int
    """Of the row."""
    first: int
    """Seed of the first run; the others follow."""
    runs: int


class _Line(Struct, frozen=True):
    code: str
    part: Part
    found: msgspec.Raw


def parts_of(rows: Sequence[tuple[str, int]], most: int) -> list[Part]:
    """For each row, by name and number of runs, parts of at most so many."""
    return [
        Part(row, number, first, min(most, runs - first))
        for number, (row, runs) in enumerate(rows)
        for first in range(0, runs, most)
    ]  # fmt: skip


def done(name: str, work: Callable[[Part], Found], parts: Sequence[Part], kind: type[Found]) -> Iterator[tuple[Part, Found]]:
    """Every part with its outcome, as they come. `work` runs in processes of their own."""
    KEPT.mkdir(parents=True, exist_ok=True)
    path, code = KEPT / f"{name}.parts.jsonl", _digest()
    known = dict(_kept(path, code))
    yield from ((part, msgspec.json.decode(known[part], type=kind)) for part in parts if part in known)
    left = [part for part in parts if part not in known]
    with path.open("ab") as file, multiprocessing.Pool() as pool:
        for part, found in pool.imap_unordered(_Work(work), left):
            file.write(msgspec.json.encode(_Line(code, part, msgspec.Raw(msgspec.json.encode(found)))) + b"\n")
            file.flush()
            yield part, found
    path.unlink()


class _Work(Generic[Found]):
    """A part with its outcome."""

    def __init__(self, work: Callable[[Part], Found]) -> None:
        self._work = work

    def __call__(self, part: Part) -> tuple[Part, Found]:
        return part, self._work(part)


def _kept(path: Path, code: str) -> Iterator[tuple[Part, msgspec.Raw]]:
    for text in path.read_bytes().splitlines() if path.exists() else ():
        try:
            line = msgspec.json.decode(text, type=_Line)
        except msgspec.DecodeError:
            continue  # cut off with the run
        if line.code == code:
            yield line.part, line.found


def _digest() -> str:
    """Of the engine and of all benches."""
    hashed = hashlib.blake2b(digest_size=8)
    for path in sorted(file for folder in _CODE for file in (ROOT / folder).rglob("*.py")):
        hashed.update(path.read_bytes())
    return hashed.hexdigest()
