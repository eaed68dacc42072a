"""Keys that stand twice in an object of a JSON line. Every parser keeps the last and forgets the first, and what it held with it."""

from __future__ import annotations

import json
from typing import Any

from sequester.keys import shown


class _RepeatedError(ValueError):
    pass


def repeated_key(line: bytes) -> str | None:
    """What is wrong with a line if a key stands twice in one of its objects; None for any other line, JSON or not.

    Costs several times what reading the line costs.
    """
    try:
        json.loads(line, object_pairs_hook=_unique)
    except _RepeatedError as error:
        return str(error)
    except (ValueError, RecursionError):
        return None
    return None


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            name = shown(key)
            raise _RepeatedError(
                "a key" + (f" `{name}`" if name else f" of {len(key)} characters") + " stands twice in one object"
            )
        seen.add(key)
