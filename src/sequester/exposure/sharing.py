"""Which stretches of text a run of training shares: other scorer inputs of the run, and stock text that nobody's reasoning is alone with.

A coincidence of wording stands whole in other episodes' scorer inputs (it is how one talks about that task, or a reference handed to
everybody); a leak stands in its own episode's only. The rule is strict on purpose: a run must be found elsewhere from end to end,
outside the private reasoning of the episode it is found in. It only ever lowers a severity.
"""

from __future__ import annotations

from collections.abc import Sequence

from sequester.exposure.matching import Sketch


class Sharing:
    """Answers whether a run is shared. Built from the sketch of a whole run of training."""

    def __init__(self, sketch: Sketch) -> None:
        self._sketch = sketch

    def __call__(self, windows: Sequence[int]) -> bool:
        """Whether the run with these windows (`sketch.windows_of`) stands elsewhere; False for no windows."""
        return self._sketch.holds_run(windows)
