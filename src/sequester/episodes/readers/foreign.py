"""What an input is that no reader reads, and how to turn it into one that is: the next step of an error, not a format."""

from __future__ import annotations

from pathlib import Path

from sequester.episodes.bundle.schema import VERSION_KEY
from sequester.episodes.readers.interface import Probe
from sequester.episodes.readers.probing import probe
from sequester.episodes.readers.streams import beginning
from sequester.errors import InputError

_HEAD = 1 << 12
_TAR_MARK = slice(257, 262)
_PARQUET = "write its table as Parquet (pyarrow.parquet.write_table) and describe it with --map FILE"
_MAGIC = {
    b"BZh": "is packed with bzip2: unpack it (bunzip2), or pack it with gzip or zstd",
    b"\xfd7zXZ\0": "is packed with xz: unpack it (unxz), or pack it with gzip or zstd",
    b"\x04\x22\x4d\x18": "is packed with lz4: unpack it (unlz4), or pack it with gzip or zstd",
    b"7z\xbc\xaf\x27\x1c": "is a 7z archive: unpack it and give the directory",
    b"PK\x03\x04": "is a ZIP archive: unpack it and give the directory",
    b"ARROW1": f"is an Arrow file: {_PARQUET}",
    b"\xff\xff\xff\xff": f"looks like an Arrow stream: {_PARQUET}",
    b"SQLite format 3\0": "is an SQLite database: write its rows as JSON lines and describe them with --map FILE",
    b"\x80\x02": "looks like a pickle, which is never opened: write its records as JSON lines",
    b"\x80\x04": "looks like a pickle, which is never opened: write its records as JSON lines",
    b"\x80\x05": "looks like a pickle, which is never opened: write its records as JSON lines",
}
_TABLE = (
    "looks like a table of text: convert it (pyarrow.csv.read_csv, pyarrow.parquet.write_table) and describe it with --map FILE"
)


_WANDB = frozenset({"columns", "data"})
_WANDB_STEP = (
    "looks like a W&B table: give its rows names (jq -c '.columns as $names | .data[] | [$names, .] | transpose | "
    "map({(.[0]): .[1]}) | add') and describe them with --map FILE"
)


def require_lines(path: Path) -> None:
    """Refuse what cannot be JSON lines, though a format was named: else each line of a document would count as an episode.

    Raises InputError for it, and for a file that is damaged or cannot be read.
    """
    seen = probe(path)
    if seen.kind in ("text", "binary", "zip") or (seen.kind == "json" and _is_document(path)):
        raise InputError("is not JSON lines", where=str(path), hint=next_step(seen) or "write one JSON object per line")


def _is_document(path: Path) -> bool:
    """Whether JSON is one document over several lines, or an array; not the only line of a log, cut off."""
    head = beginning(path, _HEAD).lstrip()
    first, newline, _ = head.partition(b"\n")
    return head.startswith(b"[") or (bool(newline) and first.rstrip().endswith((b"{", b"[", b",")))


def next_step(seen: Probe) -> str | None:
    """What an unrecognised input seems to be and what to do about it; None where nothing can be said."""
    if seen.kind == "jsonl" and seen.columns >= _WANDB:
        return _WANDB_STEP
    if seen.kind == "parquet" and VERSION_KEY in seen.metadata:
        return "is one file of a run bundle: give the directory that holds its episodes/"
    if seen.kind not in ("binary", "text", "json", "zip"):
        return None
    head = beginning(seen.path, _HEAD)
    for magic, step in _MAGIC.items():
        if head.startswith(magic):
            return step
    if head[_TAR_MARK] == b"ustar":
        return "is a tar archive: unpack it and give the directory"
    if seen.kind == "json":
        return _json_step(head)
    if seen.kind == "text":
        first = head.partition(b"\n")[0]
        return _TABLE if b"," in first or b"\t" in first else None
    return "looks like UTF-16 text: convert it (iconv -f UTF-16 -t UTF-8)" if _is_wide(head) else None


def _json_step(head: bytes) -> str:
    if _is_wide(head):
        return "looks like UTF-16 text: convert it (iconv -f UTF-16 -t UTF-8)"
    if not _is_utf8(head):
        return "is not valid UTF-8: convert it (iconv -f LATIN1 -t UTF-8, if that is what it is)"
    program = ".[]" if head.lstrip().startswith(b"[") else "."
    return f"holds JSON that is not one object per line: convert it (jq -c '{program}' FILE > FILE.jsonl)"


def _is_wide(head: bytes) -> bool:
    """Whether every other byte is mostly NUL, as in Western text of two bytes per character."""
    return any(head[start::2].count(0) > len(head) // 3 and head[1 - start :: 2].count(0) == 0 for start in (0, 1))


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3
    return True
