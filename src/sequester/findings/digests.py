"""Which bytes a result is about: SHA-256 of its inputs, kept with it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from hashlib import file_digest
from pathlib import Path


def digests(paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of every input file that can be read, by path; directories file by file."""
    found = {}
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else (path,):
            with suppress(OSError):  # the audit has said that it cannot be read
                if file.is_file():
                    found[str(file)] = digest(file)
    return found


def digest(file: Path) -> str:
    """SHA-256 of one file."""
    with file.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
