"""Bootstrap of rows (Efron 1979): how a statistic of two sets would vary, given whatever was fitted to both."""

from collections.abc import Callable

import numpy as np

from gan_probe import types

__all__ = ["interval", "resampled"]


def resampled(
    statistic: Callable[[np.ndarray, np.ndarray], float | tuple[float, ...]],
    n: int,
    m: int,
    *,
    replicates: int = 200,
    seed: int = 0,
) -> np.ndarray:
    """The statistic, or several, of sets drawn from the sets: float64 [replicates, ...].

    Args:
      statistic: of how often each row was drawn, int [n] and int [m].
      n, m: rows of each set.
      replicates: draws.
      seed: any non-negative integer.
    """
    rng = np.random.default_rng(seed)

    def draw(rows):
        return np.bincount(rng.integers(0, rows, rows), minlength=rows)

    return np.array([statistic(draw(n), draw(m)) for _ in range(replicates)])


def interval(value: float, replicates: np.ndarray) -> types.Interval:
    """value +- 1.96 bootstrap standard errors within [0, 1]: around a biased value, at its own expectation.

    Percentiles would add the statistic's bias once more, for a resample is to the sample as the sample is to the law.
    What is fitted to both sets is held fixed, and varies in truth: F_8 covered 94 to 98 % of near laws, 79 % where the
    samples fill few clusters.
    """
    stderr = float(np.std(replicates, ddof=1))
    low, high = max(value - 1.96 * stderr, 0.0), min(value + 1.96 * stderr, 1.0)
    return types.Interval(low, high, stderr, "bootstrap of rows, given the clusters", "approximate")
