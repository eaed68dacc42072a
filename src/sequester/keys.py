"""Names of keys, as messages and field names may show them. A key can hold reasoning as any string can: only names are shown."""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches
from functools import lru_cache

_SHORT = 24
"""Characters; fewer than the 31 that make a private text."""
_LONGEST = 64
_NAME = re.compile(r"[A-Za-z0-9_.$@/:-]+")


def shown(key: str) -> str | None:
    """The key itself if it reads like a name, else None."""
    return key if len(key) <= _LONGEST and _reads_like_a_name(key) else None


@lru_cache(maxsize=1024)
def _reads_like_a_name(key: str) -> bool:
    return _NAME.fullmatch(key) is not None or (0 < len(key) <= _SHORT and key.isprintable())


def unknown(key: str, valid: Collection[str], elsewhere: Collection[str] = ()) -> str:
    """`unknown key 'promt' (did you mean 'prompt'?)`; one that is valid, perhaps `elsewhere`, is unknown only where it stands."""
    name = shown(key)
    if name is None:
        return f"unknown key of {len(key)} characters"
    if name in valid or name in elsewhere:
        return f"unknown key {name!r} in this place"
    near = get_close_matches(name, valid, n=1)
    return f"unknown key {name!r}" + (f" (did you mean {near[0]!r}?)" if near else "")
