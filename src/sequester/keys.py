"""Names of keys, as messages and field names may show them. A key can hold reasoning as any string can: only names are shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import lru_cache
from types import MappingProxyType

_SHORT = 24
"""Characters; fewer than the 31 that make a private text."""
_LONGEST = 64
_CALLED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("reasoning_content", "reasoning_text", "thinking", "thought", "cot"), "reasoning"),
        **dict.fromkeys(("content", "final_answer"), "answer"),
        **dict.fromkeys(("response", "output"), "completion"),
        **dict.fromkeys(("question", "input", "query", "messages"), "prompt"),
        **dict.fromkeys(("id", "uid", "uuid"), "episode_id"),
    }
)
"""What other logs call a key of ours."""
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
    if (meant := _CALLED.get(name)) in valid:
        return f"unknown key {name!r} (rename it: {meant!r})"
    near = get_close_matches(name, valid, n=1)
    return f"unknown key {name!r}" + (f" (did you mean {near[0]!r}?)" if near else "")
