"""Rank comparison of two samples of numbers: AUC with DeLong's interval, and the Mann-Whitney Z.

Memorisation compares the distances to the nearest training row of fakes (y) with those of held-out data (x): AUC below
1/2, or a negative Z, means that fakes lie closer to the training set than data do (Meehan, Chaudhuri and Dasgupta
2020).
"""

from typing import NamedTuple

import numpy as np
import scipy

from gan_probe import types
from gan_probe.stats import proportion, quantiles

__all__ = ["Auc", "auc", "mann_whitney_z"]

_FEW = 5  # rows out of order, in trials of the smaller set


class Auc(NamedTuple):
    """P(y > x) + P(y = x) / 2 with its interval."""

    value: float
    interval: types.Interval


def auc(*, x: np.ndarray, y: np.ndarray) -> Auc:
    """AUC with the interval of DeLong, DeLong and Clarke-Pearson 1988, logit scale, midranks (Sun and Xu 2014).

    Near 0 and 1, where min(A, 1 - A) min(n, m) < 5, a variance estimated from the few rows out of order is too noisy:
    the interval then also holds Wilson's for min(n, m) trials, since no AUC A has a variance above A (1 - A) / min(n,
    m) (Van Dantzig 1951). Where all values tie, the variance is that of the null hypothesis without ties, (n + m + 1) /
    (12 n m).

    Args:
      x: [n], y: [m] numbers; ties count one half.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    n, m = len(x), len(y)
    if min(n, m) < 2:
        raise types.UserError(f"comparing ranks needs two rows a side, got {n} and {m}: give larger sets")
    ranks = scipy.stats.rankdata(np.concatenate([x, y]))
    above = (ranks[n:] - scipy.stats.rankdata(y)) / n  # P(x < y_j) + ties / 2, for each y_j
    below = 1 - (ranks[:n] - scipy.stats.rankdata(x)) / m  # P(y > x_i) + ties / 2, for each x_i
    value = float(above.mean())
    variance = np.var(above, ddof=1) / m + np.var(below, ddof=1) / n
    if min(value, 1 - value) * min(n, m) < _FEW:
        return Auc(value, _near_end(value, variance, min(n, m)))
    if variance == 0:
        return Auc(
            value, _logit(value, (n + m + 1) / (12 * n * m), "all tie: null variance, logit scale", "conservative")
        )
    return Auc(value, _logit(value, variance, "DeLong, logit scale", "exact"))


def mann_whitney_z(*, x: np.ndarray, y: np.ndarray) -> float:
    """Z of the Mann-Whitney statistic #(y > x) + #ties / 2, tie-corrected null variance (the C_T of Meehan 2020).

    Args:
      x: [n] real, y: [m] fake distances to the nearest training row.

    Returns:
      Z, negative when y tends to be smaller (copying); 0.0 where all values tie.
    """
    n, m = len(x), len(y)
    pooled = np.concatenate([x, y])
    ranks = scipy.stats.rankdata(pooled)
    u = ranks[n:].sum() - m * (m + 1) / 2
    _, ties = np.unique(pooled, return_counts=True)
    total = n + m
    spread = (total + 1) - np.sum(ties.astype(np.float64) ** 3 - ties) / (total * (total - 1))
    if spread <= 0:
        return 0.0
    return float((u - n * m / 2) / np.sqrt(n * m * spread / 12))


def _logit(value: float, variance: float, method: str, kind: types.Kind) -> types.Interval:
    stderr = float(np.sqrt(variance))
    logit, half = np.log(value / (1 - value)), quantiles.Z * stderr / (value * (1 - value))
    low, high = scipy.special.expit([logit - half, logit + half])
    return types.Interval(float(low), float(high), stderr, method, kind)


def _near_end(value: float, variance: float, trials: int) -> types.Interval:
    bound = proportion.wilson(value * trials, trials)
    method = f"DeLong, logit scale, joined with Wilson at {trials} trials"
    if value in (0.0, 1.0):
        return bound._replace(stderr=float(np.sqrt(variance)), method=method, kind="conservative")
    inner = _logit(value, variance, method, "conservative")
    assert inner.low is not None and inner.high is not None and bound.low is not None and bound.high is not None
    return inner._replace(low=min(inner.low, bound.low), high=max(inner.high, bound.high))
