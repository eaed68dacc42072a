"""Whether a file's footer claims more than the format allows, or than can be read in bounded memory."""

from __future__ import annotations

from pathlib import Path

from sequester.episodes.bundle.schema import DICTIONARY, EPISODES, GROUP_BYTES, GROUP_ROWS
from sequester.episodes.parquet_footer import BYTE_ARRAY, MAGIC_ENCRYPTED, Chunk, Footer, read_footer
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


def checked_footer(path: Path, folder: str) -> Footer:
    """The footer of a file that is not sealed. Raises BundleError or LimitExceeded where it claims what it may not."""
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
    return footer


def _check(chunk: Chunk, folder: str, where: str) -> None:
    if max(chunk.decoded, 8 * chunk.values) > GROUP_BYTES:
        raise LimitExceeded(f"decodes to more than {GROUP_BYTES} bytes", where=where, hint="write smaller row groups")
    allowed = _PLAIN | _COPYING if chunk.path in DICTIONARY[folder] else _PLAIN
    if chunk.kind == BYTE_ARRAY and not chunk.encodings <= allowed:
        hint = "see docs/format.md: Encodings"
        raise BundleError("is stored in an encoding that the format does not allow", where=where, hint=hint)
