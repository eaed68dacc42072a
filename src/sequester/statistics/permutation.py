"""Permutation tests of whether scores tell things apart beyond their noise.

p = (1 + #) / (1 + B), # of B permutations being at least as extreme (Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9, article 39):
never 0, and exact whatever the distribution of the noise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_DRAWS = 999
SMALLEST_P = 1.0 / (1 + _DRAWS)
_AT_ONCE = 200_000
"""Values permuted at a time, which bounds the memory."""


def columns_differ(rows: Sequence[Sequence[float]], seed: int = 0) -> float:
    """p of "the columns have one mean": rows are passes, columns what is scored in each. Values are permuted within rows, so that passes
    may differ. 1 with fewer than two of either."""
    table = np.asarray(rows, dtype=float)
    if table.ndim != 2 or min(table.shape) < 2:
        return 1.0
    rng = np.random.default_rng(seed)
    observed = float(table.mean(axis=0).var())
    # Many draws at once, as many as fit a few megabytes.
    most = max(1, _AT_ONCE // table.size)
    drawn = [
        rng.permuted(np.broadcast_to(table, (min(most, _DRAWS - done), *table.shape)), axis=2).mean(axis=1).var(axis=1)
        for done in range(0, _DRAWS, most)
    ]
    return _p(observed, np.concatenate(drawn))


def sides_differ(pairs: Sequence[tuple[Sequence[float], Sequence[float]]], seed: int = 0) -> float:
    """p of "both sides of each pair have one mean", whatever the direction: values are permuted within each pair. 1 without a pair that has
    values on both sides."""
    kept = [pair for pair in pairs if pair[0] and pair[1]]
    if not kept:
        return 1.0
    rng = np.random.default_rng(seed)
    observed, drawn = 0.0, np.zeros(_DRAWS)
    for one, other in kept:
        values = np.asarray([*one, *other], dtype=float)
        shuffled = rng.permuted(np.tile(values, (_DRAWS, 1)), axis=1)
        observed += abs(float(values[: len(one)].mean() - values[len(one) :].mean()))
        drawn += np.abs(shuffled[:, : len(one)].mean(axis=1) - shuffled[:, len(one) :].mean(axis=1))
    return _p(observed, drawn)


def _p(observed: float, drawn: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    # Equal statistics may differ by rounding.
    return (1 + int((drawn >= observed * (1.0 - 1e-9)).sum())) / (1 + len(drawn))
