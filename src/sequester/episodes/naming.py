"""Names from a log, as far as they may be printed."""

from __future__ import annotations

import re
from functools import lru_cache

MOST_WORDS = 7
LONGEST_NAME = 160
"""Characters up to which an environment, a reward path or an episode id is taken for a name."""

_UNSPACED = re.compile("[\u0e00-\u0fff\u1780-\u17ff\u3040-\ud7a3]")
"""Letters of scripts that set few or no blanks between words."""
_LETTERS_PER_WORD = 3


@lru_cache(4096)
def shown_name(name: str) -> str:
    """A name from the log as it may be printed. Free text in the place of a name may be reasoning: only its length is told."""
    words = name.count(" ") + len(_UNSPACED.findall(name)) // _LETTERS_PER_WORD
    if len(name) <= LONGEST_NAME and name.isprintable() and words < MOST_WORDS:
        return name
    return f"({len(name)} characters, no name)"
