"""Which readers there are, and which of them reads an input.

Readers are plug-ins of the entry-point group `sequester.readers`. Where several recognise one input, the first in this order
reads it: plug-ins from elsewhere (installed on purpose, for a format of their own), then ours the most specific first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import cast

from sequester.episodes.readers.foreign import next_step
from sequester.episodes.readers.interface import Probe, Reader
from sequester.episodes.readers.probing import probe
from sequester.errors import InputError, SequesterError, UnknownFormat, UsageError
from sequester.keys import shown, unknown

GROUP = "sequester.readers"
_SPECIFIC = ("bundle", "inspect", "trl", "verl", "verifiers", "jsonl", "map")
_SHAPE = ("name", "title", "verified", "recognise", "declared", "units", "read")
_KEYS_SHOWN = 12
_DESCRIBE = "name the format with --format, or describe it with --map FILE"
_CONVERT = "name the format with --format, or write its episodes as JSON lines (docs/interchange.md)"


def load_readers(points: Iterable[EntryPoint] | None = None) -> tuple[Reader, ...]:
    """All readers, in the order in which they are asked; `points` replaces the installed entry points.

    Raises SequesterError if one cannot be loaded: an audit that silently lacks a reader would look like one that found nothing.
    """
    points = entry_points(group=GROUP) if points is None else points
    readers = sorted((_load(point) for point in points), key=_rank)
    if not readers:
        raise SequesterError("no readers are installed", hint="install the package from its source: pip install FOLDER")
    names = [reader.name for reader in readers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SequesterError(
            f"two readers are called {twice[0]!r}", where=f"entry-point group {GROUP}", hint="uninstall one of the packages"
        )
    return tuple(readers)


def load_reader(name: str) -> Reader:
    """The reader of that name, without loading all others if its entry point is called like it, as ours are.

    Raises SequesterError as `load_readers` does, UsageError if there is none.
    """
    return _named(name, load_readers(entry_points(group=GROUP, name=name) or None))


def recognise(path: Path, readers: Sequence[Reader], format: str | None = None) -> Reader:
    """The reader of an input: the one that `format` names, else the first that recognises the content.

    Raises UsageError for a format that no reader has, UnknownFormat (listing what was tried) if none recognises the content,
    InputError if the input is empty, damaged or cannot be opened.
    """
    if format is not None:
        return _named(format, readers)
    seen = probe(path)
    if seen.kind == "empty":
        raise InputError("is empty", where=str(path), hint="check whether the trainer wrote it to the end")
    refusals = []
    for reader in readers:
        refusal = reader.recognise(seen)
        if refusal is None:
            return reader
        refusals.append(f"\n  {reader.name}: {refusal}")
    raise UnknownFormat(
        f"no reader recognises the content ({_described(seen)}); tried{''.join(refusals)}",
        where=str(path),
        hint=next_step(seen) or (_DESCRIBE if seen.kind in ("jsonl", "parquet") else _CONVERT),
    )


def _load(point: EntryPoint) -> Reader:
    where = f"entry point {point.name!r} of group {GROUP}"
    package = point.dist.name if point.dist else point.value.partition(".")[0]
    hint = f"install the package {package} again from where it came, or uninstall it"
    try:
        reader = point.load()
    except Exception as error:
        raise SequesterError(f"cannot load {point.value} ({type(error).__name__}: {error})", where=where, hint=hint) from error
    missing = [name for name in _SHAPE if not hasattr(reader, name)]
    if missing:
        raise SequesterError(f"{point.value} is no reader: it has no `{missing[0]}`", where=where, hint=hint)
    return cast(Reader, reader)


def _rank(reader: Reader) -> tuple[int, str]:
    known = reader.name in _SPECIFIC
    return (_SPECIFIC.index(reader.name) + 1 if known else 0, reader.name)


def _named(format: str, readers: Sequence[Reader]) -> Reader:
    for reader in readers:
        if reader.name == format:
            return reader
    names = [reader.name for reader in readers]
    raise UsageError(unknown(format, names).replace("key", "format", 1), where="--format", hint=f"formats: {', '.join(names)}")


def _described(seen: Probe) -> str:
    names = sorted(name for name in seen.columns if shown(name))
    if not names:
        return seen.kind
    more = ", …" if len(names) > _KEYS_SHOWN else ""
    return f"{seen.kind} with {', '.join(names[:_KEYS_SHOWN])}{more}"
