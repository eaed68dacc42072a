"""Names out of a log, made safe to show.

Reward paths, environments, fields and episode ids come from files that nobody vouches for. In a terminal they must not
move the cursor or reverse the line, and no encoding may choke on them. They stay recognisable: what cannot be shown is
written as an escape.
"""

from __future__ import annotations

import re
import unicodedata

_COMMAND = re.compile(r"^[^\S\n]*(?=::)|##(?=\[|vso\[)", re.MULTILINE | re.IGNORECASE)
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


def message_lines(text: str) -> str:
    """`printable_lines` for a log: lines after the first are indented, so that none is taken for a message of its own."""
    return without_commands(printable_lines(text).replace("\n", "\n  "))


def without_commands(text: str) -> str:
    """`text` without what a CI service that reads a log takes for an order: `::` at the start of a line, `##[` and `##vso[` anywhere."""
    return _COMMAND.sub(lambda found: f"{found[0]}\\", text)


def _visible(character: str) -> str:
    # Cc control, Cf format (bidi overrides, zero width), Cs surrogate, Co private, Cn unassigned, Zl and Zp line breaks
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return character.encode("unicode_escape").decode()
    return character
