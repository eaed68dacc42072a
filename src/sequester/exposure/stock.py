"""Stock text (`stock.txt`): licences, code idioms, schemas, turns of phrase, famous texts. Nobody's reasoning is alone with it.

A model that recites a licence or says that it will think step by step has leaked nothing when the file under grading, or the judge's
prompt, says it too. Stretches of stock text carry no weight and no characters.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sequester.exposure.matching import normalise

_BETWEEN = "\n%%\n"
PIECE = 16
"""Normalised bytes: a stretch of so many that stands in stock text is stock."""
_LONG = 512
"""Beyond so many bytes a text is probed first: looking at each byte of a leaked context would take longer than all the rest."""


def stock_weight(run: bytes) -> int:
    """What stock text takes from the weight of a run: its bytes if it is most of the run, else nothing."""
    length = stock_length(run)
    return length if 2 * length > len(run) else 0


def stock_length(run: bytes) -> int:
    """How many bytes of a normalised text belong to stretches of stock text; 0 for a long text of which a tenth or less is stock."""
    pieces = _pieces()
    if len(run) > _LONG:
        probes = [run[at : at + PIECE] for at in range(0, len(run) - PIECE, PIECE)]
        if pieces.isdisjoint(probes) or 10 * sum(map(pieces.__contains__, probes)) <= len(probes):
            return 0
    starts = range(len(run) - PIECE + 1)
    if pieces.isdisjoint([run[start : start + PIECE] for start in starts]):
        return 0
    length = end = 0
    for start in starts:
        if run[start : start + PIECE] in pieces:
            length += start + PIECE - max(start, end)
            end = start + PIECE
    return length


@cache
def _pieces() -> frozenset[bytes]:
    """All pieces of all stock texts."""
    texts = files("sequester.exposure").joinpath("stock.txt").read_text("utf-8").split(_BETWEEN)[1:]
    normalised = [normalise(text) for text in texts]
    return frozenset(text[start : start + PIECE] for text in normalised for start in range(len(text) - PIECE + 1))
