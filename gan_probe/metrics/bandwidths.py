"""Bandwidths of Gaussian kernels: what the switch may hold, and the passes that sum the kernels."""

import functools
import math
from collections.abc import Callable, Sequence

from gan_probe.metrics import metric
from gan_probe.ops import kernel_sum, tile

__all__ = ["Bandwidth", "Bandwidths", "checked", "need", "numbers", "rule", "warning"]

Bandwidth = float | int | str | Sequence[float | int | str]
Bandwidths = tuple[float | str, ...]


def checked(bandwidth: Bandwidth) -> Bandwidths:
    """The bandwidths as a tuple; a text may hold several with commas.

    Raises:
      UserError: one is neither a positive number nor "median".
    """
    parts = bandwidth.split(",") if isinstance(bandwidth, str) else bandwidth
    out = tuple(_one(part, bandwidth) for part in ([parts] if isinstance(parts, float | int) else parts))
    metric.require(bool(out), "bandwidth", bandwidth, "a positive number, several, or median")
    return out


def _one(part: float | int | str, given: Bandwidth) -> float | str:
    if part == kernel_sum.MEDIAN:
        return kernel_sum.MEDIAN
    try:
        number = math.nan if isinstance(part, bool) else float(part)
    except (TypeError, ValueError):
        number = math.nan
    metric.require(1e-15 < number < 1e18, "bandwidth", given, "a positive number, several, or median")
    return number


def numbers(shape: metric.Shape, bandwidths: Bandwidths) -> tuple[float, ...]:
    """Each sigma; "median" is the median distance of two real rows."""
    return tuple(shape.scale**0.5 if s == kernel_sum.MEDIAN else float(s) for s in bandwidths)


def rule(bandwidths: Bandwidths) -> str:
    """Where the first sigma is from; intervals hold it fixed."""
    return "median of real" if bandwidths[0] == kernel_sum.MEDIAN else "given"


def need(shape: metric.Shape, rows: metric.Role, cols: metric.Role, bandwidths: Bandwidths) -> metric.Need:
    """Sums of exp(-|x-y|^2 / 2 sigma^2) and of its powers, see ops/kernel_sum.py."""
    radius = None
    if kernel_sum.MEDIAN in bandwidths:
        radius = metric.Radius(None, _squared(shape.scale), f"median {shape.scale!r}")
    return metric.Need(rows, cols, kernel_sum.gaussian_sum(bandwidths=bandwidths), radius)


@functools.cache
def _squared(scale: float) -> Callable[[object], float]:
    """Cached, so that equal needs are equal."""
    return lambda _: scale


def warning(shape: metric.Shape, bandwidths: Bandwidths) -> dict[str, object]:
    """What to say of bandwidths so small that float32 rounds their distances away."""
    rounding = tile.spread(shape.dim) * shape.scale
    if rounding <= 0.01 * 2 * min(numbers(shape, bandwidths)) ** 2:
        return {}
    return {"warning": f"float32 rounds squared distances by up to about {rounding:.2g}: take a larger bandwidth"}
