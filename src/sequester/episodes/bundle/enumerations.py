"""String columns whose values are the members of an enumeration."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

import pyarrow as pa

from sequester.episodes.bundle.arrays import Array, looked_up
from sequester.episodes.bundle.group import HINT, Group
from sequester.errors import BundleError

_Kind = TypeVar("_Kind", bound=StrEnum)


def enums(group: Group, folder: str, name: str, column: Array, kind: type[_Kind]) -> list[_Kind]:
    """Members of an enumeration; None where the column is null. Raises BundleError where a value is none of them."""
    known = {member.value: member for member in kind}
    coded = pa.types.is_dictionary(column.type)
    values = (column.dictionary if coded else column).to_pylist()
    members: list[Any] = list(map(known.get, values))
    if coded:
        members = looked_up(column, members)
    # A dictionary may hold values that no row has.
    if set(values) - known.keys() - {None} and members.count(None) > column.null_count:
        message = f"holds a value that is none of {', '.join(known)}"
        raise BundleError(message, where=f"{group.paths[folder]}: column {name}", hint=HINT)
    return members
