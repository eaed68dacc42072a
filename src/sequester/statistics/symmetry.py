"""Is a series of differences symmetric about zero? Evidence that may be looked at as often as one likes.

Hypothesis: given the past and its own size |D|, the sign of each difference D is a fair coin. It holds exactly, whatever the noise
(heavy tails, other spread for every item, drift), where D = (score of side B) - (score of side A), both fresh, the order of the two sides
drawn by lot, and the score does not depend on the side.

Test by betting: a stake of 1 is bet, a fraction at a time, on the next sign. Under the hypothesis no strategy gains on average, so what the
stake has become is a non-negative martingale, an *e-process*: with probability at least 1 - a it never in all its history reaches 1/a
(Ville, Etude critique de la notion de collectif, 1939; Ramdas, Ruf, Larsson and Koolen, arXiv 2009.03167). The fraction bet is
tanh(l |D| / s), the likelihood ratio of the two signs for a normal D with mean l s and standard deviation s (so the bet is optimal there);
s, the root mean square of all differences up to this one, may use |D| itself, because the hypothesis speaks given |D|: each factor
1 + f sign(D), f < 1, has mean 1 given the past and |D|. Differences of 0 bet nothing, and count in s: where most are 0, as between
verdicts, the few others make the mean, so more of them have its sign, and more is bet on each. For self-normalised statistics of this
kind see de la Pena, Annals of Probability 27, 1999; for betting, Waudby-Smith and Ramdas, JRSS B 86, 2024, and Shafer, JRSS A 184, 2021.
Nobody knows l beforehand: the stake is divided over a grid (method of mixtures), and over both signs.

E-values of dependent series may be averaged with weights fixed beforehand, never multiplied and never picked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

SHIFTS = (0.055, 0.12, 0.25, 0.7, 3.0)
"""Grid of l. The bet that reaches a threshold most surely within a given number of differences is on less than the true mean: a bet that
is right for the mean gains fastest on average, a more careful one loses less where luck is bad. The first is for shifts of 0.1 per-call
standard deviations (a difference of two calls has 2^(1/2) times theirs), the third for 0.5; at the last almost all of the stake goes on
one sign, so that equal differences almost double it each."""
SHARES = (0.12, 0.08, 0.12, 0.08, 0.08)
"""Share of the stake for each l, whatever is looked for; the rest is on the one nearest to the smallest shift of interest: it needs the
most differences, so waiting costs most there. Tuned by `bench.swap_power`."""
CAREFUL = 0.7
"""The best l, as a share of the true mean, for a power of 0.9."""
SHIFT_SHARE = 0.9
"""Share of a donor's stake that is bet on a shift of the mean; the rest on reactions that repeat, whatever their sign."""

_SHIFTS = np.array(SHIFTS)
_BOTH = np.concatenate((_SHIFTS, -_SHIFTS))
_LOG_2 = math.log(2.0)


def weights(smallest: float) -> tuple[float, ...]:
    """Share of the stake for each l of the grid, where shifts of `smallest` per-call standard deviations or more are of interest. They
    sum to 1; fixed before the first difference, any choice is fair."""
    best = CAREFUL * smallest / math.sqrt(2.0)
    nearest = min(range(len(SHIFTS)), key=lambda place: abs(math.log(SHIFTS[place] / best)))
    return tuple(share + (1.0 - sum(SHARES)) * (place == nearest) for place, share in enumerate(SHARES))


class Betting(Struct, frozen=True):
    """What the stake has become, after some differences."""

    shifts: np.ndarray
    log_capital: np.ndarray
    """Natural logarithm of the part of the stake on each shift."""
    count: int = 0
    """Differences, those of 0 too."""
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
        count = self.count + len(differences)
        values = np.array([value for value in differences if value])
        if not len(values):
            return replace(self, count=count)
        largest = float(np.abs(values).max())
        squares = self.squares + float(np.square(values).sum())
        scale = math.sqrt(squares / count) if 0.0 < squares < math.inf else largest
        # log(1 + tanh x), exact where tanh x is all but -1
        bets = _LOG_2 - np.logaddexp(0.0, -2.0 * np.outer(values / scale, self.shifts))
        capital = self.log_capital + bets.sum(axis=0)
        largest_log = float(capital.max())
        log_e = largest_log + math.log(float(np.exp(capital - largest_log).sum()))
        return Betting(self.shifts, capital, count, squares, log_e)


def two_sided(smallest: float = 0.1) -> Betting:
    """The stake before the first difference, half of it on each sign. `smallest`: see `weights`."""
    return Betting(_BOTH, np.log(np.tile(weights(smallest), 2) / 2.0))


def one_sided(smallest: float = 0.1) -> Betting:
    """All of it on positive differences."""
    return Betting(_SHIFTS, np.log(np.array(weights(smallest))))
