"""String columns whose values are the members of an enumeration."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from sequester.episodes.bundle.arrays import Array, looked_up
from sequester.episodes.bundle.group import HINT, Group
from sequester.errors import BundleError

_Kind = TypeVar("_Kind", bound=StrEnum)


def enums(group: Group, folder: str, name: str, column: Array, kind: type[_Kind]) -> list[_Kind]:
    """Members of an enumeration; None where the column is null. Raises BundleError where a value is none of them."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    known = {member.value: member for member in kind}
    members: list[Any] = [known.get(value) for value in column.dictionary.to_pylist()]
    if None in members:
        codes = [code for code, member in enumerate(members) if member is None]
        if np.isin(column.indices.fill_null(-1).to_numpy(), codes).any():
            message = f"holds a value that is none of {', '.join(known)}"
            raise BundleError(message, where=f"{group.paths[folder]}: column {name}", hint=HINT)
    return looked_up(column, members)
