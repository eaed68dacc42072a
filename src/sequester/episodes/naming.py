"""Names from a log, as far as they may be printed."""

from __future__ import annotations

import re
from functools import lru_cache

MOST_WORDS = 7
MOST_JOINED = 10
"""Words of letters alone in a name whose parts are joined by other signs than blanks."""
LONGEST_NAME = 160
"""Characters up to which an environment, a reward path or an episode id is taken for a name."""

_UNSPACED = re.compile("[\u0e00-\u0fff\u1780-\u17ff\u3040-\ud7a3]")
"""Letters of scripts that set few or no blanks between words."""
_LETTERS_PER_WORD = 3
_JOINTS = re.compile(r"[\s_.:/-]+")


@lru_cache(4096)
def shown_name(name: str) -> str:
    """A name from the log as it may be printed. Free text in the place of a name may be reasoning: only its length is told."""
    words = name.count(" ") + len(_UNSPACED.findall(name)) // _LETTERS_PER_WORD
    joined = sum(part.isalpha() for part in _JOINTS.split(name))
    if len(name) <= LONGEST_NAME and name.isprintable() and words < MOST_WORDS and joined < MOST_JOINED:
        return name
    return f"({len(name)} characters, no name)"
