"""Inverse mean of a kernel over all pairs of one sample, its second-order variance included (rke).

The variance of a U-statistic of kernel h is 4 zeta / n + 2 z / n^2, zeta the variance of E[h | y] and z the mean square
of the doubly centred h (Hoeffding 1948). The variance of row means is zeta + z / n. The second part is all there is
where every row has as many near it as any other.
"""

from typing import NamedTuple

import numpy as np

from gan_probe import types
from gan_probe.stats import influence

__all__ = ["Inverse", "interval", "inverse"]


class Inverse(NamedTuple):
    """value: 1 / mean h, the diagonal included. stderr: of its logarithm."""

    value: float
    stderr: float


def inverse(first: np.ndarray, square: np.ndarray) -> Inverse:
    """Of a kernel h that is 1 on the diagonal.

    Args:
      first, square: [n] row sums of h and of h^2, the row itself included.
    """
    n = len(first)
    mean = (first - 1) / (n - 1)
    centre = mean.mean()
    z = max((square - 1).sum() / (n * (n - 1)) - 2 * np.mean(mean**2) + centre**2, 0.0)
    second = 2 * z / n**2
    variance = max(4 * influence.variance(mean) - second, second)
    with_self = first.mean() / n
    return Inverse(float(1 / with_self), float(variance**0.5 / with_self))


def interval(found: Inverse) -> types.Interval:
    """Of the value, at least 1, on the log scale."""
    method = "delta method on the log scale, second order included"
    return influence.log_interval(np.log(found.value), found.stderr, method, least=1.0)
