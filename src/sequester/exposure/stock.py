"""Stock text: licence notices, code idioms and filler (`stock.txt`), which nobody's reasoning is alone with.

A model that recites a licence has leaked nothing when the file under grading opens with it. A run that stands whole in stock text
carries no weight and no characters.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sequester.exposure.matching import normalise
from sequester.exposure.oracle import certain_windows

_BETWEEN = "\n%%\n"
_PART, _STRIDE = 260, 200


def is_stock(windows: tuple[int, ...]) -> bool:
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
        for window in certain_windows(text[start : start + _PART])
    )
