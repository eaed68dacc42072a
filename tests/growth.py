"""How processor time grows with the input: the same on a slow machine, and nearly so on one that others use too."""

import time
from collections.abc import Callable

TIMES = 16
ALLOWED = 6 * TIMES
"""A linear path takes 16 times as long for 16 times the input, a quadratic one 256 times."""
FLOOR = 0.001
"""Seconds below which the clock and what is done once say more than the input."""


def assert_linear(work: Callable[[int], object], size: int) -> None:
    """`work` on an input of `size` takes at most in proportion longer than on a sixteenth of it."""

    def seconds(of: int) -> float:
        start = time.process_time()
        work(of)
        return time.process_time() - start

    small = max(min(seconds(size // TIMES) for _ in range(3)), FLOOR)
    assert any(seconds(size) < ALLOWED * small for _ in range(2))  # what others do on the machine can slow one
