"""Sample-size curves: every metric again on nested random shares of real and fake, the training set whole.

Thresholds and scales that were calibrated on the whole of real stay as they are.

A metric whose bias is c/n to first order is extrapolated to infinitely many rows, by a weighted line through its values
against 1/n (Chong and Forsyth 2020). Others show their curve only: the bias of neighbours and transport hangs
on the dimension of the data, and for the rest a limit's coverage was not simulated.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gan_probe import types

__all__ = ["FEWEST", "SHARES", "calibrated", "check", "extrapolated", "with_curves"]

SHARES = (0.125, 0.25, 0.5)
FEWEST = 40  # rows of a share: two a block


def check(sets: Mapping[str, types.Samples]) -> None:
    """UserError where even the largest share of a set is too small."""
    least = round(FEWEST / max(SHARES))
    for name, samples in sets.items():
        if len(samples) < least:
            raise types.UserError(f"{name}: {len(samples)} rows; --curves needs {least}: give more, or leave it out")


def with_curves(
    whole: Mapping[str, types.Estimate],
    parts: Sequence[Mapping[str, types.Estimate]],
    smooth: Mapping[str, bool],
    dim: int,
) -> dict[str, types.Estimate]:
    """Estimates of the whole sets with `detail.size_curve`, and `detail.size_curve_limit` where that is honest.

    Args:
      whole: by metric, on all rows.
      parts: by metric, on shares of them, smallest first; a metric may lack in some.
      smooth: by metric, whether its bias is c/n to first order (with more than twice as many rows as features).
      dim: features of a row.
    """
    out = {}
    for name, estimate in whole.items():
        points = [found[name] for found in parts if name in found] + [estimate]
        detail: dict[str, Any] = {"size_curve": [_point(p) for p in points]}
        if smooth.get(name):
            detail["size_curve_limit"] = _limit([p for p in points if min(p.n_real, p.n_fake) > 2 * dim])
        out[name] = dataclasses.replace(estimate, detail={**estimate.detail, **detail})
    return out


def calibrated(found: Mapping[str, types.Estimate]) -> dict[str, Any]:
    """Switches whose values were taken from the whole sets: a curve holds them fixed."""
    return {k: v for estimate in found.values() for k, v in estimate.detail.get("calibrated", {}).items()}


def extrapolated(n: np.ndarray, value: np.ndarray, stderr: np.ndarray) -> tuple[float, float]:
    """Limit of a statistic with bias c/n from its values on nested sets, and the standard error of that limit.

    Least squares of the values on 1/n, weighted by 1/stderr^2. A smaller set lies within the larger, so the covariance
    of two values is the variance of the larger set's, as it is for a mean.

    Args:
      n: [p] rows, increasing.
      value, stderr: [p] of each size.
    """
    design = np.stack([np.ones(len(n)), n[-1] / np.asarray(n, np.float64)], axis=1)
    root = 1 / np.maximum(stderr, 1e-9 * np.max(stderr) + np.finfo(float).tiny)
    weights = np.linalg.pinv(design * root[:, None])[0] * root
    covariance = np.minimum.outer(np.square(stderr), np.square(stderr))
    return float(weights @ value), float(np.sqrt(weights @ covariance @ weights))


def _limit(points: Sequence[types.Estimate]) -> dict[str, Any] | None:
    stderrs = [p.interval.stderr for p in points]
    values = [p.value for p in points]
    if len(points) < 2 or any(s is None for s in stderrs) or any(v is None for v in values):
        return None
    n = np.array([min(p.n_real, p.n_fake) for p in points])
    value, stderr = extrapolated(n, np.array(values, float), np.array(stderrs, float))
    return {
        "value": value,
        "stderr": stderr,
        "ci95": [value - 1.96 * stderr, value + 1.96 * stderr],
        "interval": f"weighted line in 1/n through {len(points)} nested sizes; approximate",
    }


def _point(estimate: types.Estimate) -> dict[str, Any]:
    interval = estimate.interval
    return {
        "n_real": estimate.n_real,
        "n_fake": estimate.n_fake,
        "value": estimate.value,
        "ci95": [interval.low, interval.high],
    }
