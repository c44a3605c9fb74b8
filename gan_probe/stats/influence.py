"""The delta method: the first-order effect of every row on a smooth number, its influence, tells the number's variance.

Hampel 1974. Rows are independent, so the variance is the sum over the sets of that of the effects over the rows. What
is of second order is not seen: where all first effects vanish (two equal laws) the interval is of another size.
"""

import math

import numpy as np

from gan_probe import types

__all__ = ["interval", "log_interval", "log_ratio", "variance"]


def variance(*effects: np.ndarray) -> float:
    """Of a number that depends on one or more sets, from the effects [n] of the rows of each, up to constants."""
    return float(sum(of.var(ddof=1) / len(of) for of in effects))


def interval(value: float, stderr: float, method: str) -> types.Interval:
    """value +- 1.96 stderr."""
    return types.Interval(value - 1.96 * stderr, value + 1.96 * stderr, stderr, method, "approximate")


def log_interval(log: float, stderr: float, method: str, least: float = 0.0, most: float = math.inf) -> types.Interval:
    """exp(log +- 1.96 stderr) within [least, most], for a number whose logarithm has this standard error."""
    low, high = (min(max(math.exp(log + z * stderr), least), most) for z in (-1.96, 1.96))
    return types.Interval(low, high, math.exp(log) * stderr, method, "approximate")


def log_ratio(fake: tuple[float, float], real: tuple[float, float]) -> dict[str, object]:
    """Ratio of two independent numbers, JSON-ready, from the logarithm and its standard error of each."""
    method = "delta method on the log scale"
    found = log_interval(fake[0] - real[0], math.hypot(fake[1], real[1]), method)
    return {
        "value": math.exp(fake[0] - real[0]),
        "ci95": [found.low, found.high],
        "interval": f"{method}; {found.kind}",
    }
