"""Student's interval for the mean of independent, roughly normal values (Student 1908)."""

import math

import numpy as np

from gan_probe import types
from gan_probe.stats import quantiles

__all__ = ["mean_interval"]


def mean_interval(values: np.ndarray) -> types.Interval:
    """Of the mean of float [n]; without ends where n < 2."""
    n = len(values)
    if n < 2:
        return types.Interval(None, None, None, "t over fewer than two values", "exact")
    mean, stderr = float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(n)
    half = quantiles.student(n - 1.0) * stderr
    return types.Interval(mean - half, mean + half, stderr, f"t with {n - 1} degrees of freedom", "exact")
