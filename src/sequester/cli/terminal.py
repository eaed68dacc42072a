"""Lines that fit the terminal. In a pipe or a file they stay as they are, so that they can be searched and cut, unless COLUMNS is set."""

from __future__ import annotations

import sys
import textwrap

from sequester.report.console import style_for


def fit(line: str, hang: int) -> str:
    """The line, broken at the width of the terminal; what follows its first line is indented by `hang` characters."""
    style = style_for(sys.stdout)
    if not style.wraps:
        return line
    lines = textwrap.wrap(
        line,
        style.width,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)
