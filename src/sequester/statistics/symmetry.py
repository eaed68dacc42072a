"""Is a series of differences symmetric about zero? Evidence that may be looked at as often as one likes.

Hypothesis: given the past and its own size |D|, the sign of each difference D is a fair coin. It holds exactly, whatever the noise
(heavy tails, other spread for every item, drift), where D = (score of side B) - (score of side A), both fresh, the order of the two sides
drawn by lot, and the score does not depend on the side.

Test by betting: a stake of 1 is bet, a fraction at a time, on the next sign. Under the hypothesis no strategy gains on average, so what the
stake has become is a non-negative martingale, an *e-process*: with probability at least 1 - a it never in all its history reaches 1/a
(Ville, Etude critique de la notion de collectif, 1939; Ramdas, Ruf, Larsson and Koolen, arXiv 2009.03167). The fraction bet is
tanh(l |D| / s), the likelihood ratio of the two signs for a normal D with mean l s and standard deviation s (so the bet is optimal there);
s, the root mean square of the differences other than 0, may use |D| itself, because the hypothesis speaks given |D|. For self-normalised
statistics of this kind see de la Pena, Annals of Probability 27, 1999; for betting, Waudby-Smith and Ramdas, JRSS B 86, 2024, and Shafer,
JRSS A 184, 2021. Nobody knows l beforehand: the stake is divided over a grid (method of mixtures), and over both signs. Differences of
0 bet nothing.

E-values of dependent series may be averaged with weights fixed beforehand, never multiplied and never picked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

SHIFTS = (0.0707, 0.25, 0.7, 3.0)
"""Grid of l. The first is a shift of 0.1 per-call standard deviations (a difference of two calls has 2^(1/2) times theirs); at the last
almost all of the stake goes on one sign, so that equal differences almost double it each."""
WEIGHTS = (0.7, 0.14, 0.08, 0.08)
"""Share of the stake for each l, tuned by `bench.swap_power`: small shifts need the most differences, so waiting costs most there."""

_SHIFTS = np.array(SHIFTS)
_BOTH = np.concatenate((_SHIFTS, -_SHIFTS))
_LOG_BOTH = np.log(np.concatenate((WEIGHTS, WEIGHTS)) / 2.0)
_LOG_ONE = np.log(np.array(WEIGHTS))
_LOG_2 = math.log(2.0)


class Betting(Struct, frozen=True):
    """What the stake has become, after some differences."""

    shifts: np.ndarray
    log_capital: np.ndarray
    """Natural logarithm of the part of the stake on each shift."""
    moved: int = 0
    """Differences other than 0."""
    squares: float = 0.0
    """Sum of their squares."""
    log_e: float = 0.0
    """Natural logarithm of the whole stake."""

    @property
    def e_value(self) -> float:
        """The stake now; 1 before any difference."""
        return math.exp(min(self.log_e, 700.0))

    def after(self, differences: Sequence[float]) -> Betting:
        """The stake after so many more, in order. They must be finite. Those given together share one scale, which sees all of their sizes:
        their signs must be fair coins given every size among them."""
        values = np.array([value for value in differences if value])
        if not len(values):
            return self
        largest = float(np.abs(values).max())
        moved, squares = self.moved + len(values), self.squares + float(np.square(values).sum())
        scale = math.sqrt(squares / moved) if 0.0 < squares < math.inf else largest
        # log(1 + tanh x), exact where tanh x is all but -1
        bets = _LOG_2 - np.logaddexp(0.0, -2.0 * np.outer(values / scale, self.shifts))
        capital = self.log_capital + bets.sum(axis=0)
        largest_log = float(capital.max())
        log_e = largest_log + math.log(float(np.exp(capital - largest_log).sum()))
        return Betting(self.shifts, capital, moved, squares, log_e)


def two_sided() -> Betting:
    """The stake before the first difference, half of it on each sign."""
    return Betting(_BOTH, _LOG_BOTH)


def one_sided() -> Betting:
    """All of it on positive differences."""
    return Betting(_SHIFTS, _LOG_ONE)
