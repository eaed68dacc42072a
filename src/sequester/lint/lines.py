"""Lines and columns of places in a text that are asked for in order: linear in the text, however many they are."""

from __future__ import annotations

from sequester.lint.hit import Place


class Lines:
    """Places of a text, first to last."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line = 1
        self._start = 0
        self._seen = 0

    def place(self, start: int, end: int) -> Place:
        """Of the stretch from `start` to `end`; no later call may begin before this one."""
        newlines = self._text.count("\n", self._seen, start)
        if newlines:
            self._line += newlines
            self._start = self._text.rfind("\n", self._seen, start) + 1
        self._seen = start
        inside = self._text.count("\n", start, end)
        end_start = self._text.rfind("\n", start, end) + 1 if inside else self._start
        return Place(self._line, start - self._start + 1, self._line + inside, end - end_start + 1)
