"""Whether a file's footer claims more than the format allows, or than can be read in bounded memory."""

from __future__ import annotations

from pathlib import Path

from sequester.episodes.bundle.footer import Column, Footer, read_footer
from sequester.episodes.bundle.schema import DICTIONARY, EPISODES, GROUP_BYTES, GROUP_ROWS
from sequester.errors import BundleError, LimitExceeded

_COPYING = frozenset({2, 8})
"""PLAIN_DICTIONARY and RLE_DICTIONARY."""
_PLAIN = frozenset({0, 3, 4, 6})
"""PLAIN, RLE and BIT_PACKED (levels), DELTA_LENGTH_BYTE_ARRAY: encodings in which a text takes at least its own bytes."""


def checked_footer(path: Path, folder: str) -> Footer:
    """The footer of a file that is not sealed. Raises BundleError or LimitExceeded where it claims what it may not."""
    footer = read_footer(path)
    for index, group in enumerate(footer.groups):
        if folder == EPISODES and group.rows > GROUP_ROWS:
            message = f"row group {index} holds {group.rows} episodes, more than {GROUP_ROWS}"
            raise BundleError(message, where=str(path), hint="write smaller row groups")
        for column in group.columns:
            _check(column, folder, f"{path}: row group {index}, column {column.path}")
    return footer


def _check(column: Column, folder: str, where: str) -> None:
    if max(column.size, 8 * column.values) > GROUP_BYTES:
        raise LimitExceeded(f"decodes to more than {GROUP_BYTES} bytes", where=where, hint="write smaller row groups")
    allowed = _PLAIN | _COPYING if column.path in DICTIONARY[folder] else _PLAIN
    if column.is_text and not column.encodings <= allowed:
        hint = "see docs/format.md: Encodings"
        raise BundleError("is stored in an encoding that the format does not allow", where=where, hint=hint)
