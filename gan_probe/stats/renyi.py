"""Renyi entropies of eigenvalues that sum to one, and every row's first-order effect on them.

Order q counts (sum p^q)^(1/(1-q)) equal eigenvalues: exp entropy for q = 1, 1/sum p^2 for q = 2, 1/max p for infinity
(Hill 1973; of kernel matrices, Friedman and Dieng 2023, Pasarkar and Dieng 2024). A row x moves eigenvalue i of the
mean of x x' by (u_i.x)^2 - lambda_i to first order (Kato 1966, II.2), so that nothing is decomposed again.
"""

import math

import numpy as np

from gan_probe import types
from gan_probe.stats import influence as influence_lib

__all__ = ["influence", "interval", "log_number"]


def log_number(p: np.ndarray, q: float) -> tuple[float, np.ndarray]:
    """Logarithm of the effective number of order q > 0, and its derivative by each p, up to a constant.

    Args:
      p: float64 [r], non-negative, of sum 1.
      q: order, 1 and infinity included.

    Returns:
      The logarithm, and [r] derivatives, 0 where p is 0.
    """
    some = p > 0
    log = np.log(p[some])
    slope = np.zeros_like(p)
    largest = log.max()
    if q == 1:
        slope[some] = -log
        return float(-(p[some] @ log)), slope
    if math.isinf(q):
        slope[np.argmax(p)] = -math.exp(-largest)
        return float(-largest), slope
    power = np.exp(q * (log - largest))  # the largest is 1: no order underflows
    slope[some] = q / (1 - q) * power / p[some] / power.sum()
    return float((np.log(power.sum()) + q * largest) / (1 - q)), slope


def influence(square: np.ndarray, p: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """First-order effect of every row on a function of p = lambda / sum lambda, of mean 0: float64 [n].

    Args:
      square: [n, r], (u_i.x)^2 of every (centred) row over the sum of lambda; the u_i span all rows.
      p: [r] normalised eigenvalues.
      slope: [r] derivatives of the function by p.
    """
    return square @ slope - square.sum(axis=1) * (p @ slope)


def interval(log: float, stderr: float) -> types.Interval:
    """95 % interval of an effective number, at least 1, from its logarithm and the standard error of that."""
    return influence_lib.log_interval(log, stderr, "delta method (influence function) on the log scale", least=1.0)
