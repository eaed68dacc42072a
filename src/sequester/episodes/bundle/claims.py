"""Whether a file's footer claims more than the format allows, or than can be read in bounded memory."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from msgspec import Struct

from sequester.episodes.bundle.schema import DICTIONARY, EPISODES, GROUP_BYTES, GROUP_ROWS
from sequester.episodes.parquet_footer import BYTE_ARRAY, MAGIC_ENCRYPTED, Chunk, read_footer
from sequester.errors import BundleError, InputError, LimitExceeded

_COPYING = frozenset({2, 8})
"""PLAIN_DICTIONARY and RLE_DICTIONARY."""
_PLAIN = frozenset({0, 3, 4, 6})
"""PLAIN, RLE and BIT_PACKED (levels), DELTA_LENGTH_BYTE_ARRAY: encodings in which a text takes at least its own bytes."""


def is_sealed(path: Path) -> bool:
    """Whether the whole file is encrypted, footer included. Raises BundleError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC_ENCRYPTED)) == MAGIC_ENCRYPTED
    except OSError as error:
        raise BundleError(
            f"cannot be read ({error.strerror})", where=str(path), hint="check the path and its permissions"
        ) from None


class GroupSize(Struct, frozen=True, gc=False):
    """What a row group takes."""

    rows: int
    bytes: int
    """Before compression."""


class Claims(Struct, frozen=True):
    """What a footer claims, once that was found to be allowed."""

    rows: int
    groups: tuple[GroupSize, ...]


def checked_footer(path: Path, folder: str) -> Claims:
    """The footer of a file that is not sealed. Raises BundleError or LimitExceeded where it claims what it may not.

    Kept while the file stays as it is: who checks a bundle and then reads it asks twice, and parsing costs as much as decoding.
    """
    with suppress(OSError):  # which the reading then explains
        state = path.stat()
        return _checked(path, folder, state.st_size, state.st_mtime_ns)
    return _checked(path, folder)


@lru_cache(1024)
def _checked(path: Path, folder: str, *state: int) -> Claims:
    try:
        footer = read_footer(path)
    except LimitExceeded:
        raise
    except InputError as error:
        raise BundleError(error.message, where=error.where, hint=error.hint) from None
    for index, group in enumerate(footer.groups):
        if folder == EPISODES and group.rows > GROUP_ROWS:
            message = f"row group {index} holds {group.rows} episodes, more than {GROUP_ROWS}"
            raise BundleError(message, where=str(path), hint="write smaller row groups")
        for chunk in group.chunks:
            _check(chunk, folder, f"{path}: row group {index}, column {chunk.path}")
    return Claims(
        footer.rows, tuple(GroupSize(group.rows, sum(chunk.decoded for chunk in group.chunks)) for group in footer.groups)
    )


def _check(chunk: Chunk, folder: str, where: str) -> None:
    if max(chunk.decoded, 8 * chunk.values) > GROUP_BYTES:
        raise LimitExceeded(f"decodes to more than {GROUP_BYTES} bytes", where=where, hint="write smaller row groups")
    allowed = _PLAIN | _COPYING if chunk.path in DICTIONARY[folder] else _PLAIN
    if chunk.kind == BYTE_ARRAY and not chunk.encodings <= allowed:
        hint = "see docs/format.md: Encodings"
        raise BundleError("is stored in an encoding that the format does not allow", where=where, hint=hint)
