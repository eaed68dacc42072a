"""Which stretches of text a run of training shares: other scorer inputs of the run, and stock text that nobody's reasoning is alone with.

A coincidence of wording stands whole in other episodes' scorer inputs (it is how one talks about that task, or a reference handed to
everybody); a leak stands in its own episode's only. The rule is strict on purpose: a run must be found elsewhere from end to end,
outside the private reasoning of the episode it is found in. A run too short for that is looked up with the text around it in the
scorer's input: what must be found elsewhere then is the passage of the reference. It only ever lowers a severity. Where is looked, says
`vicinity`.
"""

from __future__ import annotations

from collections.abc import Callable

from sequester.exposure.matching import windows_of

MARGIN = 16
"""Normalised bytes of a scorer's input, on both sides of a short run, with which it is looked up: with the run, one window and a half."""


def windows_for(run: bytes, held_in: Callable[[], bytes], at: int) -> bytes:
    """Windows by which a run is looked up, that stands at an offset of a normalised scorer input: its own, or if it is too short those
    of the passage around it. None of a passage that the input's ends cut too short."""
    windows = windows_of(run)
    if windows:
        return windows
    return windows_of(held_in()[max(0, at - MARGIN) : at + len(run) + MARGIN])
