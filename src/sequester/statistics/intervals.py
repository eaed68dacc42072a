"""How sure we can be of a share that was counted in a sample.

Exact binomial limits after Clopper and Pearson (Biometrika 26, 1934), written with quantiles of the beta distribution:

    lower = Beta^-1(a; k, n - k + 1)        upper = Beta^-1(1 - a; k + 1, n - k)

with a = 1 - confidence for one side and a = (1 - confidence) / 2 for each of two sides. Coverage is at least the confidence
asked for.

They are for independent draws. A full scan has no sampling error, so none of this applies to it; draws that share an
environment or a prompt are not independent, so count clusters instead of episodes, or report both.

Nothing drawn is no knowledge: every bound is None for n = 0, and the type makes the caller say what it then does.
"""

from __future__ import annotations

from scipy.special import betainccinv, betaincinv

from sequester.errors import UsageError


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Two-sided exact limits of a share of which `k` of `n` were seen; None when n = 0.

    Raises UsageError unless 0 <= k <= n and 0 < confidence < 1.
    """
    _check(k, n, confidence)
    if n == 0:
        return None
    tail = (1.0 - confidence) / 2.0
    return _lower(k, n, tail), _upper(k, n, tail)


def lower_bound(k: int, n: int, confidence: float = 0.95) -> float | None:
    """One-sided exact lower limit; None when n = 0. Raises UsageError as `clopper_pearson` does."""
    _check(k, n, confidence)
    return _lower(k, n, 1.0 - confidence) if n else None


def upper_bound(k: int, n: int, confidence: float = 0.95) -> float | None:
    """One-sided exact upper limit; None when n = 0. Raises UsageError as above.

    With k = 0 it is 1 - (1 - confidence)^(1/n), at 95% the exact form of the rule of three, 3/n (Hanley and Lippman-Hand, JAMA 249, 1983).
    """
    _check(k, n, confidence)
    return _upper(k, n, 1.0 - confidence) if n else None


def _lower(k: int, n: int, tail: float) -> float:
    return float(betaincinv(k, n - k + 1, tail)) if k else 0.0


def _upper(k: int, n: int, tail: float) -> float:
    return float(betainccinv(k + 1, n - k, tail)) if k < n else 1.0


def _check(k: int, n: int, confidence: float) -> None:
    if not 0 <= k <= n:
        raise UsageError(f"{k} of {n} is no share", hint="a count lies between 0 and the number of draws")
    if not 0.0 < confidence < 1.0:
        raise UsageError(f"confidence {confidence} is not between 0 and 1", hint="95% is written 0.95")
