"""Stock text (`stock.txt`): licences, code idioms, schemas, turns of phrase, famous texts. Nobody's reasoning is alone with it.

A model that recites a licence or says that it will think step by step has leaked nothing when the file under grading, or the judge's
prompt, says it too. Stretches of stock text carry no weight and no characters.
"""

from __future__ import annotations

from importlib.resources import files

_BETWEEN = "\n%%\n"
PIECE = 16
"""Normalised bytes: a stretch of so many that stands in stock text is stock."""
LONG = 512
"""Beyond so many bytes a text is probed first: of a leaked context that is not mostly stock it does not matter how much of it is."""


def stock_texts() -> list[str]:
    """All stock texts."""
    return files("sequester.exposure").joinpath("stock.txt").read_text("utf-8").split(_BETWEEN)[1:]


class Stock:
    """The pieces of normalised texts, given with a NUL between two. The reference for the C kernel."""

    def __init__(self, texts: bytes) -> None:
        pieces = ((text[start : start + PIECE] for start in range(len(text) - PIECE + 1)) for text in texts.split(b"\0"))
        self._pieces = frozenset(piece for some in pieces for piece in some)

    def length(self, text: bytes) -> int:
        """How many bytes of a normalised text belong to stretches of stock text; 0 for a long text of which a tenth or less seems to."""
        pieces = self._pieces
        if len(text) > LONG:
            probes = [text[at : at + PIECE] for at in range(0, len(text) - PIECE, PIECE)]
            if 10 * sum(map(pieces.__contains__, probes)) <= len(probes):
                return 0
        length = end = 0
        for start in range(len(text) - PIECE + 1):
            if text[start : start + PIECE] in pieces:
                length += start + PIECE - max(start, end)
                end = start + PIECE
        return length
