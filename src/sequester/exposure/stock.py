"""Stock text: licence notices, code idioms and filler (`stock.txt`), which nobody's reasoning is alone with.

A model that recites a licence has leaked nothing when the file under grading opens with it. A run that stands whole in stock text
carries no weight and no characters.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from sequester.exposure.matching import normalise
from sequester.exposure.sketch import windows_of

_BETWEEN = "\n%%\n"
_PART, _STRIDE = 260, 200


def is_stock(windows: Sequence[int]) -> bool:
    """Whether a run with these windows stands whole in stock text; False for none, since nothing was looked up."""
    return bool(windows) and _windows().issuperset(windows)


@cache
def _windows() -> frozenset[int]:
    """All windows of all stock texts, in overlapping parts because of a long text only the ends would be taken."""
    texts = files("sequester.exposure").joinpath("stock.txt").read_text("utf-8").split(_BETWEEN)[1:]
    normalised = [normalise(text) for text in texts]
    return frozenset(
        window
        for text in normalised
        for start in range(0, len(text), _STRIDE)
        for window in windows_of(text[start : start + _PART])
    )
