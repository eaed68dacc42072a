"""Names out of a log, made safe to show.

Reward paths, environments, fields and episode ids come from files that nobody vouches for. In a terminal they must not
move the cursor or reverse the line, and no encoding may choke on them. They stay recognisable: what cannot be shown is
written as an escape.
"""

from __future__ import annotations

import unicodedata

LONGEST = 200
"""Characters of a name that a table shows."""


def printable(name: str, longest: int = LONGEST) -> str:
    """`name` with everything invisible escaped, cut in the middle to `longest` characters."""
    shown = name if name.isascii() and name.isprintable() else "".join(map(_visible, name))
    if len(shown) <= longest:
        return shown
    tail = longest // 3
    return f"{shown[: longest - tail - 1]}…{shown[-tail:]}"


def printable_lines(text: str) -> str:
    """All of `text` line by line, with what could steer a terminal escaped."""
    return "\n".join(printable(line, 10 * len(line)) for line in text.split("\n"))


def _visible(character: str) -> str:
    # Cc control, Cf format (bidi overrides, zero width), Cs surrogate, Co private, Cn unassigned, Zl and Zp line breaks
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character.encode("unicode_escape").decode()
    return character
