"""Figure 2 of Li et al. (2017, arXiv:1706.09884; paper 002): a discriminator that loses an interval for good.

The start as printed has overlapping intervals; what the figure shows is the course from a right interval [1, 2.5].
"""

import functools
from typing import Any

import numpy as np

from gan_probe.theory import two_gaussians

__all__ = ["READINGS", "RUNS", "TARGET", "best_intervals", "left_out", "path", "vanished"]

TARGET = np.array([-2.0, 2.0], np.float32)
_MEANS = np.array([-1.0, 2.5])
_LEFT = (-1.0, 0.2)
_RIGHTS = {"right interval [1, 2.5]": (1.0, 2.5), "as printed": (-1.0, 2.5)}
READINGS = tuple(_RIGHTS)
RUNS: dict[str, dict[str, Any]] = {
    "generator fixed": {"fixed": True},
    "generator fixed, as printed": {"fixed": True, "reading": "as printed"},
    "generator fixed, ends may cross": {"fixed": True, "rule": False},
    "both move": {},
    "both move, as printed": {"reading": "as printed"},
}
"""Switches of `path`."""


@functools.cache
def path(*, reading: str = READINGS[0], steps: int = 1_000, **how: Any) -> two_gaussians.State:
    """First-order dynamics from the figure's start, one start; how: switches of `two_gaussians.run`."""
    start = two_gaussians.start(_MEANS[:, None], np.array([_LEFT, _RIGHTS[reading]])[..., None])
    return two_gaussians.run(start, TARGET, dynamics="first order", steps=steps, rate=0.3, path=True, **how)


@functools.cache
def best_intervals() -> list[tuple[float, float]]:
    """The intervals of the best discriminator at the start, panel (b)."""
    found = two_gaussians.best_intervals(_MEANS[:, None].astype(np.float32), TARGET)[..., 0]
    return [(float(left), float(right)) for left, right in found]


def left_out() -> float:
    """Of the mass where the true density is the larger, the share that `best_intervals` leave out."""
    x = np.linspace(-10, 10, 20_001, dtype=np.float32)
    density = np.asarray(two_gaussians.difference(x, TARGET, _MEANS.astype(np.float32)))
    inside = np.any([(x > left) & (x < right) for left, right in best_intervals()], axis=0)
    return 1 - density[inside].sum() / density[density > 0].sum()


def vanished(path: two_gaussians.State, interval: int) -> int | None:
    """The step, from 0, at which an interval of a path of one start vanishes for good; None where it is there."""
    there = np.flatnonzero(path.ends[:, interval, 0, 0] != path.ends[:, interval, 1, 0])
    return int(there[-1]) if there[-1] < len(path.ends) - 1 else None
