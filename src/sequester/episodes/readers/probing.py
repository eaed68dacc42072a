"""A look at the beginning of an input: enough for every reader to recognise its own. Names and suffixes say nothing here."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from sequester.episodes.model import Reason, Skipped
from sequester.episodes.readers import parquet
from sequester.episodes.readers.interface import Probe, Unit
from sequester.episodes.readers.jsonlines import decoded_lines
from sequester.episodes.readers.streams import beginning, file_compression
from sequester.episodes.readers.zipped import ZippedFile
from sequester.errors import InputError

_HEAD = 1 << 12
_FIRST_LINES = 20
"""Lines in which the first JSON object is looked for: a log may begin with a broken line."""
_NAMES = 10_000
"""Names of a directory or archive that are looked at."""
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_OBJECT: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])


def probe(path: Path) -> Probe:
    """What can be said about an input. Kinds: `jsonl json parquet zip directory text binary empty`.

    gzip and zstd are looked through for JSON. Raises InputError if the input is there but unreadable, or damaged before its first
    record ends.
    """
    if path.is_dir():
        return Probe(path, "directory", columns=_directory_names(path))
    packed = file_compression(path)
    head = beginning(path, _HEAD)
    if packed is None and head.startswith(parquet.MAGIC):
        footer = parquet.read_footer(path)
        return Probe(path, "parquet", columns=frozenset(footer.schema.names), metadata=footer.metadata)
    if packed is None and head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        with ZippedFile(path) as archive:
            return Probe(path, "zip", columns=_tops(archive.entries))
    if head.startswith(_UTF16):
        raise InputError("is UTF-16 text", where=str(path), hint="convert it: iconv -f UTF-16 -t UTF-8")
    return _probe_text(path, head)


def _probe_text(path: Path, head: bytes) -> Probe:
    text = head.removeprefix(_BOM).lstrip()
    if not text:
        return Probe(path, "binary" if len(head) == _HEAD else "empty")
    if text.startswith(b"["):
        return Probe(path, "json")
    if not text.startswith(b"{") and not _is_text(head):
        return Probe(path, "binary")
    first = _first_object(path)
    if first is not None:
        return Probe(path, "jsonl", columns=frozenset(first), first=first)
    return Probe(path, "json" if text.startswith(b"{") else "text")


def _is_text(head: bytes) -> bool:
    """Whether bytes are UTF-8 without control characters, but for a character that the end of the bytes cuts in two."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return False
        text = head[: error.start].decode()
    return "\0" not in text


def _first_object(path: Path) -> dict[str, Any] | None:
    records = decoded_lines(Unit(str(path)), _OBJECT)
    for _, found in islice(records, _FIRST_LINES):
        if not isinstance(found, Skipped):
            return found
        if found.reason is Reason.LIMIT:
            return None
    return None


def _directory_names(path: Path) -> frozenset[str]:
    try:
        with os.scandir(path) as entries:
            return frozenset(entry.name for entry in islice(entries, _NAMES))
    except OSError as error:
        raise InputError(f"cannot be listed ({error.strerror})", where=str(path), hint="check its permissions") from None


def _tops(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.partition("/")[0] for name in islice(names, _NAMES))
